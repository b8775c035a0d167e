import { InvalidArgumentError } from '../../base/errors.ts';
import { dot, unitRow } from '../../math/index.ts';

/** How a {@link QueryUpdate} reads passages: all at once, or one after the other. */
export type QueryUpdateForm = 'attention' | 'gate';

/** What a {@link QueryUpdate} is made of besides its numbers. */
export interface QueryUpdateShape {
  /**
   * - `attention` makes a mean of the passages, weighted by how the query attends to each of them, adds it to the query, and corrects the sum by a hidden layer. Their order does not matter,
   *   and there may be none.
   * - `gate` goes from a query to the next question by one passage: what the passage has answered is taken from the query, and a gate of both adds what is wanted next (Li et al. 2025, TreeHop,
   *   https://arxiv.org/abs/2504.20114). Of several passages it takes one after the other.
   */
  readonly form: QueryUpdateForm;
  /** Components of the vectors. */
  readonly dim: number;
  /** Units of its layers. */
  readonly width: number;
  /** Of `gate`: what query and passage count in the sum that the gate adds to. The paper has 1 and -1. */
  readonly sum?: readonly [query: number, passage: number];
}

/** A small network that makes a query's vector anew of that vector and those of passages: what `trainFeedback` and `trainHops` learn. */
export interface QueryUpdate extends QueryUpdateShape {
  /** Passages that it reads where nothing else is said. */
  readonly passages: number;
  /** Specification of the encoder whose vectors it was trained on, where that was said: those of another mean something else. */
  readonly encoder?: string;
  /** Matrices `[from, to]` and vectors by name, see {@link queryUpdateShapes}. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** How it was made, for people. */
  readonly made?: Readonly<Record<string, unknown>>;
}

/** Layers within the gate. */
export const GATE_LAYERS = 3;
/** Of normalisation within the gate. */
export const GATE_EPSILON = 1e-6;

/** Extents of a network's parameters by name. @throws InvalidArgumentError for a form that is not known, and extents below 1. */
export function queryUpdateShapes({ form, dim, width }: QueryUpdateShape): ReadonlyMap<string, readonly number[]> {
  if (!(Number.isInteger(dim) && dim > 0 && Number.isInteger(width) && width > 0)) {
    throw new InvalidArgumentError(
      `A query update of ${dim} components and ${width} units cannot be.`,
      'Give whole numbers, at least 1.',
    );
  }
  const into = [dim, width] as const;
  const layers = Array.from({ length: GATE_LAYERS }, (_, i): [string, readonly number[]][] => [
    [`layer${i}/gain`, [width]],
    [`layer${i}/offset`, [width]],
    [`layer${i}/weight`, [width, width]],
    [`layer${i}/bias`, [width]],
  ]);
  switch (form) {
    case 'attention':
      return new Map<string, readonly number[]>([
        ['asks', into],
        ['offers', into],
        ['share', [1]],
        ['query', into],
        ['mean', into],
        ['bias', [width]],
        ['out', [width, dim]],
      ]);
    case 'gate':
      return new Map<string, readonly number[]>([
        ...['query', 'key', 'value'].flatMap((name): [string, readonly number[]][] => [
          [name, into],
          [`${name}/bias`, [width]],
        ]),
        ...layers.flat(),
        ['merge', [width, width]],
        ['out', [width, dim]],
      ]);
    default:
      throw new InvalidArgumentError(`There is no query update of the form "${form}".`, 'Take "attention" or "gate".');
  }
}

/**
 * A query's vector, made anew. What it is told is scaled to unit length first, and the result has the query's length, so that scores stay comparable.
 * @param passages vectors, the best first; zero vectors are passed over. @returns the query itself where there is none, for the form `gate`.
 * @throws InvalidArgumentError for vectors of other components than those that it was trained on.
 */
