import type { JSX } from 'preact';
import { useCallback, useRef, useState } from 'preact/hooks';
import { AnswerBox } from './answer.tsx';
import type { CollectionInfo } from './api.ts';
import type { ViewProps } from './app.tsx';
import { type Answer, ask, isAsked } from './asking.ts';
import { BrowseList } from './browse.tsx';
import { DocumentPanel } from './document.tsx';
import { FacetPanel } from './facets.tsx';
import { useLoaded } from './hooks.ts';
import { Icon } from './icons.tsx';
import { Idle } from './idle.tsx';
import { AskBox } from './query.tsx';
import { ResultList } from './results.tsx';
import { filterOf } from './state.ts';
import { visible } from './text.ts';
import { TroubleBox } from './trouble.tsx';

/** Searches one collection or several; without a question, lists what the filters let through. */
export function SearchView({
  state,
  change,
  close,
  info,
  chosen,
  input,
}: ViewProps & {
  readonly chosen: readonly CollectionInfo[];
  readonly input: { readonly current: HTMLInputElement | null };
}): JSX.Element {
  const [filtersOpen, setFiltersOpen] = useState(false);
  const asked = isAsked(state);
  const filter = filterOf(state);
  const browsing = !asked && (filter !== undefined || state.all);
  const { query, pipeline, like, relevant, page, sort } = state;
  const places = chosen.map(({ name, generation }) => [name, generation]);
  const key = asked ? JSON.stringify([places, query, pipeline, filter, like, relevant, page, sort]) : undefined;
  const shown = useRef<Answer | undefined>(undefined);
  const found = useLoaded<Answer>(key, (signal) => ask(chosen, state, signal, shown.current));
  shown.current = found.value;
  const list = useRef<HTMLOListElement>(null);
  const move = useMoves(list, input);
  const reading = state.document;
  const readingIn = chosen.find(({ name }) => name === reading?.collection) ?? info;

  /** Back from a document to the link that opened it. */
  const shut = useCallback(() => {
    const opened =
      list.current?.querySelector<HTMLElement>('.found.open a.open') ??
      list.current?.querySelector<HTMLElement>('.found.open h2 a');
    close({ document: undefined });
    (opened ?? input.current)?.focus();
  }, [close, input]);

  const name = chosen.length === 1 ? info.name : `${chosen.length} collections`;
  return (
    <main
      id="main"
      tabIndex={-1}
      class={`search ${asked || browsing ? 'asked' : 'idle'} ${reading === undefined ? '' : 'reading'}`}
    >
      <search class="ask">
        <h1 class={asked || browsing ? 'hidden' : ''}>
          {asked ? `Results in ${name}` : browsing ? `Documents of ${name}` : `Search ${name}`}
        </h1>
        <AskBox
          state={state}
          change={change}
          info={info}
          input={input}
          loading={asked && found.loading}
          onDown={(event) => move(event, 1)}
          onFilters={() => setFiltersOpen(!filtersOpen)}
          filtersOpen={filtersOpen}
        />
      </search>
      <FacetPanel
        state={state}
        change={change}
        chosen={chosen}
        open={filtersOpen}
        onShut={() => setFiltersOpen(false)}
      />
      <section id="results" class="results" aria-label="Results" tabIndex={-1}>
        {like !== undefined && (
          <p class="notice">
            <span>
              Passages similar to one of <bdi>{visible(like.id)}</bdi>
            </span>
            <button type="button" class="quiet" onClick={() => close({ like: undefined, page: 1 })}>
              <Icon name="close" /> Back to the search
            </button>
          </p>
        )}
        {!asked && !browsing && <Idle info={info} chosen={chosen} change={change} />}
        {browsing && (
          <BrowseList state={state} change={change} info={info} chosen={chosen} listRef={list} onMove={move} />
        )}
        {asked && found.trouble !== undefined && <TroubleBox trouble={found.trouble} again={found.again} />}
        {asked && found.trouble === undefined && <AnswerBox state={state} change={change} chosen={chosen} />}
        {asked && found.trouble === undefined && (
          <ResultList state={state} change={change} chosen={chosen} found={found} listRef={list} onMove={move} />
        )}
      </section>
      {reading !== undefined && (
        <DocumentPanel
          key={`${readingIn.name} ${reading.id}`}
          info={readingIn}
          target={reading}
          query={query}
          onGo={(id, start, how) => change({ document: { id, start, collection: reading.collection } }, how)}
          onSimilar={(id, start) => change({ like: { id, start }, document: undefined, page: 1 })}
          onClose={shut}
        />
      )}
    </main>
  );
}

export type Move = (event: KeyboardEvent, step: 1 | -1) => void;

/** Moves the focus between the search box and the hits. */
function useMoves(
  list: { readonly current: HTMLOListElement | null },
  input: { readonly current: HTMLInputElement | null },
): Move {
  return useCallback(
    (event, step) => {
      const links = [...(list.current?.querySelectorAll<HTMLElement>('.found h2 a') ?? [])];
      if (links.length === 0) return;
      const at = links.findIndex((link) => link.closest('.found')?.contains(document.activeElement));
      const next = at + step;
      event.preventDefault();
      if (next < 0) input.current?.focus();
      else links[Math.min(next, links.length - 1)]?.focus();
    },
    [list, input],
  );
}
