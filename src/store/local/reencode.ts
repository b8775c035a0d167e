import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CollectionLockedError, InvalidArgumentError, invariant } from '../../base/errors.ts';
import type { EncoderTarget, Reencode, ReencodeOptions, ReencodeReport, Writer } from '../types.ts';
import { type FileSystem, onDisk } from './filesystem.ts';
import { acquireLock, type Lock, REENCODE_LOCK } from './lock.ts';
import { type Manifest, referencedFiles, type SegmentEntry } from './manifest.ts';
import { type ReencodeState, readReencodeState, removeReencodeState, writeReencodeState } from './reencode-state.ts';
import { ReencodedVectors, removeMade } from './reencode-vectors.ts';
import type { SegmentCache, SegmentView } from './views.ts';
import { LocalWriter } from './writer.ts';

/** Passages that may be encoded while others wait for the write lock. */
const MOST_LOCKED = 2048;
/** How often that is tried before the lock is held for as long as it takes. */
const ROUNDS = 10;
/** Milliseconds between two looks at a write lock that another process holds. */
const WAIT = 250;

/** What a change of the encoder needs of the collection that it belongs to. */
export interface ReencodeHost {
  readonly directory: string;
  readonly fileSystem: FileSystem;
  readonly cache: SegmentCache;
  writer(): Promise<Writer>;
}

/** The change of the encoder of a collection in a directory. */
export class LocalReencode implements Reencode {
  readonly #host: ReencodeHost;
  readonly #lock: Lock;
  #state: ReencodeState;
  readonly superseded?: string;

  private constructor(host: ReencodeHost, lock: Lock, state: ReencodeState, superseded?: string) {
    this.#host = host;
    this.#lock = lock;
    this.#state = state;
    if (superseded !== undefined) this.superseded = superseded;
  }

  /** Use `LocalStore.reencode`. */
  static async begin(host: ReencodeHost, { encoder, dim }: EncoderTarget): Promise<LocalReencode> {
    const { directory, fileSystem } = host;
    const lock = await acquireLock(join(directory, REENCODE_LOCK), { doing: 'being given another encoder' });
    try {
      const before = readReencodeState(directory);
      if (typeof before === 'object' && before.encoder === encoder && before.dim === dim) {
        return new LocalReencode(host, lock, before);
      }
      const state = { tag: randomBytes(4).toString('hex'), encoder, dim, started: new Date().toISOString() };
      await writeReencodeState(directory, state, fileSystem).catch(async (error) => {
        // It may be in place all the same.
        await removeReencodeState(directory, fileSystem).catch(() => undefined);
        throw error;
      });
      // What a damaged state was about cannot be told; the next writer removes it.
      if (typeof before === 'object') removeMade(directory, fileSystem, before);
      return new LocalReencode(host, lock, state, typeof before === 'object' ? before.encoder : before);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get encoder(): string {
    return this.#state.encoder;
  }

  get dim(): number {
    return this.#state.dim;
  }

  get started(): string {
    return this.#state.started;
  }

  async run(options: ReencodeOptions = {}): Promise<ReencodeReport> {
    const { signal, onProgress, writing = (work) => this.#writing(work) } = options;
    const { directory, fileSystem, cache } = this.#host;
    const made = await ReencodedVectors.open(directory, fileSystem, this.#state, signal);
    for (let round = 1; ; round++) {
      const { manifest, views } = cache.acquireCurrent();
      try {
        signal?.throwIfAborted();
        if (manifest.settings.encoder !== this.encoder) await this.#encode(made, views, options);
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
    await removeReencodeState(directory, fileSystem);
    removeMade(directory, fileSystem, this.#state);
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

  async #encode(made: ReencodedVectors, views: readonly SegmentView[], options: ReencodeOptions) {
    const { vectors, onProgress } = options;
    if (vectors === undefined) return undefined;
    return made.complete(views, vectors, options, (progress) => onProgress?.({ phase: 'encoding', ...progress }));
  }

  /**
   * With the write lock: makes what is missing still, and replaces the manifest.
   * @param hurry gives up when that is much. @returns undefined then.
   */
  async #publish(
    writer: Writer,
    made: ReencodedVectors,
    options: ReencodeOptions,
    hurry: boolean,
  ): Promise<ReencodeReport | undefined> {
    invariant(writer instanceof LocalWriter, 'a writer of another store');
    const { onProgress } = options;
    const { directory, fileSystem } = this.#host;
    const { manifest, views } = writer.current;
    if (manifest.settings.encoder !== this.encoder) {
      options.check?.(manifest.settings);
      const { total, done } = made.progress(views);
      if (options.vectors !== undefined && hurry && total - done > MOST_LOCKED) return undefined;
      const files = await this.#encode(made, views, options);
      await onDisk(directory, () => this.#lock.check());
      await this.#replace(writer, files);
    }
    // Also after a process was killed that had published: this is the next one.
    await options.onPublished?.();
    const index = this.#state.index === undefined ? undefined : await this.#learnIndex(writer, options);
    const after = writer.current.manifest;
    await removeReencodeState(directory, fileSystem);
    removeMade(directory, fileSystem, this.#state, referencedFiles(after));
    const passages = countPassages(writer);
    onProgress?.({ phase: 'encoding', done: passages, total: passages });
    return { generation: after.generation, passages, encoded: made.encoded, ...(index === undefined ? {} : { index }) };
  }

  async #replace(writer: LocalWriter, files: Awaited<ReturnType<ReencodedVectors['complete']>> | undefined) {
    const { manifest, views } = writer.current;
    const settings = { ...manifest.settings, encoder: this.encoder, dim: this.dim };
    if (files === undefined && this.dim === manifest.settings.dim) {
      // The vectors stay, and so does what was learned from them.
      await writer.replace({ settings, segments: manifest.segments, ...indexOf(manifest) });
      return;
    }
    if (files === undefined && this.dim !== 0) {
      throw new InvalidArgumentError(
        `Vectors of ${manifest.settings.dim} components cannot stay for an encoder of ${this.dim}.`,
        'Encode the passages again.',
      );
    }
    await this.#remember(manifest.vectorIndex);
    const segments = views.flatMap((view): SegmentEntry[] => {
      if (view.liveDocumentCount === 0) return [];
      const { lists: _, vectors: __, ...entry } = view.entry;
      return [files === undefined ? entry : { ...entry, vectors: files.get(entry.name)! }];
    });
    await writer.replace({ settings, segments });
  }

  /** Keeps the name of the index that is to be learned again, before the manifest forgets it. */
  async #remember(vectorIndex: Manifest['vectorIndex']): Promise<void> {
    const { index: before, ...state } = this.#state;
    if (vectorIndex === undefined && before === undefined) return;
    const { directory, fileSystem } = this.#host;
    this.#state =
      vectorIndex === undefined ? state : { ...state, index: { spec: vectorIndex.spec, search: vectorIndex.search } };
    await writeReencodeState(directory, this.#state, fileSystem);
  }

  async #learnIndex(writer: LocalWriter, { signal, onProgress }: ReencodeOptions): Promise<ReencodeReport['index']> {
    const { spec, search } = this.#state.index!;
    if (this.dim === 0) return { spec, problem: 'There are no vectors any more.' };
    const passages = countPassages(writer);
    try {
      await writer.rebuild({
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

function indexOf({ vectorIndex }: Manifest): Pick<Manifest, 'vectorIndex'> {
  return vectorIndex === undefined ? {} : { vectorIndex };
}

function countPassages(writer: LocalWriter): number {
  return writer.current.views.reduce((sum, view) => sum + view.livePassageCount, 0);
}
