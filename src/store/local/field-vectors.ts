import fs from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { CorruptFileError } from '../../base/errors.ts';
import type { FieldBuildOptions, FieldItem, FieldText } from '../types.ts';
import { CarriedItems } from './carried-items.ts';
import { ContainerWriter, type FileStamp } from './container.ts';
import { FieldFile, KEY_BYTES, KEYS } from './field-file.ts';
import { FIELD_KINDS, type FieldIndexBuilder } from './field-kinds.ts';
import { belongsTo, type FieldState, fieldFileName, parseFileName, partName } from './field-state.ts';
import { batchesOf, textKey } from './field-texts.ts';
import { type FileSystem, onDisk } from './filesystem.ts';
import { SEGMENTS } from './manifest.ts';
import type { FileEntry } from './manifest-types.ts';
import { nodeFiles } from './node-files.ts';
import { everyPassage } from './sources.ts';
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

/** How far a field of some segments is. */
export interface VectorsProgress {
  /** Live passages of the segments, and those of them that need no work any more. */
  readonly total: number;
  done: number;
}

type Encode = NonNullable<FieldBuildOptions['encode']>;

/**
 * What a field is to hold of the passages of a collection, made segment by segment and kept in files that no
 * manifest names yet. Each batch is on the disk soon after it is made, so that a process which is killed loses seconds; and
 * when segments were merged meanwhile, what was made for them is found again by what it was made from.
 *
 * Memory: at most {@link PART_BYTES} of vectors, whatever the size of a segment.
 */
export class FieldVectors {
  readonly #directory: string;
  readonly #fs: FileSystem;
  readonly #state: FieldState;
  readonly #stretches = new Map<string, Stretch[]>();
  /** Passages whose texts were given to the encoder. */
  encoded = 0;
  /** What the batch before was made of: neighbours have titles and the like in common. */
  #last: ReadonlyMap<string, FieldItem | undefined> = new Map();

  private constructor(directory: string, fileSystem: FileSystem, state: FieldState) {
    this.#directory = join(directory, SEGMENTS);
    this.#fs = fileSystem;
    this.#state = state;
  }

