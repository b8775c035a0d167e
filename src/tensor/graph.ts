import { InvalidArgumentError } from '../base/errors.ts';
import { product, type Shape, shapeError } from './shape.ts';

/** Element types that graphs here use; the names are those of ONNX Runtime's JavaScript interface. */
export type DataType = 'float32' | 'int32' | 'int64';
export type TypedArray = Float32Array | Int32Array | BigInt64Array;

/** An attribute of a node; ONNX distinguishes whole numbers from floats. */
export type Attribute =
  | { readonly integer: number }
  | { readonly integers: readonly number[] }
  | { readonly float: number };

/** One application of an operator. Holds all that a gradient rule will ask for. */
export interface Node {
  /** Name of the ONNX operator, e.g. `MatMul`. */
  readonly operator: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: Readonly<Record<string, Attribute>>;
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
  return data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'int64';
}

/** A constant of one element and no axes, for use inside operators. */
export function scalarOf(data: TypedArray): Tensor {
  return { type: dataType(data), shape: [], source: { kind: 'constant', data } };
}
