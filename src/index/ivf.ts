import { BitSet } from '../base/bits.ts';
import { CorruptFileError, InvalidArgumentError } from '../base/errors.ts';
import type { Hits } from '../base/hits.ts';
import type { SectionData, SectionSource } from '../base/sections.ts';
import { Vectors } from '../base/vectors.ts';
import {
  ChainCodec,
  openCodec,
  ProductQuantizer,
  saveCodec,
  type TrainOptions,
  type Transform,
} from '../codec/index.ts';
import { type Address, Arena, heapBytes, type KernelBuild } from '../kernels/index.ts';
import { checkVector } from './flat-format.ts';
import { Coarse, type CoarseParameters } from './ivf-coarse.ts';
import {
  asCorrupt,
  decodeHeader,
  encodeHeader,
  IvfSection,
  readExactly,
  readFloats,
  readNumbers,
} from './ivf-format.ts';
import { checkRows, normalise, Positions } from './ivf-items.ts';
import { ListStore } from './ivf-lists.ts';
import { CodeRefiner, FullRefiner, type Refiner, squaredDistance } from './ivf-refine.ts';
import { type ListScanner, layoutOf, needsExtras, scannerOf } from './ivf-scan.ts';
import { type IvfParts, trainParts } from './ivf-train.ts';
import { formatSpec, type IndexSpec, type Metric, parseSpec, setting } from './spec.ts';
import type { VectorIndex, VectorSearchParams } from './vector-index.ts';

export interface IvfOptions extends TrainOptions {
  /** Default `ip`. */
  readonly metric?: Metric;
  /** Which kernels search. Default: the fastest that this runtime supports; scores differ in the last bits. */
  readonly build?: KernelBuild;
}

const DEFAULT_REFINE = 10;
const LEAST_CANDIDATES = 32;
/** Vectors that are coded at once: bounds the memory that adding takes. */
const ADD_BATCH = 8192;
/** Lists between two looks at whether the best have changed. */
const CHECK_EVERY = 4;
/** Of each batch added, so many vectors tell the drift. */
const DRIFT_SAMPLE = 256;

/**
 * Inverted lists of codes (Jégou, Douze & Schmid 2011): vectors are assigned to the nearest of `lists` centroids, coded, by
 * default as what is left after the centroid is subtracted, and only the lists that promise most for a query are scanned. A
 * flat index is one with a single list.
 *
 * At inner product and cosine one set of tables serves all lists of a query; at l2 each list needs its own, so that a query
 * costs 3 microseconds more for each list probed.
 *
 * Memory: `codeSize + 4` bytes for each code (twice with `spill=1`), some room to grow once vectors are added one by one, and
 * what refinement needs: `4 * dim` bytes (`refine:full`) or a code, for each item number.
 */
export class IvfIndex implements VectorIndex {
  readonly spec: string;
  readonly metric: Metric;
  readonly dim: number;
  readonly lists: number;
  readonly #parts: IvfParts;
  readonly #residual: boolean;
  readonly #spill: boolean;
  readonly #l2: boolean;
  readonly #arena: Arena;
  readonly #coarse: Coarse;
  readonly #store: ListStore;
  readonly #scanner: ListScanner;
  readonly #refiner: Refiner | undefined;
  #present = new BitSet(0);
  #count = 0;
  #vectorCount = 0;
  #positions: Positions | undefined;
  #addedError = 0;
  #addedCount = 0;

