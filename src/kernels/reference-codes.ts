/** Scalar twins of the kernels over bits, bytes, centroids and rotations: what each computes, written for reading. */

/** The greatest `row . centroid + bias` and its (lowest) number, for every row; float64 sums. */
export function assignRows(
  rows: readonly Float32Array[],
  centroids: readonly Float32Array[],
  biases: Float32Array,
): { readonly values: number[][]; readonly best: number[] } {
  const values = rows.map((row) =>
    centroids.map((centroid, i) => biases[i]! + row.reduce((s, x, c) => s + x * centroid[c]!, 0)),
  );
  return { values, best: values.map((all) => all.indexOf(Math.max(...all))) };
}

/** Bits in which each row of `bytes` bytes differs from the query. */
export function hammingRows(query: Uint8Array, rows: Uint8Array): Uint32Array {
  const bytes = query.length;
  return Uint32Array.from({ length: rows.length / bytes }, (_, r) => {
    let count = 0;
    for (let i = 0; i < bytes; i++) for (let x = query[i]! ^ rows[r * bytes + i]!; x !== 0; x &= x - 1) count++;
    return count;
  });
}

/** Sums of a query's components, signed by the bits of each row. */
export function scoreBits(query: Float32Array, rows: Uint8Array, bytes: number): Float64Array {
  return Float64Array.from({ length: rows.length / bytes }, (_, r) =>
    query.reduce((sum, q, i) => sum + ((rows[r * bytes + (i >> 3)]! >> (i & 7)) & 1 ? q : -q), 0),
  );
}

/** The Walsh-Hadamard transform by its definition: entry (i, j) of the matrix is (-1)^popcount(i & j) / sqrt(n). */
export function hadamard(row: Float32Array): Float64Array {
  const n = row.length;
  return Float64Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j++) {
      let parity = 0;
      for (let x = i & j; x !== 0; x &= x - 1) parity ^= 1;
      sum += parity === 1 ? -row[j]! : row[j]!;
    }
    return sum / Math.sqrt(n);
  });
}

/** `|e|^2 + weight (e . u)^2` for the error of codes (one byte a part) of a target. */
export function anisotropicLoss(
  target: Float32Array,
  direction: Float32Array,
  decoded: Float32Array,
  weight: number,
): number {
  let [squared, along] = [0, 0];
  for (let c = 0; c < target.length; c++) {
    const e = target[c]! - decoded[c]!;
    squared += e * e;
    along += e * direction[c]!;
  }
  return squared + weight * along * along;
}
