import { BitSet } from '../../base/bits.ts';
import { InvalidArgumentError, invariant } from '../../base/errors.ts';
import type { Hits } from '../../base/hits.ts';
import { type Parallel, pieces } from '../../base/parallel.ts';
import { SectionCollector, type SectionData, type SectionSink, type SectionSource } from '../../base/sections.ts';
import { Vectors } from '../../base/vectors.ts';
import { Arena, type KernelBuild } from '../../kernels/index.ts';
import type { Metric } from '../../math/index.ts';
import { checkRefine, checkRows, checkVector } from '../checks.ts';
import type { IndexSpec } from '../spec.ts';
import type { VectorIndex, VectorSearchParams } from '../vector-index.ts';
import { BATCH, type CodedBatch, Coder, codeWork } from './code.ts';
import { CodeScores } from './code-scores.ts';
import { ListFiller } from './fill.ts';
import { decodeListsHeader } from './format.ts';
import { checkIds, normalise, Positions } from './items.ts';
import { IvfModel, type IvfTrainOptions } from './model.ts';
import { type IvfLoan, IvfReader, type IvfRequest } from './reader.ts';
import { CodeRefiner, FullRefiner, ReadingRefiner, type Refiner, type VectorReader } from './refine.ts';
import type { RowOptions } from './rows.ts';
import { StoredLists, writeLists } from './saving.ts';

export interface IvfIndexOptions {
  /** Which kernels search. Default: the fastest that this runtime supports; scores differ in the last bits. */
  readonly build?: KernelBuild;
  /**
   * Where the full-precision vectors of a `refine:full` index are, if not in the index itself. Searching reads those of its
   * candidates; whatever is added must be there already.
   */
  readonly vectors?: VectorReader;
  /**
   * Keep the index in memory that threads share, with scratch space for so many of them beside the one that owns it. Default 0:
   * private memory.
   */
  readonly lend?: number;
}

export interface IvfOptions extends IvfTrainOptions, IvfIndexOptions {}

export interface IvfOpenOptions extends IvfIndexOptions {
  /**
   * Read only what searches need: a list when it is first probed, full-precision vectors one by one as candidates come up. The
   * source must stay readable. The first change to the index reads the rest. Default: false, everything is read and checked.
   */
  readonly lazy?: boolean;
  /** The model, where it is not saved with the lists. */
  readonly model?: IvfModel;
}

/** Vectors that are ready to be added, see {@link IvfIndex.code}. */
export class CodedVectors {
  constructor(
    readonly model: IvfModel,
    readonly vectors: Vectors,
    readonly batches: readonly CodedBatch[],
  ) {}
}

type Coded = Pick<CodedVectors, 'vectors'> & Partial<Pick<CodedVectors, 'batches'>>;

