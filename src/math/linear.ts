/** The dense linear algebra that transforms need: products by the kernels, an eigen-solver and a polar factor. */
import { invariant } from '../base/errors.ts';
import { Vectors } from '../base/vectors.ts';
import { type Address, Arena, packPanels, panelCount } from '../kernels/index.ts';

/** `v -> matrix v + shift` for many vectors. Results are the same on every machine (baseline kernels, float32 sums). */
export class LinearMap {
  readonly outDim: number;
  readonly #arena = new Arena('baseline');
  readonly #columns: number;
  readonly #panels: Address;
  readonly #shift: Address;

  /** @param matrix `outDim` rows of `dim`. @param shift `outDim` numbers. Default: none. */
  constructor(
    matrix: Float32Array,
    readonly dim: number,
    shift?: Float32Array,
  ) {
    this.outDim = matrix.length / dim;
    this.#columns = panelCount(this.outDim);
    this.#panels = this.#arena.put(packPanels(matrix, dim));
    const padded = new Float32Array(this.#columns);
    if (shift !== undefined) padded.set(shift);
    this.#shift = this.#arena.put(padded);
  }

  apply(vectors: Vectors): Vectors {
    const { dim, outDim } = this;
    const columns = this.#columns;
    const arena = this.#arena;
    const result = Vectors.zeros(vectors.count, outDim);
    const chunk = Math.max(4, Math.floor(CHUNK_BYTES / (4 * dim)));
    const mark = arena.mark();
    try {
      const most = Math.min(chunk, vectors.count);
      const rows = arena.allocate(4 * dim * most, 64);
      const out = arena.allocate(4 * columns * most, 64);
      for (let from = 0; from < vectors.count; from += chunk) {
        const count = Math.min(chunk, vectors.count - from);
        arena.f32(rows, count * dim).set(vectors.data.subarray(from * dim, (from + count) * dim));
        arena.kernels.multiplyRows(rows, 4 * dim, count, dim, this.#panels, columns, this.#shift, out);
        const values = arena.f32(out, count * columns);
        if (columns === outDim) result.data.set(values, from * outDim);
        else {
          for (let r = 0; r < count; r++) {
            result.data.set(values.subarray(r * columns, r * columns + outDim), (from + r) * outDim);
          }
        }
      }
    } finally {
      arena.release(mark);
    }
    return result;
  }
}

const CHUNK_BYTES = 1 << 20;

export function transpose(matrix: Float32Array, columns: number): Float32Array {
  const rows = matrix.length / columns;
  const out = new Float32Array(matrix.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = matrix[r * columns + c]!;
  return out;
}

/** `sum over rows of a_rᵀ b_r`: `a.dim` rows of `b.dim`, added up in float64 from blocks of float32 sums. */
export function crossProduct(a: Vectors, b: Vectors): Float64Array {
  const sums = new Float64Array(a.dim * b.dim);
  const block = 512;
  for (let from = 0; from < a.count; from += block) {
    const to = Math.min(a.count, from + block);
    const left = new Vectors(transpose(a.slice(from, to).data, a.dim), to - from);
    const products = new LinearMap(transpose(b.slice(from, to).data, b.dim), to - from).apply(left);
    for (let i = 0; i < sums.length; i++) sums[i]! += products.data[i]!;
  }
  return sums;
}

/** Mean of the rows, in float64. */
export function meanOf(vectors: Vectors): Float32Array {
  const sums = new Float64Array(vectors.dim);
  for (let i = 0, c = 0; i < vectors.data.length; i++) {
    sums[c]! += vectors.data[i]!;
    if (++c === vectors.dim) c = 0;
  }
  return Float32Array.from(sums, (sum) => sum / vectors.count);
}

export interface Eigen {
  /** Descending. */
  readonly values: Float64Array;
  /** Row `i` is the unit eigenvector of `values[i]`; its component of greatest magnitude is positive. */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and vectors of a symmetric matrix of order `n`: Householder reduction to a tridiagonal matrix, then implicit QL
 * with Wilkinson's shift (Golub & Van Loan, Matrix Computations, 8.3). About `9 n^3` operations: 10 ms for 100, seconds for
 * 768.
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const { basis, diagonal, off } = tridiagonalise(matrix.slice(), n);
  implicitQl(basis, diagonal, off, n);
  const order = [...diagonal.keys()].sort((a, b) => diagonal[b]! - diagonal[a]!);
  const values = Float64Array.from(order, (i) => diagonal[i]!);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    const row = basis.subarray(from * n, (from + 1) * n);
    let largest = 0;
    for (let c = 1; c < n; c++) if (Math.abs(row[c]!) > Math.abs(row[largest]!) * (1 + 1e-9)) largest = c;
    const sign = row[largest]! < 0 ? -1 : 1;
    for (let c = 0; c < n; c++) vectors[to * n + c] = sign * row[c]!;
  });
  return { values, vectors };
}

/** A = Qᵀ T Q with tridiagonal T: the rows of `basis` are Q's. Overwrites `a`. */
function tridiagonalise(
  a: Float64Array,
  n: number,
): { basis: Float64Array; diagonal: Float64Array; off: Float64Array } {
  const basis = new Float64Array(n * n);
  for (let i = 0; i < n; i++) basis[i * n + i] = 1;
  const off = new Float64Array(n);
  const reflectors: Float64Array[] = [];
  const product = new Float64Array(n);
  for (let k = 0; k + 2 < n; k++) {
    // The reflector that clears row k to the right of its first off-diagonal element.
    const v = new Float64Array(n);
    let norm = 0;
    for (let i = k + 1; i < n; i++) {
      v[i] = a[k * n + i]!;
      norm += v[i]! ** 2;
    }
    norm = Math.sqrt(norm);
    const alpha = v[k + 1]! > 0 ? -norm : norm;
    v[k + 1]! -= alpha;
    off[k] = alpha;
    let squared = 0;
    for (let i = k + 1; i < n; i++) squared += v[i]! ** 2;
    reflectors.push(v);
    if (squared === 0) continue;
    const scale = Math.sqrt(2 / squared);
    for (let i = k + 1; i < n; i++) v[i]! *= scale;
    // A - v wᵀ - w vᵀ with w = A v - (vᵀ A v / 2) v, for v scaled to |v|^2 = 2.
    let inner = 0;
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let c = k + 1, at = i * n + c; c < n; c++, at++) sum += a[at]! * v[c]!;
      product[i] = sum;
      inner += sum * v[i]!;
    }
    for (let i = k + 1; i < n; i++) product[i]! -= (inner / 2) * v[i]!;
    for (let i = k + 1; i < n; i++) {
      const [vi, wi] = [v[i]!, product[i]!];
      for (let c = k + 1, at = i * n + c; c < n; c++, at++) a[at]! -= vi * product[c]! + wi * v[c]!;
    }
  }
  if (n > 1) off[n - 2] = a[(n - 2) * n + n - 1]!;
  const diagonal = Float64Array.from({ length: n }, (_, i) => a[i * n + i]!);
  // Q = H_last ... H_0, applied to the identity from the right, row by row.
  for (let k = reflectors.length - 1; k >= 0; k--) {
    const v = reflectors[k]!;
    product.fill(0);
    for (let i = k + 1; i < n; i++) {
      const vi = v[i]!;
      if (vi !== 0) for (let c = k + 1, at = i * n + c; c < n; c++, at++) product[c]! += vi * basis[at]!;
    }
    for (let i = k + 1; i < n; i++) {
      const vi = v[i]!;
      if (vi !== 0) for (let c = k + 1, at = i * n + c; c < n; c++, at++) basis[at]! -= vi * product[c]!;
    }
  }
  // What stands there is Q's transpose by rows of components; the QL rotations want eigenvectors in rows.
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < i; c++) {
      const kept = basis[i * n + c]!;
      basis[i * n + c] = basis[c * n + i]!;
      basis[c * n + i] = kept;
    }
  }
  return { basis, diagonal, off };
}

