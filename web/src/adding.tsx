import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { client, troubleOf } from './api.ts';
import { chosenFiles, type Dropped, type NamedFile, watchDrops } from './dropped.ts';
import { Icon } from './icons.tsx';
import { bytes, plural, visible } from './text.ts';

interface Upload {
  readonly name: string;
  readonly size: number;
  readonly state: 'waiting' | 'reading' | 'done' | 'failed';
  readonly note: string;
}

/** What the browser lets a page be told to do with files, from anywhere in it. */
const CHOOSE = 'sagitta-add-files';

/** Asks for files to add: what the button of the collection's page does. */
export function chooseFiles(files: FileList): void {
  dispatchEvent(new CustomEvent(CHOOSE, { detail: chosenFiles(files) }));
}

/** Files that are dropped anywhere on the page are read by the server and added to the collection, one after the other. */
export function Adding({
  collection,
  onAdded,
}: {
  readonly collection: string;
  readonly onAdded: () => void;
}): JSX.Element | null {
  const [over, setOver] = useState(false);
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const turn = useRef<Promise<void>>(Promise.resolve());
  const added = useRef(onAdded);
  added.current = onAdded;

  const add = useCallback(
    (files: readonly NamedFile[]) => {
      const first = { current: 0 };
      setUploads((before) => {
        first.current = before.length;
        return [
          ...before,
          ...files.map(
            ({ file, name }): Upload => ({ name, size: file.size, state: 'waiting', note: bytes(file.size) }),
          ),
        ];
      });
      turn.current = turn.current.then(async () => {
        for (const [i, { file, name }] of files.entries()) {
          const set = (state: Upload['state'], note: string): void =>
            setUploads((all) => all.map((one, j) => (j === first.current + i ? { ...one, state, note } : one)));
          set('reading', 'being read…');
          try {
            const { added: fresh, updated, problems, notes, ids } = await client(collection).addFile(name, file);
            const what = fresh + updated === 0 ? 'was there already' : plural(ids.length, 'document');
            set('done', [what, ...problems, ...notes].join('; '));
          } catch (error) {
            set('failed', troubleOf(error).detail);
          }
        }
        added.current();
      });
    },
    [collection],
  );

  useEffect(() => {
    const taken = async (dropped: Promise<Dropped>): Promise<void> => {
      const { files, leftOut } = await dropped;
      add(files);
      const notes = leftOut.map((note): Upload => ({ name: 'Files', size: 0, state: 'failed', note }));
      if (notes.length > 0) setUploads((before) => [...before, ...notes]);
    };
    const end = watchDrops(setOver, (dropped) => void taken(dropped));
    const chosen = (event: Event): void => add((event as CustomEvent<NamedFile[]>).detail);
    addEventListener(CHOOSE, chosen);
    return () => {
      end();
      removeEventListener(CHOOSE, chosen);
    };
  }, [add]);

  const busy = uploads.some(({ state }) => state === 'waiting' || state === 'reading');
  return (
    <>
      {over && (
        <aside class="drop" aria-label="Files over the page">
          <p>
            <Icon name="add" /> Drop files to add them to <strong>{collection}</strong>
          </p>
        </aside>
      )}
      {uploads.length > 0 && (
        <section class="uploads" aria-label="Files that are added">
          <header>
            <h2 aria-live="polite">
              {busy
                ? `Reading ${uploads.filter(({ state }) => state !== 'done' && state !== 'failed').length} of ${plural(uploads.length, 'file')}`
                : `${plural(uploads.filter(({ state }) => state === 'done').length, 'file')} added`}
            </h2>
            <button
              type="button"
              class="quiet"
              aria-label="Close the list of files"
              disabled={busy}
              onClick={() => setUploads([])}
            >
              <Icon name="close" />
            </button>
          </header>
          <ul>
            {uploads.map(({ name, state, note }, i) => (
              <li key={i} class={state}>
                <bdi>{visible(name)}</bdi>
                <span class={state === 'failed' ? 'bad' : 'faint'}>{visible(note)}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
