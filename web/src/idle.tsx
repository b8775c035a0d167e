import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { type CollectionInfo, client } from './api.ts';
import type { ViewProps } from './app.tsx';
import { useLoaded } from './hooks.ts';
import { Icon } from './icons.tsx';
import { forgetQueries, recentQueries } from './recent.ts';
import { plural, visible } from './text.ts';

const TITLES = 5;

/** Before anything is asked: what is here, and some ways in. */
export function Idle({
  info,
  chosen,
  change,
}: Pick<ViewProps, 'info' | 'change'> & { readonly chosen: readonly CollectionInfo[] }): JSX.Element {
  const documents = sum(chosen, 'documents');
  const passages = sum(chosen, 'passages');
  const [, forgot] = useState(0);
  const examples = useLoaded(documents > 0 ? `examples ${info.name} ${info.generation}` : undefined, (signal) =>
    client(info.name).list({ limit: 60, signal }),
  );
  const titles = useMemo(() => {
    const all = (examples.value?.documents ?? [])
      .map(({ title }) => title)
      .filter((title) => title.length > 3 && title.length < 48);
    const distinct = [...new Set(all)];
    const step = Math.max(1, Math.floor(distinct.length / TITLES));
    return distinct.filter((_, i) => i % step === 0).slice(0, TITLES);
  }, [examples.value]);
  if (documents === 0) {
    return (
      <div class="empty">
        <h2>The collection is empty</h2>
        <p>
          {info.capabilities.write
            ? 'Drop files anywhere on this page, or fill it from the command line; the page finds what is new by itself.'
            : 'Fill it from the command line; the page finds what is new by itself.'}
        </p>
        <pre>
          <code>npx sagitta-search index FOLDER</code>
        </pre>
      </div>
    );
  }
  const recent = recentQueries(info.name);
  return (
    <div class="idle-notes">
      {recent.length > 0 && (
        <section aria-labelledby="recent">
          <h2 id="recent">Asked before</h2>
          <ul class="chips">
            {recent.map((query) => (
              <li key={query}>
                <button type="button" class="chip" onClick={() => change({ query })}>
                  <Icon name="clock" /> <bdi>{visible(query)}</bdi>
                </button>
              </li>
            ))}
            <li>
              <button
                type="button"
                class="quiet"
                aria-label="Forget what was asked before"
                onClick={() => {
                  forgetQueries(info.name);
                  forgot((count) => count + 1);
                }}
              >
                Forget
              </button>
            </li>
          </ul>
        </section>
      )}
      {titles.length > 0 && (
        <section aria-labelledby="titles">
          <h2 id="titles">Titles to start with</h2>
          <ul class="chips">
            {titles.map((title) => (
              <li key={title}>
                <button type="button" class="chip" onClick={() => change({ query: title })}>
                  <bdi>{visible(title)}</bdi>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <p>
        {plural(documents, 'document')}, {plural(passages, 'passage')}
        {info.dim === 0 ? ', searched by words' : ', searched by words and by meaning'}.{' '}
        <button type="button" class="linklike" onClick={() => change({ all: true })}>
          Browse all documents
        </button>
      </p>
    </div>
  );
}

function sum(chosen: readonly CollectionInfo[], field: 'documents' | 'passages'): number {
  return chosen.reduce((total, info) => total + (info[field] ?? 0), 0);
}
