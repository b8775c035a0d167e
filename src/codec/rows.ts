import type { Address, Arena } from '../kernels/index.ts';

/**
 * Runs a kernel over codes in pieces of about 1 MiB: each piece is copied into the arena, `score` writes float32 scores for it,
 * and they are copied out.
 */
export function scoreInPieces(
  arena: Arena,
  codes: Uint8Array,
  codeSize: number,
  count: number,
  out: Float32Array,
  score: (rows: Address, count: number, scores: Address) => void,
): void {
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
}
