import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { CorruptFileError } from '../../base/errors.ts';
import { FlatIndex, FlatIndexBuilder } from '../../index/index.ts';
import type { PassageToEncode, ReencodeOptions } from '../types.ts';
import { CarriedVectors } from './carried-vectors.ts';
import { ContainerWriter, type FileStamp } from './container.ts';
import { type FileSystem, onDisk } from './filesystem.ts';
import { type FileEntry, SEGMENTS } from './manifest.ts';
import { belongsTo, parseVectorsName, partName, type ReencodeState, vectorsName } from './reencode-state.ts';
import { everyPassage } from './sources.ts';
import { KEY_BYTES, KEYS, VectorsFile } from './vectors-file.ts';
import type { SegmentView } from './views.ts';

const DEFAULT_BATCH = 256;
const DEFAULT_KEEP_AFTER = 5000;
/** Bytes of vectors that are held before they are written, whatever the time. */
const PART_BYTES = 1 << 24;
/** Files of one segment; with more, the small ones among them become one. */
const MOST_PARTS = 24;
const NO_KEY = Buffer.alloc(KEY_BYTES);

/** The vectors of a stretch of a segment, in a file that was read or written whole by this process. */
interface Stretch {
  readonly file: string;
  readonly from: number;
  readonly items: number;
  readonly stamp: FileStamp;
}

/** How far the vectors of some segments are. */
export interface VectorsProgress {
  /** Live passages of the segments, and those of them that need no work any more. */
  readonly total: number;
  done: number;
}

type Vectors = NonNullable<ReencodeOptions['vectors']>;

/**
 * The vectors of another encoder for the passages of a collection, made segment by segment and kept in files that no
 * manifest names yet. Each batch is on the disk soon after it is made, so that a process which is killed loses seconds; and
 * when segments were merged meanwhile, what was made for them is found again by what it was made from.
 *
 * Memory: at most {@link PART_BYTES} of vectors, whatever the size of a segment.
 */
export class ReencodedVectors {
  readonly #directory: string;
  readonly #fs: FileSystem;
  readonly #state: ReencodeState;
  readonly #stretches = new Map<string, Stretch[]>();
  /** Passages that were given to the encoder. */
  encoded = 0;

  private constructor(directory: string, fileSystem: FileSystem, state: ReencodeState) {
    this.#directory = join(directory, SEGMENTS);
    this.#fs = fileSystem;
    this.#state = state;
  }

  /** Takes up what an earlier process has made. Every byte of it is checked; what is damaged or half-written goes. */
  static async open(directory: string, fileSystem: FileSystem, state: ReencodeState, signal?: AbortSignal) {
    const made = new ReencodedVectors(directory, fileSystem, state);
    await made.#load(signal);
    return made;
  }

