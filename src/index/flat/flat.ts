import { BitSet } from '../../base/bits.ts';
import { CorruptFileError, InvalidArgumentError } from '../../base/errors.ts';
import type { Hits } from '../../base/hits.ts';
import {
  readSection,
  SectionCollector,
  type SectionData,
  type SectionSink,
  type SectionSource,
} from '../../base/sections.ts';
import {
  type Address,
  Arena,
  drainHeap,
  heapBytes,
  type KernelBuild,
  paddedDim,
  quantizeQuery,
  resetHeapAbove,
} from '../../kernels/index.ts';
import { blockEnds, SettledHits } from '../blocks.ts';
import { checkRefine, checkVector } from '../checks.ts';
import { byPart, type Candidate, errorBound, mergedCandidates, type RowScan } from './candidates.ts';
import { FlatHeader, Section } from './format.ts';
import { mergeFlat } from './merge.ts';

export interface FlatSearchParams {
  /** At most this many hits; a whole number, at least 1. More than there are items is fine. */
  readonly k: number;
  /** Only these items may be returned; a set of `count` bits. Default: all. */
  readonly allowed?: BitSet;
  /** Items that still exist; a set of `count` bits, applied like `allowed` and together with it. Default: all. */
  readonly live?: BitSet;
  /**
   * How many of the scan's best are scored again with full precision, as a multiple of `k`, 32 at the least. 1 or more, or 0 for
   * scores by int8 codes, for which nothing is read; default 4. Each costs one read of `4 * dim` bytes, unless its code says that it cannot be among the best. Recall is that of the int8 order at depth `k * refine`. `k` counts as the
   * end of its block: 10, 50, 100, 200 and so on.
   */
  readonly refine?: number;
}

export interface FlatOptions {
  /** Which kernels to run. Default: the fastest that this runtime supports; results are the same. */
  readonly build?: KernelBuild;
}

const DEFAULT_REFINE = 4;
/** Few candidates cost next to nothing beside the scan, and a small `k` needs a margin as well. */
const LEAST_CANDIDATES = 32;
/** Bytes of neighbouring vectors that are read at once. */
const READ_BYTES = 1 << 18;
/** Vectors that there stays room for. */
const MOST_KEPT = 4;

/**
 * Exhaustive search by inner product: every vector's int8 code is scanned (symmetric, one scale per vector; the query at
 * 15 bits or so), and the best candidates are scored again with the float32 vectors, which stay in the source and are
 * read one by one. Made by `FlatIndexBuilder`.
 *
 * Memory: nothing until the first search, then `dim + 4` bytes per vector, and 4 more if some items have none.
 */
export class FlatIndex {
  readonly #header: FlatHeader;
  #ids: Uint32Array | undefined;
  #resident: Resident | undefined;
  /** Vectors that were read last. */
  #buffer = new Float32Array(0);

  private constructor(
    private readonly source: SectionSource,
    private readonly options: FlatOptions,
  ) {
    this.#header = FlatHeader.read(source);
  }

  /**
   * Opens an index; reads 16 bytes of it.
   *
   * @throws CorruptFileError when the sections contradict each other; IncompatibleError when they are of a newer format.
   */
  static open(source: SectionSource, options: FlatOptions = {}): FlatIndex {
    return new FlatIndex(source, options);
  }

