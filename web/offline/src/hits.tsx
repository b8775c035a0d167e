import type { JSX } from 'preact';
import type { SearchHit, SearchResult } from '../../../src/search/index.ts';
import { directionOf, pieces, type Range, visible } from '../../src/text.ts';

/** Hits by document, the best passage of each first, or that there is nothing. */
export function Hits({
  result,
  query,
  all,
  open,
  onAll,
  onOpen,
}: {
  readonly result: SearchResult;
  readonly query: string;
  readonly all: boolean;
  readonly open: { readonly id: string; readonly start: number } | undefined;
  readonly onAll: () => void;
  readonly onOpen: (id: string, start: number) => void;
}): JSX.Element {
  const { hits, relevance, shortfall } = result;
  if (hits.length === 0) {
    return (
      <p class="empty">
        {all || relevance === undefined
          ? `Nothing was found: ${shortfall?.reason ?? 'no document matches'}.`
          : `Nothing here answers “${query.trim()}”.`}{' '}
        {!all && (
          <button type="button" class="link" onClick={onAll}>
            Show what is nearest
          </button>
        )}
      </p>
    );
  }
  const documents = Map.groupBy(hits, ({ id }) => id);
  return (
    <ol class="hits">
      {[...documents].map(([id, passages]) => (
        <Found key={id} passages={passages} open={open} onOpen={onOpen} />
      ))}
    </ol>
  );
}

/** Further passages of a document that are shown. */
const FURTHER = 3;

function Found({
  passages,
  open,
  onOpen,
}: {
  readonly passages: readonly SearchHit[];
  readonly open: { readonly id: string; readonly start: number } | undefined;
  readonly onOpen: (id: string, start: number) => void;
}): JSX.Element {
  const [best, ...others] = passages as readonly [SearchHit, ...SearchHit[]];
  const { id, title, headings, page, start, snippet } = best;
  const place = [...headings.filter((heading) => heading !== title), ...(page === undefined ? [] : [`page ${page}`])];
  return (
    <li class={open?.id === id ? 'open' : undefined}>
      <h2 dir={directionOf(title)}>
        <button type="button" class="link" onClick={() => onOpen(id, start)}>
          {visible(title || id)}
        </button>
      </h2>
      <p class="soft">
        <bdi>{visible([id, ...place].join(' › '))}</bdi>
      </p>
      <p dir={directionOf(snippet.text)}>
        <Marked text={snippet.text} ranges={snippet.highlights} />
      </p>
      {others.slice(0, FURTHER).map((hit) => (
        <p key={hit.start} class="further" dir={directionOf(hit.snippet.text)}>
          <button type="button" class="link" onClick={() => onOpen(id, hit.start)}>
            <Marked text={hit.snippet.text} ranges={hit.snippet.highlights} />
          </button>
        </p>
      ))}
      {others.length > FURTHER && <p class="soft">{others.length - FURTHER} more passages of it</p>}
    </li>
  );
}

/** A text with some of it marked. */
export function Marked({ text, ranges }: { readonly text: string; readonly ranges: readonly Range[] }): JSX.Element {
  return (
    <>
      {pieces(visible(text), ranges).map((piece, i) => (piece.marked ? <mark key={i}>{piece.text}</mark> : piece.text))}
    </>
  );
}