/** Diagonalises the tridiagonal matrix in place; its rotations turn the rows of `basis` into eigenvectors. */
function implicitQl(basis: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  for (let l = 0; l < n; l++) {
    for (let iteration = 0; iteration < 60; iteration++) {
      let m = l;
      for (; m < n - 1; m++) if (Math.abs(e[m]!) <= Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) break;
      if (m === l) break;
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = Math.hypot(g, 1);
      g = d[m]! - d[l]! + e[l]! / (g + (g >= 0 ? r : -r));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1]! -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        rotate(basis, i * n, (i + 1) * n, n, c, s);
      }
      if (r === 0 && i >= l) continue;
      d[l]! -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
}

function rotate(basis: Float64Array, lower: number, upper: number, n: number, c: number, s: number): void {
  for (let k = 0; k < n; k++) {
    const [x, y] = [basis[lower + k]!, basis[upper + k]!];
    basis[upper + k] = s * x + c * y;
    basis[lower + k] = c * x - s * y;
  }
}

/**
 * The orthogonal matrix nearest to a square one (its polar factor U Vᵀ, for the singular value decomposition U S Vᵀ): the
 * solution of the orthogonal Procrustes problem (Schönemann 1966). By matrix products alone: a quintic iteration lifts small
 * singular values, Newton-Schulz steps bring all to 1, and Gram-Schmidt in float64 settles what is left of directions in which
 * the matrix says next to nothing.
 */
