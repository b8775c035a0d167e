import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CollectionLockedError, IncompatibleError, InvalidArgumentError, invariant } from '../../base/errors.ts';
import { MEANING } from '../../corpus/index.ts';
import type {
  CollectionSettings,
  FieldBuild,
  FieldBuildOptions,
  FieldBuildReport,
  VectorFieldSettings,
  VectorIndexSettings,
  Writer,
} from '../types.ts';
import { withField, without, withoutField } from './field-entries.ts';
import { type FieldState, readFieldState, removeFieldState, writeFieldState } from './field-state.ts';
import { FieldVectors, removeMade } from './field-vectors.ts';
import { type FileSystem, type Lock, onDisk } from './filesystem.ts';
import { acquireLock, FIELD_LOCK } from './lock.ts';
import { readManifest, referencedFiles } from './manifest.ts';
import { type FileEntry, type Manifest, type SegmentEntry, vectorFields } from './manifest-types.ts';
import { nodeFiles } from './node-files.ts';
import type { SegmentCache, SegmentView } from './views.ts';
import { LocalWriter } from './writer.ts';

/** Passages that may be encoded while others wait for the write lock. */
const MOST_LOCKED = 2048;
/** How often that is tried before the lock is held for as long as it takes. */
const ROUNDS = 10;
/** Milliseconds between two looks at a write lock that another process holds. */
const WAIT = 250;

/** What the making of a field needs of the collection that it belongs to. */
export interface FieldHost {
  readonly directory: string;
  readonly fileSystem: FileSystem;
  readonly cache: SegmentCache;
  writer(): Promise<Writer>;
}

/** The making of a field of a collection in a directory. */
export class LocalFieldBuild implements FieldBuild {
  readonly #host: FieldHost;
  readonly #lock: Lock;
  #state: FieldState;
  readonly superseded?: string;

  private constructor(host: FieldHost, lock: Lock, state: FieldState, superseded?: string) {
    this.#host = host;
    this.#lock = lock;
    this.#state = state;
    if (superseded !== undefined) this.superseded = superseded;
  }

