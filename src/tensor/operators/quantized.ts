import { apply, constantOf, type Tensor } from '../graph.ts';
import { product, shapeError } from '../shape.ts';
import { expandDims, expandLike, reduce, reshape, withRowsOf } from './basics.ts';
import { abs, add, maximum, multiply, scale } from './elementwise.ts';

/** Bytes stand for `(byte - zero) * scale`, so that 0 is exact. */
const ZERO = 128;
const LARGEST_BYTE = 255;
/** Largest magnitude of a weight's byte. */
const LARGEST = 127;

/** Rows of whole numbers of 8 bits. */
export interface QuantizedRows {
  /** `[rows, width]` of `uint8`. */
  readonly values: Tensor;
  /** `[rows]`: the step of each row. */
  readonly scales: Tensor;
  /** The byte that stands for 0. */
  readonly zero: number;
}

/**
 * Each row of `x` `[rows, width]` in 8 bits by its own largest magnitude. What a row becomes does not depend on the rows beside it,
 * unlike with one scale for a whole batch: a text gets the same vector in whatever company it comes. Without gradient.
 *
 * @param least of all values, where that is known and small: hardly any of the bytes are then spent on negative numbers, and the steps of
 * the others are half as long. 0 after `relu`, -0.17 after `gelu`.
 */
export function quantizeRows(x: Tensor, least?: number): QuantizedRows {
  if (x.shape.length !== 2) throw shapeError('quantizeRows', [x.shape], 'it needs a matrix');
  const zero = least === undefined ? ZERO : least < 0 ? 16 : 0;
  const shortest = least === undefined || least === 0 ? 1e-20 : -least / zero;
  const largest = reduce('ReduceMax', 'quantizeRows', least === undefined ? abs(x) : x, -1, false, () => []);
  const scales = maximum(scale(largest, 1 / (LARGEST_BYTE - zero)), shortest);
  const zeros = expandLike(constantOf(Uint8Array.of(zero), [1], 'uint8'), scales);
  const values = apply('QuantizeLinear', [x, scales, zeros], x.shape, {
    type: 'uint8',
    attributes: { axis: { integer: 0 } },
  });
  return { values, scales, zero };
}

/** A weight matrix in 8 bits. */
export interface QuantizedWeight {
  /** `[from, to]` of `int8`, or of `uint8`, of which 128 stands for 0: processors with an 8-bit instruction that clips sums multiply those in 16 bits. */
  readonly values: Tensor;
  /** `[to]`: the step of each column. */
  readonly scales: Tensor;
}

/**
 * `x W + b` for every row of `x`, as {@link affine}, with products of whole numbers: rows of `x` and columns of the weight in 8 bits,
 * sums in 32. ONNX Runtime runs them in the processor's 8-bit instructions. Without gradient.
 * @param x `[..., from]`, or rows that were quantized already, for several products of the same.
 */
export function affineQuantized(x: Tensor | QuantizedRows, weight: QuantizedWeight, bias?: Tensor): Tensor {
  if ('values' in x) return productOf(x, weight, bias);
  const flat = x.shape.length === 2 ? x : reshape(x, [product(x.shape.slice(0, -1)), x.shape.at(-1)!]);
  const result = productOf(quantizeRows(flat), weight, bias);
  return x.shape.length === 2 ? result : withRowsOf(result, x);
}

function productOf({ values, scales, zero: byte }: QuantizedRows, weight: QuantizedWeight, bias?: Tensor): Tensor {
  const [rows, from] = values.shape;
  const [inner, to] = weight.values.shape;
  if (from !== inner) {
    throw shapeError('affineQuantized', [values.shape, weight.values.shape], `${from} columns meet ${inner} rows`);
  }
  const one = constantOf(Float32Array.of(1));
  const zero = constantOf(Uint8Array.of(byte), [], 'uint8');
  const offset = weight.values.type === 'uint8' ? [constantOf(Uint8Array.of(ZERO), [], 'uint8')] : [];
  const inputs = [values, weight.values, one, weight.scales, zero, ...offset];
  const result = apply('com.microsoft.MatMulIntegerToFloat', inputs, [rows!, to!]);
  const scaled = multiply(result, expandDims(scales, 1));
  return bias === undefined ? scaled : add(scaled, bias);
}

/** The same numbers as bytes without a sign, of which 128 stands for 0: see {@link QuantizedWeight}. */
export function unsigned(values: Int8Array): Uint8Array {
  return Uint8Array.from(values, (value) => value + ZERO);
}

/** A matrix `[from, to]` in 8 bits by the largest magnitude of each column. */
export function quantizeColumns(
  data: Float32Array,
  from: number,
  to: number,
): { readonly values: Int8Array; readonly scales: Float32Array } {
  const scales = new Float32Array(to);
  for (let at = 0, row = 0; row < from; row++) {
    for (let column = 0; column < to; column++, at++) {
      const magnitude = Math.abs(data[at]!);
      if (magnitude > scales[column]!) scales[column] = magnitude;
    }
  }
  const factors = new Float32Array(to);
  for (let column = 0; column < to; column++) {
    scales[column] = scales[column]! === 0 ? 1 : scales[column]! / LARGEST;
    factors[column] = 1 / scales[column]!;
  }
  const values = new Int8Array(data.length);
  for (let at = 0, row = 0; row < from; row++) {
    for (let column = 0; column < to; column++, at++) values[at] = Math.round(data[at]! * factors[column]!);
  }
  return { values, scales };
}
