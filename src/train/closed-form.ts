import { InvalidArgumentError } from '../base/errors.ts';
import { Vectors } from '../base/vectors.ts';
import { crossProduct, LinearMap, meanOf, polarFactor, solvePositive } from '../math/index.ts';

/** Options of {@link ridgeMap}. */
export interface RidgeOptions {
  /** Weight of staying as it is, in examples: for unit vectors 1 to 100. Default 10. */
  readonly strength?: number;
  /** Also learn a shift, i.e. do not expect both sides to have the same mean. Default false. */
  readonly shift?: boolean;
}

/**
 * The linear map of queries onto their documents in closed form: ridge regression that shrinks towards the identity,
 *
 * `W = argmin sum |W x_i - y_i|^2 + strength |W - I|^2`, i.e. `W = I + (sum (y_i - x_i) x_i') (sum x_i x_i' + strength I)^-1`.
 *
 * What a trained adapter has to beat: no steps, no rates, a second of time, and with a great strength it is the identity. It
 * knows only pairs, not which documents are wrong.
 *
 * @param from vectors of queries `[n, dim]`. @param to those of the documents that answer them `[n, dim]`.
 * @throws InvalidArgumentError when the shapes differ or the strength is not above 0.
 */
export function ridgeMap(from: Vectors, to: Vectors, { strength = 10, shift = false }: RidgeOptions = {}): LinearMap {
  checkPairs(from, to);
  if (!(strength > 0)) throw new InvalidArgumentError(`The strength is ${strength}.`, 'Give a number above 0.');
  const { dim } = from;
  const [own, other] = shift ? [meanOf(from), meanOf(to)] : [new Float32Array(dim), new Float32Array(dim)];
  const x = shifted(from, own);
  const y = shifted(to, other);
  const gaps = new Vectors(
    y.data.map((value, i) => value - x.data[i]!),
    dim,
  );
  const squares = crossProduct(x, x);
  for (let i = 0; i < dim; i++) squares[i * dim + i]! += strength;
  const matrix = Float32Array.from(solvePositive(squares, dim, crossProduct(gaps, x)));
  for (let i = 0; i < dim; i++) matrix[i * dim + i]! += 1;
  return new LinearMap(matrix, dim, offsetOf(matrix, own, other));
}

/**
 * The rotation of queries onto their documents: the orthogonal `W` of least `sum |W x_i - y_i|^2` (Schönemann 1966). Lengths
 * and angles among queries stay.
 * @param shift also moves the mean of queries onto that of documents. Default false.
 */
export function procrustesMap(from: Vectors, to: Vectors, { shift = false } = {}): LinearMap {
  checkPairs(from, to);
  const { dim } = from;
  const [own, other] = shift ? [meanOf(from), meanOf(to)] : [new Float32Array(dim), new Float32Array(dim)];
  const matrix = polarFactor(crossProduct(shifted(to, other), shifted(from, own)), dim);
  return new LinearMap(matrix, dim, offsetOf(matrix, own, other));
}

/**
 * Moves the mean of queries onto that of documents, `x + share (mean(to) - mean(from))`: all that is to be had where the two
 * kinds of text differ by a constant. The sides need not be pairs.
 */
export function centringShift(from: Vectors, to: Vectors, share = 1): Float32Array {
  const [own, other] = [meanOf(from), meanOf(to)];
  return own.map((value, c) => share * (other[c]! - value));
}

function checkPairs(from: Vectors, to: Vectors): void {
  if (from.dim === to.dim && from.count === to.count && from.count > 0) return;
  throw new InvalidArgumentError(
    `${from.count} vectors of ${from.dim} components do not pair with ${to.count} of ${to.dim}.`,
    'Give one document vector for each query vector, from the same encoder.',
  );
}

/** `other - matrix own`. */
function offsetOf(matrix: Float32Array, own: Float32Array, other: Float32Array): Float32Array {
  const dim = own.length;
  return other.map((value, r) => {
    let sum = value;
    for (let c = 0; c < dim; c++) sum -= matrix[r * dim + c]! * own[c]!;
    return sum;
  });
}

function shifted({ data, dim }: Vectors, by: Float32Array): Vectors {
  return new Vectors(
    data.map((value, i) => value - by[i % dim]!),
    dim,
  );
}