  /**
   * Concatenates the live items of several indexes, in order; codes and vectors are copied as they are, so that a merged
   * index finds what its parts found. Holds about 1 MiB, whatever the sizes, besides one bit per item.
   *
   * @param sink receives the sections; without it they are collected in memory and returned.
   * @throws InvalidArgumentError for no parts at all, or parts of different dimensions.
   */
  static merge(parts: readonly FlatPart[]): SectionData;
  static merge(parts: readonly FlatPart[], sink: SectionSink): void;
  static merge(parts: readonly FlatPart[], sink?: SectionSink): SectionData | undefined {
    const collector = sink === undefined ? new SectionCollector() : undefined;
    const merged = parts.map(({ index, live }) => {
      index.#checkSet(live, 'live');
      return { header: index.#header, source: index.source, present: index.#readPresent(), live };
    });
    mergeFlat(merged, sink ?? collector!);
    return collector?.sections;
  }

  /** Components of a vector. */
  get dim(): number {
    return this.#header.dim;
  }

  /** Items, with and without a vector; they are numbered 0 to `count - 1`. */
  get count(): number {
    return this.#header.items;
  }

  /** Items with a vector. */
  get vectorCount(): number {
    return this.#header.rows;
  }

  /** The numbers of the items that have a vector, ascending. */
  get items(): Uint32Array {
    return this.#rowIds() ?? Uint32Array.from({ length: this.count }, (_, item) => item);
  }

  /** Whether the item has a vector. */
  has(id: number): boolean {
    return id < this.count && this.#rowOf(id) >= 0;
  }

  /** Fills `target` with the vectors of these items, one after the other, read from the source. @param ids ascending. */
  read(ids: Uint32Array, target: Float32Array<ArrayBuffer>): void {
    const rows = ids.map((id) => this.#checkedRow(id));
    let at = 0;
    for (const [row, count] of runs(rows, rows.length)) {
      this.#readVectors(row, target.subarray(at, at + count * this.dim));
      at += count * this.dim;
    }
  }

  /** The vector of an item as it was added, read from the source; undefined when it has none. */
  vector(id: number): Float32Array | undefined {
    if (!Number.isInteger(id) || id < 0 || id >= this.count) {
      throw new InvalidArgumentError(`There is no item ${id}.`, `Pass a whole number from 0 to ${this.count - 1}.`);
    }
    const row = this.#rowOf(id);
    if (row < 0) return undefined;
    const vector = new Float32Array(this.dim);
    this.#readVectors(row, vector);
    return vector;
  }

  /**
   * The items with the largest inner product with the query, scores at full precision (summed in float64, rounded to
   * float32), equal scores by ascending id. `examined` counts the vectors that the scan scored. The result for k is the head of the
   * result for any larger one: what a deeper search finds late stands behind, with a score no better than the last before it.
   *
   * @param query `dim` finite components.
   * @throws InvalidArgumentError for a query of another dimension or not finite, and for parameters out of range.
   */
  search(query: Float32Array, params: FlatSearchParams): Hits {
    const { allowed, live, ...rest } = params;
    return FlatIndex.searchAll([{ index: this, base: 0, allowed, live }], query, rest);
  }

  /**
   * Searches several indexes as if they were one, whose items are numbered from `base` on. However many there are, as many candidates
   * are read and scored again as in one.
   *
   * @param parts at least one, all of one dimension, in ascending order of their bases.
   */
  static searchAll(
    parts: readonly FlatSearchPart[],
    query: Float32Array,
    { k, refine = DEFAULT_REFINE }: Pick<FlatSearchParams, 'k' | 'refine'>,
  ): Hits {
    if (!Number.isInteger(k) || k < 1) {
      throw new InvalidArgumentError(`k is ${k}.`, 'Pass a whole number, 1 or more.');
    }
    checkRefine(refine);
    const count = parts.reduce((sum, { index }) => sum + index.vectorCount, 0);
    const ends = blockEnds(Math.min(k, count));
    const depth = (end: number): number =>
      Math.min(count, Math.max(Math.ceil(end * Math.max(1, refine)), LEAST_CANDIDATES));
    const most = depth(ends.at(-1)!);
    let candidates: readonly Candidate[] = [];
    let examined = 0;
    let step = 0;
    parts.forEach(({ index, allowed, live }, part) => {
      checkVector(query, index.dim, 'query');
      index.#checkSet(allowed, 'allowed');
      index.#checkSet(live, 'live');
      // Of equal scores those of earlier parts count: once there are enough, only what is as good at least is of interest.
      const floor = candidates.length < most ? Number.NEGATIVE_INFINITY : (candidates.at(-1)?.score ?? 0);
      const scan = index.#scan(query, Math.min(most, index.vectorCount), index.#rowMask(allowed, live), floor);
      examined += scan.examined;
      step = scan.step;
      candidates = mergedCandidates(candidates, part, scan, most);
    });
    const scored =
      refine === 0
        ? FlatIndex.#scoredByCodes(parts, query, candidates)
        : FlatIndex.#scored(parts, query, candidates, ends.at(-1)!, step);
    const best = scored.map(({ candidate, rank }) => {
      const { index, base } = parts[candidate.part]!;
      const ids = index.#rowIds();
      const { row, exact } = candidate;
      return { id: base + (ids === undefined ? row : ids[row]!), score: exact!, rank };
    });
    best.sort((a, b) => b.score - a.score || a.id - b.id);
    const settled = new SettledHits();
    for (const end of ends) {
      const last = depth(end);
      const among = best.filter(({ rank }) => rank < last);
      settled.append(
        among.map(({ id }) => id),
        among.map(({ score }) => score),
        end,
      );
    }
    return settled.hits(k, examined);
  }

  /**
   * Scores candidates at full precision, first the `end` best, then those whose codes leave it open whether they are better than the
   * worst of these. What is passed over could not be among the best `end`, nor among fewer.
   */
  static #scored(
    parts: readonly FlatSearchPart[],
    query: Float32Array,
    candidates: readonly Candidate[],
    end: number,
    step: number,
  ): { readonly candidate: Candidate; readonly rank: number }[] {
    const score = (some: readonly Candidate[]): void => {
      for (const [part, own] of byPart(some)) {
        const rows = new Uint32Array(own.length);
        for (let i = 0; i < rows.length; i++) rows[i] = own[i]!.row;
        const scores = parts[part]!.index.#rescore(query, rows);
        own.forEach((candidate, i) => {
          candidate.exact = scores[i]!;
        });
      }
    };
    score(candidates.slice(0, end));
    const worst = candidates
      .slice(0, end)
      .reduce((least, { exact }) => Math.min(least, exact!), Number.POSITIVE_INFINITY);
    const error = errorBound(query, step);
    const mayBeBetter = ({ part, row, approximate }: Candidate): boolean =>
      !(approximate + error(parts[part]!.index.#scaleOf(row)) < worst);
    score(candidates.slice(end).filter(mayBeBetter));
    return candidates.flatMap((candidate, rank) => (candidate.exact === undefined ? [] : [{ candidate, rank }]));
  }

  /** Candidates with the scores that their codes give them: nothing is read. */
  static #scoredByCodes(
    parts: readonly FlatSearchPart[],
    query: Float32Array,
    candidates: readonly Candidate[],
  ): { readonly candidate: Candidate; readonly rank: number }[] {
    return candidates.map((candidate, rank) => {
      candidate.exact = parts[candidate.part]!.index.#codeScore(query, candidate.row);
      return { candidate, rank };
    });
  }

  #scaleOf(row: number): number {
    const { arena, scales } = this.#load();
    return arena.f32(scales + 4 * row, 1)[0]!;
  }

  /**
   * Inner products with given items at full precision, as {@link FlatIndex.search} scores its best; NaN for an item without a vector.
   * Each costs one read of `4 * dim` bytes. @param ids ascending.
   */
  scores(query: Float32Array, ids: Uint32Array): Float32Array {
    checkVector(query, this.dim, 'query');
    const rows = Int32Array.from(ids, (id) => (id < this.count ? this.#rowOf(id) : -1));
    const scores = this.#rescore(query, Uint32Array.from(rows.filter((row) => row >= 0)));
    let next = 0;
    return Float32Array.from(rows, (row) => (row < 0 ? Number.NaN : scores[next++]!));
  }

  /**
   * What {@link FlatIndex.scores} does not exceed, from the codes alone: nothing is read. Infinity where they are not in memory yet, NaN for
   * an item without a vector. @param ids any.
   */
  bounds(query: Float32Array, ids: Uint32Array): Float32Array {
    checkVector(query, this.dim, 'query');
    const bounds = new Float32Array(ids.length).fill(Number.POSITIVE_INFINITY);
    if (this.#resident === undefined) return bounds;
    const error = errorBound(query, 0);
    return bounds.map((_, i) => {
      const row = ids[i]! < this.count ? this.#rowOf(ids[i]!) : -1;
      return row < 0 ? Number.NaN : this.#codeScore(query, row) + error(this.#scaleOf(row));
    });
  }

  /**
   * Inner products with given items by their codes, as a search with `refine: 0` scores them: nothing is read. NaN for an item without a vector,
   * and for all while no search has read the codes. @param ids any.
   */
  codeScores(query: Float32Array, ids: Uint32Array): Float32Array {
    checkVector(query, this.dim, 'query');
    if (this.#resident === undefined) return new Float32Array(ids.length).fill(Number.NaN);
    return Float32Array.from(ids, (id) => {
      const row = id < this.count ? this.#rowOf(id) : -1;
      return row < 0 ? Number.NaN : this.#codeScore(query, row);
    });
  }

  #codeScore(query: Float32Array, row: number): number {
    const { dim } = this;
    const { arena, codes } = this.#load();
    const code = arena.u8(codes + row * dim, dim);
    let sum = 0;
    for (let c = 0; c < dim; c++) sum += query[c]! * ((code[c]! << 24) >> 24);
    return sum * this.#scaleOf(row);
  }

  /** The `wanted` best rows by int8 score, best first; of those below `floor` none. */
  #scan(query: Float32Array, wanted: number, mask: Uint8Array | undefined, floor: number): RowScan {
    const { arena, codes, scales } = this.#load();
    const mark = arena.mark();
    try {
      const heap = arena.allocate(heapBytes(wanted));
      const padded = paddedDim(this.dim);
      const quantized = arena.allocate(2 * padded);
      const bits = mask === undefined ? 0 : arena.put(mask);
      const step = quantizeQuery(query, arena.i16(quantized, padded));
      resetHeapAbove(arena, heap, wanted, floor);
      const examined = arena.kernels.scanInt8(quantized, codes, scales, this.vectorCount, this.dim, bits, 0, heap);
      const { ids, scores } = drainHeap(arena, heap, wanted);
      return { rows: ids, scores, examined, step };
    } finally {
      arena.release(mark);
    }
  }

  /** Full-precision scores of rows in ascending order; neighbours are read together. */
  #rescore(query: Float32Array, rows: Uint32Array): Float32Array {
    const { dim } = this;
    const scores = new Float32Array(rows.length);
    const most = Math.max(1, Math.floor(READ_BYTES / (4 * dim)));
    let done = 0;
    for (const [row, count] of runs(rows, most)) {
      if (this.#buffer.length < count * dim) this.#buffer = new Float32Array(count * dim);
      const buffer = this.#buffer;
      this.#readVectors(row, buffer.subarray(0, count * dim));
      for (let start = 0; start < count * dim; start += dim) {
        let sum = 0;
        for (let c = 0; c < dim; c++) sum += query[c]! * buffer[start + c]!;
        scores[done++] = sum;
      }
    }
    if (this.#buffer.length > MOST_KEPT * dim) this.#buffer = new Float32Array(0);
    return scores;
  }

  /** Fills `target` with whole vectors from `row` on. */
  #readVectors(row: number, target: Float32Array<ArrayBuffer>): void {
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    this.source.readInto(Section.vectors, bytes, row * this.dim * 4);
  }

  /** Which rows may be returned, one bit each; undefined for all. */
  #rowMask(allowed: BitSet | undefined, live: BitSet | undefined): Uint8Array | undefined {
    if (allowed === undefined || live === undefined) {
      const only = allowed ?? live;
      return only === undefined ? undefined : this.#rowsAmong(only.bytes);
    }
    const both = new Uint8Array(allowed.bytes.length);
    for (let i = 0; i < both.length; i++) both[i] = allowed.bytes[i]! & live.bytes[i]!;
    return this.#rowsAmong(both);
  }

  #rowsAmong(items: Uint8Array): Uint8Array {
    const ids = this.#rowIds();
    if (ids === undefined) return items;
    const rows = new Uint8Array(Math.ceil(ids.length / 8));
    for (let row = 0; row < ids.length; row++) {
      const id = ids[row]!;
      rows[row >> 3]! |= ((items[id >> 3]! >> (id & 7)) & 1) << (row & 7);
    }
    return rows;
  }

  /** The item of each row; undefined when every item has a vector, and rows are items. */
  #rowIds(): Uint32Array | undefined {
    if (this.vectorCount === this.count) return undefined;
    this.#ids ??= Uint32Array.from(this.#readPresent());
    return this.#ids;
  }

