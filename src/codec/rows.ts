import type { Address, Arena } from '../kernels/index.ts';
import type { Scorer } from './codec.ts';

/** Writes float32 scores of codes in the arena. */
type ScoreRows = (rows: Address, count: number, scores: Address) => void;

/**
 * Runs a kernel over codes in pieces of about 1 MiB: each piece is copied into the arena, the kernel writes scores for it, and they
 * are copied out. What is put into the arena meanwhile is gone afterwards.
 *
 * @param prepare puts what the kernel needs of the query into the arena.
 */
export function scoreInPieces(
  arena: Arena,
  codes: Uint8Array,
  codeSize: number,
  count: number,
  out: Float32Array,
  prepare: () => ScoreRows,
): void {
  const mark = arena.mark();
  try {
    const score = prepare();
    const piece = Math.max(1, Math.floor((1 << 20) / codeSize));
    const most = Math.min(piece, count);
    const rows = arena.allocate(codeSize * most, 64);
    const scores = arena.allocate(4 * most);
    for (let from = 0; from < count; from += piece) {
      const some = Math.min(piece, count - from);
      arena.u8(rows, some * codeSize).set(codes.subarray(from * codeSize, (from + some) * codeSize));
      score(rows, some, scores);
      out.set(arena.f32(scores, some), from);
    }
  } finally {
    arena.release(mark);
  }
}

/** Scores signs in bits, the first `weights.length` of each code: sums of weights, added where a bit is set and subtracted elsewhere. */
export function bitScorer(arena: Arena, weights: Float32Array, codeSize: number): Scorer {
  return {
    score: (codes, count, out) =>
      scoreInPieces(arena, codes, codeSize, count, out, () => {
        const tables = arena.allocate(128 * codeSize);
        arena.kernels.tablesBits(arena.put(weights), weights.length, codeSize, tables);
        return (rows, some, scores) => arena.kernels.scoreBits(tables, rows, some, codeSize, scores);
      }),
  };
}
