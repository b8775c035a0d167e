import type { JSX, RefObject } from 'preact';
import { useCallback, useMemo, useState } from 'preact/hooks';
import type { CollectionInfo } from './api.ts';
import type { ViewProps } from './app.tsx';
import { type Answer, grouped } from './asking.ts';
import { Found } from './hit.tsx';
import { type Loaded, useSettled } from './hooks.ts';
import { Icon } from './icons.tsx';
import type { Move } from './search.tsx';
import { Sorting } from './sorting.tsx';
import { toggle, writeAddress } from './state.ts';
import { milliseconds, number, percent, plural, visible } from './text.ts';
import { TracePanel } from './trace.tsx';

/** What was found, document by document. */
export function ResultList({
  state,
  change,
  chosen,
  found,
  listRef,
  onMove,
}: Pick<ViewProps, 'state' | 'change'> & {
  readonly chosen: readonly CollectionInfo[];
  readonly found: Loaded<Answer>;
  readonly listRef: RefObject<HTMLOListElement | null>;
  readonly onMove: Move;
}): JSX.Element {
  const [traced, setTraced] = useState(false);
  const { value } = found;
  const groups = useMemo(() => grouped(value?.hits ?? []), [value]);
  const several = chosen.length > 1;
  const open = useCallback(
    (collection: string, id: string, start: number) =>
      change({ document: { id, start, collection: several ? collection : undefined } }),
    [change, several],
  );
  const addressOf = (collection: string, id: string, start: number): string =>
    writeAddress({ ...state, document: { id, start, collection: several ? collection : undefined } });
  // A word that is half typed is no question yet.
  const isTyped = useSettled(state.query, 700) !== state.query;
  const isIrrelevant =
    !isTyped &&
    value !== undefined &&
    value.usual !== undefined &&
    value.hits.length > 0 &&
    (value.best ?? 0) < value.usual;
  return (
    <>
      <Status
        value={value}
        documents={groups.length}
        state={state}
        change={change}
        chosen={chosen}
        traced={traced}
        onTrace={() => setTraced(!traced)}
      />
      {traced && value !== undefined && <TracePanel trace={value.trace} />}
      {value?.suggestion !== undefined && (
        <p class="notice">
          <span>
            Did you mean{' '}
            <button
              type="button"
              class="linklike"
              onClick={() => change({ query: value.suggestion!, like: undefined, page: 1 })}
            >
              <bdi>{visible(value.suggestion)}</bdi>
            </button>
            ?
          </span>
        </p>
      )}
      {isIrrelevant && !state.relevant && (
        <div class="notice nothing" role="status">
          <h2>Nothing here is probably relevant</h2>
          <p>
            What comes closest is below; the best of {plural(value.judged, 'passage')} is relevant with{' '}
            {percent(value.best ?? 0)}. Other words may find more.
          </p>
        </div>
      )}
      {value !== undefined && (
        <>
          <ol
            class={`hits ${found.loading ? 'stale' : ''} ${isIrrelevant ? 'doubtful' : ''}`}
            ref={listRef}
            data-query={value.query}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') onMove(event, 1);
              else if (event.key === 'ArrowUp') onMove(event, -1);
            }}
          >
            {groups.map(({ key, hits }, i) => (
              <Found
                key={key}
                rank={i + 1}
                hits={hits}
                info={chosen.find(({ name }) => name === hits[0]!.collection) ?? chosen[0]!}
                named={several}
                usual={value.usual}
                open={
                  state.document?.id === hits[0]!.id && (!several || state.document.collection === hits[0]!.collection)
                    ? (state.document.start ?? -1)
                    : undefined
                }
                addressOf={addressOf}
                onOpen={open}
                onSimilar={(id, start) =>
                  change({ like: { id, start }, document: undefined, page: 1, collections: [hits[0]!.collection] })
                }
                onFilter={(field, one) => change({ facets: toggle(state.facets, field, one), page: 1 })}
              />
            ))}
          </ol>
          <Ending value={value} state={state} change={change} loading={found.loading} />
        </>
      )}
    </>
  );
}

function Status({
  value,
  documents,
  state,
  change,
  chosen,
  traced,
  onTrace,
}: Pick<ViewProps, 'state' | 'change'> & {
  readonly value: Answer | undefined;
  readonly documents: number;
  readonly chosen: readonly CollectionInfo[];
  readonly traced: boolean;
  readonly onTrace: () => void;
}): JSX.Element {
  const [copied, setCopied] = useState(false);
  return (
    <div class="status">
      <p role="status">
        {value === undefined
          ? 'Searching…'
          : value.hits.length === 0
            ? `Nothing found in ${milliseconds(value.tookMs)}`
            : `${value.reason === undefined ? 'The best ' : ''}${plural(documents, 'document')}, ${plural(value.hits.length, 'passage')} in ${milliseconds(value.tookMs)}`}
        {value !== undefined && value.language !== 'und' && state.query !== '' && (
          <span class="wide-only"> · query in “{value.language}”</span>
        )}
      </p>
      <span class="spring" />
      <Sorting state={state} change={change} chosen={chosen} />
      <button
        type="button"
        class="quiet"
        aria-expanded={traced}
        onClick={onTrace}
        title={value === undefined ? '' : `${number(value.examined)} passages scored`}
      >
        <Icon name="why" /> <span class="label">Stages</span>
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
        <Icon name="link" />{' '}
        <span class={copied ? '' : 'label'} aria-live="polite">
          {copied ? 'Copied' : 'Copy link'}
        </span>
      </button>
    </div>
  );
}

/** What stands below the hits: more of them, or why there are none. */
function Ending({
  value,
  state,
  change,
  loading,
}: Pick<ViewProps, 'state' | 'change'> & { readonly value: Answer; readonly loading: boolean }): JSX.Element | null {
  const filtered = state.facets.length > 0 || state.where !== '';
  if (value.hits.length === 0) {
    const cut = state.relevant && value.usual !== undefined;
    return (
      <div class="empty">
        <h2>{cut ? 'Nothing here is probably relevant' : 'No passage answers this'}</h2>
        {value.reason !== undefined && value.reason !== '' && <p>{sentence(value.reason)}</p>}
        {cut && (
          <p>
            The best of {plural(value.judged, 'passage')} is relevant with {percent(value.best ?? 0)};{' '}
            {percent(value.usual ?? 0)} is asked for.
          </p>
        )}
        <ul>
          {cut && (
            <li>
              <button type="button" class="linklike" onClick={() => change({ relevant: false })}>
                Show them all the same
              </button>
            </li>
          )}
          <li>Try other words, or fewer.</li>
          {filtered && (
            <li>
              <button type="button" class="linklike" onClick={() => change({ facets: [], where: '', page: 1 })}>
                Search without filters
              </button>
            </li>
          )}
        </ul>
      </div>
    );
  }
  if (value.reason === undefined) {
    return (
      <button type="button" class="more" disabled={loading} onClick={() => change({ page: state.page + 1 }, 'replace')}>
        {loading ? 'Searching…' : 'More results'}
      </button>
    );
  }
  return <p class="faint shortfall">{value.reason === '' ? 'That is all.' : `No more: ${value.reason}.`}</p>;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
