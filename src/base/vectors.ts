import { InvalidArgumentError } from './errors.ts';

/** Row-major float32 matrix: `count` vectors of `dim` components. Rows are views, never copies. */
export class Vectors {
  /** @param data `count * dim` components. @param dim components of one vector, at least 1. */
  constructor(
    readonly data: Float32Array,
    readonly dim: number,
  ) {
    if (!Number.isInteger(dim) || dim < 1) {
      throw new InvalidArgumentError(`A vector of ${dim} components is impossible.`, 'Pass a positive whole number.');
    }
    if (data.length % dim !== 0) {
      throw new InvalidArgumentError(
        `${data.length} components do not divide into vectors of ${dim}.`,
        `Pass a multiple of ${dim} components.`,
      );
    }
  }

  static zeros(count: number, dim: number): Vectors {
    return new Vectors(new Float32Array(count * dim), dim);
  }

  /** Copies equally long rows into one matrix. `dim` is needed only for an empty list. */
  static fromRows(rows: readonly ArrayLike<number>[], dim: number = rows[0]?.length ?? 1): Vectors {
    const vectors = Vectors.zeros(rows.length, dim);
    rows.forEach((row, i) => {
      if (row.length !== dim) {
        throw new InvalidArgumentError(
          `Row ${i} has ${row.length} components, the others ${dim}.`,
          'Give every row the same length.',
        );
      }
      vectors.row(i).set(row);
    });
    return vectors;
  }

  /** Copies the rows of several matrices into one, in order. @throws InvalidArgumentError for none, or other dimensions. */
  static concat(parts: readonly Vectors[]): Vectors {
    const [first] = parts;
    if (first === undefined || parts.some(({ dim }) => dim !== first.dim)) {
      throw new InvalidArgumentError(
        `Vectors of ${parts.map(({ dim }) => dim).join(' and ') || 'no'} components cannot be joined.`,
        'Pass at least one matrix, all of one dimension.',
      );
    }
    const all = Vectors.zeros(
      parts.reduce((sum, part) => sum + part.count, 0),
      first.dim,
    );
    let at = 0;
    for (const { data } of parts) {
      all.data.set(data, at);
      at += data.length;
    }
    return all;
  }

  get count(): number {
    return this.data.length / this.dim;
  }

  /** A view of row `i`. */
  row(i: number): Float32Array {
    return this.data.subarray(i * this.dim, (i + 1) * this.dim);
  }

  /** A copy of some rows, in the order in which they are named. */
  pick(rows: ArrayLike<number>): Vectors {
    const picked = Vectors.zeros(rows.length, this.dim);
    for (let i = 0; i < rows.length; i++) picked.row(i).set(this.row(rows[i]!));
    return picked;
  }

  /** A view of rows `from` (inclusive) to `to` (exclusive). */
  slice(from: number, to: number): Vectors {
    return new Vectors(this.data.subarray(from * this.dim, to * this.dim), this.dim);
  }
}

/** Ragged matrix: item `i` owns rows `offsets[i]` to `offsets[i + 1]` of `vectors`. */
export class VectorSets {
  /** @param offsets `count + 1` non-decreasing row numbers, from 0 to `vectors.count`. */
  constructor(
    readonly vectors: Vectors,
    readonly offsets: Uint32Array,
  ) {
    if (offsets.length === 0 || offsets[0] !== 0 || offsets[offsets.length - 1] !== vectors.count) {
      throw new InvalidArgumentError(
        `Offsets must run from 0 to ${vectors.count}.`,
        'Pass one offset per item and the total at the end.',
      );
    }
  }

  get count(): number {
    return this.offsets.length - 1;
  }

  /** A view of the rows of item `i`. */
  item(i: number): Vectors {
    return this.vectors.slice(this.offsets[i]!, this.offsets[i + 1]!);
  }
}
