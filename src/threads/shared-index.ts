import { InvalidArgumentError } from '../base/errors.ts';
import type { Hits } from '../base/hits.ts';
import { type Parallel, pieces, type Team } from '../base/parallel.ts';
import type { SectionData } from '../base/sections.ts';
import type { Vectors } from '../base/vectors.ts';
import type { IvfIndex, Metric, VectorIndex, VectorSearchParams } from '../index/index.ts';
import type { IvfRequest } from '../index/ivf/reader.ts';
import { mergeScans, type Scan } from '../index/ivf/search.ts';
import { type PackedHits, type SearchPiece, searchWork, unpackHits } from '../index/ivf/share.ts';
import { LoanExhaustedError } from '../kernels/index.ts';
import { ReadWriteLock } from './lock.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface SharedSearchParams extends VectorSearchParams {
  /**
   * Into how many parts the scan for one query is cut, one for each thread that is to work on it; `earlyStop` has no effect where
   * there are several. Default: as many as there are threads if each has 4 MiB of codes to look at and there is no early stop,
   * fewer down to 1 otherwise: handing a part over takes about as long as scanning 1 MiB.
   */
  readonly parts?: number;
}

/** Bytes of codes that are worth a thread. */
const BYTES_PER_PART = 4 << 20;
/** Queries of a batch that a thread gets at once, at most: few enough that all threads end at about the same time. */
const QUERIES_AT_ONCE = 32;

/**
 * A {@link VectorIndex} in memory that threads share: the same hits, found by several of them at once. Any number of searches may
 * run at the same time; changes wait for those under way, and all searches that are called after them see them.
 */
export class SharedIndex implements AsyncDisposable {
  readonly #team: Team<SearchPiece, PackedHits | Scan>;
  readonly #lock = new ReadWriteLock();
  /** Changes are made one after the other. */
  #latest: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** @param index one that lends to so many threads, and that nobody else changes. */
  constructor(
    private readonly index: IvfIndex,
    private readonly threads: Parallel,
  ) {
    this.#team = threads.start(searchWork, index.loan());
  }

  /** See {@link VectorIndex}. */
  get spec(): string {
    return this.index.spec;
  }

  get metric(): Metric {
    return this.index.metric;
  }

  get dim(): number {
    return this.index.dim;
  }

  get count(): number {
    return this.index.count;
  }

  get vectorCount(): number {
    return this.index.vectorCount;
  }

  get lists(): number {
    return this.index.lists;
  }

  get drift(): number {
    return this.index.drift;
  }

  get memory(): VectorIndex['memory'] {
    return this.index.memory;
  }

  has(id: number): boolean {
    return this.index.has(id);
  }

