import fs from 'node:fs';
import { join, resolve } from 'node:path';
import { CollectionLockedError, InvalidArgumentError } from '../../base/errors.ts';
import { MEANING, WORDS } from '../../corpus/index.ts';
import { isUnfinishedVersion } from '../../encode/tuned/description.ts';
import { ImpactIndex } from '../../index/index.ts';
import type {
  CollectionSettings,
  FieldBuild,
  FieldInfo,
  PendingField,
  SegmentInfo,
  Store,
  StoreInfo,
  VectorFieldSettings,
  VerifyReport,
} from '../types.ts';
import { ENCODERS } from './beside.ts';
import { LocalFieldBuild } from './field-build.ts';
import { entriesOf } from './field-kinds.ts';
import { readFieldState, unfinishedPath } from './field-state.ts';
import { checkVectors, createFiles, FilesStore, type Home } from './files-store.ts';
import type { FileSystem } from './filesystem.ts';
import { acquireLock, FIELD_LOCK, LOCK, removeLockLeftovers } from './lock.ts';
import { FORMAT_VERSION, manifestPath, readManifest } from './manifest.ts';
import { isFieldName, type Manifest, vectorFields } from './manifest-types.ts';
import { nodeFileSystem, nodeFiles } from './node-files.ts';
import { indexInfo } from './vector-model.ts';
import { type VerifyOptions, verifyCollection } from './verify.ts';
import { entryBytes, type SegmentView } from './views.ts';

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
export class LocalStore extends FilesStore implements Store {
  async buildField(target: VectorFieldSettings): Promise<FieldBuild> {
    checkField(target);
    const { directory } = this;
    const { fileSystem } = this.home;
    const host = { directory, fileSystem, cache: this.cache, writer: () => this.writer() };
    return LocalFieldBuild.begin(host, target);
  }

  async pendingField(): Promise<PendingField | undefined> {
    const state = readFieldState(this.directory, nodeFiles);
    return typeof state === 'object' ? { ...state.field, started: state.started } : undefined;
  }

  async verify(options?: VerifyOptions): Promise<VerifyReport> {
    return verifyCollection(this.directory, options);
  }

  async inspect(): Promise<StoreInfo> {
    const pending = await this.pendingField();
    const { manifest, views } = this.cache.acquireCurrent();
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
      this.cache.release(views);
    }
  }
}

/** A folder of this machine. */
function homeOf({ fileSystem = nodeFileSystem }: LocalStoreOptions): Home {
  return {
    files: nodeFiles,
    fileSystem,
    lock: (directory) => acquireLock(join(directory, LOCK)),
    makeFolder: (path) => void fs.mkdirSync(path, { recursive: true }),
    clean: cleanFolder,
  };
}

/** Removes what killed processes left besides files of segments: half-written encoders, states and locks. */
async function cleanFolder(directory: string): Promise<void> {
  removeLockLeftovers(directory);
  await removeUnfinishedState(directory);
  const encoders = join(directory, ENCODERS);
  for (const name of fs.existsSync(encoders) ? fs.readdirSync(encoders) : []) {
    if (isUnfinishedVersion(name)) fs.rmSync(join(encoders, name), { recursive: true, force: true });
  }
}

/** Removes a state that a killed process has not finished to write; what a process is at stays. */
async function removeUnfinishedState(directory: string): Promise<void> {
  if (!fs.existsSync(unfinishedPath(directory))) return;
  try {
    const lock = await acquireLock(join(directory, FIELD_LOCK));
    fs.rmSync(unfinishedPath(directory), { force: true });
    lock.release();
  } catch (error) {
    if (!(error instanceof CollectionLockedError)) throw error;
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
  return new LocalStore(path, readManifest(path, nodeFiles).settings, homeOf(options));
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
  const path = resolve(directory);
  await createFiles(path, settings, homeOf(options));
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

/** `meaning` may have no encoder; every other field has one. */
function checkField({ name, encoder, dim }: VectorFieldSettings): void {
  checkVectors(encoder, dim);
  if (isFieldName(name) && name !== WORDS && (dim > 0 || name === MEANING)) return;
  throw new InvalidArgumentError(
    `A field "${name}" of vectors by the encoder ${encoder} is impossible.`,
    'Name it with letters, digits, "-" and "_", a letter first, and give it an encoder.',
  );
}
