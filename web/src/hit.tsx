import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import { useState } from 'preact/hooks';
import type { CollectionInfo } from './api.ts';
import type { HitIn } from './asking.ts';
import { Chips } from './chips.tsx';
import { Icon } from './icons.tsx';
import { addressIn } from './original.tsx';
import { Picture } from './picture.tsx';
import { firstPicture } from './picture-source.ts';
import { directionOf, percent, pieces, visible } from './text.ts';
import { Contributions } from './trace.tsx';

const PICTURES = /\.(png|jpe?g|gif|webp|avif|svg|bmp)$/i;

/** A document with its passages that were found: the best one with what shows the match, the others in a line each. */
export const Found = memo(function Found({
  rank,
  hits,
  info,
  named,
  usual,
  open,
  addressOf,
  onOpen,
  onSimilar,
  onFilter,
}: {
  readonly rank: number;
  readonly hits: readonly HitIn[];
  readonly info: CollectionInfo;
  /** Whether to say of which collection it is. */
  readonly named: boolean;
  /** Probability from which a hit counts as relevant. */
  readonly usual: number | undefined;
  /** Where the document is open, if it is. */
  readonly open: number | undefined;
  readonly addressOf: (collection: string, id: string, start: number) => string;
  readonly onOpen: (collection: string, id: string, start: number) => void;
  readonly onSimilar: (id: string, start: number) => void;
  readonly onFilter: (field: string, value: string | number | boolean) => void;
}): JSX.Element {
  const [best, ...others] = hits as readonly [HitIn, ...HitIn[]];
  const { id, start, title, headings, page, language, metadata, collection, relevance } = best;
  const [why, setWhy] = useState(false);
  const name = visible(title === '' ? id : title);
  const place = [...headings.filter((heading) => heading !== title), ...(page === undefined ? [] : [`page ${page}`])];
  const elsewhere = addressIn(metadata);
  const go = (event: MouseEvent, at: number): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    onOpen(collection, id, at);
  };
  return (
    <li class={open === undefined ? 'found' : 'found open'}>
      <article
        lang={language === 'und' ? undefined : language}
        dir={directionOf(`${title} ${best.snippet.text}`)}
        onKeyDown={(event) => {
          if (event.ctrlKey || event.metaKey || event.altKey) return;
          if (event.key === 'e') setWhy(!why);
          else if (event.key === 's') onSimilar(id, start);
          else if (event.key === 'o' && elsewhere !== undefined)
            window.open(elsewhere, '_blank', 'noopener,noreferrer');
        }}
      >
        <Thumb hit={best} info={info} />
        <header>
          <h2 dir={directionOf(name)}>
            <a
              href={addressOf(collection, id, start)}
              class={open === start ? 'open' : undefined}
              data-rank={rank}
              title={name.length > 90 ? name : undefined}
              onClick={(event) => go(event, start)}
            >
              {name}
            </a>
          </h2>
          {relevance !== undefined && usual !== undefined && <Relevance value={relevance} usual={usual} />}
        </header>
        <p class="place">
          {named && <span class="of">{collection}</span>}
          <bdi>{visible(id)}</bdi>
          {place.map((part) => (
            <span key={part}>
              {' › '}
              <bdi>{visible(part)}</bdi>
            </span>
          ))}
        </p>
        <Passage hit={best} />
        {others.length > 0 && (
          <ul class="others" aria-label="Further passages of this document">
            {others.map((hit) => (
              <li key={hit.start}>
                <a
                  href={addressOf(collection, id, hit.start)}
                  class={open === hit.start ? 'open' : undefined}
                  onClick={(event) => go(event, hit.start)}
                  dir={directionOf(hit.snippet.text)}
                >
                  {hit.headings.length > 0 && hit.headings.at(-1) !== headings.at(-1) && (
                    <strong>{visible(hit.headings.at(-1)!)} </strong>
                  )}
                  <Marked text={hit.snippet.text} ranges={hit.snippet.highlights} />
                </a>
              </li>
            ))}
          </ul>
        )}
        <footer>
          <Chips metadata={metadata} onFilter={onFilter} />
          <span class="actions">
            {elsewhere !== undefined && (
              <a class="button quiet" href={elsewhere} target="_blank" rel="noopener noreferrer" title={elsewhere}>
                <Icon name="out" /> Original
              </a>
            )}
            <button type="button" class="quiet" aria-expanded={why} onClick={() => setWhy(!why)}>
              <Icon name="why" /> Why
            </button>
            <button type="button" class="quiet" onClick={() => onSimilar(id, start)}>
              <Icon name="similar" /> Similar
            </button>
          </span>
        </footer>
        {why && <Contributions hit={best} />}
      </article>
    </li>
  );
});

/** How likely it is that a passage is relevant: five strokes, none of them for what most likely is not. */
function Relevance({ value, usual }: { readonly value: number; readonly usual: number }): JSX.Element {
  const strokes = value < usual ? 0 : Math.min(5, Math.max(1, Math.ceil(value * 5)));
  const label = value < usual ? `Probably not relevant (${percent(value)})` : `Relevant with ${percent(value)}`;
  return (
    <span class="relevance" role="img" aria-label={label} title={label}>
      {[1, 2, 3, 4, 5].map((stroke) => (
        <i key={stroke} class={stroke <= strokes ? 'on' : ''} />
      ))}
    </span>
  );
}

function Thumb({
  hit: { collection, id, path, text, title, metadata },
  info,
}: {
  readonly hit: HitIn;
  readonly info: CollectionInfo;
}): JSX.Element | null {
  const named = metadata['image'] ?? metadata['thumbnail'];
  const own = path !== undefined && PICTURES.test(path);
  const source = typeof named === 'string' ? named : own ? undefined : firstPicture(text);
  if (source === undefined && !own) return null;
  if (!info.capabilities.originals && source?.startsWith('data:') !== true) return null;
  return <Picture collection={collection} id={id} source={source} alt={`Picture in ${title}`} small />;
}

export function Marked({
  text,
  ranges,
}: {
  readonly text: string;
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
}): JSX.Element {
  return (
    <>
      {pieces(visible(text), ranges).map(({ text: piece, marked }, i) =>
        marked ? <mark key={i}>{piece}</mark> : piece,
      )}
    </>
  );
}

function Passage({ hit: { text, highlights, snippet, repeats } }: { readonly hit: HitIn }): JSX.Element {
  const [whole, setWhole] = useState(false);
  const shown = whole ? { text, highlights } : snippet;
  const more = !whole && text.replace(/\s+/g, ' ').trim().length > snippet.text.length;
  return (
    <>
      <p class={whole ? 'passage whole' : 'passage'} dir={directionOf(shown.text)}>
        <Marked text={shown.text} ranges={shown.highlights} />
        {more && (
          <>
            {' … '}
            <button type="button" class="linklike" onClick={() => setWhole(true)}>
              more
            </button>
          </>
        )}
      </p>
      {repeats !== undefined && (
        <p class="place">
          Much the same in <bdi>{visible([...new Set(repeats.map(({ id }) => id))].join(', '))}</bdi>
        </p>
      )}
    </>
  );
}