const DEFAULT_REFINE = 10;

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
  readonly #rows: RowOptions;
  readonly #reader: IvfReader;
  readonly #filler: ListFiller;
  #count = 0;
  #vectorCount = 0;
  /** Which items there are; undefined before the lists are read. */
  #present: BitSet | undefined = new BitSet(0);
  #positions: Positions | undefined;
  /** Where codes are by item, since scores of given items were asked for; until the index changes. */
  #codeScores: CodeScores | undefined;
  /** What the lists were opened from, while parts of it may be unread. */
  #stored: StoredLists | undefined;

  /** An empty index, for `add` to fill. */
  constructor(
    readonly model: IvfModel,
    options: IvfIndexOptions = {},
  ) {
    const { parts, metric, dim } = model;
    const { build, lend = 0, vectors } = options;
    this.#rows = { build, lend };
    let refiner: Refiner | undefined;
    if (parts.refine !== undefined) refiner = new CodeRefiner(parts.refine, metric, this.#rows);
    else if (model.parsed.refine === 'full') {
      refiner =
        vectors === undefined
          ? new FullRefiner(dim, metric, this.#rows)
          : new ReadingRefiner(vectors, dim, metric, build);
    }
    this.#reader = new IvfReader(model, new Arena(build, { shared: lend > 0 }), refiner, lend);
    const { coarse, store } = this.#reader;
    this.#filler = new ListFiller(new Coder(model, coarse), store, parts.quantizer.codeSize);
  }

  /**
   * Learns an empty index from a sample, for `add` to fill. A few hundred vectors for each list are plenty.
   *
   * @throws InvalidArgumentError as {@link IvfModel.train}.
   */
  static async train(sample: Vectors, spec: string | IndexSpec, options: IvfOptions = {}): Promise<IvfIndex> {
    return new IvfIndex(await IvfModel.train(sample, spec, options), options);
  }

  /**
   * Opens what {@link save} or {@link write} gave.
   *
   * @throws CorruptFileError when sections are damaged or contradict each other, for a lazy index also in later calls.
   * @throws IncompatibleError for another format version, or a model that is not the one the codes were made with.
   */
  static open(source: SectionSource, options: IvfOpenOptions = {}): IvfIndex {
    const header = decodeListsHeader(source);
    const index = new IvfIndex(options.model ?? IvfModel.open(source), options);
    index.#attach(new StoredLists(source, header, index.model, index.#reader.store, options.vectors !== undefined));
    if (options.lazy !== true) index.#readAll();
    return index;
  }

  get spec(): string {
    return this.model.spec;
  }

  get metric(): Metric {
    return this.model.metric;
  }

  get dim(): number {
    return this.model.dim;
  }

  get lists(): number {
    return this.model.lists;
  }

  get count(): number {
    return this.#count;
  }

  get vectorCount(): number {
    return this.#vectorCount;
  }

  get drift(): number {
    const { error, count } = this.#filler;
    return count === 0 || this.model.parts.error === 0 ? 1 : error / count / this.model.parts.error;
  }

  get memory(): { readonly scan: number; readonly refine: number } {
    return { scan: this.#reader.store.bytes + this.#reader.coarse.bytes, refine: this.#reader.refiner?.bytes ?? 0 };
  }

  has(id: number): boolean {
    return Number.isInteger(id) && id >= 0 && id < this.#count && this.#readAll().has(id);
  }

  /** Declares that items may have the numbers below `count`, so that sets that filter have so many bits. Never shrinks. */
  grow(count: number): void {
    if (count <= this.#count) return;
    const present = this.#readAll();
    const bytes = Math.ceil(count / 8);
    let room = present.bytes;
    if (bytes > room.length) {
      room = new Uint8Array(Math.max(bytes, Math.ceil(1.25 * room.length)));
      room.set(present.bytes);
    }
    this.#present = new BitSet(count, room);
    this.#count = count;
    this.#positions?.grow(count);
  }

  /**
   * Does on threads what takes time when vectors are added: `add(await code(vectors, threads), ids)` does what
   * `add(vectors, ids)` does.
   *
   * @throws InvalidArgumentError as `add`; the signal's reason.
   */
  async code(
    vectors: Vectors,
    threads: Parallel,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<CodedVectors> {
    const prepared = this.#prepare(vectors);
    const team = threads.start(codeWork, { model: this.model.save(), build: this.#reader.arena.build });
    function* batches() {
      for (const { from, to } of pieces(prepared.count, BATCH)) yield prepared.slice(from, to).data.slice();
    }
    try {
      return new CodedVectors(this.model, prepared, await team.map(batches(), options));
    } finally {
      team.close();
    }
  }

  add(vectors: Vectors | CodedVectors, ids?: Uint32Array): void {
    const coded = this.#coded(vectors);
    const { count } = coded.vectors;
    const numbers = ids ?? Uint32Array.from({ length: count }, (_, i) => this.#count + i);
    checkIds(numbers, count);
    for (const id of numbers) {
      if (this.has(id)) {
        throw new InvalidArgumentError(
          `Item ${id} is in the index already.`,
          'Use update() to replace it, or another number.',
        );
      }
    }
    this.#insert(coded, numbers);
  }

  remove(ids: Uint32Array): number {
    const present = this.#readAll();
    let removed = 0;
    this.#codeScores = undefined;
    for (const id of ids) {
      if (!this.has(id)) continue;
      this.#positions ??= new Positions(this.#reader.store, this.#count, this.model.spill);
      this.#positions.remove(id);
      present.delete(id);
      removed++;
    }
    this.#vectorCount -= removed;
    return removed;
  }

  update(vectors: Vectors | CodedVectors, ids: Uint32Array): void {
    const coded = this.#coded(vectors);
    checkIds(ids, coded.vectors.count);
    this.remove(ids);
    this.#insert(coded, ids);
  }

  search(query: Float32Array, params: VectorSearchParams): Hits {
    const request = this.request(params);
    return this.#find(this.prepareQuery(query), request);
  }

  /** Checks parameters and fills in the defaults. */
  request(params: VectorSearchParams): IvfRequest {
    const { k } = params;
    if (!Number.isInteger(k) || k < 1) throw new InvalidArgumentError(`k is ${k}.`, 'Pass a whole number, 1 or more.');
    const { nprobe = Math.max(8, Math.ceil(this.lists / 8)), refine = DEFAULT_REFINE } = params;
    const { earlyStop = params.nprobe === undefined } = params;
    if (!Number.isInteger(nprobe) || nprobe < 1) {
      throw new InvalidArgumentError(`nprobe is ${nprobe}.`, `Pass a whole number from 1 to ${this.lists}.`);
    }
    checkRefine(refine);
    return {
      k,
      nprobe: Math.min(nprobe, this.lists),
      refine,
      earlyStop,
      filter: this.#filter(params),
      refineQuery: params.refineQuery && this.prepareQuery(params.refineQuery),
      vectors: this.#vectorCount,
    };
  }

  /** Checks a query, and normalises it for cosine. */
  prepareQuery(query: Float32Array): Float32Array {
    checkVector(query, this.dim, 'query');
    return this.metric === 'cosine' ? normalise(new Vectors(query, this.dim), 'query').data : query;
  }

  #find(query: Float32Array, request: IvfRequest): Hits {
    if (request.vectors === 0) return { ids: new Uint32Array(0), scores: new Float32Array(0), examined: 0 };
    return this.#reader.find(query, request);
  }

  searchBatch(queries: Vectors, params: VectorSearchParams): Hits[] {
    return Array.from({ length: queries.count }, (_, i) => this.search(queries.row(i), params));
  }

  /**
   * Scores of given items by their codes, as a search with `refine: 0` has them but for rounding: no vector is read. NaN for items that the
   * index does not have, and for those whose list was not read yet, in a lazy index.
   *
   * @param ids any. @throws InvalidArgumentError as {@link search}.
   */
  codeScores(query: Float32Array, ids: Uint32Array): Float32Array {
    const prepared = this.prepareQuery(query);
    this.#codeScores ??= new CodeScores(this.model, this.#reader, this.#count);
    return this.#codeScores.of(prepared, ids);
  }

  /**
   * What other threads need to search the index, where `lend` of them were announced. They see what becomes of it; it must not
   * change while they search.
   */
  loan(): IvfLoan {
    this.#readAll();
    const { model, store, scratch, refiner } = this.#reader;
    invariant(!(refiner instanceof ReadingRefiner), 'vectors that are kept elsewhere cannot be lent');
    const rows = refiner instanceof FullRefiner || refiner instanceof CodeRefiner ? refiner.lent : undefined;
    return { model: model.save(), tables: store.tables, scratch, rows };
  }

  /** What searches the lists; for searches that are spread over threads. */
  get reader(): IvfReader {
    this.#readAll();
    return this.#reader;
  }

  /** Model and lists, in memory. */
  save(): SectionData {
    const collector = new SectionCollector();
    this.write(collector);
    return new Map([...this.model.save(), ...collector.sections]);
  }

  /** Writes the lists and what they are refined with, without the model; `open` then needs it as an option. */
  write(sink: SectionSink): void {
    this.#readAll();
    const { error, count } = this.#filler;
    const added = { addedError: error, addedCount: count };
    writeLists(sink, this.model, this.#reader.store, this.#reader.refiner, {
      items: this.#count,
      vectors: this.#vectorCount,
      ...added,
    });
  }

  #attach(stored: StoredLists): void {
    const { header } = stored;
    this.#stored = stored;
    this.#present = undefined;
    this.#count = header.items;
    this.#vectorCount = header.vectors;
    this.#filler.error = header.addedError;
    this.#filler.count = header.addedCount;
    if (this.#reader.refiner instanceof CodeRefiner) stored.restoreCodes(this.#reader.refiner);
    if (this.#reader.refiner instanceof FullRefiner) {
      this.#reader.refiner = new ReadingRefiner(stored, this.dim, this.metric, this.#rows.build);
    }
  }

  /** Reads and checks what was not read yet; which items there are. @throws CorruptFileError */
  #readAll(): BitSet {
    const stored = this.#stored;
    if (this.#present !== undefined && stored === undefined) return this.#present;
    this.#reader.store.loadAll();
    const present = stored!.present(this.model.spill);
    if (this.#reader.refiner instanceof ReadingRefiner && this.#reader.refiner.reader === stored) {
      const full = new FullRefiner(this.dim, this.metric, this.#rows);
      stored!.restoreVectors(full);
      this.#reader.refiner = full;
    }
    this.#stored = undefined;
    this.#present = present;
    return present;
  }

  #insert({ vectors, batches }: Coded, ids: Uint32Array): void {
    let greatest = this.#count - 1;
    for (const id of ids) if (id > greatest) greatest = id;
    this.grow(greatest + 1);
    const present = this.#readAll();
    this.#codeScores = undefined;
    this.#reader.refiner?.put(ids, vectors);
    const positions = this.#positions;
    this.#filler.add(vectors, ids, positions && ((id, list, position) => positions.set(id, list, position)), batches);
    for (const id of ids) present.add(id);
    this.#vectorCount += ids.length;
  }

  #coded(vectors: Vectors | CodedVectors): Coded {
    if (vectors instanceof Vectors) return { vectors: this.#prepare(vectors) };
    invariant(vectors.model === this.model, 'vectors were coded for another model');
    return vectors;
  }

  /** Checked, and normalised for cosine. */
  #prepare(vectors: Vectors): Vectors {
    checkRows(vectors, this.dim, 'vectors');
    return this.metric === 'cosine' ? normalise(vectors, 'vector') : vectors;
  }

  /** Which ids compete; undefined for all that are there. */
  #filter({ allowed, live }: VectorSearchParams): Uint8Array | undefined {
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
}
