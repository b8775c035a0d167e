import type { JSX } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { client, type SearchAnswer } from './api.ts';
import type { ViewProps } from './app.tsx';
import { DocumentPanel } from './document.tsx';
import { FacetPanel } from './facets.tsx';
import { Hit } from './hit.tsx';
import { type Loaded, useLoaded } from './hooks.ts';
import { Icon } from './icons.tsx';
import { filterOf, toggle } from './state.ts';
import { milliseconds, number, plural, visible } from './text.ts';
import { TracePanel } from './trace.tsx';
import { TroubleBox } from './trouble.tsx';

const K = 20;
const MORE = 100;

export function SearchView({
  state,
  change,
  info,
  input,
}: ViewProps & { readonly input: { readonly current: HTMLInputElement | null } }): JSX.Element {
  const { query, retriever, like, relevant } = state;
  const [k, setK] = useState(K);
  const [filtersOpen, setFiltersOpen] = useState(false);
  const [traced, setTraced] = useState(false);
  const filter = filterOf(state);
  const asked = query.trim() !== '' || like !== undefined;
  const key = asked
    ? JSON.stringify([info.name, query, retriever, filter, like, relevant, k, info.generation])
    : undefined;
  const found = useLoaded<SearchAnswer>(key, (signal) => {
    const options = {
      k,
      explain: true,
      collapse: true,
      complete: true,
      signal,
      ...(filter === undefined ? {} : { filter }),
      ...(retriever === undefined ? {} : { retriever }),
      ...(relevant ? { relevant } : {}),
    };
    const server = client(info.name);
    return like === undefined ? server.search(query, options) : server.similar(like, options);
  });
  useEffect(() => setK(K), [query, filter, retriever, like]);

  const openDocument = useCallback(
    (id: string, start: number | undefined) => change({ document: { id, start } }),
    [change],
  );
  const list = useRef<HTMLOListElement>(null);
  const move = useMoves(list, input);

  return (
    <main class={`search ${asked ? 'asked' : 'idle'} ${state.document === undefined ? '' : 'reading'}`}>
      <search class="ask">
        {!asked && <h1>Search {info.name}</h1>}
        <div class="field">
          <Icon name="search" />
          <input
            ref={input as never}
            type="search"
            aria-label="Search"
            placeholder="A question, or a few words"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            autofocus
            value={query}
            onInput={(event) => change({ query: event.currentTarget.value, like: undefined }, 'replace')}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') move(event, 1);
              else if (event.key === 'Enter') change({ query }, 'push');
            }}
          />
          <kbd title="Press / to come here">/</kbd>
          <span class={found.loading && asked ? 'progress on' : 'progress'} />
        </div>
        <div class="options">
          <Retrievers info={info} state={state} change={change} />
          <button
            type="button"
            class="quiet narrow-only"
            aria-expanded={filtersOpen}
            aria-controls="facets"
            onClick={() => setFiltersOpen(!filtersOpen)}
          >
            <Icon name="filter" /> Filters{state.facets.length > 0 ? ` (${state.facets.length})` : ''}
          </button>
          {info.capabilities.relevance && (
            <label class="check">
              <input
                type="checkbox"
                checked={relevant}
                onChange={(event) => change({ relevant: event.currentTarget.checked })}
              />{' '}
              Only what is relevant
            </label>
          )}
        </div>
      </search>
      <FacetPanel state={state} change={change} info={info} open={filtersOpen} />
      <section id="results" class="results" aria-label="Results" tabIndex={-1}>
        {like !== undefined && (
          <p class="like">
            Passages similar to one of <strong>{visible(like.id)}</strong>
            <button type="button" class="quiet" onClick={() => change({ like: undefined })}>
              <Icon name="close" /> Back to the search
            </button>
          </p>
        )}
        {!asked && <Idle info={info} change={change} />}
        {found.trouble !== undefined && <TroubleBox trouble={found.trouble} again={found.again} />}
        {asked && found.trouble === undefined && (
          <Status found={found} traced={traced} onTrace={() => setTraced(!traced)} />
        )}
        {traced && asked && found.value !== undefined && <TracePanel trace={found.value.trace} />}
        {asked && found.value !== undefined && found.trouble === undefined && (
          <>
            {found.value.suggestion !== undefined && (
              <p class="like">
                Did you mean{' '}
                <button
                  type="button"
                  class="linklike"
                  onClick={() => change({ query: found.value!.suggestion!, like: undefined })}
                >
                  <bdi>{visible(found.value.suggestion)}</bdi>
                </button>
                ?
              </p>
            )}
            <ol
              class={found.loading ? 'hits stale' : 'hits'}
              ref={list}
              onKeyDown={(event) => {
                if (event.key === 'ArrowDown') move(event, 1);
                else if (event.key === 'ArrowUp') move(event, -1);
              }}
            >
              {found.value.hits.map((hit) => (
                <Hit
                  key={`${hit.id} ${hit.start}`}
                  hit={hit}
                  best={found.value!.hits[0]!.score}
                  open={state.document?.id === hit.id && state.document.start === hit.start}
                  onOpen={openDocument}
                  onSimilar={(id, start) => change({ like: { id, start }, document: undefined })}
                  onFilter={(field, value) => change({ facets: toggle(state.facets, field, value) })}
                />
              ))}
            </ol>
            <Ending
              answer={found.value}
              filtered={filter !== undefined}
              change={change}
              k={k}
              onMore={() => setK(MORE)}
            />
          </>
        )}
      </section>
      {state.document !== undefined && (
        <DocumentPanel
          key={state.document.id}
          info={info}
          target={state.document}
          onClose={() => {
            change({ document: undefined });
            list.current?.querySelector<HTMLElement>('.hit a')?.focus();
          }}
        />
      )}
    </main>
  );
}