export function updatedQuery(
  update: QueryUpdate,
  query: Float32Array,
  passages: readonly Float32Array[],
): Float32Array {
  const wrong = [query, ...passages].find(({ length }) => length !== update.dim);
  if (wrong !== undefined) {
    throw new InvalidArgumentError(
      `A vector has ${wrong.length} components, and the query update was trained on ${update.dim}.`,
      'Search with the encoder that it was trained with, or train it anew.',
    );
  }
  const length = Math.sqrt(dot(query, query));
  if (length === 0) return query;
  const read = passages.filter((passage) => passage.some((value) => value !== 0)).map(unit);
  const made = update.form === 'attention' ? attended(update, unit(query), read) : gated(update, unit(query), read);
  return made.map((value) => value * length);
}

/** The form `attention`; beside the passages stands one that says nothing, so that attention to all of them may be little. */
function attended({ parameters, width }: QueryUpdate, query: Float32Array, passages: readonly Float32Array[]) {
  const at = (name: string) => parameters.get(name)!;
  const asks = times(query, at('asks'), width);
  const scores = passages.map((passage) => dot(asks, times(passage, at('offers'), width)) / Math.sqrt(width));
  const weights = softmax([0, ...scores]).slice(1);
  const mean = query.map((_, c) => passages.reduce((sum, passage, i) => sum + weights[i]! * passage[c]!, 0));
  const [own, found] = [times(query, at('query'), width), times(mean, at('mean'), width)];
  const hidden = own.map((value, u) => Math.max(0, value + found[u]! + at('bias')[u]!));
  const correction = times(hidden, at('out'), query.length);
  return unit(query.map((value, c) => value + at('share')[0]! * mean[c]! + correction[c]!));
}

/** The form `gate`, passage by passage. The gate's shares sum to its width, so that one that says nothing lets values pass as they are; in the paper they sum to 1. */
function gated(update: QueryUpdate, query: Float32Array, passages: readonly Float32Array[]): Float32Array {
  const { parameters, width, sum: [ofQuery, ofPassage] = GATE_SUM } = update;
  const at = (name: string) => parameters.get(name)!;
  const affine = (vector: Float32Array, name: string) =>
    times(vector, at(name), width).map((value, u) => value + at(`${name}/bias`)[u]!);
  let asked = query;
  for (const passage of passages) {
    const [queries, keys, values] = [affine(asked, 'query'), affine(passage, 'key'), affine(passage, 'value')];
    const gate = softmax(queries.map((value, u) => (value * keys[u]!) / Math.sqrt(width)));
    const gatedValues = values.map((value, u) => width * gate[u]! * value);
    let state = gatedValues;
    for (let i = 0; i < GATE_LAYERS; i++) {
      const normal = normalised(state, at(`layer${i}/gain`), at(`layer${i}/offset`));
      const next = times(normal, at(`layer${i}/weight`), width);
      state = state.map((value, u) => value + Math.max(0, next[u]! + at(`layer${i}/bias`)[u]!));
    }
    const merged = times(state, at('merge'), width).map((value, u) => value + gatedValues[u]!);
    const wanted = times(merged, at('out'), query.length);
    asked = unit(asked.map((value, c) => ofQuery * value + ofPassage * passage[c]! + wanted[c]!));
  }
  return asked;
}

/** What query and passage count in TreeHop's sum. */
export const GATE_SUM = [1, -1] as const;

/** `x W` of a matrix `[from, to]`. */
function times(x: Float32Array, matrix: Float32Array, to: number): Float32Array {
  const out = new Float32Array(to);
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (value === 0) continue;
    for (let j = 0; j < to; j++) out[j]! += value * matrix[i * to + j]!;
  }
  return out;
}

function softmax(scores: ArrayLike<number>): Float32Array {
  const most = Array.from(scores).reduce((a, b) => Math.max(a, b));
  const powers = Float32Array.from(scores, (score) => Math.exp(score - most));
  const whole = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / whole);
}

function normalised(x: Float32Array, gain: Float32Array, offset: Float32Array): Float32Array {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const deviation = Math.sqrt(variance + GATE_EPSILON);
  return x.map((value, u) => ((value - mean) / deviation) * gain[u]! + offset[u]!);
}

/** A copy of unit length; zero stays. */
function unit(vector: Float32Array): Float32Array {
  const row = vector.slice();
  unitRow(row);
  return row;
}
