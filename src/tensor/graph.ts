import { InvalidArgumentError } from '../base/errors.ts';
import { product, type Shape, shapeError } from './shape.ts';

/**
 * Element types that graphs here use; the names are those of ONNX Runtime's JavaScript interface. A `bool` is a byte,
 * 0 or 1.
 */
export type DataType = 'float32' | 'float16' | 'int32' | 'int64' | 'bool' | 'int8' | 'uint8';
/** A number of 16 bits is held by its bits. */
export type TypedArray = Float32Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;

/** Their numbers in ONNX (TensorProto.DataType). */
export const ELEMENT_TYPES: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};

/** An attribute of a node; ONNX distinguishes whole numbers from floats. */
export type Attribute =
  | { readonly integer: number }
  | { readonly integers: readonly number[] }
  | { readonly float: number }
  | { readonly text: string };

/**
 * The gradients of a node's inputs, in their order; undefined where there is none (whole numbers, masks).
 * @param gradients of the node's outputs; undefined for one that nothing depends on.
 * @param outputs of the node.
 */
export type Backward = (
  gradients: readonly (Tensor | undefined)[],
  outputs: readonly Tensor[],
) => readonly (Tensor | undefined)[];

/** One application of an operator. */
export interface Node {
  /** Name of the ONNX operator, e.g. `MatMul`; of those that ONNX Runtime adds, with its domain, `com.microsoft.MatMulIntegerToFloat`. */
  readonly operator: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Absent: the result does not depend on the inputs in a way that has a gradient. */
  readonly backward?: Backward;
  /** What the node computes; most have one. */
  readonly outputs: readonly Tensor[];
}

/** Where the value of a tensor comes from. */
export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly name?: string; readonly data: TypedArray }
  | { readonly kind: 'node'; readonly node: Node };

/** A value of a graph that is yet to be computed. Made by {@link Graph} and by the operators; immutable. */
export interface Tensor {
  readonly type: DataType;
  readonly shape: Shape;
  readonly source: Source;
}

/**
 * A computation, written down symbolically: inputs and constants are made here, operators (operators.ts) combine them,
 * and `output` names the results. `toOnnx` turns it into a model.
 */
export class Graph {
  readonly #inputs = new Map<string, Tensor>();
  readonly #outputs = new Map<string, Tensor>();
  readonly #names = new Set<string>();

  /** A value given to every run. Named extents are free, the same name means the same extent. */
  input(name: string, type: DataType, shape: Shape): Tensor {
    this.#claim(name);
    const tensor: Tensor = { type, shape, source: { kind: 'input', name } };
    this.#inputs.set(name, tensor);
    return tensor;
  }

  /** A value stored with the model, e.g. trained weights. The array is referenced, not copied. */
  constant(name: string, data: TypedArray, shape: readonly number[] = [data.length]): Tensor {
    if (product(shape) !== data.length) {
      throw shapeError(`constant ${name}`, [shape], `${data.length} elements were given`);
    }
    this.#claim(name);
    return { type: dataType(data), shape, source: { kind: 'constant', name, data } };
  }

  /** Names a result of every run. */
  output(name: string, tensor: Tensor): void {
    this.#claim(name);
    this.#outputs.set(name, tensor);
  }

  get inputs(): ReadonlyMap<string, Tensor> {
    return this.#inputs;
  }

  get outputs(): ReadonlyMap<string, Tensor> {
    return this.#outputs;
  }

  #claim(name: string): void {
    if (name === '' || this.#names.has(name)) {
      throw new InvalidArgumentError(
        `The graph already uses the name "${name}".`,
        'Give every value a name of its own.',
      );
    }
    this.#names.add(name);
  }
}

export function dataType(data: TypedArray): DataType {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Uint16Array) return 'float16';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof Int8Array) return 'int8';
  return data instanceof Uint8Array ? 'bool' : 'int64';
}

/**
 * A constant without a name, for use inside operators; of no axes unless a shape is given.
 * @param type bytes are masks unless it says `uint8`.
 */
export function constantOf(data: TypedArray, shape: readonly number[] = [], type: DataType = dataType(data)): Tensor {
  return { type, shape, source: { kind: 'constant', data } };
}

/** What {@link apply} is told of an operator besides its inputs. */
export interface Application {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly backward?: Backward;
  /** Element type of the result. Default `float32`. */
  readonly type?: DataType;
}

/** Applies an ONNX operator that has one result of the given shape. */
export function apply(
  operator: string,
  inputs: readonly Tensor[],
  shape: Shape,
  application: Application = {},
): Tensor {
  const { attributes = {}, backward, type = 'float32' } = application;
  return applyMany(operator, inputs, [{ shape, type }], attributes, backward)[0]!;
}

/** Applies an ONNX operator that has several results. */
export function applyMany(
  operator: string,
  inputs: readonly Tensor[],
  results: readonly { readonly shape: Shape; readonly type: DataType }[],
  attributes: Readonly<Record<string, Attribute>>,
  backward?: Backward,
): readonly Tensor[] {
  const outputs: Tensor[] = [];
  const node: Node = { operator, inputs, attributes, outputs, ...(backward === undefined ? {} : { backward }) };
  for (const { shape, type } of results) outputs.push({ type, shape, source: { kind: 'node', node } });
  return outputs;
}
