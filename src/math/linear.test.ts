import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { crossProduct, LinearMap, orthonormalise, polarFactor, symmetricEigen, transpose } from './linear.ts';

const normals = (random: Random, length: number): Float32Array => Float32Array.from({ length }, () => random.normal());

/** Greatest deviation of rows from orthonormal ones. */
function deviation(matrix: ArrayLike<number>, n: number): number {
  let worst = 0;
  for (let i = 0; i < matrix.length / n; i++) {
    for (let j = 0; j <= i; j++) {
      let inner = 0;
      for (let c = 0; c < n; c++) inner += matrix[i * n + c]! * matrix[j * n + c]!;
      worst = Math.max(worst, Math.abs(inner - (i === j ? 1 : 0)));
    }
  }
  return worst;
}

describe('linear algebra', () => {
  it.each([1, 2, 3, 17, 60])(
    'finds eigenvalues and orthonormal eigenvectors of a symmetric matrix of order %i',
    (n) => {
      const random = new Random(n);
      const a = new Float64Array(n * n);
      for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = random.normal();
      const { values, vectors } = symmetricEigen(a, n);
      expect(deviation(vectors, n)).toBeLessThan(1e-12);
      for (let k = 0; k < n; k++) {
        if (k > 0) expect(values[k]!).toBeLessThanOrEqual(values[k - 1]!);
        for (let i = 0; i < n; i++) {
          let sum = 0;
          for (let c = 0; c < n; c++) sum += a[i * n + c]! * vectors[k * n + c]!;
          expect(Math.abs(sum - values[k]! * vectors[k * n + i]!)).toBeLessThan(1e-11 * n);
        }
      }
    },
  );

  it('solves matrices of low rank, with equal eigenvalues, and zero', () => {
    const n = 12;
    const ones = new Float64Array(n * n).fill(1);
    const { values, vectors } = symmetricEigen(ones, n);
    expect(values[0]).toBeCloseTo(n, 10);
    expect(Math.max(...values.slice(1).map(Math.abs))).toBeLessThan(1e-12);
    expect(deviation(vectors, n)).toBeLessThan(1e-12);
    expect([...symmetricEigen(new Float64Array(n * n), n).values]).toEqual(Array(n).fill(0));
  });

  it('recovers a rotation from its product with a stretch, however uneven', () => {
    const n = 24;
    const random = new Random(3);
    const rotation = orthonormalise(normals(random, n * n), n);
    const basis = orthonormalise(normals(random, n * n), n);
    // rotation * (basisᵀ D basis), whose polar factor is the rotation.
    const stretched = basis.map((value, i) => value * 10 ** ((-3 * Math.floor(i / n)) / n));
    const symmetric = new LinearMap(transpose(stretched, n), n).apply(new Vectors(transpose(basis, n), n)).data;
    const product = new LinearMap(symmetric, n).apply(new Vectors(rotation, n)).data;
    const factor = polarFactor(Float64Array.from(product), n);
    expect(deviation(factor, n)).toBeLessThan(1e-6);
    expect(Math.max(...factor.map((value, i) => Math.abs(value - rotation[i]!)))).toBeLessThan(2e-3);
  });

  it('gives an orthogonal factor of singular matrices too', () => {
    const n = 8;
    expect(deviation(polarFactor(new Float64Array(n * n), n), n)).toBeLessThan(1e-6);
    expect(deviation(polarFactor(new Float64Array(n * n).fill(1), n), n)).toBeLessThan(1e-6);
  });

  it('multiplies matrices of any shape', () => {
    const random = new Random(7);
    for (const [count, dim, outDim] of [
      [1, 1, 1],
      [5, 3, 9],
      [70, 31, 16],
    ] as const) {
      const rows = new Vectors(normals(random, count * dim), dim);
      const matrix = normals(random, outDim * dim);
      const shift = normals(random, outDim);
      const result = new LinearMap(matrix, dim, shift).apply(rows);
      expect([result.count, result.dim]).toEqual([count, outDim]);
      for (let r = 0; r < count; r++) {
        for (let o = 0; o < outDim; o++) {
          const sum = rows.row(r).reduce((total, value, c) => total + value * matrix[o * dim + c]!, shift[o]!);
          expect(Math.abs(result.row(r)[o]! - sum)).toBeLessThan(1e-5);
        }
      }
    }
    const a = new Vectors(normals(random, 700 * 3), 3);
    const b = new Vectors(normals(random, 700 * 2), 2);
    const cross = crossProduct(a, b);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 2; j++) {
        let sum = 0;
        for (let r = 0; r < 700; r++) sum += a.row(r)[i]! * b.row(r)[j]!;
        expect(cross[i * 2 + j]).toBeCloseTo(sum, 3);
      }
    }
  });
});
