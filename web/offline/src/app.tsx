import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { SearchResult } from '../../../src/search/index.ts';
import { chosenFiles, type Dropped, type NamedFile, watchDrops } from '../../src/dropped.ts';
import { bytes, plural, visible } from '../../src/text.ts';
import { DocumentText } from './document-text.tsx';
import { Hits } from './hits.tsx';
import { Keeping, type Outcome } from './keeping.ts';

/** Milliseconds of rest after which what is typed is searched for. */
const REST = 80;

/** Drop files, search in them; nothing leaves the browser, and after the first visit no network is needed. */
export function App(): JSX.Element {
  // What is dropped before it is open waits for it.
  const [opening] = useState(() => Keeping.open());
  const [keeping, setKeeping] = useState<Keeping>();
  const [trouble, setTrouble] = useState<string>();
  const [ids, setIds] = useState<readonly string[]>([]);
  const [over, setOver] = useState(false);
  const [work, setWork] = useState<{ readonly done: number; readonly total: number; readonly name: string }>();
  const [outcomes, setOutcomes] = useState<readonly Outcome[]>([]);
  const [query, setQuery] = useState('');
  const [all, setAll] = useState(false);
  const [found, setFound] = useState<SearchResult>();
  const [open, setOpen] = useState<{ readonly id: string; readonly start: number }>();
  const offline = useOffline();
  const room = useRoom(ids);
  const turn = useRef<Promise<void>>(Promise.resolve());

  useEffect(() => {
    opening.then(
      async (opened) => {
        setKeeping(opened);
        setIds(await opened.ids());
      },
      (error: Error) => setTrouble(error.message),
    );
  }, [opening]);

  const add = useCallback(
    (files: readonly NamedFile[], leftOut: readonly string[] = []) => {
      if (files.length + leftOut.length === 0) return;
      void navigator.storage?.persist?.();
      const work = async (): Promise<void> => {
        const kept = await opening;
        setOutcomes(leftOut.map((note) => ({ name: 'Files', documents: 0, notes: [], failure: note })));
        for (const [i, file] of files.entries()) {
          setWork({ done: i, total: files.length, name: file.name });
          const outcome = await kept.add(file);
          setOutcomes((before) => [...before, outcome]);
          if (i % 10 === 0) setIds(await kept.ids());
        }
        await kept.settle().catch(() => undefined);
        setIds(await kept.ids());
        setWork(undefined);
      };
      // Why it is not open is told above; nothing is kept then.
      turn.current = turn.current.then(work).catch((error: Error) => {
        setWork(undefined);
        setTrouble(error.message);
      });
    },
    [opening],
  );

  useEffect(
    () =>
      watchDrops(
        setOver,
        (dropped: Promise<Dropped>) => void dropped.then(({ files, leftOut }) => add(files, leftOut)),
      ),
    [add],
  );

  useEffect(() => {
    if (keeping === undefined || query.trim() === '' || ids.length === 0) {
      setFound(undefined);
      return;
    }
    let current = true;
    const timer = setTimeout(() => {
      keeping.search(query, all).then(
        (result) => {
          if (!current) return;
          setFound(result);
          setTrouble(undefined);
        },
        (error: Error) => current && setTrouble(error.message),
      );
    }, REST);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [keeping, query, all, ids]);

  const remove = async (id: string): Promise<void> => {
    await keeping?.remove(id);
    if (open?.id === id) setOpen(undefined);
    setIds((await keeping?.ids()) ?? []);
  };
  const clear = async (): Promise<void> => {
    if (!confirm(`Forget ${plural(ids.length, 'document')}? The files themselves stay where they are.`)) return;
    await keeping?.clear();
    setOutcomes([]);
    setOpen(undefined);
    setIds([]);
  };

  return (
    <main>
      <header class="head">
        <h1>Search in your own files</h1>
        <p class="soft">
          Everything stays in this browser.{' '}
          {offline ? 'This page opens without a network.' : 'Being kept for use without a network…'}
        </p>
      </header>
      <search>
        <label class="hidden" for="query">
          Search
        </label>
        <input
          id="query"
          type="search"
          autocomplete="off"
          placeholder={ids.length === 0 ? 'Add files, then search' : `Search in ${plural(ids.length, 'document')}`}
          value={query}
          onInput={(event) => {
            setAll(false);
            setQuery(event.currentTarget.value);
          }}
        />
      </search>
      {trouble !== undefined && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      <div class="columns">
        <section aria-label="Results" class="results" aria-live="polite">
          {found !== undefined && (
            <Hits
              result={found}
              query={query}
              all={all}
              open={open}
              onAll={() => setAll(true)}
              onOpen={(id, start) => setOpen({ id, start })}
            />
          )}
          {found === undefined && keeping !== undefined && (
            <Documents
              ids={ids}
              room={room}
              onOpen={(id) => setOpen({ id, start: 0 })}
              onRemove={remove}
              onClear={clear}
            />
          )}
        </section>
        {open !== undefined && keeping !== undefined && (
          <DocumentText
            key={open.id}
            keeping={keeping}
            open={open}
            hits={found?.hits ?? []}
            onClose={() => setOpen(undefined)}
          />
        )}
      </div>
      <Adding work={work} outcomes={outcomes} onFiles={(files) => add(chosenFiles(files))} />
      {over && (
        <aside class="drop" aria-label="Files over the page">
          <p>Drop files or folders to add them</p>
        </aside>
      )}
    </main>
  );
}

function Documents({
  ids,
  room,
  onOpen,
  onRemove,
  onClear,
}: {
  readonly ids: readonly string[];
  readonly room: string | undefined;
  readonly onOpen: (id: string) => void;
  readonly onRemove: (id: string) => void;
  readonly onClear: () => void;
}): JSX.Element {
  if (ids.length === 0) {
    return <p class="empty">Nothing is here yet. Drop files or whole folders anywhere on this page.</p>;
  }
  return (
    <>
      <h2>
        {plural(ids.length, 'document')} {room !== undefined && <span class="soft">{room}</span>}
      </h2>
      <ul class="documents">
        {ids.slice(0, SHOWN).map((id) => (
          <li key={id}>
            <button type="button" class="link" onClick={() => onOpen(id)}>
              <bdi>{visible(id)}</bdi>
            </button>
            <button type="button" class="quiet" aria-label={`Forget ${visible(id)}`} onClick={() => onRemove(id)}>
              ×
            </button>
          </li>
        ))}
      </ul>
      {ids.length > SHOWN && <p class="soft">and {plural(ids.length - SHOWN, 'more', 'more')}: search finds them.</p>}
      <button type="button" class="quiet" onClick={onClear}>
        Forget all
      </button>
    </>
  );
}

/** Documents that are listed. */
const SHOWN = 500;

function Adding({
  work,
  outcomes,
  onFiles,
}: {
  readonly work: { readonly done: number; readonly total: number; readonly name: string } | undefined;
  readonly outcomes: readonly Outcome[];
  readonly onFiles: (files: FileList) => void;
}): JSX.Element {
  const told = outcomes.filter(({ failure, notes }) => failure !== undefined || notes.length > 0);
  const kept = outcomes.filter(({ failure }) => failure === undefined).length;
  const choose = (event: Event): void => {
    const field = event.currentTarget as HTMLInputElement;
    if (field.files !== null) onFiles(field.files);
    field.value = '';
  };
  return (
    <section class="adding" aria-label="Add files">
      <label class="button">
        Add files
        <input type="file" multiple onChange={choose} />
      </label>
      <label class="button">
        Add a folder
        <input type="file" multiple onChange={choose} {...{ webkitdirectory: true }} />
      </label>
      <p aria-live="polite">
        {work !== undefined && (
          <>
            Reading {work.done + 1} of {work.total}: <bdi>{visible(work.name)}</bdi>
            <progress max={work.total} value={work.done} />
          </>
        )}
        {work === undefined &&
          outcomes.length > 0 &&
          `${plural(kept, 'file')} added${told.length > 0 ? `; of ${told.length} something is to be said:` : '.'}`}
      </p>
      {told.length > 0 && (
        <ul class="outcomes">
          {told.map(({ name, failure, notes }, i) => (
            <li key={i} class={failure === undefined ? undefined : 'bad'}>
              <bdi>{visible(name)}</bdi> {visible([failure, ...notes].filter((part) => part !== undefined).join(' '))}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Whether the page is kept whole, so that it opens without a network. */
function useOffline(): boolean {
  const [kept, setKept] = useState(false);
  useEffect(() => {
    if (!('serviceWorker' in navigator)) return;
    void navigator.serviceWorker.register('./service-worker.js').catch(() => undefined);
    void navigator.serviceWorker.ready.then(() => setKept(true));
  }, []);
  return kept;
}

/** What the browser keeps for this page, in words. */
function useRoom(changed: unknown): string | undefined {
  const [room, setRoom] = useState<string>();
  useEffect(() => {
    void navigator.storage?.estimate?.().then(({ usage }) => usage !== undefined && setRoom(bytes(usage)));
  }, [changed]);
  return room;
}