  private constructor(parsed: IndexSpec, parts: IvfParts, metric: Metric, build: KernelBuild | undefined) {
    this.spec = formatSpec(parsed);
    this.metric = metric;
    this.dim = parts.transforms[0]?.dim ?? parts.quantizer.dim;
    this.#parts = parts;
    this.#l2 = metric === 'l2';
    this.#residual = parsed.lists !== undefined && setting(parsed.lists, 'residual') === 1;
    this.lists = parts.coarse.centroids.count;
    this.#spill = parsed.lists !== undefined && this.lists > 1 && setting(parsed.lists, 'spill') === 1;
    this.#arena = new Arena(build);
    this.#coarse = new Coarse(parts.coarse, this.#l2, this.#arena);
    const codec = parts.quantizer;
    this.#store = new ListStore(this.#arena, this.lists, layoutOf(codec), needsExtras(codec, this.#l2));
    this.#scanner = scannerOf({
      arena: this.#arena,
      store: this.#store,
      coarse: this.#coarse,
      codec,
      residual: this.#residual,
      l2: this.#l2,
    });
    if (parsed.refine === 'full') this.#refiner = new FullRefiner(this.dim, metric, build);
    else if (parts.refine !== undefined) this.#refiner = new CodeRefiner(parts.refine, metric);
  }

  /**
   * Learns an empty index from a sample, for `add` to fill. A few hundred vectors for each list are plenty.
   *
   * @param sample vectors like those that will be added; at least as many as lists.
   * @throws InvalidArgumentError for a specification with a mistake, a sample that is too small or not finite, and zero vectors
   * under cosine.
   */
  static async train(sample: Vectors, spec: string | IndexSpec, options: IvfOptions = {}): Promise<IvfIndex> {
    const parsed = typeof spec === 'string' ? parseSpec(spec) : spec;
    const metric = options.metric ?? 'ip';
    checkRows(sample, sample.dim, 'training vectors');
    const parts = await trainParts(
      metric === 'cosine' ? normalise(sample, 'training vector') : sample,
      parsed,
      metric,
      options,
    );
    return new IvfIndex(parsed, parts, metric, options.build);
  }

  /**
   * Opens what {@link save} gave. Everything is read into memory.
   *
   * @throws CorruptFileError when sections are damaged or contradict each other; IncompatibleError for another format version.
   */
  static open(source: SectionSource, options: { readonly build?: KernelBuild } = {}): IvfIndex {
    const header = decodeHeader(source);
    const parsed = asCorrupt(IvfSection.header, () => parseSpec(header.spec));
    const codec = openCodec(source, 'ivf.');
    const chain = codec instanceof ChainCodec ? codec : undefined;
    const quantizer = chain?.quantizer ?? codec;
    const refine = Array.isArray(parsed.refine) ? openCodec(source, 'refine.') : undefined;
    if (codec.dim !== header.dim || (refine !== undefined && refine.dim !== header.dim)) {
      throw new CorruptFileError(IvfSection.header, `its codecs have ${codec.dim} components, it has ${header.dim}`);
    }
    const lists = parsed.lists?.numbers[0] ?? 1;
    if (lists !== header.lists) {
      throw new CorruptFileError(IvfSection.header, `it has ${header.lists} lists, its specification ${lists}`);
    }
    const coarse: CoarseParameters = {
      centroids: new Vectors(readFloats(source, IvfSection.centroids, lists * quantizer.dim), quantizer.dim),
      spreads: readFloats(source, IvfSection.spreads, lists),
      reach: header.reach,
    };
    const parts: IvfParts = {
      transforms: chain?.transforms ?? [],
      quantizer,
      refine,
      coarse,
      error: header.trainedError,
      margin: header.margin,
    };
    const index = new IvfIndex(parsed, parts, header.metric, options.build);
    index.#addedError = header.addedError;
    index.#addedCount = header.addedCount;
    index.#restore(source, header.items);
    return index;
  }

  get count(): number {
    return this.#count;
  }

  get vectorCount(): number {
    return this.#vectorCount;
  }

  get drift(): number {
    if (this.#addedCount === 0 || this.#parts.error === 0) return 1;
    return this.#addedError / this.#addedCount / this.#parts.error;
  }

  get memory(): { readonly scan: number; readonly refine: number } {
    return { scan: this.#store.bytes + this.#coarse.bytes, refine: this.#refiner?.bytes ?? 0 };
  }

  has(id: number): boolean {
    return Number.isInteger(id) && id >= 0 && id < this.#count && this.#present.has(id);
  }

  add(vectors: Vectors, ids?: Uint32Array): void {
    const prepared = this.#prepare(vectors);
    const numbers = ids ?? Uint32Array.from({ length: vectors.count }, (_, i) => this.#count + i);
    this.#checkIds(numbers, vectors.count);
    for (const id of numbers) {
      if (this.has(id)) {
        throw new InvalidArgumentError(
          `Item ${id} is in the index already.`,
          'Use update() to replace it, or another number.',
        );
      }
    }
    this.#insert(prepared, numbers);
  }

  remove(ids: Uint32Array): number {
    let removed = 0;
    for (const id of ids) {
      if (!this.has(id)) continue;
      this.#positions ??= new Positions(this.#store, this.#count, this.#spill);
      this.#positions.remove(id);
      this.#present.delete(id);
      removed++;
    }
    this.#vectorCount -= removed;
    return removed;
  }

  update(vectors: Vectors, ids: Uint32Array): void {
    const prepared = this.#prepare(vectors);
    this.#checkIds(ids, vectors.count);
    this.remove(ids);
    this.#insert(prepared, ids);
  }

  search(query: Float32Array, params: VectorSearchParams): Hits {
    const { k } = params;
    if (!Number.isInteger(k) || k < 1) throw new InvalidArgumentError(`k is ${k}.`, 'Pass a whole number, 1 or more.');
    const { nprobe = Math.max(8, Math.ceil(this.lists / 8)), refine = DEFAULT_REFINE } = params;
    const { earlyStop = params.nprobe === undefined } = params;
    if (!Number.isInteger(nprobe) || nprobe < 1) {
      throw new InvalidArgumentError(`nprobe is ${nprobe}.`, `Pass a whole number from 1 to ${this.lists}.`);
    }
    if (!(refine >= 1)) throw new InvalidArgumentError(`refine is ${refine}.`, 'Pass a number of 1 or more.');
    checkVector(query, this.dim, 'query');
    const own = this.metric === 'cosine' ? normalise(new Vectors(query, this.dim), 'query').data : query;
    const filter = this.#filter(params);
    const wanted = Math.min(k, this.#vectorCount);
    if (wanted === 0) return { ids: new Uint32Array(0), scores: new Float32Array(0), examined: 0 };
    const candidates =
      this.#refiner === undefined
        ? wanted * (this.#spill ? 2 : 1)
        : Math.min(this.#vectorCount * (this.#spill ? 2 : 1), Math.max(LEAST_CANDIDATES, Math.ceil(k * refine)));
    const found = this.#scan(own, wanted, candidates, Math.min(nprobe, this.lists), filter, earlyStop);
    if (this.#refiner === undefined) return found;
    // Where nothing was left out for want of room, nothing is left out here: the result is exact in the lists probed.
    const margin = refine * k >= this.#vectorCount ? Number.POSITIVE_INFINITY : this.#margin(own);
    const best = this.#refiner.best(own, found.ids, wanted, found.scores, margin);
    return { ids: best.ids, scores: best.scores, examined: found.examined };
  }

  searchBatch(queries: Vectors, params: VectorSearchParams): Hits[] {
    return Array.from({ length: queries.count }, (_, i) => this.search(queries.row(i), params));
  }

  save(): SectionData {
    const { transforms, quantizer, refine, coarse, error, margin } = this.#parts;
    const store = this.#store;
    const lists = [...store.sizes.keys()];
    const header = encodeHeader({
      spec: this.spec,
      metric: this.metric,
      dim: this.dim,
      items: this.#count,
      lists: this.lists,
      reach: coarse.reach,
      trainedError: error,
      margin,
      addedError: this.#addedError,
      addedCount: this.#addedCount,
    });
    return new Map([
      ...saveCodec(transforms.length === 0 ? quantizer : new ChainCodec(transforms, quantizer), 'ivf.'),
      ...(refine === undefined ? [] : saveCodec(refine, 'refine.')),
      [IvfSection.header, header],
      [IvfSection.centroids, bytesOf(coarse.centroids.data)],
      [IvfSection.spreads, bytesOf(coarse.spreads)],
      [IvfSection.sizes, bytesOf(store.sizes)],
      [IvfSection.ids, concat(lists.map((list) => bytesOf(store.ids(list))))],
      [IvfSection.codes, concat(lists.map((list) => store.codes(list)))],
      ...(needsExtras(quantizer, this.#l2)
        ? [[IvfSection.extras, concat(lists.map((list) => bytesOf(store.extras(list))))] as const]
        : []),
      ...(this.#refiner === undefined ? [] : [[IvfSection.refine, this.#refiner.save()] as const]),
    ]);
  }

  #restore(source: SectionSource, items: number): void {
    const store = this.#store;
    const sizes = readNumbers(source, IvfSection.sizes, this.lists, 2 ** 32);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const ids = readNumbers(source, IvfSection.ids, total, items);
    const codes = readExactly(
      source,
      IvfSection.codes,
      sizes.reduce((sum, size) => sum + store.codeBytes(size), 0),
    );
    const extras = needsExtras(this.#parts.quantizer, this.#l2)
      ? readFloats(source, IvfSection.extras, total)
      : undefined;
    this.#grow(items);
    const copies = new Uint8Array(items);
    for (const id of ids) copies[id]!++;
    const most = this.#spill ? 2 : 1;
    for (let id = 0; id < items; id++) {
      if (copies[id]! === 0) continue;
      if (copies[id] !== most)
        throw new CorruptFileError(IvfSection.ids, `item ${id} is in ${copies[id]} lists instead of ${most}`);
      this.#present.add(id);
      this.#vectorCount++;
    }
    for (let list = 0, from = 0, at = 0; list < this.lists; list++) {
      const size = sizes[list]!;
      const bytes = store.codeBytes(size);
      store.restore(
        list,
        codes.subarray(at, at + bytes),
        ids.subarray(from, from + size),
        extras?.subarray(from, from + size),
      );
      from += size;
      at += bytes;
    }
    if (this.#refiner instanceof FullRefiner) {
      this.#refiner.restore(bytesOf(readFloats(source, IvfSection.refine, items * this.dim)));
    } else if (this.#refiner instanceof CodeRefiner) {
      this.#refiner.restore(readExactly(source, IvfSection.refine, items * this.#refiner.codec.codeSize));
    }
  }

  /** Scores of the metric; without refinement these are the hits. */
  #scan(
    query: Float32Array,
    wanted: number,
    candidates: number,
    nprobe: number,
    filter: Filter,
    earlyStop: boolean,
  ): Hits {
    const arena = this.#arena;
    const { kernels } = arena;
    const mark = arena.mark();
    try {
      const { seen, offset } = this.#see(query);
      this.#scanner.prepare(seen);
      const heap = arena.allocate(heapBytes(candidates), 8);
      const scratch = arena.allocate(heapBytes(wanted), 8);
      const outIds = arena.allocate(4 * candidates);
      const outScores = arena.allocate(4 * candidates);
      const mask: Address = filter === undefined ? 0 : arena.put(filter);
      kernels.heapReset(heap, candidates);
      const patience = Math.ceil(nprobe / 6);
      let examined = 0;
      let ranked = this.#coarse.rank(seen, nprobe);
      let level = Number.NEGATIVE_INFINITY;
      let changed = 0;
      for (let i = 0; i < this.lists; i++) {
        if (i === nprobe) {
          if (arena.u32(heap, 2)[1]! >= wanted) break;
          // Fewer hits than wanted: a filter, or empty lists. The rest of the lists has them, if anything has.
          ranked = this.#coarse.rank(seen, this.lists);
        }
        examined += this.#scanner.scan(ranked.lists[i]!, ranked.bases[i]!, mask, heap);
        if (!earlyStop || i % CHECK_EVERY !== 0) continue;
        const now = kernels.heapRank(heap, wanted, level, scratch);
        if (now > level) {
          level = now;
          changed = i;
        } else if (level > Number.NEGATIVE_INFINITY && i - changed >= patience + changed / 3) break;
      }
      const count = kernels.heapDrain(heap, outIds, outScores);
      const ids = arena.u32(outIds, count).slice();
      const scores = arena.f32(outScores, count).slice();
      const shift = this.#l2 ? -squaredDistance(seen, new Float32Array(seen.length)) : offset;
      for (let i = 0; i < count; i++) scores[i] = this.#l2 ? Math.min(0, 2 * scores[i]! + shift) : scores[i]! + shift;
      return {
        ...(this.#spill ? firstOfEach(ids, scores, this.#refiner === undefined ? wanted : count) : { ids, scores }),
        examined,
      };
    } finally {
      arena.release(mark);
    }
  }

  /** How much better than its code says a vector may be, in all but very few cases. At l2 that is not known. */
  #margin(query: Float32Array): number {
    if (this.#l2) return Number.POSITIVE_INFINITY;
    let squared = 0;
    for (let c = 0; c < query.length; c++) squared += query[c]! * query[c]!;
    return Math.sqrt(squared) * this.#parts.margin;
  }

  /** The query as the lists see it. At l2 it goes through the transforms as vectors do, which keep distances. */
  #see(query: Float32Array): { seen: Float32Array; offset: number } {
    let seen = query;
    let offset = 0;
    for (const transform of this.#parts.transforms) {
      if (this.#l2) {
        seen = transform.apply(new Vectors(seen, transform.dim)).data;
      } else {
        const projected = transform.project(seen);
        seen = projected.query;
        offset += projected.offset;
      }
    }
    return { seen, offset };
  }

  /** Checked, and normalised for cosine. */
  #prepare(vectors: Vectors): Vectors {
    checkRows(vectors, this.dim, 'vectors');
    return this.metric === 'cosine' ? normalise(vectors, 'vector') : vectors;
  }

  #checkIds(ids: Uint32Array, count: number): void {
    if (ids.length !== count) {
      throw new InvalidArgumentError(
        `There are ${ids.length} ids for ${count} vectors.`,
        'Pass one id for each vector.',
      );
    }
    if (new Set(ids).size !== ids.length) {
      const seen = new Set<number>();
      const twice = ids.find((id) => seen.size === seen.add(id).size);
      throw new InvalidArgumentError(`Item ${twice} is named twice.`, 'Pass every id once.');
    }
  }

  #insert(vectors: Vectors, ids: Uint32Array): void {
    let greatest = this.#count - 1;
    for (const id of ids) if (id > greatest) greatest = id;
    this.#grow(greatest + 1);
    this.#refiner?.put(ids, vectors);
    const planned = vectors.count > ADD_BATCH ? this.#plan(vectors) : undefined;
    for (let from = 0; from < vectors.count; from += ADD_BATCH) {
      const to = Math.min(vectors.count, from + ADD_BATCH);
      const rows = this.#transform(vectors.slice(from, to));
      const first = planned?.first.subarray(from, to) ?? this.#coarse.assign(rows);
      this.#append(rows, ids.subarray(from, to), first, true);
      if (this.#spill) {
        const second = planned?.second?.subarray(from, to) ?? this.#coarse.spill(rows, first);
        this.#append(rows, ids.subarray(from, to), second, false);
      }
    }
    for (const id of ids) this.#present.add(id);
    this.#vectorCount += ids.length;
  }

  /** Lists of many vectors, so that room can be made once and for all. */
  #plan(vectors: Vectors): { first: Uint32Array; second: Uint32Array | undefined } {
    const first = new Uint32Array(vectors.count);
    const second = this.#spill ? new Uint32Array(vectors.count) : undefined;
    const more = new Uint32Array(this.lists);
    for (let from = 0; from < vectors.count; from += ADD_BATCH) {
      const rows = this.#transform(vectors.slice(from, Math.min(vectors.count, from + ADD_BATCH)));
      first.set(this.#coarse.assign(rows), from);
      second?.set(this.#coarse.spill(rows, first.subarray(from, from + rows.count)), from);
    }
    for (const list of first) more[list]!++;
    for (const list of second ?? []) more[list]!++;
    for (let list = 0; list < this.lists; list++) this.#store.reserve(list, more[list]!);
    return { first, second };
  }

  #append(rows: Vectors, ids: Uint32Array, assignment: Uint32Array, measured: boolean): void {
    const { quantizer } = this.#parts;
    const residuals = this.#residual ? this.#coarse.residuals(rows, assignment) : rows;
    const codes =
      quantizer instanceof ProductQuantizer && !this.#l2
        ? quantizer.encode(residuals, rows)
        : quantizer.encode(residuals);
    const size = quantizer.codeSize;
    const extras = needsExtras(quantizer, this.#l2) ? this.#halfNorms(codes, assignment) : undefined;
    for (let i = 0; i < ids.length; i++) {
      const list = assignment[i]!;
      this.#positions?.set(ids[i]!, list, this.#store.sizes[list]!);
      this.#store.append(list, ids[i]!, codes.subarray(i * size, (i + 1) * size), extras?.[i]);
    }
    if (!measured) return;
    const step = Math.max(1, Math.floor(ids.length / DRIFT_SAMPLE));
    let error = 0;
    let count = 0;
    for (let i = 0; i < ids.length; i += step, count++) {
      error += squaredDistance(residuals.row(i), quantizer.decode(codes.slice(i * size, (i + 1) * size)).row(0));
    }
    // The sample stands for all vectors of the batch.
    this.#addedError += count === 0 ? 0 : (error / count) * ids.length;
    this.#addedCount += ids.length;
  }

  /** `-|x|^2 / 2` of the vectors that the codes stand for. */
  #halfNorms(codes: Uint8Array, assignment: Uint32Array): Float32Array {
    const decoded = this.#parts.quantizer.decode(codes);
    const { centroids } = this.#parts.coarse;
    return Float32Array.from({ length: decoded.count }, (_, i) => {
      const row = decoded.row(i);
      const centroid = this.#residual ? centroids.row(assignment[i]!) : undefined;
      let sum = 0;
      for (let c = 0; c < row.length; c++) sum += (row[c]! + (centroid?.[c] ?? 0)) ** 2;
      return -sum / 2;
    });
  }

  #transform(vectors: Vectors): Vectors {
    return this.#parts.transforms.reduce((rows: Vectors, transform: Transform) => transform.apply(rows), vectors);
  }

  /** Which ids compete; undefined for all that are there. */
  #filter({ allowed, live }: VectorSearchParams): Filter {
    for (const [name, set] of [
      ['allowed', allowed],
      ['live', live],
    ] as const) {
      if (set !== undefined && set.size !== this.#count) {
        throw new InvalidArgumentError(
          `The set \`${name}\` has ${set.size} bits, the index ${this.#count} item numbers.`,
          'Pass one bit for each number.',
        );
      }
    }
    if (allowed === undefined || live === undefined) return (allowed ?? live)?.bytes;
    return allowed.bytes.map((byte, i) => byte & live.bytes[i]!);
  }

  #grow(count: number): void {
    if (count <= this.#count) return;
    const bytes = Math.ceil(count / 8);
    let room = this.#present.bytes;
    if (bytes > room.length) {
      room = new Uint8Array(Math.max(bytes, Math.ceil(1.25 * room.length)));
      room.set(this.#present.bytes);
    }
    this.#present = new BitSet(count, room);
    this.#count = count;
    this.#positions?.grow(count);
  }
}

type Filter = Uint8Array | undefined;

/** Keeps the better of two scores of one id; they come best first. */
function firstOfEach(ids: Uint32Array, scores: Float32Array, most: number) {
  const seen = new Set<number>();
  let kept = 0;
  for (let i = 0; i < ids.length && kept < most; i++) {
    if (seen.has(ids[i]!)) continue;
    seen.add(ids[i]!);
    ids[kept] = ids[i]!;
    scores[kept++] = scores[i]!;
  }
  return { ids: ids.slice(0, kept), scores: scores.slice(0, kept) };
}

function bytesOf(array: Float32Array | Uint32Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength).slice();
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
