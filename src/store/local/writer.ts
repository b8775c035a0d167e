import { BitSet } from '../../base/bits.ts';
import { InvalidArgumentError, invariant, StorageError } from '../../base/errors.ts';
import { MEANING } from '../../corpus/index.ts';
import type {
  CollectionSettings,
  CompactOptions,
  CompactReport,
  LearnedRole,
  NewDocument,
  RebuildOptions,
  RebuildReport,
  Writer,
} from '../types.ts';
import { isBeside, writeBeside } from './beside.ts';
import { type Change, Changes } from './changes.ts';
import { checkVectorField, stateWithoutField, without } from './field-entries.ts';
import { type FileSystem, type Lock, onDisk } from './filesystem.ts';
import { Attempt } from './leftovers.ts';
import { ManifestWriter, referencedFiles, SEGMENTS } from './manifest.ts';
import { type Manifest, vectorFields } from './manifest-types.ts';
import { join } from './platform.ts';
import { chooseMerge } from './policy.ts';
import { SegmentFiles, type Step } from './segment-files.ts';
import { MergeSource, PendingSource } from './sources.ts';
import { coverage, trainModel } from './vector-model.ts';
import { entryBytes, type SegmentCache, type SegmentView } from './views.ts';

/**
 * With this many segments `publish` merges before it writes, as `compact()` would: a collection that nobody compacts
 * must not run out of open files.
 */
export const MOST_SEGMENTS = 64;
/** Default of {@link CompactOptions.maxSegmentBytes}. */
export const MAX_SEGMENT_BYTES = 2 ** 30;
/**
 * The writer of a collection in a directory.
 *
 * `add` and `remove` only change what waits. `publish` writes it as one segment, marks the documents that it replaces
 * as dead, waits until all of that is on stable storage, and then replaces the manifest. When the disk refuses, the
 * collection is as before, everything still waits, and `publish` may be called again.
 */
export class LocalWriter implements Writer {
  readonly #directory: string;
  readonly #fs: FileSystem;
  readonly #lock: Lock;
  readonly #cache: SegmentCache;
  readonly #manifests: ManifestWriter;
  #manifest: Manifest;
  #views: readonly SegmentView[];
  readonly #files: SegmentFiles;
  readonly #changes = new Changes((id) => this.#storedHash(id));
  /** Publications and compactions run one after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Use `LocalStore.writer`, which holds the lock and has removed leftovers. Takes over lock and views. */
  constructor(directory: string, fileSystem: FileSystem, lock: Lock, cache: SegmentCache, current: Current) {
    this.#directory = directory;
    this.#fs = fileSystem;
    this.#lock = lock;
    this.#cache = cache;
    this.#manifests = new ManifestWriter(directory, fileSystem);
    this.#manifest = current.manifest;
    this.#views = current.views;
    this.#files = new SegmentFiles(directory, fileSystem, cache, current.manifest.nextSegment);
  }

  get pending() {
    return this.#changes.pending;
  }

  add(document: NewDocument): void {
    this.#checkOpen();
    this.#changes.add(document, vectorFields(this.#manifest.settings));
  }

  remove(id: string): boolean {
    this.#checkOpen();
    return this.#changes.remove(id);
  }

  contentHash(id: string): string | undefined {
    this.#checkOpen();
    return this.#changes.contentHash(id);
  }

  publish(): Promise<number> {
    this.#checkOpen();
    return this.#enqueue(() => this.#publish());
  }

  compact(options: CompactOptions = {}): Promise<CompactReport> {
    this.#checkOpen();
    return this.#enqueue(() => this.#compact(options));
  }

  rebuild(index: RebuildOptions | Pick<RebuildOptions, 'field'>): Promise<RebuildReport> {
    this.#checkOpen();
    return this.#enqueue(() => this.#rebuild(index));
  }

  configure(options: CollectionSettings['options']): Promise<number> {
    return this.#change(({ settings }) => ({ settings: { ...settings, options } }));
  }

