import type { JSX, RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type CollectionInfo, client, type DocumentList } from './api.ts';
import type { ViewProps } from './app.tsx';
import { Chips } from './chips.tsx';
import { useLoaded } from './hooks.ts';
import type { Move } from './search.tsx';
import { Sorting } from './sorting.tsx';
import { filterOf, toggle, writeAddress } from './state.ts';
import { directionOf, plural, visible } from './text.ts';
import { TroubleBox } from './trouble.tsx';

const PER_PAGE = 40;

type Listed = DocumentList['documents'][number] & { readonly collection: string };

/** Documents that filters let through, where nothing is asked. */
export function BrowseList({
  state,
  change,
  chosen,
  listRef,
  onMove,
}: Pick<ViewProps, 'state' | 'change' | 'info'> & {
  readonly chosen: readonly CollectionInfo[];
  readonly listRef: RefObject<HTMLOListElement | null>;
  readonly onMove: Move;
}): JSX.Element {
  const filter = filterOf(state);
  const { sort } = state;
  const [pages, setPages] = useState(1);
  const places = chosen.map(({ name, generation }) => [name, generation]);
  const what = JSON.stringify([places, filter, sort]);
  useEffect(() => setPages(1), [what]);
  const loaded = useLoaded(`${what} ${pages}`, async (signal) => {
    const options = {
      limit: Math.min(1000, PER_PAGE * pages),
      signal,
      ...(filter === undefined ? {} : { filter }),
      ...(sort === undefined ? {} : { sort }),
    };
    const lists = await Promise.all(chosen.map(async ({ name }) => ({ name, ...(await client(name).list(options)) })));
    const documents: Listed[] = lists.flatMap(({ name, documents: found }) =>
      found.map((document) => ({ ...document, collection: name })),
    );
    return { documents, more: lists.some(({ next }) => next !== undefined) && PER_PAGE * pages < 1000 };
  });
  const counted = useLoaded(`${what} counted`, async (signal) => {
    const options = { fields: ['format'], values: 1, signal, ...(filter === undefined ? {} : { filter }) };
    const counts = await Promise.all(chosen.map(({ name }) => client(name).facets(options)));
    return counts.reduce((sum, { documents }) => sum + documents, 0);
  });
  const several = chosen.length > 1;
  const { value, trouble } = loaded;
  return (
    <>
      <div class="status">
        <p role="status">
          {value === undefined
            ? 'Looking…'
            : value.more && counted.value !== undefined
              ? `The first ${value.documents.length} of ${plural(counted.value, 'document')}`
              : plural(value.documents.length, 'document')}
        </p>
        <span class="spring" />
        <Sorting state={state} change={change} chosen={chosen} />
      </div>
      {trouble !== undefined && <TroubleBox trouble={trouble} again={loaded.again} />}
      {value?.documents.length === 0 && trouble === undefined && (
        <div class="empty">
          <h2>No document is like that</h2>
          <button type="button" class="linklike" onClick={() => change({ facets: [], where: '', all: true })}>
            Browse without filters
          </button>
        </div>
      )}
      <ol
        class={loaded.loading ? 'hits browse stale' : 'hits browse'}
        ref={listRef}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') onMove(event, 1);
          else if (event.key === 'ArrowUp') onMove(event, -1);
        }}
      >
        {(trouble === undefined ? (value?.documents ?? []) : []).map((document) => {
          const { id, title, metadata, collection, format } = document;
          const target = { id, start: undefined, collection: several ? collection : undefined };
          const name = visible(title === '' ? id : title);
          return (
            <li key={`${collection} ${id}`} class={state.document?.id === id ? 'found open' : 'found'}>
              <article>
                <header>
                  <h2 dir={directionOf(name)}>
                    <a
                      href={writeAddress({ ...state, document: target })}
                      onClick={(event) => {
                        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                        event.preventDefault();
                        change({ document: target });
                      }}
                    >
                      {name}
                    </a>
                  </h2>
                </header>
                <p class="place">
                  {several && <span class="of">{collection}</span>}
                  <bdi>{visible(id)}</bdi>
                </p>
                <footer>
                  <Chips
                    metadata={{ format, ...metadata }}
                    onFilter={(field, one) => change({ facets: toggle(state.facets, field, one) })}
                  />
                </footer>
              </article>
            </li>
          );
        })}
      </ol>
      {value?.more === true && (
        <button type="button" class="more" disabled={loaded.loading} onClick={() => setPages(pages + 1)}>
          More documents
        </button>
      )}
    </>
  );
}