  /** Use `LocalStore.buildField`. */
  static async begin(host: FieldHost, field: VectorFieldSettings): Promise<LocalFieldBuild> {
    const { directory, fileSystem } = host;
    const lock = await acquireLock(join(directory, FIELD_LOCK), { doing: 'being given another field or encoder' });
    try {
      const before = readFieldState(directory, nodeFiles);
      if (typeof before === 'object' && isSameField(before.field, field)) {
        return new LocalFieldBuild(host, lock, before);
      }
      if (typeof before === 'object' && before.field.name !== field.name) {
        const { name } = before.field;
        throw new IncompatibleError(
          `The field "${name}" of the collection in ${directory} is being made, and not finished.`,
          name === MEANING
            ? 'Let that be finished first (`sagitta reencode`), or give it up (`sagitta reencode --abandon`).'
            : `Let that be finished first (\`sagitta add-field ${name}\`), or give it up (\`sagitta remove-field ${name}\`).`,
        );
      }
      const state = { field, tag: randomBytes(4).toString('hex'), started: new Date().toISOString() };
      await writeFieldState(directory, state, fileSystem).catch(async (error) => {
        // It may be in place all the same.
        await removeFieldState(directory, fileSystem).catch(() => undefined);
        throw error;
      });
      // What a damaged state was about cannot be told; the next writer removes it.
      if (typeof before === 'object') removeMade(directory, fileSystem, before, publishedFiles(directory));
      return new LocalFieldBuild(host, lock, state, typeof before === 'object' ? before.field.encoder : before);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get name(): string {
    return this.#state.field.name;
  }

  get kind(): VectorFieldSettings['kind'] {
    return this.#state.field.kind;
  }

  get of(): VectorFieldSettings['of'] {
    return this.#state.field.of;
  }

  get encoder(): string {
    return this.#state.field.encoder;
  }

  get dim(): number {
    return this.#state.field.dim;
  }

  get started(): string {
    return this.#state.started;
  }

  async run(options: FieldBuildOptions = {}): Promise<FieldBuildReport> {
    const { signal, onProgress, writing = (work) => this.#writing(work) } = options;
    const { directory, fileSystem, cache } = this.#host;
    // What a manifest names is not taken for what is being made.
    const kept = publishedFiles(directory);
    const made = await FieldVectors.open(directory, fileSystem, this.#state, kept, signal);
    for (let round = 1; ; round++) {
      const { manifest, views } = cache.acquireCurrent();
      try {
        signal?.throwIfAborted();
        if (!this.#isIn(manifest)) await this.#encode(made, views, options);
        const report = await writing((writer) => this.#publish(writer, made, options, round < ROUNDS));
        if (report !== undefined) return report;
      } catch (error) {
        if (!(error instanceof CollectionLockedError)) throw error;
        onProgress?.({ phase: 'waiting', ...made.progress(views) });
        await sleep(WAIT, undefined, signal === undefined ? {} : { signal });
      } finally {
        cache.release(views);
      }
    }
  }

  async abandon(): Promise<void> {
    const { directory, fileSystem } = this.#host;
    await removeFieldState(directory, fileSystem);
    // It may have been published, and only its last steps be missing.
    removeMade(directory, fileSystem, this.#state, publishedFiles(directory));
    this.close();
  }

  close(): void {
    this.#lock.release();
  }

  async #writing<T>(work: (writer: Writer) => Promise<T>): Promise<T> {
    const writer = await this.#host.writer();
    try {
      return await work(writer);
    } finally {
      await writer.close();
    }
  }

  async #encode(made: FieldVectors, views: readonly SegmentView[], options: FieldBuildOptions) {
    const { encode, onProgress } = options;
    if (encode === undefined) return undefined;
    return made.complete(views, encode, options, (progress) => onProgress?.({ phase: 'encoding', ...progress }));
  }

  /**
   * With the write lock: makes what is missing still, and replaces the manifest.
   * @param hurry gives up when that is much. @returns undefined then.
   */
  async #publish(
    writer: Writer,
    made: FieldVectors,
    options: FieldBuildOptions,
    hurry: boolean,
  ): Promise<FieldBuildReport | undefined> {
    invariant(writer instanceof LocalWriter, 'a writer of another store');
    const { onProgress } = options;
    const { directory, fileSystem } = this.#host;
    const { manifest, views } = writer.current;
    if (!this.#isIn(manifest)) {
      options.check?.(manifest.settings);
      const { total, done } = made.progress(views);
      if (options.encode !== undefined && hurry && total - done > MOST_LOCKED) return undefined;
      const files = await this.#encode(made, views, options);
      await onDisk(directory, () => this.#lock.check());
      await this.#replace(writer, files, options);
    }
    // Also after a process was killed that had published: this is the next one.
    const index = this.#state.index === undefined ? undefined : await this.#learnIndex(writer, options);
    const after = writer.current.manifest;
    await removeFieldState(directory, fileSystem);
    removeMade(directory, fileSystem, this.#state, referencedFiles(after));
    const passages = countPassages(writer);
    onProgress?.({ phase: 'encoding', done: passages, total: passages });
    return { generation: after.generation, passages, encoded: made.encoded, ...(index === undefined ? {} : { index }) };
  }

  /** Whether the collection has the field as it is to be. */
  #isIn({ settings }: Manifest): boolean {
    const { field } = this.#state;
    const now = vectorFields(settings).find(({ name }) => name === field.name);
    return now === undefined ? field.dim === 0 : isSameField(now, field);
  }

  async #replace(writer: LocalWriter, files: ReadonlyMap<string, FileEntry> | undefined, options: FieldBuildOptions) {
    const { manifest, views } = writer.current;
    const { name, dim } = this.#state.field;
    const before = vectorFields(manifest.settings).find((one) => one.name === name);
    const settings = this.#settings(manifest.settings);
    const beside = (await options.beside?.(manifest.beside, settings)) ?? manifest.beside;
    if (files === undefined && dim === (before?.dim ?? 0)) {
      // The vectors stay, and so does what was learned from them.
      await writer.replace({ settings, beside, segments: manifest.segments, indexes: manifest.indexes });
      return;
    }
    if (files === undefined && dim !== 0) {
      throw new InvalidArgumentError(
        `Vectors of ${before?.dim ?? 0} components cannot stay for an encoder of ${dim}.`,
        'Encode the passages again.',
      );
    }
    await this.#remember(manifest.indexes.get(name));
    const segments = views.flatMap(({ entry, liveDocumentCount }): SegmentEntry[] =>
      liveDocumentCount === 0 ? [] : [withField(withoutField(entry, name), name, files?.get(entry.name))],
    );
    await writer.replace({ settings, beside, segments, indexes: without(manifest.indexes, name) });
  }

  #settings(settings: CollectionSettings): CollectionSettings {
    const { field, tag } = this.#state;
    const { name, encoder, dim } = field;
    if (name === MEANING) return { ...settings, encoder, dim };
    const others = (settings.fields ?? []).filter((one) => one.name !== name);
    return { ...settings, fields: [...others, { ...field, tag }] };
  }

  /** Keeps the name of the index that is to be learned again, before the manifest forgets it. */
  async #remember(vectorIndex: VectorIndexSettings | undefined): Promise<void> {
    const { index: before, ...state } = this.#state;
    if (vectorIndex === undefined && before === undefined) return;
    const { directory, fileSystem } = this.#host;
    this.#state =
      vectorIndex === undefined ? state : { ...state, index: { spec: vectorIndex.spec, search: vectorIndex.search } };
    await writeFieldState(directory, this.#state, fileSystem);
  }

  async #learnIndex(
    writer: LocalWriter,
    { signal, onProgress }: FieldBuildOptions,
  ): Promise<FieldBuildReport['index']> {
    const { spec, search } = this.#state.index!;
    if (this.dim === 0) return { spec, problem: 'There are no vectors any more.' };
    const passages = countPassages(writer);
    try {
      await writer.rebuild({
        field: this.name,
        spec,
        search,
        ...(signal === undefined ? {} : { signal }),
        onProgress: () => onProgress?.({ phase: 'indexing', done: passages, total: passages }),
      });
      return { spec };
    } catch (error) {
      if (error instanceof InvalidArgumentError) return { spec, problem: error.message };
      throw error;
    }
  }
}

function publishedFiles(directory: string): Set<string> {
  return referencedFiles(readManifest(directory, nodeFiles));
}

function isSameField(a: VectorFieldSettings, b: VectorFieldSettings): boolean {
  return (['name', 'kind', 'of', 'encoder', 'dim'] as const).every((fact) => a[fact] === b[fact]);
}

function countPassages(writer: LocalWriter): number {
  return writer.current.views.reduce((sum, view) => sum + view.livePassageCount, 0);
}
