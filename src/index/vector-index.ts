import type { BitSet } from '../base/bits.ts';
import type { Hits } from '../base/hits.ts';
import type { SectionData } from '../base/sections.ts';
import type { Vectors } from '../base/vectors.ts';
import type { Metric } from '../math/index.ts';

export type { Metric } from '../math/index.ts';

export interface VectorSearchParams {
  /** At most this many hits; a whole number, at least 1. More than there are vectors is fine. */
  readonly k: number;
  /** Only these items may be returned; a set of `count` bits. Default: all. */
  readonly allowed?: BitSet;
  /** Items that still exist; a set of `count` bits, applied like `allowed` and together with it. Default: all. */
  readonly live?: BitSet;
  /**
   * How many lists are scanned, from 1 to `lists`, the most promising first; more are scanned while fewer than `k` hits are
   * found. Time grows with it, and so does recall. Default: an eighth of the lists, at least 8, with `earlyStop`.
   */
  readonly nprobe?: number;
  /**
   * How many of the scan's best are scored again, as a multiple of `k`, 32 at the least; 1 or more, or 0 for none; default 10. Those whose
   * codes are clearly too far off are passed over then, which makes a generous number cheap. Infinity scores everything in the
   * probed lists again: with all lists probed, the result is exact. Without a `refine:` part it has no effect.
   */
  readonly refine?: number;
  /**
   * The query that candidates are scored again with, where vectors of another encoder, or of another map, refine than are coded
   * (see the option `vectors` of an index). All candidates are then looked at. Default: the query itself.
   */
  readonly refineQuery?: Float32Array;
  /**
   * Stop before `nprobe` lists once the `k` best have not changed for a while: for a sixth of `nprobe`, and a third of the
   * way that led there. Queries that need few lists then pay for few. Default: true where `nprobe` is not given.
   */
  readonly earlyStop?: boolean;
}

/**
 * Vectors to be searched by one of three metrics, greater scores being better: the inner product, the cosine, or the negated
 * squared distance (`l2`).
 *
 * Items are numbered by the caller, best from 0 on without gaps: an index holds a little for every number up to the greatest.
 * Methods throw `InvalidArgumentError` for vectors of another dimension or with components that are not finite, and for zero
 * vectors under cosine; nothing has changed then.
 */
export interface VectorIndex {
  /** The specification in canonical form. */
  readonly spec: string;
  readonly metric: Metric;
  /** Components of a vector. */
  readonly dim: number;
  /** One more than the greatest number that an item ever had; the size of the sets that filter. */
  readonly count: number;
  /** Vectors in the index. */
  readonly vectorCount: number;
  /** Lists to be probed; 1 for a flat index. */
  readonly lists: number;
  /** Mean squared error of the codes of vectors added, over that of the training sample: retrain when it is far above 1. */
  readonly drift: number;
  /** Memory in bytes: what is scanned (codes, ids, centroids, room to grow), and what candidates are refined with. */
  readonly memory: { readonly scan: number; readonly refine: number };

  /**
   * Adds vectors, at any time.
   *
   * @param ids one for each vector, none of which the index has. Default: the next free numbers, from `count` on.
   * @throws InvalidArgumentError for an id twice, or one that is there already.
   */
  add(vectors: Vectors, ids?: Uint32Array): void;
  /** Removes items; numbers that the index does not have are ignored. Returns how many were removed. */
  remove(ids: Uint32Array): number;
  /** Adds vectors in place of those that their ids have now, if any. */
  update(vectors: Vectors, ids: Uint32Array): void;
  /** Whether the item is there. */
  has(id: number): boolean;

  /** The best items for a query, best first, equal scores by ascending number. */
  search(query: Float32Array, params: VectorSearchParams): Hits;
  /** One search for each row. */
  searchBatch(queries: Vectors, params: VectorSearchParams): Hits[];

  /** Everything that `openIndex` needs. */
  save(): SectionData;
}
