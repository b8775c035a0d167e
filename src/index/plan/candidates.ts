import type { Vectors } from '../../base/vectors.ts';
import type { Metric } from '../../math/index.ts';
import type { Budget } from './types.ts';

/** A specification that is worth trying. */
export interface Candidate {
  readonly spec: string;
  /** About as many bytes of memory as it takes for a vector. */
  readonly bytes: number;
}

/** Below so many vectors scanning all codes is as fast as looking for lists; above, scanning all is too slow to be of interest. */
const LEAST_FOR_LISTS = 20_000;
const MOST_FOR_FLAT = 400_000;
/** From so many components on, leaving out the least varied ones is worth a try. */
const LEAST_FOR_PCA = 192;
/** Bytes of an id, and of a component in the table of centroids: a float32 and an int8. */
const [ID_BYTES, CENTROID_BYTES] = [4, 5];
/** Places of a list that stay empty, since codes lie in blocks of 32. */
const SPARE = 16;

/**
 * A range of specifications, the most promising first: product codes of 2 to 32 components a part, after a learned rotation or
 * projection and plain, with and without lists, and scalar codes as the careful end.
 *
 * @param onDisk whether full-precision vectors need no memory.
 */
export function candidatesFor(vectors: Vectors, metric: Metric, budget: Budget, onDisk: boolean): Candidate[] {
  const { count, dim } = vectors;
  const lists = 2 ** Math.round(Math.log2(2 * Math.sqrt(count)));
  const pq = metric === 'l2' ? 'pq' : 'apq';
  const pool: Candidate[] = [];
  const put = (before: string, width: number, code: string, codeBytes: number) => {
    for (const withLists of [true, false]) {
      if (withLists ? count < LEAST_FOR_LISTS : count > MOST_FOR_FLAT) continue;
      const each = codeBytes + ID_BYTES;
      const bytes = each + (withLists ? (lists * (CENTROID_BYTES * width + SPARE * each)) / count : 0);
      const spec = `${before}${withLists ? `ivf${lists},` : ''}${code}`;
      // A byte a component orders the best well enough by itself.
      if (codeBytes < width) {
        pool.push({ spec: `${spec},refine:full`, bytes: bytes + (onDisk ? 0 : 4 * dim) });
        if (!onDisk) pool.push({ spec: `${spec},refine:sq8`, bytes: bytes + dim + 8 });
      }
      if (codeBytes >= width || !onDisk) pool.push({ spec, bytes });
    }
  };
  // Components of a part: the middle of the range first.
  for (const part of [4, 8, 2, 16, 32]) {
    const parts = Math.ceil(dim / part);
    if (parts < 2 && part > 2) continue;
    const code = `${pq}${parts}x4`;
    put('opq,', dim, code, Math.ceil(parts / 2));
    if (part >= 8 && dim >= LEAST_FOR_PCA) {
      const width = Math.ceil(dim / 4);
      const few = Math.ceil(width / (part / 4));
      put(`pca${width},`, width, `${pq}${few}x4`, Math.ceil(few / 2));
    }
    put('', dim, code, Math.ceil(parts / 2));
  }
  put('', dim, 'sq8', dim + 8);
  const { bytes: most } = budget;
  if (most === undefined) return pool;
  const within = pool.filter(({ bytes }) => bytes <= most);
  // The largest that fit find most. Where nothing fits, the smallest are tried: they say what the least is.
  return within.length > 0
    ? within.sort((a, b) => b.bytes - a.bytes)
    : pool.sort((a, b) => a.bytes - b.bytes).slice(0, 2);
}

/**
 * Which of the candidates to try next. With a budget of bytes, or of time alone, simply the next; to find the fewest bytes for a recall,
 * one half-way between the largest that failed and the smallest that did not.
 *
 * @param tried so far, and whether they keep the budget in some setting.
 */
export function nextCandidate(
  untried: readonly Candidate[],
  tried: readonly { readonly candidate: Candidate; readonly kept: boolean }[],
  budget: Budget,
): Candidate | undefined {
  if (budget.recall === undefined || budget.bytes !== undefined || tried.length === 0) return untried[0];
  const kept = tried.filter((one) => one.kept).map(({ candidate }) => candidate.bytes);
  const failed = tried.filter((one) => !one.kept).map(({ candidate }) => candidate.bytes);
  const high = Math.min(...kept);
  const low = Math.max(0, ...failed.filter((bytes) => bytes < high));
  const useful = untried.filter(({ bytes }) => bytes < 0.95 * high).sort((a, b) => a.bytes - b.bytes);
  const between = useful.filter(({ bytes }) => bytes > low);
  return between[between.length >> 1] ?? useful.at(-1);
}
