import { Vectors } from '../base/vectors.ts';

/** Inner product. For many at once there are `LinearMap` and the kernels. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Inner product of a vector with each row of a few. */
export function products(rows: Vectors, vector: Float32Array): Float32Array {
  return Float32Array.from({ length: rows.count }, (_, i) => dot(rows.row(i), vector));
}

/** Scales a row to length 1, in place. @returns false for a zero row, which stays. */
export function unitRow(row: Float32Array): boolean {
  let squared = 0;
  for (let c = 0; c < row.length; c++) squared += row[c]! * row[c]!;
  if (squared === 0) return false;
  const scale = 1 / Math.sqrt(squared);
  for (let c = 0; c < row.length; c++) row[c]! *= scale;
  return true;
}

/** A copy with every row scaled to length 1; zeros stay. */
export function unitRows({ data, dim }: Vectors): Vectors {
  const out = new Vectors(data.slice(), dim);
  for (let i = 0; i < out.count; i++) unitRow(out.row(i));
  return out;
}
