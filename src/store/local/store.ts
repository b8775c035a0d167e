import fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InvalidArgumentError, NotFoundError } from '../../base/errors.ts';
import type {
  CollectionSettings,
  EncoderTarget,
  PendingReencode,
  Reencode,
  SegmentInfo,
  Snapshot,
  Store,
  StoreInfo,
  VerifyReport,
  Writer,
} from '../types.ts';
import { type FileSystem, nodeFileSystem, onDisk } from './filesystem.ts';
import { removeLeftovers } from './leftovers.ts';
import { acquireLock, LOCK, removeLockLeftovers } from './lock.ts';
import { FORMAT_VERSION, ManifestWriter, manifestPath, manifestStamp, readManifest, SEGMENTS } from './manifest.ts';
import { LocalReencode } from './reencode.ts';
import { readReencodeState } from './reencode-state.ts';
import { LocalSnapshot } from './snapshot.ts';
import { indexInfo } from './vector-model.ts';
import { type VerifyOptions, verifyCollection } from './verify.ts';
import { entryBytes, SegmentCache, type SegmentView } from './views.ts';
import { LocalWriter } from './writer.ts';

/** Options that only tests and unusual hosts need. */
export interface LocalStoreOptions {
  /** How files are written. Default: `node:fs`. */
  readonly fileSystem?: FileSystem;
}

/**
 * A collection in a directory (manifest.ts describes the files). Any number of processes read while one writes; a
 * reader sees a generation whole, and keeps it however long its snapshot lives. On a network file system (with locks)
 * writers on several machines exclude each other; a reader there may lose files that a writer elsewhere has replaced.
 */
export class LocalStore implements Store {
  readonly directory: string;
  readonly settings: CollectionSettings;
  readonly #fs: FileSystem;
  readonly #cache: SegmentCache;
  /** What was seen last of the manifest. */
  #seen: { readonly stamp: string | undefined; readonly generation: number } | undefined;

  /** Use {@link openLocalStore} or {@link createLocalStore}. */
  constructor(directory: string, settings: CollectionSettings, options: LocalStoreOptions) {
    this.directory = directory;
    this.settings = settings;
    this.#fs = options.fileSystem ?? nodeFileSystem;
    this.#cache = new SegmentCache(directory);
  }

