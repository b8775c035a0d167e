import { InvalidArgumentError, NotFoundError } from '../../base/errors.ts';
import type { IndexingSettings } from '../../corpus/index.ts';
import { SnapshotCorpus } from '../corpus.ts';
import type { CollectionSettings, OpenFieldEncoder, Snapshot } from '../types.ts';
import { isBeside } from './beside.ts';
import { type FileSystem, type Files, type Lock, onDisk } from './filesystem.ts';
import { ManifestWriter, manifestPath, readManifest, SEGMENTS } from './manifest.ts';
import type { Manifest } from './manifest-types.ts';
import { dirname, join } from './platform.ts';
import { LocalSnapshot } from './snapshot.ts';
import { SegmentCache } from './views.ts';
import type { LocalWriter } from './writer.ts';

/** Where collections lie: what they are read and changed through, and what keeps a second writer out. */
export interface Home {
  readonly files: Files;
  readonly fileSystem: FileSystem;
  /** @throws CollectionLockedError when another writer holds it. */
  lock(directory: string): Promise<Lock>;
  /** Makes a folder, and those above it. */
  makeFolder(path: string): void | Promise<void>;
  /** Removes what killed processes left besides files of segments. The caller holds the lock. */
  clean?(directory: string): Promise<void>;
}

/** A collection in files (manifest.ts), wherever they lie: states of it, and the writer. */
export class FilesStore {
  protected readonly cache: SegmentCache;
  /** What was seen last of the manifest. */
  #seen: { readonly stamp: string | undefined; readonly generation: number } | undefined;

  constructor(
    readonly directory: string,
    readonly settings: CollectionSettings,
    protected readonly home: Home,
  ) {
    this.cache = new SegmentCache(directory, home.files);
  }

  get location(): string {
    return this.directory;
  }

  async corpus(settings: IndexingSettings, open?: OpenFieldEncoder): Promise<SnapshotCorpus> {
    return new SnapshotCorpus(await this.snapshot(), settings, open);
  }

  /** Files are closed with the states that read them. */
  async close(): Promise<void> {}

  async snapshot(): Promise<Snapshot> {
    for (let before = -1; ; ) {
      const { manifest, views } = this.cache.acquireCurrent();
      const beside = manifest.beside
        .filter(({ file }) => isBeside(file))
        .map((entry) => this.cache.acquireBeside(entry));
      // A writer may have replaced one between reading the manifest and opening it: then once more.
      if (manifest.generation === before || beside.every(({ isOpen }) => isOpen)) {
        return new LocalSnapshot(manifest, views, beside, this.cache);
      }
      before = manifest.generation;
      this.cache.release(views);
      this.cache.releaseBeside(beside);
    }
  }

  /** The manifest is read when it was replaced, and as long as its time is too fresh to tell it from the next one. */
  generation(): number {
    const { files } = this.home;
    const stamp = files.stamp(manifestPath(this.directory));
    if (stamp === undefined || stamp !== this.#seen?.stamp) {
      this.#seen = { stamp, generation: readManifest(this.directory, files).generation };
    }
    return this.#seen.generation;
  }

  /** Also removes what killed writers left behind. @throws CollectionLockedError, StorageError, CorruptFileError */
  async writer(): Promise<LocalWriter> {
    const { directory } = this;
    const { files, fileSystem } = this.home;
    // Loaded when first needed: whoever searches begins the sooner.
    const [{ LocalWriter }, { removeLeftovers }] = await Promise.all([import('./writer.ts'), import('./leftovers.ts')]);
    const lock = await this.home.lock(directory);
    try {
      const current = this.cache.acquireCurrent();
      try {
        await onDisk(directory, async () => {
          await removeLeftovers(directory, current.manifest, files, fileSystem);
          await this.home.clean?.(directory);
        });
        return new LocalWriter(directory, fileSystem, lock, this.cache, current);
      } catch (error) {
        this.cache.release(current.views);
        throw error;
      }
    } catch (error) {
      lock.release();
      throw error;
    }
  }
}

/**
 * Makes the files of an empty collection, and the directory if need be; other files in it are left alone.
 *
 * @throws InvalidArgumentError when there is a collection already, or the settings are impossible.
 * @throws StorageError when the directory cannot be written.
 */
export async function createFiles(directory: string, settings: CollectionSettings, home: Home): Promise<void> {
  checkSettings(settings);
  const { files, fileSystem } = home;
  await onDisk(directory, () => home.makeFolder(join(directory, SEGMENTS)));
  const lock = await home.lock(directory);
  try {
    if (exists(directory, files)) {
      throw new InvalidArgumentError(`There is a collection in ${directory} already.`, 'Open it, or choose another.');
    }
    await onDisk(directory, () => fileSystem.syncDirectory(dirname(directory)));
    const manifest: Manifest = {
      generation: 0,
      nextSegment: 1,
      settings,
      indexes: new Map(),
      beside: [],
      segments: [],
    };
    await new ManifestWriter(directory, fileSystem).publish(manifest, () => undefined);
  } finally {
    lock.release();
  }
}

/** Whether there is a collection. @throws CorruptFileError, IncompatibleError when there is a damaged or foreign one. */
function exists(directory: string, files: Files): boolean {
  try {
    readManifest(directory, files);
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

/** @throws InvalidArgumentError for an encoder and a length of vectors that contradict each other. */
export function checkVectors(encoder: string, dim: number): void {
  if (!Number.isInteger(dim) || dim < 0 || (dim === 0) !== (encoder === 'none')) {
    throw new InvalidArgumentError(
      `A collection of the encoder ${encoder} cannot have vectors of ${dim} components.`,
      'Pass the encoder\'s own `id` and `dim`, or "none" and 0.',
    );
  }
}

function checkSettings({ encoder, dim, bm25 }: CollectionSettings): void {
  checkVectors(encoder, dim);
  if (!(bm25.k1 >= 0 && bm25.k1 <= 1e6) || !(bm25.b >= 0 && bm25.b <= 1)) {
    throw new InvalidArgumentError(
      `BM25 with k1 ${bm25.k1} and b ${bm25.b} is impossible.`,
      'Use a k1 from 0 to 1e6, and a b from 0 to 1.',
    );
  }
}
