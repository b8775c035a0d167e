import type { Vectors } from '../base/vectors.ts';
import type { Budget } from './plan-types.ts';
import type { Metric } from './spec.ts';

/** A specification that is worth trying. */
export interface Candidate {
  readonly spec: string;
  /** About as many bytes of memory as it takes for a vector. */
  readonly bytes: number;
}

/** Specifications tried at most: the rest would only fill gaps. */
const MOST = 10;
/** Below so many vectors scanning all codes is as fast as looking for lists; above, scanning all is too slow to be of interest. */
const LEAST_FOR_LISTS = 20_000;
const MOST_FOR_FLAT = 400_000;
/** From so many components on, leaving out the least varied ones is worth a try. */
const LEAST_FOR_PCA = 192;
/** Bytes of an id, and of a component in the table of centroids: a float32 and an int8. */
const [ID_BYTES, CENTROID_BYTES] = [4, 5];

/**
 * A range of specifications, the most promising for the budget first: product codes of 2 to 32 components a part, plain and after a
 * learned rotation or projection, with and without lists, and scalar codes as the careful end.
 *
 * @param onDisk whether full-precision vectors need no memory.
 */
export function candidatesFor(vectors: Vectors, metric: Metric, budget: Budget, onDisk: boolean): Candidate[] {
  const { count, dim } = vectors;
  const lists = 2 ** Math.round(Math.log2(2 * Math.sqrt(count)));
  const pq = metric === 'l2' ? 'pq' : 'apq';
  const refinements = onDisk ? ['full'] : ['full', 'sq8'];
  const pool: Candidate[] = [];
  const put = (before: string, width: number, code: string, codeBytes: number) => {
    for (const withLists of [true, false]) {
      if (withLists ? count < LEAST_FOR_LISTS : count > MOST_FOR_FLAT) continue;
      const centroids = withLists ? (lists * CENTROID_BYTES * width) / count : 0;
      const spec = `${before}${withLists ? `ivf${lists},` : ''}${code}`;
      const bytes = codeBytes + ID_BYTES + centroids;
      // A byte a component orders the best well enough by itself.
      if (codeBytes >= width) pool.push({ spec, bytes });
      else {
        for (const refine of refinements) {
          const more = refine === 'sq8' ? dim + 8 : onDisk ? 0 : 4 * dim;
          pool.push({ spec: `${spec},refine:${refine}`, bytes: bytes + more });
        }
        if (!onDisk && budget.bytes !== undefined) pool.push({ spec, bytes });
      }
    }
  };
  // Components of a part: the middle of the range first.
  for (const part of [4, 2, 8, 16, 32]) {
    const parts = Math.ceil(dim / part);
    if (parts < 2 && part > 2) continue;
    const code = `${pq}${parts}x4`;
    put('', dim, code, Math.ceil(parts / 2));
    if (part >= 8) put('opq,', dim, code, Math.ceil(parts / 2));
    if (part >= 8 && dim >= LEAST_FOR_PCA) {
      const width = Math.ceil(dim / 4);
      const few = Math.ceil(width / (part / 4));
      put(`pca${width},`, width, `${pq}${few}x4`, Math.ceil(few / 2));
    }
  }
  put('', dim, 'sq8', dim + 8);
  const { bytes: most } = budget;
  if (most === undefined) return pool.slice(0, MOST);
  const within = pool.filter(({ bytes }) => bytes <= 1.02 * most).sort((a, b) => b.bytes - a.bytes);
  // Where nothing fits, the smallest are tried: they say what the least is.
  return (within.length > 0 ? within : pool.sort((a, b) => a.bytes - b.bytes).slice(0, 2)).slice(0, MOST);
}
