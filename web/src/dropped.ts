/** A file that somebody chose or dropped, with its path from there. */
export interface NamedFile {
  readonly file: File;
  readonly name: string;
}

/** What was dropped, and what of it was left out. */
export interface Dropped {
  readonly files: readonly NamedFile[];
  /** One sentence each. */
  readonly leftOut: readonly string[];
}

/** Files that are taken at once, at most. */
const MOST = 10_000;

/** The files of a list, as a field for files has it. */
export function chosenFiles(files: Iterable<File>): NamedFile[] {
  return Array.from(files, (file) => ({
    file,
    name: cleaned(file.webkitRelativePath === '' ? file.name : file.webkitRelativePath),
  }));
}

/** The files that were dropped, those in folders too; hidden ones of folders are left out. */
export async function droppedFiles(transfer: DataTransfer): Promise<Dropped> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return { files: chosenFiles(transfer.files), leftOut: [] };
  const files: NamedFile[] = [];
  let [hidden, beyond] = [0, 0];
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    if (entry.name.startsWith('.') && entry.fullPath !== `/${entry.name}`) {
      hidden++;
      return;
    }
    if (entry.isFile) {
      if (files.length >= MOST) {
        beyond++;
        return;
      }
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      files.push({ file, name: cleaned(entry.fullPath) });
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
  const leftOut = [
    ...(hidden === 0 ? [] : [`${hidden} whose names begin with a dot were left out.`]),
    ...(beyond === 0 ? [] : [`${beyond} were left out: ${MOST} are taken at once. Drop the rest by itself.`]),
  ];
  return { files, leftOut };
}

/** A name that collections take as an id. */
function cleaned(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .map((part) => part.replace(/[\\:\p{Cc}]/gu, '_').slice(0, 255))
    .join('/');
}

/** Calls back with what is dropped anywhere on the page, and says while files hover over it. @returns a function that ends it. */
export function watchDrops(onOver: (over: boolean) => void, onDrop: (dropped: Promise<Dropped>) => void): () => void {
  let depth = 0;
  const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;
  const listeners: { readonly [Name in 'dragenter' | 'dragleave' | 'dragover' | 'drop']: (event: DragEvent) => void } =
    {
      dragenter: () => {
        depth++;
        onOver(true);
      },
      dragleave: () => {
        depth = Math.max(0, depth - 1);
        if (depth === 0) onOver(false);
      },
      dragover: () => undefined,
      drop: (event) => {
        depth = 0;
        onOver(false);
        onDrop(droppedFiles(event.dataTransfer!));
      },
    };
  const guarded = Object.entries(listeners).map(([name, listener]) => {
    const handler = (event: Event): void => {
      if (!holdsFiles(event as DragEvent)) return;
      event.preventDefault();
      listener(event as DragEvent);
    };
    addEventListener(name, handler);
    return () => removeEventListener(name, handler);
  });
  return () => {
    for (const end of guarded) end();
  };
}
