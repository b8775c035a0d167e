import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { Graph, Tensor } from './graph.ts';
import { hash } from './hash.ts';
import { gather } from './operators/indexing.ts';
import type { Value } from './session.ts';
import { formatShape, product } from './shape.ts';

/** First values of a parameter. The generator is the parameter's own. */
export type Initializer = (shape: readonly number[], random: Random) => Float32Array;

export const zeros: Initializer = (shape) => new Float32Array(product(shape) as number);
export const ones: Initializer = (shape) => zeros(shape, NO_RANDOM).fill(1);

/** Every element the same. */
export function constantly(value: number): Initializer {
  return (shape) => zeros(shape, NO_RANDOM).fill(value);
}

/** Normal with mean 0. @param deviation standard deviation. */
export function normal(deviation: number): Initializer {
  return (shape, random) => zeros(shape, random).map(() => deviation * random.normal());
}

/** Uniform with variance `2 / (from + to)`, for matrices `[from, to]` (Glorot and Bengio 2010, equation 16). */
export const glorot: Initializer = (shape, random) => {
  const [from, to] = fans(shape);
  const bound = Math.sqrt(6 / (from + to));
  return zeros(shape, random).map(() => bound * (2 * random.next() - 1));
};

/** Ones on the diagonal of a matrix, zeros elsewhere. */
export const identity: Initializer = (shape) => {
  const data = zeros(shape, NO_RANDOM);
  for (let i = 0; i < Math.min(shape[0]!, shape[1]!); i++) data[i * shape[1]! + i] = 1;
  return data;
};

/** These values. */
export function given(values: Float32Array): Initializer {
  return () => values.slice();
}

/** Where initializers that draw nothing get no generator worth the name. */
const NO_RANDOM = new Random(0);

/** Inputs and outputs of one unit: of `[from, to]`, or of a kernel `[filters, channels, ...]`. */
function fans(shape: readonly number[]): [from: number, to: number] {
  if (shape.length < 2) return [shape[0] ?? 1, shape[0] ?? 1];
  if (shape.length === 2) return [shape[0]!, shape[1]!];
  const window = product(shape.slice(2)) as number;
  return [shape[1]! * window, shape[0]! * window];
}

/** An array of trained numbers. */
export interface ParameterValue extends Value {
  readonly data: Float32Array;
}

/**
 * The trained arrays of a model, by name. A model asks for them through a {@link Scope}, which makes those that do not
 * exist yet. Same seed, same values, in whatever order they are asked for.
 */
export class Parameters {
  readonly #values = new Map<string, ParameterValue>();

  /** @param seed of the initial values. */
  constructor(readonly seed = 0) {}

  get names(): string[] {
    return [...this.#values.keys()];
  }

  /** Elements of all arrays together. */
  get size(): number {
    let size = 0;
    for (const { data } of this.#values.values()) size += data.length;
    return size;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** @throws InvalidArgumentError when there is none of that name. */
  get(name: string): ParameterValue {
    const value = this.#values.get(name);
    if (value === undefined) {
      throw new InvalidArgumentError(
        `There is no parameter "${name}".`,
        `Choose one of: ${this.names.slice(0, 20).join(', ') || 'none yet, as no model has asked for any'}.`,
      );
    }
    return value;
  }

  /** Sets or replaces an array; it is referenced, not copied. */
  set(name: string, data: Float32Array, shape: readonly number[]): void {
    if (product(shape) !== data.length) {
      throw new InvalidArgumentError(
        `The parameter "${name}" of ${formatShape(shape)} cannot have ${data.length} elements.`,
        'Give as many elements as the shape has.',
      );
    }
    this.#values.set(name, { data, shape });
  }

  /**
   * The array of that name, made by `initializer` if there is none.
   * @throws InvalidArgumentError when it exists with another shape.
   */
  ensure(name: string, shape: readonly number[], initializer: Initializer): ParameterValue {
    const before = this.#values.get(name);
    if (before !== undefined) {
      if (before.shape.join() !== shape.join()) {
        throw new InvalidArgumentError(
          `The parameter "${name}" is ${formatShape(before.shape)}, and the model asks for ${formatShape(shape)}.`,
          'Use the model that it was trained with, or another name.',
        );
      }
      return before;
    }
    this.set(name, initializer(shape, new Random(this.seed ^ hash(name))), shape);
    return this.#values.get(name)!;
  }

  /** A copy that shares nothing. */
  clone(): Parameters {
    const copy = new Parameters(this.seed);
    for (const [name, { data, shape }] of this.#values) copy.set(name, data.slice(), shape);
    return copy;
  }
}

/** Gives a model its parameters as tensors: inputs of a training step, or constants of a finished model. */
export interface ParameterSource {
  parameter(name: string, shape: readonly number[], initializer: Initializer): Tensor;
  /** Rows of a table `[count, width]` by their numbers. */
  lookup(name: string, shape: readonly [number, number], ids: Tensor, initializer: Initializer): Tensor;
}

/** What a model asks for its parameters. Names nest: `scope.at('layer0').parameter('weight', ...)` is `layer0/weight`. */
export class Scope {
  constructor(
    private readonly source: ParameterSource,
    /** Where in the model it is: names with a slash after each. */
    readonly path = '',
  ) {}

  /** The scope of a part of the model. */
  at(name: string | number): Scope {
    return new Scope(this.source, `${this.path}${name}/`);
  }

  /** The parameter of that name, made if there is none. Asking twice shares it. */
  parameter(name: string, shape: readonly number[], initializer: Initializer): Tensor {
    return this.source.parameter(this.path + name, shape, initializer);
  }

  /**
   * Rows of an embedding table by number: `[...ids.shape, width]`. In training only the rows of a batch travel to the
   * model and only they are updated, so that a step costs what the batch costs, however large the table is. Therefore
   * `ids` must then be an input of the batch itself.
   */
  lookup(name: string, shape: readonly [count: number, width: number], ids: Tensor, initializer: Initializer): Tensor {
    return this.source.lookup(this.path + name, shape, ids, initializer);
  }
}

/** Parameters as constants of a graph: for a model that is finished. */
export function constantsOf(graph: Graph, parameters: Parameters): Scope {
  const made = new Map<string, Tensor>();
  const parameter = (name: string, shape: readonly number[], initializer: Initializer): Tensor => {
    if (!made.has(name)) {
      const { data } = parameters.ensure(name, shape, initializer);
      made.set(name, graph.constant(name, data, shape));
    }
    return made.get(name)!;
  };
  return new Scope({
    parameter,
    lookup: (name, shape, ids, initializer) => gather(parameter(name, shape, initializer), ids),
  });
}
