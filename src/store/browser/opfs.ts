import { CollectionLockedError, StorageError, UnsupportedError } from '../../base/errors.ts';
import type { Home } from '../local/files-store.ts';
import { type FileSystem, type Lock, systemCode } from '../local/filesystem.ts';
import { manifestPath } from '../local/manifest.ts';
import { dirname } from './platform.ts';
import { RangedFiles, type Ranges, systemError } from './ranged-files.ts';

/** Folder in the site's storage that all collections lie in. */
const ROOT = 'sagitta';

/** A file that is being written: it lies in memory until it is synced. */
interface Written {
  readonly path: string;
  readonly pieces: Uint8Array[];
}

/**
 * A folder of the origin private file system, for workers: what a collection is read and changed through. The system opens files while nobody
 * waits for it; so those that there are were opened before (`refresh`), what is written goes to the disk when it is synced, and what is removed
 * goes soon after. All of it happens in the order in which it was asked for.
 */
export class OpfsHome implements Home, FileSystem, Ranges<File> {
  readonly files: RangedFiles<File>;
  readonly fileSystem: FileSystem = this;
  #known = new Map<string, File>();
  readonly #written = new Map<number, Written>();
  #next = 1;
  /** Counts states of the manifest. */
  #state = 0;
  #queue: Promise<unknown> = Promise.resolve();
  /** The end of the lock that was given back last. */
  #unlocked: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly directory: string,
    private readonly root: FileSystemDirectoryHandle,
    cacheBytes: number | undefined,
  ) {
    this.files = new RangedFiles(this, cacheBytes);
  }

  /**
   * @param name of the collection: a folder of this name.
   * @throws UnsupportedError where the browser has no such storage, or does not give it to this page.
   */
  static async enter(name: string, cacheBytes?: number): Promise<OpfsHome> {
    const home = new OpfsHome(name, await storageOf(), cacheBytes);
    await home.refresh();
    return home;
  }

  /** Whether there is anything of the name. */
  get exists(): boolean {
    return this.#known.has(manifestPath(this.directory));
  }

  /** Opens the files anew where another tab has published since. */
  async refresh(): Promise<void> {
    await this.#queue.catch(() => undefined);
    const path = manifestPath(this.directory);
    const manifest = await this.#look(path);
    if (manifest === undefined ? this.#known.size === 0 : isSame(manifest, this.#known.get(path))) return;
    const known = new Map<string, File>();
    const walk = async (folder: FileSystemDirectoryHandle, at: string): Promise<void> => {
      for await (const [name, entry] of folder.entries()) {
        if (entry.kind === 'directory') await walk(entry as FileSystemDirectoryHandle, `${at}/${name}`);
        else {
          // What goes meanwhile is not named by the manifest any more.
          const file = await (entry as FileSystemFileHandle).getFile().catch(() => undefined);
          if (file !== undefined) known.set(`${at}/${name}`, file);
        }
      }
    };
    const folder = await this.#folder(this.directory, false);
    if (folder !== undefined) await walk(folder, this.directory);
    for (const [path, file] of this.#known) if (!isSame(file, known.get(path))) this.files.forget(path);
    this.#known = known;
    this.#state++;
  }

  // Reading

  open(path: string): { readonly file: File; readonly size: number } {
    const file = this.#known.get(path);
    if (file === undefined) throw systemError('ENOENT', 'open', path);
    return { file, size: file.size };
  }

  read(file: File, from: number, to: number): Uint8Array {
    try {
      return new Uint8Array(new FileReaderSync().readAsArrayBuffer(file.slice(from, to)));
    } catch (cause) {
      throw Object.assign(systemError('ENOENT', 'read', file.name), { cause });
    }
  }

  list(path: string): string[] {
    const names = new Set<string>();
    for (const one of this.#known.keys()) {
      if (one.startsWith(`${path}/`)) names.add(one.slice(path.length + 1).split('/')[0]!);
    }
    return [...names];
  }

  stamp(path: string): string | undefined {
    return path === manifestPath(this.directory) ? String(this.#state) : undefined;
  }

  // Writing

  create(path: string): number {
    if (this.#known.has(path)) throw systemError('EEXIST', 'open', path);
    this.#written.set(this.#next, { path, pieces: [] });
    return this.#next++;
  }

  write(file: number, bytes: Uint8Array): void {
    this.#written.get(file)!.pieces.push(bytes.slice());
  }

  sync(file: number): Promise<void> {
    const { path, pieces } = this.#written.get(file)!;
    return this.#enqueue(path, async () => {
      const folder = await this.#folder(dirname(path), true);
      const handle = await folder!.getFileHandle(nameOf(path), { create: true });
      const access = await handle.createSyncAccessHandle();
      try {
        access.truncate(0);
        let at = 0;
        for (const piece of pieces) {
          const written = access.write(piece as Uint8Array<ArrayBuffer>, { at });
          // Some browsers write less where there is no room, and say nothing.
          if (written !== piece.byteLength) throw new DOMException('no room', 'QuotaExceededError');
          at += written;
        }
        access.flush();
      } finally {
        access.close();
      }
      this.#know(path, await handle.getFile());
    });
  }

  close(file: number): void {
    this.#written.delete(file);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#enqueue(to, async () => {
      const folder = await this.#folder(dirname(from), false);
      const handle = await folder!.getFileHandle(nameOf(from));
      await handle.move(nameOf(to));
      this.#known.delete(from);
      this.#know(to, await (await folder!.getFileHandle(nameOf(to))).getFile());
    });
  }

  remove(path: string): void {
    this.#known.delete(path);
    this.files.forget(path);
    // It does not count: what could not be removed, the next writer does.
    void this.#enqueue(path, async () => {
      const folder = await this.#folder(dirname(path), false);
      await folder?.removeEntry(nameOf(path)).catch(() => undefined);
    }).catch(() => undefined);
  }

  async syncDirectory(): Promise<void> {
    await this.#queue.catch(() => undefined);
  }

  async makeFolder(path: string): Promise<void> {
    await this.#enqueue(path, () => this.#folder(path, true));
  }

  // One writer

  async lock(): Promise<Lock> {
    await this.#unlocked;
    let release!: () => void;
    const held = new Promise<void>((done) => {
      release = done;
    });
    const granted = await new Promise<boolean>((resolve, reject) => {
      this.#unlocked = navigator.locks
        .request(`${ROOT}/${this.directory}`, { ifAvailable: true }, async (lock) => {
          resolve(lock !== null);
          if (lock !== null) await held;
        })
        .catch(reject);
    });
    if (!granted) {
      throw new CollectionLockedError(
        `The collection "${this.directory}" is being written by another tab of this site.`,
        'Wait until it is done, or close that tab, and repeat it.',
      );
    }
    await this.refresh();
    return { check: () => undefined, release };
  }

  /** Removes the collection. The caller holds the lock. */
  async erase(): Promise<void> {
    await this.#enqueue(this.directory, async () => {
      await this.root.removeEntry(this.directory, { recursive: true }).catch((error: unknown) => {
        if ((error as Error).name !== 'NotFoundError') throw error;
      });
    });
    await this.refresh();
  }

  #know(path: string, file: File): void {
    this.files.forget(path);
    this.#known.set(path, file);
    if (path === manifestPath(this.directory)) this.#state++;
  }

  async #look(path: string): Promise<File | undefined> {
    const folder = await this.#folder(dirname(path), false);
    try {
      return await (await folder?.getFileHandle(nameOf(path)))?.getFile();
    } catch (error) {
      if ((error as Error).name === 'NotFoundError') return undefined;
      throw refusal(path, error);
    }
  }

  /** @returns undefined when there is none and it is not to be made. */
  async #folder(path: string, create: boolean): Promise<FileSystemDirectoryHandle | undefined> {
    let folder = this.root;
    for (const part of path.split('/')) {
      try {
        folder = await folder.getDirectoryHandle(part, { create });
      } catch (error) {
        if (!create && (error as Error).name === 'NotFoundError') return undefined;
        throw error;
      }
    }
    return folder;
  }

  #enqueue<T>(path: string, work: () => Promise<T>): Promise<T> {
    const result = this.#queue
      .catch(() => undefined)
      .then(work)
      .catch((error: unknown) => {
        throw refusal(path, error);
      });
    this.#queue = result;
    result.catch(() => undefined);
    return result;
  }
}

