import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { client, troubleOf } from './api.ts';
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
  dispatchEvent(new CustomEvent(CHOOSE, { detail: [...files].map((file) => ({ file, name: nameOf(file) })) }));
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
    (files: readonly { readonly file: File; readonly name: string }[]) => {
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
    let depth = 0;
    const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;
    const enter = (event: DragEvent): void => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      depth++;
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (!holdsFiles(event)) return;
      if (--depth <= 0) {
        depth = 0;
        setOver(false);
      }
    };
    const stay = (event: DragEvent): void => {
      if (holdsFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent): void => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      void filesOf(event.dataTransfer!).then(add);
    };
    const chosen = (event: Event): void => add((event as CustomEvent<{ file: File; name: string }[]>).detail);
    addEventListener('dragenter', enter);
    addEventListener('dragleave', leave);
    addEventListener('dragover', stay);
    addEventListener('drop', drop);
    addEventListener(CHOOSE, chosen);
    return () => {
      removeEventListener('dragenter', enter);
      removeEventListener('dragleave', leave);
      removeEventListener('dragover', stay);
      removeEventListener('drop', drop);
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

function nameOf(file: File): string {
  return cleaned(file.webkitRelativePath === '' ? file.name : file.webkitRelativePath);
}

/** A name that the server takes. */
function cleaned(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .map((part) => part.replace(/[\\:\p{Cc}]/gu, '_').slice(0, 255))
    .join('/');
}

/** Files on one folder's level that are read at most. */
const MOST = 10_000;

/** The files that were dropped, those in folders too; hidden ones are left out. */
async function filesOf(transfer: DataTransfer): Promise<{ file: File; name: string }[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...transfer.files].map((file) => ({ file, name: nameOf(file) }));
  const out: { file: File; name: string }[] = [];
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    if (out.length >= MOST || (entry.name.startsWith('.') && entry.fullPath !== `/${entry.name}`)) return;
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      out.push({ file, name: cleaned(entry.fullPath) });
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return;
      for (const one of some) await walk(one);
    }
  };
  for (const entry of entries) await walk(entry);
  return out;
}