  /**
   * The best items for one query, which several threads may work on: as {@link VectorIndex.search}, without early stop where they
   * do.
   */
  async search(query: Float32Array, params: SharedSearchParams, options: CallOptions = {}): Promise<Hits> {
    return this.#reading(async () => {
      const request = this.#request(params);
      // A row of a large matrix would take all of it along.
      const own = this.index.prepareQuery(query).slice();
      const parts = this.#parts(params.parts, request);
      if (request.vectors === 0) return this.index.search(query, params);
      return this.#orHere(
        async () =>
          parts === 1
            ? (await this.#batch(own, [{ from: 0, to: 1 }], request, options))[0]!
            : await this.#split(own, parts, request, options),
        () => this.index.search(query, parts === 1 ? params : { ...params, earlyStop: false }),
      );
    });
  }

  /** One search for each row, dealt to the threads: as {@link VectorIndex.searchBatch}. */
  async searchBatch(queries: Vectors, params: VectorSearchParams, options: CallOptions = {}): Promise<Hits[]> {
    return this.#reading(async () => {
      const request = this.#request(params);
      const { count } = queries;
      const own = new Float32Array(count * this.dim);
      for (let i = 0; i < count; i++) own.set(this.index.prepareQuery(queries.row(i)), i * this.dim);
      if (request.vectors === 0) return this.index.searchBatch(queries, params);
      const most = Math.ceil(count / (4 * this.threads.threads));
      const blocks = [...pieces(count, Math.max(1, Math.min(QUERIES_AT_ONCE, most)))];
      return this.#orHere(
        () => this.#batch(this.threads.sharedArray(own), blocks, request, options),
        () => this.index.searchBatch(queries, params),
      );
    });
  }

  /** As {@link VectorIndex.add}. Threads code the vectors while searches go on; only putting the codes into lists makes them wait. */
  async add(vectors: Vectors, ids?: Uint32Array, options: CallOptions = {}): Promise<void> {
    await this.#changing(async () => {
      const coded = await this.index.code(vectors, this.threads, options);
      await this.#lock.write(() => this.index.add(coded, ids));
    });
  }

  /** As {@link VectorIndex.remove}. */
  async remove(ids: Uint32Array): Promise<number> {
    return this.#changing(() => this.#lock.write(() => this.index.remove(ids)));
  }

  /** As {@link VectorIndex.update}, and at once: no search finds neither the old nor the new vectors. */
  async update(vectors: Vectors, ids: Uint32Array, options: CallOptions = {}): Promise<void> {
    await this.#changing(async () => {
      const coded = await this.index.code(vectors, this.threads, options);
      await this.#lock.write(() => this.index.update(coded, ids));
    });
  }

  /** Everything that `openIndex` and `Threads.openIndex` need. */
  async save(): Promise<SectionData> {
    return this.#changing(() => this.#lock.write(() => this.index.save()));
  }

  /** Waits for calls under way; the threads stay open. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#latest.catch(() => undefined);
    await this.#lock.write(() => this.#team.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #request(params: VectorSearchParams): IvfRequest {
    const request = this.index.request(params);
    const { filter } = request;
    return filter === undefined ? request : { ...request, filter: this.threads.sharedArray(filter) };
  }

  #parts(wished: number | undefined, { nprobe, earlyStop, vectors }: IvfRequest): number {
    const { threads } = this.threads;
    if (wished !== undefined) {
      if (!Number.isInteger(wished) || wished < 1 || wished > 256) {
        throw new InvalidArgumentError(`The number of parts is ${wished}.`, 'Pass a whole number from 1 to 256.');
      }
      return wished;
    }
    if (earlyStop && this.lists > 1) return 1;
    const { spill, parts } = this.index.model;
    const codes = (vectors * (spill ? 2 : 1) * nprobe) / this.lists;
    return Math.max(1, Math.min(threads, Math.floor((codes * parts.quantizer.codeSize) / BYTES_PER_PART)));
  }

  async #batch(
    queries: Float32Array,
    blocks: readonly { readonly from: number; readonly to: number }[],
    request: IvfRequest,
    options: CallOptions,
  ): Promise<Hits[]> {
    const packed = await this.#team.map(
      blocks.map((block) => ({ queries, ...block, request })),
      options,
    );
    return packed.flatMap((hits) => unpackHits(hits as PackedHits));
  }

  async #split(query: Float32Array, parts: number, request: IvfRequest, options: CallOptions): Promise<Hits> {
    const { reader } = this.index;
    const { wanted, candidates, nprobe, spill } = reader.scanRequest(request);
    const shares = async (from: number, to: number): Promise<Scan[]> => {
      const all = Array.from({ length: parts }, (_, part) => ({ query, request, share: { part, parts, from, to } }));
      return (await this.#team.map(all, options)) as Scan[];
    };
    const scans = await shares(0, nprobe);
    const found = scans.reduce((sum, { ids }) => sum + ids.length, 0);
    // As in a single scan: when these lists hold too little, the rest may have it.
    if (found < wanted && nprobe < this.lists) scans.push(...(await shares(nprobe, this.lists)));
    return reader.refined(query, request, mergeScans(scans, candidates).hits(spill));
  }

  /** Does the work on this thread where a request is too large for what the others have been lent. */
  async #orHere<T>(work: () => Promise<T>, here: () => T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof LoanExhaustedError) return here();
      throw error;
    }
  }

  async #reading<T>(work: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    return this.#lock.read(work);
  }

  async #changing<T>(work: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    const done = this.#latest.catch(() => undefined).then(work);
    this.#latest = done;
    return done;
  }

  #checkOpen(): void {
    if (this.#closed) {
      throw new InvalidArgumentError('The shared index is closed.', 'Share the index again.');
    }
  }
}
