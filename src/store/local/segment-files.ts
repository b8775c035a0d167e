import type { BitSet } from '../../base/bits.ts';
import type { Parallel } from '../../base/parallel.ts';
import type { IvfModel } from '../../index/index.ts';
import { ContainerWriter, type FileStamp } from './container.ts';
import { fieldFileName } from './field-state.ts';
import { type FileSystem, onDisk } from './filesystem.ts';
import type { Attempt } from './leftovers.ts';
import { entryPath, SEGMENTS, segmentPath } from './manifest.ts';
import {
  type DeadEntry,
  type FieldsOfManifest,
  type FileEntry,
  NO_FILES,
  type SegmentEntry,
  type VectorIndexEntry,
} from './manifest-types.ts';
import { join, nextTick } from './platform.ts';
import { type SegmentSource, writeSegment } from './segment-writer.ts';
import { writeTombstones } from './tombstones.ts';
import { buildLists, leastVectors } from './vector-lists.ts';
import { openModel } from './vector-model.ts';
import type { SegmentCache, SegmentView } from './views.ts';

/** Milliseconds of work between two looks at the abort signal. */
const YIELD_AFTER = 12;

/** Called every few milliseconds with the bytes written so far; may throw to give up. */
export type Step = (bytes: number) => void;

/** Writes the files of segments, gives them their names, and opens what was written. */
export class SegmentFiles {
  readonly #directory: string;
  readonly #fs: FileSystem;
  readonly #cache: SegmentCache;
  #next: number;

  /** @param nextNumber as in the manifest. */
  constructor(directory: string, fileSystem: FileSystem, cache: SegmentCache, nextNumber: number) {
    this.#directory = directory;
    this.#fs = fileSystem;
    this.#cache = cache;
    this.#next = nextNumber;
  }

  /** Never lower than the manifest's, higher after a failed attempt: a name is not tried twice. */
  get nextNumber(): number {
    return this.#next;
  }

  /** Writes a segment with the files of fields that were added, and lists where there is a compressed index, and opens it. */
  async segment(
    source: SegmentSource,
    manifest: FieldsOfManifest,
    files: Attempt,
    step: Step = () => undefined,
  ): Promise<SegmentView> {
    const name = `s${String(this.#next++).padStart(6, '0')}`;
    const { stamp, result } = await this.#write(
      segmentPath(this.#directory, name),
      (container) => writeSegment(container, source),
      files,
      step,
    );
    const vectors = new Map<string, FileEntry>();
    for (const field of manifest.settings.fields ?? []) {
      const file = fieldFileName(name, field);
      const path = join(this.#directory, SEGMENTS, file);
      const written = await this.#write(
        path,
        (container) => source.writeField(field, container),
        files,
        (bytes) => step(stamp.bytes + bytes),
      );
      vectors.set(field.name, { file, ...written.stamp });
    }
    let view = this.#cache.acquireOne({ name, ...stamp, ...result, vectors, lists: NO_FILES }, manifest);
    for (const field of manifest.indexes.keys()) view = await this.lists(view, field, manifest, files, { step });
    return view;
  }

  /** The segment with the vectors of a field coded, if it has enough of them; the view given is used up. */
  async lists(
    view: SegmentView,
    field: string,
    manifest: FieldsOfManifest,
    files: Attempt,
    { step = () => undefined, threads }: { readonly step?: Step; readonly threads?: Parallel | undefined } = {},
  ): Promise<SegmentView> {
    try {
      const { entry } = view;
      const index = manifest.indexes.get(field);
      if (index === undefined) return this.#cache.acquireOne(entry, manifest);
      const model = openModel(entryPath(this.#directory, index.model), this.#cache.files, index.model);
      const vectors = view.flat(field);
      if (vectors === undefined || vectors.vectorCount < leastVectors(model.lists)) {
        return this.#cache.acquireOne(entry, manifest);
      }
      const coded = await buildLists(vectors, model, threads, () => step(0));
      const file = `${entry.name}.${index.model.file.replace(/\.model$/, '')}.lists`;
      const { stamp } = await this.#write(
        join(this.#directory, SEGMENTS, file),
        function* (container) {
          coded.write(container);
          yield;
        },
        files,
        step,
      );
      return this.#cache.acquireOne(
        { ...entry, lists: new Map([...entry.lists, [field, { file, ...stamp }]]) },
        manifest,
      );
    } finally {
      this.#cache.release([view]);
    }
  }

  async model(model: IvfModel, search: VectorIndexEntry['search'], files: Attempt, step: Step) {
    const file = `m${String(this.#next++).padStart(6, '0')}.model`;
    const { stamp } = await this.#write(
      join(this.#directory, SEGMENTS, file),
      function* (container) {
        for (const [name, bytes] of model.save()) {
          container.section(name, bytes);
          yield;
        }
      },
      files,
      step,
    );
    return { spec: model.spec, search, model: { file, ...stamp } satisfies FileEntry };
  }

  /** Writes which documents are dead. @returns the segment's entry with it. */
  async dead(view: SegmentView, dead: BitSet, generation: number, files: Attempt): Promise<SegmentEntry> {
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

  /** Writes a container. `step` runs every few milliseconds and may throw to give up. */
  async #write<T>(
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
}
