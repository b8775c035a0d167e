import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type Completions, client } from './api.ts';
import type { ViewProps } from './app.tsx';
import { canJudge, pipelineFor } from './asking.ts';
import { useLoaded } from './hooks.ts';
import { Icon } from './icons.tsx';
import { remember } from './recent.ts';

/** Characters up to which a completion is shown within the box: longer queries scroll. */
const SHOWN_WITHIN = 48;

/** The box that is typed into, with how to search beside it. */
export function AskBox({
  state,
  change,
  info,
  input,
  loading,
  onDown,
  onFilters,
  filtersOpen,
}: Pick<ViewProps, 'state' | 'change' | 'info'> & {
  readonly input: { readonly current: HTMLInputElement | null };
  readonly loading: boolean;
  readonly onDown: (event: KeyboardEvent) => void;
  readonly onFilters: () => void;
  readonly filtersOpen: boolean;
}): JSX.Element {
  const { query, like, relevant } = state;
  const [typing, setTyping] = useState(false);
  const words = useLoaded<Completions>(
    typing && /[\p{L}\p{N}]{2,}$/u.test(query) ? `complete ${info.name} ${info.generation} ${query}` : undefined,
    (signal) => client(info.name).complete(query, { limit: 5, signal }),
    40,
  );
  const completions = typing && !words.loading ? (words.value?.completions ?? []) : [];
  const first = completions.find(({ text }) => text.startsWith(query));
  const shown = first !== undefined && query.length <= SHOWN_WITHIN ? first : undefined;
  const take = (text: string): void => {
    change({ query: text, like: undefined, page: 1 }, 'type');
    input.current?.focus();
  };
  return (
    <>
      <form
        class="field"
        onSubmit={(event) => {
          event.preventDefault();
          setTyping(false);
          remember(info.name, query);
          change({ query }, 'push');
        }}
      >
        <Icon name="search" />
        <div class="typed">
          {shown !== undefined && (
            <span class="ghost" aria-hidden="true">
              <span>{query}</span>
              {shown.text.slice(query.length)}
            </span>
          )}
          <input
            ref={input as never}
            type="search"
            aria-label="Search"
            aria-describedby={shown === undefined ? undefined : 'completion'}
            placeholder="A question, or a few words"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            enterkeyhint="search"
            dir="auto"
            autofocus
            value={query}
            onInput={(event) => {
              setTyping(true);
              change({ query: event.currentTarget.value, like: undefined, page: 1 }, 'type');
            }}
            onBlur={() => remember(info.name, query)}
            onKeyDown={(event) => {
              const { selectionStart, selectionEnd, value } = event.currentTarget;
              const atEnd = selectionStart === value.length && selectionEnd === value.length;
              if (event.key === 'ArrowDown') onDown(event);
              else if (event.key === 'ArrowRight' && atEnd && shown !== undefined) {
                event.preventDefault();
                take(shown.text);
              } else if (event.key === 'Escape' && value !== '') {
                event.preventDefault();
                change({ query: '', like: undefined, page: 1 }, 'push');
              }
            }}
          />
        </div>
        <span id="completion" class="hidden">
          {shown === undefined ? '' : `Right arrow completes to ${shown.text}`}
        </span>
        {query !== '' && (
          <button
            type="button"
            class="quiet clear"
            aria-label="Clear the search"
            onClick={() => {
              change({ query: '', like: undefined, page: 1 }, 'push');
              input.current?.focus();
            }}
          >
            <Icon name="close" />
          </button>
        )}
        <kbd title="Press / to come here">/</kbd>
        <span class={loading ? 'progress on' : 'progress'} />
      </form>
      <div class="options">
        <Pipelines info={info} state={state} change={change} />
        <button
          type="button"
          class="quiet narrow-only"
          aria-expanded={filtersOpen}
          aria-controls="facets"
          onClick={onFilters}
        >
          <Icon name="filter" /> Filters{state.facets.length > 0 ? ` (${state.facets.length})` : ''}
        </button>
        {canJudge(info, pipelineFor(info, state)) && like === undefined && (
          <label class="check">
            <input
              type="checkbox"
              checked={relevant}
              onChange={(event) => change({ relevant: event.currentTarget.checked, page: 1 })}
            />{' '}
            Only what is relevant
          </label>
        )}
        {completions.length > 1 && (
          <ul class="completions" aria-label="Completions">
            {completions.slice(0, 4).map(({ text, from }) => (
              <li key={text}>
                <button type="button" class="chip small" onClick={() => take(text)}>
                  <bdi>{text.slice(from)}</bdi>
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

const NAMES: Readonly<Record<string, readonly [label: string, title: string]>> = {
  hybrid: ['Both', 'By words and by meaning'],
  bm25: ['Words', 'BM25: passages with the words of the query'],
  dense: ['Meaning', 'Embeddings: passages that mean the same'],
};

/** Pipelines to search by: three that every collection with embeddings has, and those that it has names for. */
function Pipelines({ info, state, change }: Pick<ViewProps, 'info' | 'state' | 'change'>): JSX.Element | null {
  const { retrievers, pipelines, pipeline: own } = info.capabilities;
  if (retrievers.length + pipelines.length < 2) return null;
  const standard = pipelineFor(info, { pipeline: undefined });
  const chosen = pipelineFor(info, state);
  const choose = (name: string): void => change({ pipeline: name === standard ? undefined : name, page: 1 });
  const named = pipelines.map(({ name, text }) => ({ name, label: name, title: text }));
  const all = [
    ...retrievers.map((name) => ({ name: name as string, label: NAMES[name]![0], title: NAMES[name]![1] })),
    ...named,
  ];
  const isKnown = all.some(({ name }) => name === chosen);
  const others = isKnown
    ? []
    : [{ name: chosen, label: chosen === own ? "The collection's own" : chosen, title: chosen }];
  if (all.length + others.length > 4) {
    return (
      <label class="select">
        <span class="hidden">Search by</span>
        <select
          value={chosen}
          title={all.find(({ name }) => name === chosen)?.title}
          onChange={(event) => choose(event.currentTarget.value)}
        >
          {[...others, ...all].map(({ name, label, title }) => (
            <option key={name} value={name} title={title}>
              {label}
            </option>
          ))}
        </select>
      </label>
    );
  }
  return (
    <fieldset class="segmented">
      <legend class="hidden">Search by</legend>
      {[...others, ...all].map(({ name, label, title }) => (
        <label key={name} title={title}>
          <input type="radio" name="pipeline" checked={chosen === name} onChange={() => choose(name)} />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