  putBeside(role: LearnedRole, bytes: Uint8Array | undefined): Promise<number> {
    return this.#change(async ({ beside }) => {
      const others = beside.filter((entry) => entry.role !== role);
      if (bytes === undefined) return { beside: others };
      return { beside: [...others, await writeBeside(this.#directory, role, bytes, this.#fs)] };
    });
  }

  removeField(name: string): Promise<number> {
    return this.#change((before) => stateWithoutField(before, name));
  }

  /** Publishes what waits, and then the state with something else in it. */
  #change(work: (before: Manifest) => Changed | Promise<Changed>): Promise<number> {
    this.#checkOpen();
    return this.#enqueue(async () => {
      await this.#publish();
      const before = this.#manifest;
      return this.#replace({ ...before, ...(await work(before)) });
    });
  }

  /** The state that it has published last, or started from. Segments stay open until it publishes or is closed. */
  get current(): Current {
    return { manifest: this.#manifest, views: this.#views };
  }

  /** Publishes settings and segments; every file that the segments name is on stable storage already. */
  replace(state: State): Promise<number> {
    this.#checkOpen();
    return this.#enqueue(() => this.#replace(state));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue.catch(() => undefined);
    this.#cache.release(this.#views);
    this.#lock.release();
  }

  #storedHash(id: string): string | undefined {
    for (const view of this.#views) {
      const document = view.findLive(id);
      if (document !== undefined) return view.segment.record(document).contentHash;
    }
    return undefined;
  }

  async #publish(): Promise<number> {
    if (this.#changes.size === 0) return this.#manifest.generation;
    if (this.#views.length >= MOST_SEGMENTS) await this.#makeRoom();
    const changes = this.#changes.take();
    try {
      await this.#writeChanges(changes);
    } catch (error) {
      this.#changes.failed();
      throw error;
    }
    this.#changes.published();
    return this.#manifest.generation;
  }

  async #writeChanges(changes: ReadonlyMap<string, Change>): Promise<void> {
    const documents = [...changes.values()].filter((change) => change !== 'removed');
    const files = new Attempt(this.#fs);
    const opened: SegmentView[] = [];
    try {
      const generation = this.#manifest.generation + 1;
      const views: SegmentView[] = [];
      for (const view of this.#views) {
        const dead = deadAfter(view, changes.keys());
        if (dead === undefined) {
          views.push(view);
          continue;
        }
        // A segment without a live document is dropped altogether.
        if (dead.count === view.entry.documents) continue;
        const entry = await this.#files.dead(view, dead, generation, files);
        const replacement = this.#cache.acquireOne(entry, this.#manifest);
        opened.push(replacement);
        views.push(replacement);
      }
      if (documents.length > 0) {
        const source = new PendingSource(documents, this.#manifest.settings);
        const view = await this.#files.segment(source, this.#manifest, files);
        opened.push(view);
        views.push(view);
      }
      await this.#commit(views, files);
    } catch (error) {
      this.#giveUp(opened, files);
      throw error;
    }
  }

  async #replace(state: State): Promise<number> {
    const files = new Attempt(this.#fs);
    const opened: SegmentView[] = [];
    try {
      for (const entry of state.segments) opened.push(this.#cache.acquireOne(entry, state));
      await this.#commit(opened, files, state);
      return this.#manifest.generation;
    } catch (error) {
      this.#giveUp(opened, files);
      throw error;
    }
  }

  /** Makes these segments the collection. Everything that they consist of is on stable storage, but for the names. */
  async #commit(
    views: readonly SegmentView[],
    files: Attempt,
    { settings, indexes, beside }: Omit<State, 'segments'> = this.#manifest,
  ): Promise<void> {
    const manifest: Manifest = {
      generation: this.#manifest.generation + 1,
      nextSegment: this.#files.nextNumber,
      settings,
      indexes,
      beside,
      segments: views.map(({ entry }) => entry),
    };
    const segments = join(this.#directory, SEGMENTS);
    await onDisk(segments, () => this.#fs.syncDirectory(segments));
    const before = this.#manifest;
    const viewsBefore = this.#views;
    await onDisk(this.#directory, () => this.#lock.check());
    await this.#manifests.publish(manifest, () => {
      this.#manifest = manifest;
      this.#views = views;
      files.keep();
      this.#cache.release(viewsBefore.filter((view) => !views.includes(view)));
    });
    this.#removeObsolete(before, manifest);
  }

  /** After an error: unless the new manifest is in place already, removes what was written for it. */
  #giveUp(opened: readonly SegmentView[], files: Attempt): void {
    this.#cache.release(opened.filter((view) => !this.#views.includes(view)));
    files.undo();
  }

  #removeObsolete(before: Manifest, after: Manifest): void {
    const kept = referencedFiles(after);
    const gone = [...referencedFiles(before)].filter((name) => !kept.has(name)).map((name) => join(SEGMENTS, name));
    const beside = before.beside.filter(({ file }) => isBeside(file) && !after.beside.some((one) => one.file === file));
    for (const name of [...gone, ...beside.map(({ file }) => file)]) {
      try {
        this.#fs.remove(join(this.#directory, name));
      } catch {
        // It does not count any more; the next writer removes it.
      }
    }
  }

  /** The merges of `compact()`, as far as the disk has room for them. */
  async #makeRoom(): Promise<void> {
    try {
      await this.#compact({});
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
    }
  }

  async #compact(options: CompactOptions): Promise<CompactReport> {
    const { full = false, signal, onProgress, maxSegmentBytes = MAX_SEGMENT_BYTES } = options;
    if (!(maxSegmentBytes > 0)) {
      throw new InvalidArgumentError(`maxSegmentBytes is ${maxSegmentBytes}.`, 'Pass a positive number of bytes.');
    }
    signal?.throwIfAborted();
    const segmentsBefore = this.#views.length;
    const bytesBefore = bytesOf(this.#views);
    let documentsDropped = 0;
    let done = 0;
    for (;;) {
      const candidates = this.#views.map(({ entry, unusedBytes }) => ({
        bytes: entryBytes(entry),
        documents: entry.documents,
        deadDocuments: entry.dead?.documents ?? 0,
        unusedBytes,
      }));
      const chosen = chooseMerge(candidates, { full, maxBytes: maxSegmentBytes });
      if (chosen === undefined) break;
      const bytes = chosen.reduce((sum, position) => sum + candidates[position]!.bytes, 0);
      documentsDropped += chosen.reduce((sum, position) => sum + candidates[position]!.deadDocuments, 0);
      const total = done + bytes;
      onProgress?.(done, total);
      await this.#merge(chosen, (written) => {
        signal?.throwIfAborted();
        onProgress?.(Math.min(total, done + written), total);
      });
      done = total;
      onProgress?.(done, done);
    }
    return {
      segmentsBefore,
      segmentsAfter: this.#views.length,
      bytesBefore,
      bytesAfter: bytesOf(this.#views),
      documentsDropped,
    };
  }

  /** Replaces some segments by one that holds their live documents, at the place of the first. */
  async #merge(positions: readonly number[], step: Step): Promise<void> {
    invariant(positions.length > 0, 'a merge of nothing');
    const files = new Attempt(this.#fs);
    const opened: SegmentView[] = [];
    try {
      const parts = positions.map((position) => this.#views[position]!);
      const source = new MergeSource(parts, this.#manifest.settings);
      const merged = await this.#files.segment(source, this.#manifest, files, step);
      opened.push(merged);
      await this.#commit(
        this.#views.flatMap((view) => (view === parts[0] ? [merged] : parts.includes(view) ? [] : [view])),
        files,
      );
    } catch (error) {
      this.#giveUp(opened, files);
      throw error;
    }
  }

  async #rebuild(given: RebuildOptions | Pick<RebuildOptions, 'field'>): Promise<RebuildReport> {
    const options = 'spec' in given ? given : undefined;
    const { field = MEANING } = given;
    checkVectorField(this.#manifest, field);
    const files = new Attempt(this.#fs);
    const opened: SegmentView[] = [];
    try {
      const others = without(this.#manifest.indexes, field);
      const index = options === undefined ? undefined : await this.#learnModel(field, options, files);
      const indexes = index === undefined ? others : new Map([...others, [field, index]]);
      const total = this.#views.reduce((sum, { entry }) => sum + entry.passages, 0);
      let done = 0;
      const step = () => {
        options?.signal?.throwIfAborted();
        options?.onProgress?.('coding', total === 0 ? 1 : done / total);
      };
      const { settings } = this.#manifest;
      for (const { entry } of this.#views) {
        const plain = { ...entry, lists: without(entry.lists, field) };
        const before = this.#cache.acquireOne(plain, { settings, indexes: others });
        opened.push(
          await this.#files.lists(before, field, { settings, indexes }, files, { step, threads: options?.threads }),
        );
        done += entry.passages;
      }
      options?.onProgress?.('coding', 1);
      await this.#commit(opened, files, { ...this.#manifest, indexes });
      return { generation: this.#manifest.generation, ...coverage(this.#views, field, index) };
    } catch (error) {
      this.#giveUp(opened, files);
      throw error;
    }
  }

  async #learnModel(field: string, options: RebuildOptions, files: Attempt) {
    const model = await trainModel(this.#views, field, options);
    return this.#files.model(model, options.search ?? {}, files, () => options.signal?.throwIfAborted());
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work, work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  #checkOpen(): void {
    if (this.#closed) throw new InvalidArgumentError('This writer was closed.', 'Open a new one.');
  }
}

/** What a publication may say anew. */
type State = Pick<Manifest, 'settings' | 'indexes' | 'beside' | 'segments'>;
type Changed = Partial<State>;

/** The state that a writer starts from. */
export interface Current {
  readonly manifest: Manifest;
  readonly views: readonly SegmentView[];
}

/** The dead documents of a segment once these ids are replaced or removed; undefined when that changes nothing. */
function deadAfter(view: SegmentView, ids: Iterable<string>): BitSet | undefined {
  let dead: BitSet | undefined;
  for (const id of ids) {
    const document = view.findLive(id);
    if (document === undefined) continue;
    dead ??= view.dead?.clone() ?? new BitSet(view.entry.documents);
    dead.add(document);
  }
  return dead;
}

function bytesOf(views: readonly SegmentView[]): number {
  return views.reduce((sum, { entry }) => sum + entryBytes(entry), 0);
}