  /**
   * Takes up what an earlier process has made. Every byte of it is checked; what is damaged or half-written goes.
   * @param published files that the manifest names, which are left alone.
   */
  static async open(
    directory: string,
    fileSystem: FileSystem,
    state: FieldState,
    published: ReadonlySet<string>,
    signal?: AbortSignal,
  ): Promise<FieldVectors> {
    const made = new FieldVectors(directory, fileSystem, state);
    await made.#load(published, signal);
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
    encode: Encode,
    options: Pick<FieldBuildOptions, 'signal' | 'batch' | 'keepAfterMs'>,
    report: (progress: VectorsProgress) => void,
  ): Promise<ReadonlyMap<string, FileEntry>> {
    const names = new Set(views.map(({ entry }) => entry.name));
    const gone = [...this.#stretches].filter(([segment]) => !names.has(segment));
    const carried = new CarriedItems(
      gone.flatMap(([, stretches]) => stretches.map(({ file, stamp }) => this.#open(file, stamp))),
    );
    const progress = this.progress(views);
    const made = new Map<string, FileEntry>();
    try {
      report(progress);
      for (const view of views) {
        options.signal?.throwIfAborted();
        if (view.liveDocumentCount === 0) continue;
        await this.#encode(view, carried, encode, options, (items) => {
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

  async #load(published: ReadonlySet<string>, signal?: AbortSignal): Promise<void> {
    for (const file of fs.readdirSync(this.#directory)) {
      if (!belongsTo(file, this.#state) || published.has(file)) continue;
      const name = parseFileName(file);
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
        if (index.dim !== this.#state.field.dim || container.size(KEYS) !== KEY_BYTES * index.count) return undefined;
        return { file, from, items: index.count, stamp: container.stamp };
      } finally {
        opened.close();
      }
    } catch (error) {
      if (error instanceof CorruptFileError) return undefined;
      throw error;
    }
  }

  #open(file: string, stamp?: FileStamp): FieldFile {
    return new FieldFile(join(this.#directory, file), nodeFiles, this.#state.field.kind, stamp);
  }

  /** Passages of the segment, from the first on, that need no work any more. */
  #covered({ entry }: SegmentView): number {
    return (this.#stretches.get(entry.name) ?? []).reduce((sum, { items }) => sum + items, 0);
  }

  /** Makes what is missing for one segment. What is made when something fails is kept. */
  async #encode(
    view: SegmentView,
    carried: CarriedItems,
    encode: Encode,
    options: Pick<FieldBuildOptions, 'signal' | 'batch' | 'keepAfterMs'>,
    done: (passages: number) => void,
  ): Promise<void> {
    const { batch: size = DEFAULT_BATCH, keepAfterMs = DEFAULT_KEEP_AFTER, signal } = options;
    let at = this.#covered(view);
    let waiting = new Waiting(this.#state, at);
    let since = performance.now();
    const keep = async () => {
      await this.#writePart(view.entry.name, waiting);
      waiting = new Waiting(this.#state, at);
      since = performance.now();
    };
    try {
      for (const batch of batchesOf(view, this.#state.field.of, at, size)) {
        signal?.throwIfAborted();
        const keys = batch.map((text) => (text === undefined ? NO_KEY : textKey(text)));
        waiting.add(await this.#itemsOf(batch, keys, carried, encode), keys);
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

  /** Equal texts are encoded once: a title stands above all passages of its document. */
  async #itemsOf(
    batch: readonly (FieldText | undefined)[],
    keys: readonly Uint8Array[],
    carried: CarriedItems,
    encode: Encode,
  ): Promise<(FieldItem | undefined)[]> {
    const names = keys.map((key) => Buffer.from(key).toString('latin1'));
    const known = new Map<string, FieldItem | undefined>();
    const missing = new Map<string, FieldText>();
    for (const [i, text] of batch.entries()) {
      const name = names[i]!;
      if (text === undefined || known.has(name) || missing.has(name)) continue;
      if (this.#last.has(name)) known.set(name, this.#last.get(name));
      else {
        const found = carried.find(keys[i]!);
        if (found === undefined) missing.set(name, text);
        else known.set(name, found);
      }
    }
    if (missing.size > 0) {
      const fresh = await encode([...missing.values()]);
      for (const [i, name] of [...missing.keys()].entries()) known.set(name, fresh[i]);
    }
    this.#last = known;
    this.encoded += batch.filter((text, i) => text !== undefined && missing.has(names[i]!)).length;
    return batch.map((text, i) => (text === undefined ? undefined : known.get(names[i]!)));
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
    const name = fieldFileName(segment, this.#state);
    const stretches = this.#stretches.get(segment)!;
    const [first] = stretches as [Stretch, ...Stretch[]];
    if (first.file === name) return first;
    let whole: Stretch = { ...first, file: name };
    if (stretches.length > 1 || FIELD_KINDS[this.#state.field.kind].condenses)
      whole = await this.#join(stretches, name);
    else await onDisk(name, () => this.#fs.rename(join(this.#directory, first.file), join(this.#directory, name)));
    this.#stretches.set(segment, [whole]);
    return whole;
  }

  /** Puts neighbours into one file, row by row, and removes theirs. */
  async #join(stretches: readonly Stretch[], file: string): Promise<Stretch> {
    const opened = stretches.map((stretch) => this.#open(stretch.file, stretch.stamp));
    const stamp = await this.#write(file, async (container) => {
      try {
        const parts = opened.map(({ index }) => ({ index, live: everyPassage(index.count) }));
        for (const _ of FIELD_KINDS[this.#state.field.kind].merge(parts, container)) await nextTick();
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
  async #write(file: string, write: (container: ContainerWriter) => void | Promise<void>): Promise<FileStamp> {
    const path = join(this.#directory, file);
    const temporary = `${path.replace(/\.vectors$/, '.0.part')}.new`;
    return onDisk(path, async () => {
      this.#fs.remove(temporary);
      const container = new ContainerWriter(temporary, this.#fs);
      try {
        await write(container);
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
  state: FieldState,
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

/** Items that are not written yet, of passages that follow one another. */
class Waiting {
  readonly index: FieldIndexBuilder;
  readonly keys: Uint8Array[] = [];

  constructor(
    { field }: FieldState,
    readonly from: number,
  ) {
    this.index = FIELD_KINDS[field.kind].builder(field.dim);
  }

  get items(): number {
    return this.index.count;
  }

  get bytes(): number {
    return this.index.bytes;
  }

  add(items: readonly (FieldItem | undefined)[], keys: readonly Uint8Array[]): void {
    for (const [i, item] of items.entries()) {
      this.index.add(item);
      this.keys.push(keys[i]!);
    }
  }
}

function livePassages(view: SegmentView, from: number, to: number): number {
  const live = view.livePassages;
  if (live === undefined) return to - from;
  let count = 0;
  for (let passage = from; passage < to; passage++) if (live.has(passage)) count++;
  return count;
}
