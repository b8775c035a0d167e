import { InvalidArgumentError, NotFoundError } from '../../base/errors.ts';
import type { IndexingSettings } from '../../corpus/index.ts';
import { createFiles, FilesStore, type Home } from '../local/files-store.ts';
import { readManifest } from '../local/manifest.ts';
import type { CollectionSettings, OpenFieldEncoder } from '../types.ts';
import { FetchingCorpus } from './fetching-corpus.ts';
import { RangedFiles } from './ranged-files.ts';
import type { Traffic } from './remote-ranges.ts';
import { loadSeldom } from './seldom.ts';

/** A collection as workers of a browser keep or read it. */
export interface WorkerStore {
  readonly store: FilesStore;
  /** Of the newest state, which another tab may have published. */
  generation(): Promise<number>;
  /** Whether it can be changed. */
  readonly writable: boolean;
  /** What was fetched; of one that lies on a server. */
  readonly traffic?: () => Traffic;
}

/**
 * The collection of a name in the storage of this site.
 * @param create what a new one is made with. Default: none is made.
 * @throws NotFoundError when there is none; UnsupportedError without such storage; StorageError when there is no room.
 */
export async function openOpfsStore(
  name: string,
  create?: () => Promise<CollectionSettings>,
  cacheBytes?: number,
): Promise<WorkerStore> {
  const { OpfsHome } = await import('./opfs.ts');
  const home = await OpfsHome.enter(checkName(name), cacheBytes);
  if (!home.exists) {
    if (create === undefined) {
      throw new NotFoundError(`This site keeps no collection "${name}" here.`, 'Make it with `create: true`.');
    }
    await createFiles(name, await create(), home);
  }
  const settings = await settingsOf(name, home.files);
  const store = new FilesStore(name, settings, home);
  return { store, generation: () => home.refresh().then(() => store.generation()), writable: true };
}

/** Removes the collection of a name with all that it holds. @returns whether there was one. @throws CollectionLockedError */
export async function eraseOpfsStore(name: string): Promise<boolean> {
  const { OpfsHome } = await import('./opfs.ts');
  const home = await OpfsHome.enter(checkName(name));
  const lock = await home.lock();
  try {
    const { exists } = home;
    await home.erase();
    return exists;
  } finally {
    lock.release();
  }
}

/**
 * The collection in a folder of a web server, as it was when this was called.
 * @param options.exact whether vectors rank by meaning, and not their codes alone.
 * @throws NotFoundError, CorruptFileError, IncompatibleError; RemoteError when the server cannot be reached.
 */
export async function openRemoteStore(
  url: string,
  {
    exact = false,
    cacheBytes,
  }: { readonly exact?: boolean | undefined; readonly cacheBytes?: number | undefined } = {},
): Promise<WorkerStore> {
  const { RemoteRanges } = await import('./remote-ranges.ts');
  const ranges = await RemoteRanges.connect(url);
  const files = new RangedFiles(ranges, cacheBytes);
  const readOnly = (): never => {
    throw new InvalidArgumentError(
      `The collection at ${ranges.directory} is on a server, and only read from here.`,
      'Change it where it lies, and put it on the server again.',
    );
  };
  const home = {
    files,
    lock: async () => readOnly(),
    makeFolder: readOnly,
    fileSystem: {
      create: readOnly,
      write: readOnly,
      sync: async () => readOnly(),
      close: readOnly,
      rename: readOnly,
      remove: readOnly,
      syncDirectory: async () => readOnly(),
    },
  };
  const settings = await settingsOf(ranges.directory, files);
  const store = new FetchingStore(ranges.directory, settings, home, exact);
  return {
    store,
    generation: async () => store.generation(),
    writable: false,
    traffic: () => ranges.traffic,
  };
}

/** A collection whose states fetch ahead. */
class FetchingStore extends FilesStore {
  constructor(
    directory: string,
    settings: CollectionSettings,
    private readonly remote: Home & { readonly files: RangedFiles<unknown> },
    private readonly exact: boolean,
  ) {
    super(directory, settings, remote);
  }

  override async corpus(settings: IndexingSettings, open?: OpenFieldEncoder): Promise<FetchingCorpus> {
    return new FetchingCorpus(await this.snapshot(), settings, open, this.remote.files, this.exact);
  }
}

/** What the manifest says; what its indexes need is loaded. */
async function settingsOf(directory: string, files: RangedFiles<unknown>): Promise<CollectionSettings> {
  const { settings, indexes } = readManifest(directory, files);
  if (indexes.size > 0 || settings.fields?.some(({ kind }) => kind !== 'vector')) await loadSeldom();
  return settings;
}

function checkName(name: string): string {
  if (/^[\w-][\w.-]{0,63}$/.test(name)) return name;
  throw new InvalidArgumentError(
    `"${name}" cannot be the name of a collection.`,
    'Use at most 64 letters, digits, "-", "_" and ".", no "." first; a collection on a server is opened with { url }.',
  );
}
