/** Scalar twins of the product-quantizer kernels (see pq.ts): what each computes, written for reading. */

/** Codes one a byte, `count * m`, from rows of 4-bit codes. */
export function codesOfRows4(rows: Uint8Array, m: number): Uint8Array {
  const size = (m + 1) >> 1;
  return Uint8Array.from({ length: (rows.length / size) * m }, (_, i) => {
    const byte = rows[Math.floor(i / m) * size + ((i % m) >> 1)]!;
    return (i % m) % 2 === 0 ? byte & 15 : byte >> 4;
  });
}

/** Blocks of 32 vectors from codes one a byte; absent vectors are zero codes. */
export function packPq4(codes: Uint8Array, m: number): Uint8Array {
  const count = codes.length / m;
  const blocks = new Uint8Array(Math.ceil(count / 32) * 16 * m);
  for (let v = 0; v < count; v++) {
    const lane = v % 32;
    for (let j = 0; j < m; j++) {
      const byte = Math.floor(v / 32) * 16 * m + 16 * j + 2 * (lane % 8) + (Math.floor(lane / 8) % 2);
      blocks[byte]! |= codes[v * m + j]! << (lane < 16 ? 0 : 4);
    }
  }
  return blocks;
}

/** For every vector the sum of the `k`-entry tables' entries that its codes (one a byte) name, in float64. */
export function sumPq(tables: ArrayLike<number>, codes: Uint8Array, m: number, k: number): Float64Array {
  return Float64Array.from({ length: codes.length / m }, (_, v) => {
    let sum = 0;
    for (let j = 0; j < m; j++) sum += tables[j * k + codes[v * m + j]!]!;
    return sum;
  });
}

/** Scores as `scanPq4` computes them from integer sums. */
export function scoresPq4(sums: Float64Array, scale: number, bias: number): Float32Array {
  return Float32Array.from(sums, (sum) => Math.fround(sum * Math.fround(scale)) + Math.fround(bias));
}

/** Inner products of the parts of a query with the (not transposed) centroids: `centroids[j][i]` is a vector. */
export function tablesPq(query: Float32Array, centroids: readonly (readonly Float32Array[])[]): number[] {
  let start = 0;
  return centroids.flatMap((codebook) => {
    const part = query.subarray(start, start + codebook[0]!.length);
    start += part.length;
    return codebook.map((centroid) => part.reduce((sum, q, i) => sum + q * centroid[i]!, 0));
  });
}