export function polarFactor(matrix: Float64Array, n: number): Float32Array {
  let norm = 0;
  for (const value of matrix) norm += value * value;
  const scale = norm === 0 ? 0 : 1 / Math.sqrt(norm);
  let x: Float32Array = Float32Array.from(matrix, (value) => value * scale);
  // x <- (a + b S + c S^2) x with S = x xᵀ. Coefficients are the Muon optimizer's: they send singular values up to 1 towards 0.7 to 1.2.
  for (let i = 0; i < 10; i++) x = polynomial(x, n, 3.4445, -4.775, 2.0315);
  for (let i = 0; i < 8; i++) x = polynomial(x, n, 1.5, -0.5, 0);
  return orthonormalise(x, n);
}

/** (a + b S + c S^2) x for S = x xᵀ. */
function polynomial(x: Float32Array, n: number, a: number, b: number, c: number): Float32Array {
  const s = new LinearMap(x, n).apply(new Vectors(x, n)).data;
  let factor = s;
  if (c !== 0) {
    const squared = new LinearMap(s, n).apply(new Vectors(s, n)).data;
    factor = s.map((value, i) => b * value + c * squared[i]!);
  } else factor = s.map((value) => b * value);
  for (let i = 0; i < n; i++) factor[i * n + i]! += a;
  return new LinearMap(transpose(x, n), n).apply(new Vectors(factor, n)).data;
}

/** Rows made orthonormal from the first to the last (modified Gram-Schmidt, twice); dependent ones are replaced. */
export function orthonormalise(matrix: Float32Array, n: number): Float32Array {
  const rows = Float64Array.from(matrix);
  const count = rows.length / n;
  for (let i = 0; i < count; i++) {
    const row = rows.subarray(i * n, (i + 1) * n);
    for (let attempt = 0; ; attempt++) {
      const before = length(row);
      for (let pass = 0; pass < 2; pass++) {
        for (let j = 0; j < i; j++) {
          let inner = 0;
          const start = j * n;
          for (let c = 0; c < n; c++) inner += row[c]! * rows[start + c]!;
          for (let c = 0; c < n; c++) row[c]! -= inner * rows[start + c]!;
        }
      }
      const after = length(row);
      if (after > 1e-4 * before && after > 0) {
        for (let c = 0; c < n; c++) row[c]! /= after;
        break;
      }
      row.fill(0);
      row[(i + attempt) % n] = 1;
    }
  }
  return Float32Array.from(rows);
}

function length(row: Float64Array): number {
  let sum = 0;
  for (const value of row) sum += value * value;
  return Math.sqrt(sum);
}

/**
 * Solves `x A = b` for each row of `right`, `A` symmetric and positive definite of order `n`: Cholesky's factor, then two
 * triangular systems. About `n^3 / 3` operations and `2 n^2` a row.
 * @throws InvariantError when `A` is not positive definite.
 */
export function solvePositive(matrix: Float64Array, n: number, right: Float64Array): Float64Array {
  const factor = matrix.slice();
  for (let j = 0; j < n; j++) {
    const own = factor.subarray(j * n, j * n + n);
    for (let i = j; i < n; i++) {
      const row = factor.subarray(i * n, i * n + n);
      let sum = row[j]!;
      for (let k = 0; k < j; k++) sum -= row[k]! * own[k]!;
      if (i > j) row[j] = sum / own[j]!;
      else {
        invariant(sum > 0, 'the matrix is not positive definite');
        row[j] = Math.sqrt(sum);
      }
    }
  }
  const solved = right.slice();
  for (let from = 0; from < solved.length; from += n) {
    const x = solved.subarray(from, from + n);
    for (let i = 0; i < n; i++) {
      let sum = x[i]!;
      for (let k = 0; k < i; k++) sum -= factor[i * n + k]! * x[k]!;
      x[i] = sum / factor[i * n + i]!;
    }
    // Backwards by columns of the transpose, which are rows of the factor.
    for (let i = n - 1; i >= 0; i--) {
      const value = x[i]! / factor[i * n + i]!;
      x[i] = value;
      for (let k = 0; k < i; k++) x[k]! -= factor[i * n + k]! * value;
    }
  }
  return solved;
}