function isSame(a: File, b: File | undefined): boolean {
  return b !== undefined && a.size === b.size && a.lastModified === b.lastModified;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

async function storageOf(): Promise<FileSystemDirectoryHandle> {
  const storage = (globalThis.navigator as Navigator | undefined)?.storage;
  const lacks = (cause?: unknown): UnsupportedError =>
    new UnsupportedError(
      'This browser gives this page no files of its own to keep a collection in (the origin private file system).',
      'Use a current browser, outside of its private mode, and serve the page over HTTPS or from localhost; a collection on a server can be opened by its URL.',
      { cause },
    );
  if (storage?.getDirectory === undefined || navigator.locks === undefined || typeof FileReaderSync === 'undefined') {
    throw lacks();
  }
  try {
    return await (await storage.getDirectory()).getDirectoryHandle(ROOT, { create: true });
  } catch (error) {
    if ((error as Error).name === 'QuotaExceededError') throw refusal(ROOT, error);
    throw lacks(error);
  }
}

/** What the browser refused, in words. */
function refusal(path: string, error: unknown): unknown {
  if (!(error instanceof DOMException) || systemCode(error) !== undefined) return error;
  if (error.name === 'QuotaExceededError') {
    return new StorageError(
      `Cannot write ${path}: the browser gives this site no more room.`,
      'Remove documents or other collections, or ask for more with navigator.storage.persist(); what was published before is intact.',
      { cause: error },
    );
  }
  return new StorageError(
    `Cannot write ${path}: the browser refused (${error.name}: ${error.message}).`,
    'Close other tabs of this site and repeat it; what was published before is intact.',
    { cause: error },
  );
}