  async snapshot(): Promise<Snapshot> {
    const { manifest, views } = this.#cache.acquireCurrent();
    return new LocalSnapshot(manifest, views, this.#cache);
  }

  /** The manifest is read when it was replaced, and as long as its time is too fresh to tell it from the next one. */
  async generation(): Promise<number> {
    const stamp = manifestStamp(this.directory);
    if (stamp === undefined || stamp !== this.#seen?.stamp) {
      this.#seen = { stamp, generation: readManifest(this.directory).generation };
    }
    return this.#seen.generation;
  }

  /** Also removes what killed writers left behind. @throws CollectionLockedError, StorageError, CorruptFileError */
  async writer(): Promise<Writer> {
    const lock = await acquireLock(join(this.directory, LOCK));
    try {
      const current = this.#cache.acquireCurrent();
      try {
        await onDisk(this.directory, () => {
          removeLockLeftovers(this.directory);
          return removeLeftovers(this.directory, current.manifest, this.#fs);
        });
        return new LocalWriter(this.directory, this.#fs, lock, this.#cache, current);
      } catch (error) {
        this.#cache.release(current.views);
        throw error;
      }
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  async reencode(target: EncoderTarget): Promise<Reencode> {
    checkSettings({ ...this.settings, ...target });
    const { directory } = this;
    const host = { directory, fileSystem: this.#fs, cache: this.#cache, writer: () => this.writer() };
    return LocalReencode.begin(host, target);
  }

  async pendingReencode(): Promise<PendingReencode | undefined> {
    const state = readReencodeState(this.directory);
    if (typeof state !== 'object') return undefined;
    const { encoder, dim, started } = state;
    return { encoder, dim, started };
  }

  async verify(options?: VerifyOptions): Promise<VerifyReport> {
    return verifyCollection(this.directory, options);
  }

  async inspect(): Promise<StoreInfo> {
    const reencode = await this.pendingReencode();
    const { manifest, views } = this.#cache.acquireCurrent();
    try {
      const segments = views.map(
        (view): SegmentInfo => ({
          name: view.entry.name,
          bytes: entryBytes(view.entry),
          documents: view.entry.documents,
          deadDocuments: view.entry.dead?.documents ?? 0,
          passages: view.entry.passages,
          sections: sectionsOf(view),
        }),
      );
      return {
        directory: this.directory,
        formatVersion: FORMAT_VERSION,
        generation: manifest.generation,
        settings: manifest.settings,
        documents: views.reduce((sum, view) => sum + view.liveDocumentCount, 0),
        passages: views.reduce((sum, view) => sum + view.livePassageCount, 0),
        bytes: segments.reduce(
          (sum, { bytes }) => sum + bytes,
          fs.statSync(manifestPath(this.directory)).size + (manifest.vectorIndex?.model.bytes ?? 0),
        ),
        segments,
        ...(manifest.vectorIndex === undefined ? {} : { vectorIndex: indexInfo(views, manifest.vectorIndex) }),
        ...(reencode === undefined ? {} : { reencode }),
      };
    } finally {
      this.#cache.release(views);
    }
  }
}

/**
 * Opens the collection in `directory`. Reads the manifest and nothing else.
 *
 * @throws NotFoundError when there is none, IncompatibleError when it is of another program or version,
 * CorruptFileError when its manifest is damaged.
 */
export async function openLocalStore(directory: string, options: LocalStoreOptions = {}): Promise<LocalStore> {
  const path = resolve(directory);
  return new LocalStore(path, readManifest(path).settings, options);
}

/**
 * Makes an empty collection, and the directory if need be; other files in it are left alone.
 *
 * @throws InvalidArgumentError when there is a collection already, or the settings are impossible.
 * @throws StorageError when the directory cannot be written.
 */
export async function createLocalStore(
  directory: string,
  settings: CollectionSettings,
  options: LocalStoreOptions = {},
): Promise<LocalStore> {
  checkSettings(settings);
  const path = resolve(directory);
  const fileSystem = options.fileSystem ?? nodeFileSystem;
  await onDisk(path, () => fs.mkdirSync(join(path, SEGMENTS), { recursive: true }));
  const lock = await acquireLock(join(path, LOCK));
  try {
    if (exists(path)) {
      throw new InvalidArgumentError(`There is a collection in ${directory} already.`, 'Open it, or choose another.');
    }
    await onDisk(path, () => fileSystem.syncDirectory(dirname(path)));
    const manifest = { generation: 0, nextSegment: 1, settings, segments: [] };
    await new ManifestWriter(path, fileSystem).publish(manifest, () => undefined);
  } finally {
    lock.release();
  }
  return openLocalStore(path, options);
}

/** Largest first. The segment's own vectors count as `unused` where others stand in for them. */
function sectionsOf(view: SegmentView): SegmentInfo['sections'] {
  const { unusedBytes } = view;
  const own = view.segment.container.sections.filter(({ name }) => unusedBytes === 0 || !name.startsWith('dense.'));
  const others = view.vectors?.container.sections ?? [];
  const unused = unusedBytes === 0 ? [] : [{ name: 'unused', bytes: unusedBytes }];
  return [...own, ...others, ...unused].sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}

/** Whether there is a collection. @throws CorruptFileError, IncompatibleError when there is a damaged or foreign one. */
function exists(directory: string): boolean {
  try {
    readManifest(directory);
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

function checkSettings({ encoder, dim, bm25 }: CollectionSettings): void {
  if (!Number.isInteger(dim) || dim < 0 || (dim === 0) !== (encoder === 'none')) {
    throw new InvalidArgumentError(
      `A collection of the encoder ${encoder} cannot have vectors of ${dim} components.`,
      'Pass the encoder\'s own `id` and `dim`, or "none" and 0.',
    );
  }
  if (!(bm25.k1 >= 0 && bm25.k1 <= 1e6) || !(bm25.b >= 0 && bm25.b <= 1)) {
    throw new InvalidArgumentError(
      `BM25 with k1 ${bm25.k1} and b ${bm25.b} is impossible.`,
      'Use a k1 from 0 to 1e6, and a b from 0 to 1.',
    );
  }
}
