import type { Address } from './address.ts';

/**
 * Product-quantizer kernels: a vector is `m` small codes, and its score is the sum of one table entry for each.
 *
 * **Rows** are codes as codecs make them: `m` bytes for 8-bit codes, `ceil(m / 2)` bytes for 4-bit ones, the even
 * sub-quantizer in the low nibble. **Blocks** hold 32 vectors' 4-bit codes for in-register look-ups (André, Kermarrec & Le
 * Scouarnec 2015; FAISS calls it FastScan): {@link pq4BlockBytes} bytes, made by `packPq4`. A kernel that scans keeps the
 * best in a heap of topk.ts, which may already hold what other calls found: several lists of one query share a heap.
 *
 * In scans, the id of vector `i` is `ids[i]` (uint32), or `base + i` when `ids` is 0. With a `mask`, only ids whose bit
 * (`id % 8` of byte `id >> 3`) is set compete; up to 7 bytes after the mask are read and do not matter. Scans return how
 * many vectors competed. Tables and biases must be finite.
 */
export interface PqKernels {
  /**
   * Float tables of a query: `out[j * k + i]` is the inner product of `query[starts[j] .. starts[j + 1]]` and centroid `i`
   * of sub-quantizer `j`.
   *
   * @param codebooks for each component of the query, in order, its value in each of the `k` centroids (transposed).
   * @param starts `m + 1` uint32. @param k centroids, a multiple of 16.
   */
  tablesPq(query: Address, codebooks: Address, starts: Address, m: number, k: number, out: Address): void;

  /**
   * Rounds `m` float tables of 16 entries to bytes: entry = scale * byte + (least entry of its table), with one scale for
   * all, the smallest with which any four neighbouring tables (0-3, 4-7, ...) sum to at most 255. The loss is a few
   * thousandths of the quantizer's own error.
   *
   * @param out receives `16 * m` bytes. @param meta receives two float32: the scale (0 when every table is constant), and
   * the sum of the least entries, to be added to the bias of {@link scanPq4}.
   */
  quantizePq4(tables: Address, m: number, out: Address, meta: Address): void;

  /**
   * Offers `(float32(float32(sum) * scale) + bias, id)` for the first `count` vectors of consecutive blocks, where `sum` is
   * the exact sum of the bytes that the vector's code names. Sums are compared with the heap's worst eight at a time, and
   * a block without a candidate costs nothing more.
   *
   * @param tables from {@link quantizePq4}; of its {@link pq4TableBytes} the scan uses the last as scratch space. @param m sub-quantizers, at most 512. @param scale 0 or more.
   * @param bias added to every score: the tables' least entries, and, for residuals, the list's own inner product.
   */
  scanPq4(
    tables: Address,
    blocks: Address,
    count: number,
    m: number,
    scale: number,
    bias: number,
    ids: Address,
    base: number,
    mask: Address,
    heap: Address,
  ): number;

  /** Sums as in {@link scanPq4}, uint16, for all vectors of the blocks: `32 * ceil(count / 32)` of them. */
  sumPq4(tables: Address, blocks: Address, count: number, m: number, out: Address): void;

  /** `out[v] = bias + sum of entries`, float32, from rows and float tables of 16. */
  scorePq4(tables: Address, rows: Address, count: number, m: number, bias: number, out: Address): void;

  /** {@link scorePq4} for rows that begin `stride` bytes apart. */
  scoreNibbles(
    tables: Address,
    rows: Address,
    stride: number,
    count: number,
    m: number,
    bias: number,
    out: Address,
  ): void;

  /** Places `count` rows as vectors `position`, `position + 1`, ... of the blocks; their neighbours stay as they are. */
  packPq4(rows: Address, count: number, m: number, blocks: Address, position: number): void;

  /** Writes the rows of `count` vectors of the blocks, from `position` on. */
  unpackPq4(blocks: Address, position: number, count: number, m: number, rows: Address): void;

  /** `out[v] = bias + sum of entries`, float32, from rows of `m` bytes and `m` float tables of 256. */
  scorePq8(tables: Address, rows: Address, count: number, m: number, bias: number, out: Address): void;

  /** Offers what {@link scorePq8} computes. */
  scanPq8(
    tables: Address,
    rows: Address,
    count: number,
    m: number,
    bias: number,
    ids: Address,
    base: number,
    mask: Address,
    heap: Address,
  ): number;
}

/** Vectors in a block of 4-bit codes. */
export const PQ4_BLOCK = 32;

/** Bytes to set aside for the byte tables of `m` sub-quantizers: 16 each, and scratch space for scans. */
export function pq4TableBytes(m: number): number {
  return 16 * m + 64;
}

/** Bytes of the blocks that hold `count` vectors of `m` 4-bit codes. */
export function pq4BlockBytes(count: number, m: number): number {
  return Math.ceil(count / PQ4_BLOCK) * 16 * m;
}

/** Bytes of one row of `m` 4-bit codes. */
export function pq4RowBytes(m: number): number {
  return (m + 1) >> 1;
}
