import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import { useState } from 'preact/hooks';
import type { SearchAnswer } from './api.ts';
import { Icon } from './icons.tsx';
import { pieces, visible } from './text.ts';
import { Contributions } from './trace.tsx';

type HitValue = SearchAnswer['hits'][number];

const CHIPS = 6;

export const Hit = memo(function Hit({
  hit,
  best,
  open,
  onOpen,
  onSimilar,
  onFilter,
}: {
  readonly hit: HitValue;
  /** Score of the first hit: bars are in proportion to it. */
  readonly best: number;
  readonly open: boolean;
  readonly onOpen: (id: string, start: number) => void;
  readonly onSimilar: (id: string, start: number) => void;
  readonly onFilter: (field: string, value: string | number | boolean) => void;
}): JSX.Element {
  const { id, start, title, headings, page, score, rank, language } = hit;
  const [why, setWhy] = useState(false);
  const [whole, setWhole] = useState(false);
  const share = best > 0 ? Math.max(0.02, Math.min(1, score / best)) : 0;
  const place = [...headings.filter((heading) => heading !== title), ...(page === undefined ? [] : [`page ${page}`])];
  return (
    <li class={open ? 'hit open' : 'hit'}>
      <article
        lang={language === 'und' ? undefined : language}
        onKeyDown={(event) => {
          if (event.ctrlKey || event.metaKey || event.altKey) return;
          if (event.key === 'e') setWhy(!why);
          else if (event.key === 's') onSimilar(id, start);
        }}
      >
        <header>
          <span class="rank" aria-hidden="true">
            {rank}
          </span>
          <h2>
            <a
              href={`?doc=${encodeURIComponent(id)}&at=${start}`}
              onClick={(event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                onOpen(id, start);
              }}
            >
              <bdi>{visible(title === '' ? id : title)}</bdi>
            </a>
          </h2>
          <span class="score" title={`Score ${score.toPrecision(4)}`}>
            <meter min={0} max={1} value={share} aria-label={`Score ${score.toPrecision(3)}`} />
          </span>
        </header>
        <p class="place">
          <bdi>{visible(id)}</bdi>
          {place.map((part) => (
            <span key={part}>
              {' › '}
              <bdi>{visible(part)}</bdi>
            </span>
          ))}
        </p>
        <Passage hit={hit} whole={whole} onWhole={() => setWhole(true)} />
        <footer>
          <MetadataChips hit={hit} onFilter={onFilter} />
          <span class="actions">
            <button type="button" class="quiet" aria-expanded={why} onClick={() => setWhy(!why)}>
              <Icon name="why" /> Why
            </button>
            <button type="button" class="quiet" onClick={() => onSimilar(id, start)}>
              <Icon name="similar" /> Similar
            </button>
          </span>
        </footer>
        {why && <Contributions hit={hit} />}
      </article>
    </li>
  );
});

function Passage({
  hit: { text, highlights, snippet, repeats },
  whole,
  onWhole,
}: {
  readonly hit: HitValue;
  readonly whole: boolean;
  readonly onWhole: () => void;
}): JSX.Element {
  const shown = whole ? { text, highlights } : snippet;
  const more = !whole && text.replace(/\s+/g, ' ').trim().length > snippet.text.length;
  return (
    <>
      <p class={whole ? 'passage whole' : 'passage'} dir="auto">
        <bdi>
          {pieces(visible(shown.text), shown.highlights).map(({ text: piece, marked }, i) =>
            marked ? <mark key={i}>{piece}</mark> : piece,
          )}
        </bdi>
        {more && (
          <>
            {' … '}
            <button type="button" class="linklike" onClick={onWhole}>
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

function MetadataChips({
  hit: { metadata },
  onFilter,
}: {
  readonly hit: HitValue;
  readonly onFilter: (field: string, value: string | number | boolean) => void;
}): JSX.Element {
  const values = Object.entries(metadata)
    .flatMap(([field, value]) => (Array.isArray(value) ? value : [value]).map((one) => [field, one] as const))
    .filter((entry): entry is readonly [string, string | number | boolean] => {
      const [, value] = entry;
      return value !== null && (typeof value !== 'string' || (value !== '' && value.length <= 32));
    })
    .slice(0, CHIPS);
  return (
    <ul class="chips" aria-label="Metadata; choose one to filter">
      {values.map(([field, value]) => (
        <li key={`${field} ${value}`}>
          <button
            type="button"
            class="chip small"
            title={`Only ${field} = ${value}`}
            onClick={() => onFilter(field, value)}
          >
            <span class="faint">{visible(field)}</span> <bdi>{visible(String(value))}</bdi>
          </button>
        </li>
      ))}
    </ul>
  );
}
