import { join } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { BitSet } from '../../base/bits.ts';
import { InvalidArgumentError, invariant, StorageError } from '../../base/errors.ts';
import type { Parallel } from '../../base/parallel.ts';
import type {
  CompactOptions,
  CompactReport,
  NewDocument,
  RebuildOptions,
  RebuildReport,
  ReencodeOptions,
  Writer,
} from '../types.ts';
import { ContainerWriter, type FileStamp } from './container.ts';
import { type FileSystem, onDisk } from './filesystem.ts';
import { Attempt } from './leftovers.ts';
import type { Lock } from './lock.ts';
import {
  type DeadEntry,
  entryPath,
  type Manifest,
  ManifestWriter,
  referencedFiles,
  SEGMENTS,
  type SegmentEntry,
  segmentPath,
  type VectorIndexEntry,
} from './manifest.ts';
import { PendingDocument, TermNumbers } from './pending.ts';
import { chooseMerge } from './policy.ts';
import { encodeAgain, ReencodedSource } from './reencode.ts';
import { type SegmentSource, writeSegment } from './segment-writer.ts';
import { MergeSource, PendingSource } from './sources.ts';
import { writeTombstones } from './tombstones.ts';
import { buildLists, leastVectors } from './vector-lists.ts';
import { coverage, openModel, trainModel } from './vector-model.ts';
import { entryBytes, type SegmentCache, type SegmentView } from './views.ts';

/**
 * With this many segments `publish` merges before it writes, as `compact()` would: a collection that nobody compacts
 * must not run out of open files.
 */
export const MOST_SEGMENTS = 64;
/** Default of {@link CompactOptions.maxSegmentBytes}. */
export const MAX_SEGMENT_BYTES = 2 ** 30;
/** Milliseconds of work between two looks at the abort signal. */
const YIELD_AFTER = 12;

/** Called every few milliseconds with the bytes written so far; may throw to give up. */
type Step = (bytes: number) => void;