  /** The row of an item, or -1. */
  #rowOf(id: number): number {
    const ids = this.#rowIds();
    if (ids === undefined) return id;
    let low = 0;
    let high = ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ids[middle]! < id) low = middle + 1;
      else high = middle;
    }
    return ids[low] === id ? low : -1;
  }

  #checkedRow(id: number): number {
    const row = id < this.count ? this.#rowOf(id) : -1;
    if (row < 0) throw new InvalidArgumentError(`Item ${id} has no vector.`, 'Read only those that `items` names.');
    return row;
  }

  /** Which items have a vector. */
  #readPresent(): BitSet {
    const present = new BitSet(this.count, readSection(this.source, Section.present));
    if (present.count !== this.vectorCount) {
      throw new CorruptFileError(
        Section.present,
        `it names ${present.count} vectors, but there are ${this.vectorCount}`,
      );
    }
    return present;
  }

  #checkSet(set: BitSet | undefined, name: string): void {
    if (set !== undefined && set.size !== this.count) {
      throw new InvalidArgumentError(
        `The set \`${name}\` has ${set.size} bits, the index ${this.count} items.`,
        'Pass one bit per item.',
      );
    }
  }

  /** Codes and scales in WebAssembly memory, read at first use. */
  #load(): Resident {
    if (this.#resident === undefined) {
      const arena = new Arena(this.options.build);
      const codes = this.#readIntoArena(arena, Section.codes);
      const scales = this.#readIntoArena(arena, Section.scales);
      this.#resident = { arena, codes, scales };
    }
    return this.#resident;
  }

  #readIntoArena(arena: Arena, name: string): Address {
    const bytes = this.#header.size(name);
    const address = arena.allocate(bytes, 64);
    this.source.readInto(name, arena.u8(address, bytes));
    return address;
  }
}

/** One of several indexes that are searched together. */
export interface FlatSearchPart {
  readonly index: FlatIndex;
  /** What its items' numbers begin with. */
  readonly base: number;
  /** As in {@link FlatSearchParams}. */
  readonly allowed?: BitSet | undefined;
  readonly live?: BitSet | undefined;
}

/** An index to be merged, and which of its items are kept (`count` bits). */
export interface FlatPart {
  readonly index: FlatIndex;
  readonly live: BitSet;
}

interface Resident {
  readonly arena: Arena;
  readonly codes: Address;
  readonly scales: Address;
}

/** Stretches of consecutive numbers, none longer than `most`: first and length. */
function* runs(ascending: Uint32Array, most: number): Generator<readonly [first: number, count: number]> {
  for (let i = 0; i < ascending.length; ) {
    let end = i + 1;
    while (end < ascending.length && end - i < most && ascending[end] === ascending[end - 1]! + 1) end++;
    yield [ascending[i]!, end - i];
    i = end;
  }
}