/** Moves the focus between the search box and the hits. */
function useMoves(
  list: { readonly current: HTMLOListElement | null },
  input: { readonly current: HTMLInputElement | null },
): (event: KeyboardEvent, step: 1 | -1) => void {
  return useCallback(
    (event, step) => {
      const links = [...(list.current?.querySelectorAll<HTMLElement>('.hit h2 a') ?? [])];
      const at = links.findIndex((link) => link.closest('.hit')?.contains(document.activeElement));
      const next = at + step;
      event.preventDefault();
      if (next < 0) input.current?.focus();
      else links[Math.min(next, links.length - 1)]?.focus();
    },
    [list, input],
  );
}

const NAMES = {
  hybrid: ['Both', 'By words and by meaning'],
  bm25: ['Words', 'BM25: passages with the words of the query'],
  dense: ['Meaning', 'Embeddings: passages that mean the same'],
} as const;

function Retrievers({ info, state, change }: ViewProps): JSX.Element | null {
  const { retrievers } = info.capabilities;
  if (retrievers.length < 2) return null;
  const chosen = state.retriever ?? 'hybrid';
  return (
    <fieldset class="segmented">
      <legend class="hidden">Search by</legend>
      {retrievers.map((name) => (
        <label key={name} title={NAMES[name][1]}>
          <input
            type="radio"
            name="retriever"
            checked={chosen === name}
            onChange={() => change({ retriever: name === 'hybrid' ? undefined : name })}
          />
          <span>{NAMES[name][0]}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Status({
  found,
  traced,
  onTrace,
}: {
  readonly found: Loaded<SearchAnswer>;
  readonly traced: boolean;
  readonly onTrace: () => void;
}): JSX.Element {
  const { value } = found;
  const [copied, setCopied] = useState(false);
  return (
    <div class="status">
      <p role="status">
        {value === undefined
          ? 'Searching…'
          : `${value.hits.length === 0 ? 'Nothing found' : plural(value.hits.length, 'passage')} in ${milliseconds(value.tookMs)}, of ${number(value.examined)} scored${value.language === 'und' ? '' : `; query in “${value.language}”`}`}
      </p>
      <span class="spring" />
      <button type="button" class="quiet" aria-expanded={traced} onClick={onTrace}>
        <Icon name="why" /> Stages
      </button>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          void navigator.clipboard?.writeText(location.href).then(() => {
            setCopied(true);
            setTimeout(() => setCopied(false), 2000);
          });
        }}
      >
        <Icon name="link" /> <span aria-live="polite">{copied ? 'Copied' : 'Copy link'}</span>
      </button>
    </div>
  );
}

/** What stands below the hits: more of them, or why there are none. */
function Ending({
  answer,
  filtered,
  change,
  k,
  onMore,
}: {
  readonly answer: SearchAnswer;
  readonly filtered: boolean;
  readonly change: ViewProps['change'];
  readonly k: number;
  readonly onMore: () => void;
}): JSX.Element | null {
  const { hits, shortfall, relevance } = answer;
  if (hits.length === 0) {
    return (
      <div class="empty">
        <h2>No passage answers this</h2>
        {shortfall !== undefined && <p>{sentence(shortfall.reason)}</p>}
        {relevance !== undefined && (
          <p>
            The best of {number(relevance.judged)} passages is relevant with {Math.round(100 * relevance.best)} %;{' '}
            {Math.round(100 * relevance.threshold)} % is asked for.
          </p>
        )}
        <ul>
          {relevance !== undefined && (
            <li>
              <button type="button" class="linklike" onClick={() => change({ relevant: false })}>
                Show them all the same
              </button>
            </li>
          )}
          <li>Try other words, or fewer.</li>
          {filtered && (
            <li>
              <button type="button" class="linklike" onClick={() => change({ facets: [], where: '' })}>
                Search without filters
              </button>
            </li>
          )}
        </ul>
      </div>
    );
  }
  if (relevance !== undefined && relevance.kept < k) {
    return <p class="faint shortfall">No more of {number(relevance.judged)} passages judged is probably relevant.</p>;
  }
  if (shortfall === undefined && k < MORE) {
    return (
      <button type="button" class="more" onClick={onMore}>
        Show up to {MORE}
      </button>
    );
  }
  return shortfall === undefined ? null : <p class="faint shortfall">No more: {shortfall.reason}.</p>;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Before anything is asked: what is here, and some ways in. */
function Idle({ info, change }: Pick<ViewProps, 'info' | 'change'>): JSX.Element {
  const { documents = 0, passages = 0 } = info;
  const examples = useLoaded(documents > 0 ? `examples ${info.name} ${info.generation}` : undefined, (signal) =>
    client(info.name).list({ limit: 60, signal }),
  );
  const titles = useMemo(() => {
    const all = (examples.value?.documents ?? [])
      .map(({ title }) => title)
      .filter((title) => title.length > 3 && title.length < 48);
    const distinct = [...new Set(all)];
    const step = Math.max(1, Math.floor(distinct.length / 5));
    return distinct.filter((_, i) => i % step === 0).slice(0, 5);
  }, [examples.value]);
  if (documents === 0) {
    return (
      <div class="empty">
        <h2>The collection is empty</h2>
        <p>Fill it from the command line; the page finds what is new by itself.</p>
        <pre>
          <code>npx sagitta index FOLDER</code>
        </pre>
      </div>
    );
  }
  return (
    <div class="idle-notes">
      <p>
        {plural(documents, 'document')}, {plural(passages, 'passage')}
        {info.dim === 0 ? ', searched by words' : ', searched by words and by meaning'}.
      </p>
      {titles.length > 0 && (
        <ul class="chips" aria-label="Titles to start with">
          {titles.map((title) => (
            <li key={title}>
              <button type="button" class="chip" onClick={() => change({ query: title })}>
                <bdi>{visible(title)}</bdi>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