  /** How far the vectors of these segments are. */
  progress(views: readonly SegmentView[]): VectorsProgress {
    let total = 0;
    let done = 0;
    for (const view of views) {
      total += view.livePassageCount;
      done += livePassages(view, 0, this.#covered(view));
    }
    return { total, done };
  }

  /**
   * Makes what is missing for these segments; one without a live document gets none.
   *
   * @param report called after every batch.
   * @returns the file of each segment, by the segment's name. What was made for segments that are not among them is dropped.
   */
  async complete(
    views: readonly SegmentView[],
    vectors: Vectors,
    options: Pick<ReencodeOptions, 'signal' | 'batch' | 'keepAfterMs'>,
    report: (progress: VectorsProgress) => void,
  ): Promise<ReadonlyMap<string, FileEntry>> {
    const names = new Set(views.map(({ entry }) => entry.name));
    const gone = [...this.#stretches].filter(([segment]) => !names.has(segment));
    const carried = new CarriedVectors(
      gone.flatMap(([, stretches]) => stretches.map(({ file, stamp }) => this.#open(file, stamp))),
    );
    const progress = this.progress(views);
    const made = new Map<string, FileEntry>();
    try {
      report(progress);
      for (const view of views) {
        options.signal?.throwIfAborted();
        if (view.liveDocumentCount === 0) continue;
        await this.#encode(view, carried, vectors, options, (items) => {
          progress.done += items;
          report(progress);
        });
        const { file, stamp } = await this.#whole(view.entry.name);
        made.set(view.entry.name, { file, ...stamp });
      }
    } finally {
      carried.close();
    }
    for (const [segment, stretches] of gone) {
      this.#stretches.delete(segment);
      for (const { file } of stretches) this.#remove(file);
    }
    return made;
  }

  async #load(signal?: AbortSignal): Promise<void> {
    for (const file of fs.readdirSync(this.#directory)) {
      if (!belongsTo(file, this.#state)) continue;
      const name = parseVectorsName(file);
      const stretch = name === undefined ? undefined : await this.#check(file, name.from, signal);
      if (stretch === undefined) this.#remove(file);
      else this.#stretches.set(name!.segment, [...(this.#stretches.get(name!.segment) ?? []), stretch]);
    }
    for (const [segment, found] of this.#stretches) {
      const sound: Stretch[] = [];
      let end = 0;
      for (const stretch of found.sort((a, b) => a.from - b.from || b.items - a.items)) {
        if (stretch.from === end) {
          sound.push(stretch);
          end += stretch.items;
        } else this.#remove(stretch.file);
      }
      this.#stretches.set(segment, sound);
    }
  }

  /** @returns undefined for a file that is not as it was written. */
  async #check(file: string, from: number, signal?: AbortSignal): Promise<Stretch | undefined> {
    try {
      const opened = this.#open(file);
      try {
        for (const _ of opened.container.verify()) {
          signal?.throwIfAborted();
          await nextTick();
        }
        const { index, container } = opened;
        if (index.dim !== this.#state.dim || container.size(KEYS) !== KEY_BYTES * index.count) return undefined;
        return { file, from, items: index.count, stamp: container.stamp };
      } finally {
        opened.close();
      }
    } catch (error) {
      if (error instanceof CorruptFileError) return undefined;
      throw error;
    }
  }

  #open(file: string, stamp?: FileStamp): VectorsFile {
    return new VectorsFile(join(this.#directory, file), stamp);
  }

  /** Passages of the segment, from the first on, that need no work any more. */
  #covered({ entry }: SegmentView): number {
    return (this.#stretches.get(entry.name) ?? []).reduce((sum, { items }) => sum + items, 0);
  }

  /** Makes what is missing for one segment. What is made when something fails is kept. */
  async #encode(
    view: SegmentView,
    carried: CarriedVectors,
    vectors: Vectors,
    options: Pick<ReencodeOptions, 'signal' | 'batch' | 'keepAfterMs'>,
    done: (passages: number) => void,
  ): Promise<void> {
    const { batch: size = DEFAULT_BATCH, keepAfterMs = DEFAULT_KEEP_AFTER, signal } = options;
    let at = this.#covered(view);
    let waiting = new Waiting(this.#state.dim, at);
    let since = performance.now();
    const keep = async () => {
      await this.#writePart(view.entry.name, waiting);
      waiting = new Waiting(this.#state.dim, at);
      since = performance.now();
    };
    try {
      for (const batch of batchesOf(view, at, size)) {
        signal?.throwIfAborted();
        const keys = batch.map((passage) => (passage === undefined ? NO_KEY : passageKey(passage)));
        waiting.add(await this.#vectorsOf(batch, keys, carried, vectors), keys);
        done(livePassages(view, at, at + batch.length));
        at += batch.length;
        if (waiting.bytes >= PART_BYTES || performance.now() - since >= keepAfterMs) await keep();
        // Searches of this process have their turn.
        await nextTick();
      }
    } catch (error) {
      // What was made counts when this is done again.
      if (waiting.items > 0) await keep().catch(() => undefined);
      throw error;
    }
    if (waiting.items > 0 || this.#stretches.get(view.entry.name) === undefined) await keep();
  }

  async #vectorsOf(
    batch: readonly (PassageToEncode | undefined)[],
    keys: readonly Uint8Array[],
    carried: CarriedVectors,
    vectors: Vectors,
  ): Promise<(Float32Array | undefined)[]> {
    const found = batch.map((passage, i) => (passage === undefined ? undefined : carried.find(keys[i]!)));
    const missing = batch.flatMap((passage, i) => (passage === undefined || found[i] !== undefined ? [] : [i]));
    if (missing.length > 0) {
      const fresh = await vectors(missing.map((i) => batch[i]!));
      for (const [j, i] of missing.entries()) found[i] = fresh[j];
    }
    this.encoded += missing.length;
    return found;
  }

  async #writePart(segment: string, waiting: Waiting): Promise<void> {
    const file = partName(segment, this.#state, waiting.from);
    const stamp = await this.#write(file, (container) => {
      waiting.index.writeTo(container);
      container.section(KEYS, Buffer.concat(waiting.keys));
    });
    const stretches = [
      ...(this.#stretches.get(segment) ?? []),
      { file, from: waiting.from, items: waiting.items, stamp },
    ];
    this.#stretches.set(segment, stretches);
    if (stretches.length <= MOST_PARTS) return;
    const total = stretches.reduce((sum, { items }) => sum + items, 0);
    const large = stretches.findLastIndex(({ items }) => 4 * items >= total) + 1;
    const small = stretches.slice(large);
    const joined = await this.#join(small, partName(segment, this.#state, small[0]!.from));
    this.#stretches.set(segment, [...stretches.slice(0, large), joined]);
  }

  /** The vectors of a segment that is done, in one file. */
  async #whole(segment: string): Promise<Stretch> {
    const name = vectorsName(segment, this.#state);
    const stretches = this.#stretches.get(segment)!;
    const [first] = stretches as [Stretch, ...Stretch[]];
    if (first.file === name) return first;
    let whole: Stretch = { ...first, file: name };
    if (stretches.length > 1) whole = await this.#join(stretches, name);
    else await onDisk(name, () => this.#fs.rename(join(this.#directory, first.file), join(this.#directory, name)));
    this.#stretches.set(segment, [whole]);
    return whole;
  }

  /** Puts neighbours into one file, row by row, and removes theirs. */
  async #join(stretches: readonly Stretch[], file: string): Promise<Stretch> {
    const opened = stretches.map((stretch) => this.#open(stretch.file, stretch.stamp));
    const stamp = await this.#write(file, (container) => {
      try {
        FlatIndex.merge(
          opened.map(({ index }) => ({ index, live: everyPassage(index.count) })),
          container,
        );
        container.begin(KEYS);
        for (const part of opened) container.write(part.keys());
      } finally {
        // Before one of them is replaced.
        for (const part of opened) part.close();
      }
    });
    for (const stretch of stretches) if (stretch.file !== file) this.#remove(stretch.file);
    return { file, from: stretches[0]!.from, items: stretches.reduce((sum, { items }) => sum + items, 0), stamp };
  }

  /** Writes a file that is there whole, or not at all. */
  async #write(file: string, write: (container: ContainerWriter) => void): Promise<FileStamp> {
    const path = join(this.#directory, file);
    const temporary = `${path.replace(/\.vectors$/, '.0.part')}.new`;
    return onDisk(path, async () => {
      this.#fs.remove(temporary);
      const container = new ContainerWriter(temporary, this.#fs);
      try {
        write(container);
        const stamp = await container.finish();
        this.#fs.rename(temporary, path);
        await this.#fs.syncDirectory(this.#directory);
        return stamp;
      } catch (error) {
        container.abandon();
        throw error;
      }
    });
  }

  #remove(file: string): void {
    removeQuietly(join(this.#directory, file), this.#fs);
  }
}

/** Removes the files of a change but those that are kept. */
export function removeMade(
  directory: string,
  fileSystem: FileSystem,
  state: ReencodeState,
  kept: ReadonlySet<string> = new Set(),
): void {
  const folder = join(directory, SEGMENTS);
  for (const file of fs.readdirSync(folder)) {
    if (belongsTo(file, state) && !kept.has(file)) removeQuietly(join(folder, file), fileSystem);
  }
}

function removeQuietly(path: string, fileSystem: FileSystem): void {
  try {
    fileSystem.remove(path);
  } catch {
    // It does not count; the next writer removes it.
  }
}

/** Vectors that are not written yet, of passages that follow one another. */
class Waiting {
  readonly index: FlatIndexBuilder;
  readonly keys: Uint8Array[] = [];

  constructor(
    dim: number,
    readonly from: number,
  ) {
    this.index = new FlatIndexBuilder(dim);
  }

  get items(): number {
    return this.index.count;
  }

  get bytes(): number {
    return this.index.bytes;
  }

  add(vectors: readonly (Float32Array | undefined)[], keys: readonly Uint8Array[]): void {
    for (const [i, vector] of vectors.entries()) {
      this.index.add(vector);
      this.keys.push(keys[i]!);
    }
  }
}

/** What a vector is made from, as a hash: the same passage in another segment has the same. */
function passageKey({ title, headings, text, language }: PassageToEncode): Uint8Array {
  const content = JSON.stringify([title, headings, text, language]);
  return createHash('sha256').update(content).digest().subarray(0, KEY_BYTES);
}

/** The passages from `from` on, some at a time: `size` of live documents, and those of dead ones between, without their content. */
function* batchesOf(view: SegmentView, from: number, size: number): Generator<(PassageToEncode | undefined)[]> {
  const { segment, entry, dead } = view;
  if (from >= entry.passages) return;
  let batch: (PassageToEncode | undefined)[] = [];
  let live = 0;
  for (let document = segment.documentOf(from); document < entry.documents; document++) {
    const end = segment.firstPassage(document + 1);
    let passage = Math.max(from, segment.firstPassage(document));
    if (passage >= end) continue;
    if (dead?.has(document) === true) {
      for (; passage < end; passage++) batch.push(undefined);
      continue;
    }
    const { title, language } = segment.record(document);
    const text = segment.documentText(document);
    for (; passage < end; passage++) {
      const { start, end: stop, headings } = segment.passage(passage);
      batch.push({ title, headings, text: text.slice(start, stop), language });
      if (++live < size) continue;
      yield batch;
      batch = [];
      live = 0;
    }
  }
  if (batch.length > 0) yield batch;
}

function livePassages(view: SegmentView, from: number, to: number): number {
  const live = view.livePassages;
  if (live === undefined) return to - from;
  let count = 0;
  for (let passage = from; passage < to; passage++) if (live.has(passage)) count++;
  return count;
}