/** What waits for one document id: a document to be written, or nothing left of it. */
type Change = PendingDocument | 'removed';

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
  /** Never lower than the manifest's, higher after a failed attempt: a name is not tried twice. */
  #nextSegment: number;
  #changes = new Map<string, Change>();
  /** What a publication in progress is writing. */
  #inFlight: ReadonlyMap<string, Change> = new Map();
  #numbers = new TermNumbers();
  #documents = 0;
  #passages = 0;
  #bytes = 0;
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
    this.#nextSegment = current.manifest.nextSegment;
  }

  get pending() {
    return { documents: this.#documents, passages: this.#passages, bytes: this.#bytes + this.#numbers.bytes };
  }

  add(document: NewDocument): void {
    this.#checkOpen();
    this.#change(document.id, new PendingDocument(document, this.#manifest.settings.dim, this.#numbers));
  }

  remove(id: string): boolean {
    this.#checkOpen();
    if (this.contentHash(id) === undefined) return false;
    if (this.#publishedHash(id) !== undefined) this.#change(id, 'removed');
    else this.#forget(id);
    return true;
  }

  contentHash(id: string): string | undefined {
    this.#checkOpen();
    const change = this.#changes.get(id);
    return change === undefined ? this.#publishedHash(id) : hashOf(change);
  }

  publish(): Promise<number> {
    this.#checkOpen();
    return this.#enqueue(() => this.#publish());
  }

  compact(options: CompactOptions = {}): Promise<CompactReport> {
    this.#checkOpen();
    return this.#enqueue(() => this.#compact(options));
  }

  rebuild(index: RebuildOptions | undefined): Promise<RebuildReport> {
    this.#checkOpen();
    return this.#enqueue(() => this.#rebuild(index));
  }

  reencode(options: ReencodeOptions): Promise<number> {
    this.#checkOpen();
    return this.#enqueue(() => this.#reencode(options));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue.catch(() => undefined);
    this.#cache.release(this.#views);
    this.#lock.release();
  }

  /** Hash of the document in what is published, or being published. */
  #publishedHash(id: string): string | undefined {
    const change = this.#inFlight.get(id);
    if (change !== undefined) return hashOf(change);
    for (const view of this.#views) {
      const document = view.findLive(id);
      if (document !== undefined) return view.segment.record(document).contentHash;
    }
    return undefined;
  }

  #change(id: string, change: Change): void {
    this.#forget(id);
    this.#changes.set(id, change);
    this.#count(change, 1);
  }

  #forget(id: string): void {
    const change = this.#changes.get(id);
    if (change === undefined) return;
    this.#changes.delete(id);
    this.#count(change, -1);
  }

  #count(change: Change, sign: 1 | -1): void {
    this.#documents += sign;
    if (change === 'removed') return;
    this.#passages += sign * change.passages.length;
    this.#bytes += sign * change.bytes;
  }

  async #publish(): Promise<number> {
    if (this.#changes.size === 0) return this.#manifest.generation;
    if (this.#views.length >= MOST_SEGMENTS) await this.#makeRoom();

    const changes = this.#changes;
    this.#inFlight = changes;
    this.#changes = new Map();
    this.#documents = this.#passages = this.#bytes = 0;
    const failed = () => {
      // What came in meanwhile is newer.
      const newer = this.#changes;
      this.#inFlight = new Map();
      this.#changes = new Map();
      this.#documents = this.#passages = this.#bytes = 0;
      for (const [id, change] of [...changes, ...newer]) this.#change(id, change);
    };
    try {
      await this.#writeChanges(changes);
    } catch (error) {
      failed();
      throw error;
    }
    this.#inFlight = new Map();
    if (this.#changes.size === 0) this.#numbers = new TermNumbers();
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
        const entry = await this.#writeDead(view, dead, generation, files);
        const replacement = this.#cache.acquireOne(entry, this.#manifest.vectorIndex);
        opened.push(replacement);
        views.push(replacement);
      }
      if (documents.length > 0) {
        const view = await this.#writeSegment(new PendingSource(documents, this.#manifest.settings), files);
        opened.push(view);
        views.push(view);
      }
      await this.#commit(views, files, this.#manifest.vectorIndex);
    } catch (error) {
      this.#giveUp(opened, files);
      throw error;
    }
  }

  async #writeDead(view: SegmentView, dead: BitSet, generation: number, files: Attempt): Promise<SegmentEntry> {
    const file = `${view.entry.name}.${generation}.dead`;
    const path = join(this.#directory, SEGMENTS, file);
    const stamp = await onDisk(path, () => {
      files.add(path);
      return writeTombstones(path, dead, this.#fs);
    });
    let passages = 0;
    for (const document of dead)
      passages += view.segment.firstPassage(document + 1) - view.segment.firstPassage(document);
    const entry: DeadEntry = { file, ...stamp, documents: dead.count, passages };
    return { ...view.entry, dead: entry };
  }

  async #reencode({ encoder, dim, vectors, signal }: ReencodeOptions): Promise<number> {
    await this.#publish();
    const settings = { ...this.#manifest.settings, encoder, dim };
    const files = new Attempt(this.#fs);
    const opened: SegmentView[] = [];
    try {
      if (vectors === undefined) {
        if (dim !== this.#manifest.settings.dim) {
          throw new InvalidArgumentError(
            `Vectors of ${this.#manifest.settings.dim} components cannot stay for an encoder of ${dim}.`,
            'Encode the passages again.',
          );
        }
        await this.#commit(this.#views, files, this.#manifest.vectorIndex, settings);
        return this.#manifest.generation;
      }
      for (const view of this.#views) {
        if (view.liveDocumentCount === 0) continue;
        const fresh = await encodeAgain(view, vectors, signal);
        const source = new ReencodedSource(view, settings, fresh);
        const step = () => signal?.throwIfAborted();
        opened.push(await this.#writeSegment(source, files, step, undefined));
      }
      await this.#commit(opened, files, undefined, settings);
      return this.#manifest.generation;
    } catch (error) {
      this.#giveUp(opened, files);
      throw error;
    }
  }

  /** Writes a segment, and its lists where there is a compressed index, and opens it. */
  async #writeSegment(
    source: SegmentSource,
    files: Attempt,
    step: Step = () => undefined,
    vectorIndex: VectorIndexEntry | undefined = this.#manifest.vectorIndex,
  ): Promise<SegmentView> {
    const name = `s${String(this.#nextSegment++).padStart(6, '0')}`;
    const { stamp, result } = await this.#writeFile(
      segmentPath(this.#directory, name),
      (container) => writeSegment(container, source),
      files,
      step,
    );
    const view = this.#cache.acquireOne({ name, ...stamp, ...result }, undefined);
    if (vectorIndex === undefined) return view;
    return this.#withLists(view, vectorIndex, files, step);
  }

  /** The segment with its vectors coded, if it has enough of them; the view given is used up. */
  async #withLists(
    view: SegmentView,
    vectorIndex: VectorIndexEntry,
    files: Attempt,
    step: Step = () => undefined,
    threads?: Parallel,
  ): Promise<SegmentView> {
    try {
      const { segment, entry } = view;
      const { lists: _, ...plain } = entry;
      const model = openModel(entryPath(this.#directory, vectorIndex.model), vectorIndex.model);
      if (!segment.hasDense || segment.dense.vectorCount < leastVectors(model.lists)) {
        return this.#cache.acquireOne(plain, vectorIndex);
      }
      const index = await buildLists(segment.dense, model, threads, () => step(0));
      const file = `${entry.name}.${vectorIndex.model.file.replace(/\.model$/, '')}.lists`;
      const { stamp } = await this.#writeFile(
        join(this.#directory, SEGMENTS, file),
        function* (container) {
          index.write(container);
          yield;
        },
        files,
        step,
      );
      return this.#cache.acquireOne({ ...plain, lists: { file, ...stamp } }, vectorIndex);
    } finally {
      this.#cache.release([view]);
    }
  }

  /** Writes a container. `step` runs every few milliseconds and may throw to give up. */
  async #writeFile<T>(
    path: string,
    write: (container: ContainerWriter) => Generator<unknown, T, undefined>,
    files: Attempt,
    step: Step,
  ): Promise<{ readonly stamp: FileStamp; readonly result: T }> {
    const container = await onDisk(path, () => new ContainerWriter(path, this.#fs));
    try {
      const work = write(container);
      let next = work.next();
      for (let from = performance.now(); next.done !== true; next = work.next()) {
        if (performance.now() - from < YIELD_AFTER) continue;
        step(container.bytes);
        await nextTick();
        from = performance.now();
      }
      step(container.bytes);
      const stamp = await container.finish();
      step(container.bytes);
      files.add(path);
      return { stamp, result: next.value };
    } catch (error) {
      container.abandon();
      return onDisk(path, () => {
        throw error;
      });
    }
  }

  /** Makes these segments the collection. Everything that they consist of is on stable storage, but for the names. */
  async #commit(
    views: readonly SegmentView[],
    files: Attempt,
    vectorIndex: VectorIndexEntry | undefined,
    settings = this.#manifest.settings,
  ): Promise<void> {
    const manifest: Manifest = {
      generation: this.#manifest.generation + 1,
      nextSegment: this.#nextSegment,
      settings,
      ...(vectorIndex === undefined ? {} : { vectorIndex }),
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
    for (const name of referencedFiles(before)) {
      if (kept.has(name)) continue;
      try {
        this.#fs.remove(join(this.#directory, SEGMENTS, name));
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
      const candidates = this.#views.map(({ entry }) => ({
        bytes: entryBytes(entry),
        documents: entry.documents,
        deadDocuments: entry.dead?.documents ?? 0,
      }));
      const chosen = chooseMerge(candidates, { full, maxBytes: maxSegmentBytes });
      if (chosen === undefined) break;
      const bytes = chosen.reduce((sum, position) => sum + candidates[position]!.bytes, 0);
      documentsDropped += chosen.reduce((sum, position) => sum + candidates[position]!.deadDocuments, 0);
      const total = done + bytes;
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
  async #merge(positions: readonly number[], step: (bytes: number) => void): Promise<void> {
    invariant(positions.length > 0, 'a merge of nothing');
    const files = new Attempt(this.#fs);
    const opened: SegmentView[] = [];
    try {
      const parts = positions.map((position) => this.#views[position]!);
      const merged = await this.#writeSegment(new MergeSource(parts, this.#manifest.settings), files, step);
      opened.push(merged);
      await this.#commit(
        this.#views.flatMap((view) => (view === parts[0] ? [merged] : parts.includes(view) ? [] : [view])),
        files,
        this.#manifest.vectorIndex,
      );
    } catch (error) {
      this.#giveUp(opened, files);
      throw error;
    }
  }

  async #rebuild(options: RebuildOptions | undefined): Promise<RebuildReport> {
    const files = new Attempt(this.#fs);
    const opened: SegmentView[] = [];
    try {
      const vectorIndex = options === undefined ? undefined : await this.#writeModel(options, files);
      const total = this.#views.reduce((sum, { entry }) => sum + entry.passages, 0);
      let done = 0;
      for (const { entry } of this.#views) {
        const { lists: _, ...plain } = entry;
        const before = this.#cache.acquireOne(plain, undefined);
        const view =
          vectorIndex === undefined
            ? before
            : await this.#withLists(
                before,
                vectorIndex,
                files,
                () => {
                  options?.signal?.throwIfAborted();
                  options?.onProgress?.('coding', total === 0 ? 1 : done / total);
                },
                options?.threads,
              );
        opened.push(view);
        done += entry.passages;
      }
      options?.onProgress?.('coding', 1);
      await this.#commit(opened, files, vectorIndex);
      return { generation: this.#manifest.generation, ...coverage(this.#views, vectorIndex) };
    } catch (error) {
      this.#giveUp(opened, files);
      throw error;
    }
  }

  async #writeModel(options: RebuildOptions, files: Attempt): Promise<VectorIndexEntry> {
    const model = await trainModel(this.#views, options);
    const file = `m${String(this.#nextSegment++).padStart(6, '0')}.model`;
    const { stamp } = await this.#writeFile(
      join(this.#directory, SEGMENTS, file),
      function* (container) {
        for (const [name, bytes] of model.save()) {
          container.section(name, bytes);
          yield;
        }
      },
      files,
      () => options.signal?.throwIfAborted(),
    );
    return { spec: model.spec, search: options.search ?? {}, model: { file, ...stamp } };
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

function hashOf(change: Change): string | undefined {
  return change === 'removed' ? undefined : change.record.contentHash;
}

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
