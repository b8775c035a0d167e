import type { Arena } from './arena.ts';
import { pq4BlockBytes, pq4RowBytes } from './pq.ts';

/** Rows of 4-bit codes as blocks, outside an arena; vectors after the last are zero codes. */
export function packPq4Blocks(arena: Arena, rows: Uint8Array, m: number): Uint8Array {
  const count = rows.length / pq4RowBytes(m);
  const bytes = pq4BlockBytes(count, m);
  const mark = arena.mark();
  try {
    const source = arena.put(rows);
    const blocks = arena.allocate(bytes);
    arena.u8(blocks, bytes).fill(0);
    arena.kernels.packPq4(source, count, m, blocks, 0);
    return arena.u8(blocks, bytes).slice();
  } finally {
    arena.release(mark);
  }
}
