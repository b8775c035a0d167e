import type { Hits } from '../../base/hits.ts';
import { MemorySections, type SectionData } from '../../base/sections.ts';
import { Arena, type ArenaLoan } from '../../kernels/index.ts';
import { Coarse } from './coarse.ts';
import { ListStore, type ListTables } from './lists.ts';
import { IvfModel } from './model.ts';
import { CodeRefiner, FullRefiner, type Refiner } from './refine.ts';
import { type LentRows, scratchBytes } from './rows.ts';
import { layoutOf, needsExtras, scannerOf } from './scan.ts';
import { ListSearcher, type Scan, type ScanRequest, type ScanShare } from './search.ts';

/** Search parameters, checked and complete, as they go from thread to thread. */
export interface IvfRequest {
  readonly k: number;
  /** At most the number of lists. */
  readonly nprobe: number;
  /** 0: candidates are as their codes score them. */
  readonly refine: number;
  readonly earlyStop: boolean;
  /** Which ids compete, a bit each; undefined: all. */
  readonly filter: Uint8Array | undefined;
  /** What candidates are scored again with, if not the query; checked, and normalised for cosine. */
  readonly refineQuery?: Float32Array | undefined;
  /** Vectors in the index. */
  readonly vectors: number;
}

/** What threads need to search an index in memory that they share; see {@link IvfReader.attach}. */
export interface IvfLoan {
  readonly model: SectionData;
  readonly tables: ListTables;
  /** For each thread, its scratch space in the memory of the lists. */
  readonly scratch: readonly ArenaLoan[];
  /** For each thread; undefined where nothing is refined. */
  readonly rows: readonly LentRows[] | undefined;
}

const LEAST_CANDIDATES = 32;

/** Searches lists, whoever fills them. */
export class IvfReader {
  readonly coarse: Coarse;
  readonly store: ListStore;
  readonly #searcher: ListSearcher;
  /** For other threads, in a shared arena. */
  readonly scratch: readonly ArenaLoan[];

  /** @param lend for so many threads scratch space is set aside. @param tables of lists that are filled by another thread. */
  constructor(
    readonly model: IvfModel,
    readonly arena: Arena,
    public refiner: Refiner | undefined,
    lend = 0,
    tables?: ListTables,
  ) {
    const { parts, metric, residual } = model;
    const l2 = metric === 'l2';
    const codec = parts.quantizer;
    const before = arena.used;
    this.coarse = new Coarse(parts.coarse, l2, arena);
    this.store = new ListStore(arena, model.lists, layoutOf(codec), needsExtras(codec, l2), tables);
    const scanner = scannerOf({ arena, store: this.store, coarse: this.coarse, codec, residual, l2 });
    this.#searcher = new ListSearcher(arena, parts.transforms, this.coarse, this.store, scanner, l2);
    const own = arena.used - before;
    this.scratch = Array.from({ length: lend }, () => arena.lend(own + scratchBytes(lend)));
  }

  /** Searches what another thread keeps. @param thread which of those that were lent to. */
  static attach({ model, tables, scratch, rows }: IvfLoan, thread: number): IvfReader {
    const opened = IvfModel.open(new MemorySections(model));
    const lent = rows?.[thread];
    const refiner = lent && makeRefiner(opened, lent);
    return new IvfReader(opened, Arena.attach(scratch[thread]!), refiner, 0, tables);
  }

  /** @param query checked, and normalised for cosine. */
  find(query: Float32Array, request: IvfRequest): Hits {
    const scan = this.scanRequest(request);
    return this.refined(query, request, this.#searcher.scan(query, scan));
  }

  /** The query as codes see it; of the metric is what it scores with them, plus the offset. @param query checked, and normalised for cosine. */
  see(query: Float32Array): { readonly seen: Float32Array; readonly offset: number } {
    return this.#searcher.see(query);
  }

  /** A share of the work, to be merged with the others. */
  findShare(query: Float32Array, request: IvfRequest, share: ScanShare): Scan {
    return this.#searcher.scanShare(query, this.scanRequest(request), share);
  }

  scanRequest({ k, refine, nprobe, filter, earlyStop, vectors }: IvfRequest): ScanRequest {
    const { spill } = this.model;
    const wanted = Math.min(k, vectors);
    const codes = vectors * (spill ? 2 : 1);
    const candidates =
      this.refiner === undefined || refine === 0
        ? wanted * (spill ? 2 : 1)
        : Math.max(LEAST_CANDIDATES, Math.ceil(k * refine));
    return { wanted, candidates: Math.min(codes, candidates), nprobe, filter, earlyStop, spill };
  }

  /** Looks at candidates again where there is something to look at. */
  refined(query: Float32Array, { k, refine, refineQuery, vectors }: IvfRequest, found: Hits): Hits {
    const wanted = Math.min(k, vectors);
    const { refiner } = this;
    if (refiner === undefined || refine === 0) return firstHits(found, wanted);
    // Where nothing was left out for want of room, nothing is left out here: the result is exact in the lists probed. What
    // another query scores, codes say nothing of.
    const all = refine * k >= vectors || refineQuery !== undefined;
    const margin = all ? Number.POSITIVE_INFINITY : this.#margin(query);
    const best = refiner.best(refineQuery ?? query, found.ids, wanted, found.scores, margin);
    return { ids: best.ids, scores: best.scores, examined: found.examined };
  }

  /** How much better than its code says a vector may be, in all but very few cases. At l2 that is not known. */
  #margin(query: Float32Array): number {
    if (this.model.metric === 'l2') return Number.POSITIVE_INFINITY;
    let squared = 0;
    for (let c = 0; c < query.length; c++) squared += query[c]! * query[c]!;
    return Math.sqrt(squared) * this.model.parts.margin;
  }
}

function makeRefiner({ parts, dim, metric }: IvfModel, lent: LentRows): Refiner {
  return parts.refine === undefined
    ? new FullRefiner(dim, metric, {}, lent)
    : new CodeRefiner(parts.refine, metric, {}, lent);
}

function firstHits({ ids, scores, examined }: Hits, most: number): Hits {
  return ids.length <= most
    ? { ids, scores, examined }
    : { ids: ids.slice(0, most), scores: scores.slice(0, most), examined };
}
