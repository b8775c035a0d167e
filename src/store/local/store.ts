import fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InvalidArgumentError, NotFoundError } from '../../base/errors.ts';
import { type IndexingSettings, MEANING, WORDS } from '../../corpus/index.ts';
import { ImpactIndex } from '../../index/index.ts';
import { SnapshotCorpus } from '../corpus.ts';
import type {
  CollectionSettings,
  FieldBuild,
  FieldInfo,
  OpenFieldEncoder,
  PendingField,
  SegmentInfo,
  Snapshot,
  Store,
  StoreInfo,
  VectorFieldSettings,
  VerifyReport,
} from '../types.ts';
import { isBeside } from './beside.ts';
import { LocalFieldBuild } from './field-build.ts';
import { entriesOf } from './field-kinds.ts';
import { readFieldState } from './field-state.ts';
import { type FileSystem, nodeFileSystem, onDisk } from './filesystem.ts';
import { removeLeftovers } from './leftovers.ts';
import { acquireLock, LOCK, removeLockLeftovers } from './lock.ts';
import { FORMAT_VERSION, ManifestWriter, manifestPath, manifestStamp, readManifest, SEGMENTS } from './manifest.ts';
import { isFieldName, type Manifest, vectorFields } from './manifest-types.ts';
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

  get location(): string {
    return this.directory;
  }

  async corpus(settings: IndexingSettings, open: OpenFieldEncoder): Promise<SnapshotCorpus> {
    return new SnapshotCorpus(await this.snapshot(), settings, open);
  }

  /** Files are closed with the states that read them. */
  async close(): Promise<void> {}

  async snapshot(): Promise<Snapshot> {
    for (let before = -1; ; ) {
      const { manifest, views } = this.#cache.acquireCurrent();
      const beside = manifest.beside
        .filter(({ file }) => isBeside(file))
        .map((entry) => this.#cache.acquireBeside(entry));
      // A writer may have replaced one between reading the manifest and opening it: then once more.
      if (manifest.generation === before || beside.every(({ isOpen }) => isOpen)) {
        return new LocalSnapshot(manifest, views, beside, this.#cache);
      }
      before = manifest.generation;
      this.#cache.release(views);
      this.#cache.releaseBeside(beside);
    }
  }

  /** The manifest is read when it was replaced, and as long as its time is too fresh to tell it from the next one. */
  generation(): number {
    const stamp = manifestStamp(this.directory);
    if (stamp === undefined || stamp !== this.#seen?.stamp) {
      this.#seen = { stamp, generation: readManifest(this.directory).generation };
    }
    return this.#seen.generation;
  }

  /** Also removes what killed writers left behind. @throws CollectionLockedError, StorageError, CorruptFileError */
  async writer(): Promise<LocalWriter> {
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

  async buildField(target: VectorFieldSettings): Promise<FieldBuild> {
    checkField(target);
    const { directory } = this;
    const host = { directory, fileSystem: this.#fs, cache: this.#cache, writer: () => this.writer() };
    return LocalFieldBuild.begin(host, target);
  }

  async pendingField(): Promise<PendingField | undefined> {
    const state = readFieldState(this.directory);
    return typeof state === 'object' ? { ...state.field, started: state.started } : undefined;
  }

  async verify(options?: VerifyOptions): Promise<VerifyReport> {
    return verifyCollection(this.directory, options);
  }

  async inspect(): Promise<StoreInfo> {
    const pending = await this.pendingField();
    const { manifest, views } = this.#cache.acquireCurrent();
    const vectorIndex = manifest.indexes.get(MEANING);
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
          fs.statSync(manifestPath(this.directory)).size + besideBytes(manifest),
        ),
        segments,
        fields: vectorFields(manifest.settings).map((field) => fieldInfo(field, views)),
        beside: manifest.beside,
        ...(vectorIndex === undefined ? {} : { vectorIndex: indexInfo(views, MEANING, vectorIndex) }),
        ...(pending === undefined ? {} : { pending }),
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
    const manifest: Manifest = {
      generation: 0,
      nextSegment: 1,
      settings,
      indexes: new Map(),
      beside: [],
      segments: [],
    };
    await new ManifestWriter(path, fileSystem).publish(manifest, () => undefined);
  } finally {
    lock.release();
  }
  return openLocalStore(path, options);
}

function fieldInfo({ name, kind, of, encoder, dim }: VectorFieldSettings, views: readonly SegmentView[]): FieldInfo {
  const field = { name, kind, of, encoder, dim };
  const sections = views.flatMap((view) => view.sectionsOf(field));
  const indexes = views.flatMap((view) => view.index(name) ?? []);
  return {
    ...field,
    vectors: indexes.reduce((sum, index) => sum + entriesOf(index), 0),
    ...(kind === 'impacts'
      ? { full: indexes.reduce((sum, index) => sum + (index instanceof ImpactIndex ? index.fullCount : 0), 0) }
      : {}),
    bytes: sections.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function besideBytes({ indexes, beside }: Manifest): number {
  const models = Array.from(indexes.values(), ({ model }) => model);
  return [...models, ...beside].reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Largest first. The segment's own vectors count as `unused` where others stand in for them; sections of a field that was added begin with
 * its name.
 */
function sectionsOf(view: SegmentView): SegmentInfo['sections'] {
  const { unusedBytes } = view;
  const own = view.segment.container.sections.filter(({ name }) => unusedBytes === 0 || !name.startsWith('dense.'));
  const others = Array.from(view.files, ([field, { container }]) =>
    container.sections.map(({ name, bytes }) => ({ name: field === MEANING ? name : `${field}.${name}`, bytes })),
  );
  const unused = unusedBytes === 0 ? [] : [{ name: 'unused', bytes: unusedBytes }];
  return [...own, ...others.flat(), ...unused].sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
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

/** `meaning` may have no encoder; every other field has one. */
function checkField({ name, encoder, dim }: VectorFieldSettings): void {
  checkVectors(encoder, dim);
  if (isFieldName(name) && name !== WORDS && (dim > 0 || name === MEANING)) return;
  throw new InvalidArgumentError(
    `A field "${name}" of vectors by the encoder ${encoder} is impossible.`,
    'Name it with letters, digits, "-" and "_", a letter first, and give it an encoder.',
  );
}

function checkVectors(encoder: string, dim: number): void {
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
