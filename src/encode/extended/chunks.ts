import { scaleToUnit } from '../unit.ts';

/** How the vectors of a text's chunks become one. */
export type ChunkPooling = 'mean' | 'max';

/** Where chunks of `size` begin in a text of more tokens than that: one after the other, the last moved back to be full. */
export function chunkStarts(tokens: number, size: number): number[] {
  const starts: number[] = [];
  for (let start = 0; start + size < tokens; start += size) starts.push(start);
  return [...starts, Math.max(0, tokens - size)];
}

/**
 * The mean of vectors, or the greatest of each component, at unit length, into `result`. Those of length zero have no part in it; without others it stays as it is. One alone is
 * passed on to the bit.
 */
export function pooledChunks(vectors: readonly Float32Array[], pooling: ChunkPooling, result: Float32Array): void {
  const known = vectors.filter((vector) => vector.some((value) => value !== 0));
  if (known.length === 0) return;
  result.set(known[0]!);
  if (known.length === 1) return;
  for (const vector of known.slice(1)) {
    for (let c = 0; c < result.length; c++) {
      result[c] = pooling === 'mean' ? result[c]! + vector[c]! : Math.max(result[c]!, vector[c]!);
    }
  }
  scaleToUnit(result);
}
