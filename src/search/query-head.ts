import { IncompatibleError } from '../base/errors.ts';

/**
 * What a query's embedding adds to the numbers of its map: a network with one hidden layer over the first principal components of the
 * embedding,
 *
 * ```
 * z = components (q - mean)                [rank]
 * u = tanh(hidden [z; 1])                  [width]
 * theta += output [u; 1]                   one number for each row of the weights
 * ```
 *
 * A hundred judged queries cannot teach a matrix of the whole embedding anything but themselves; a few directions they can.
 */
export interface QueryHead {
  /** Id of the encoder whose embeddings it was learned on: those of another mean nothing to it. */
  readonly encoder: string;
  /** `[dim]`. */
  readonly mean: readonly number[];
  /** `[rank, dim]`, scaled so that a component is about 1. */
  readonly components: readonly (readonly number[])[];
  /** `[width, rank + 1]`; the last column is the constant. */
  readonly hidden: readonly (readonly number[])[];
  /** `[numbers of the map, width + 1]`; the last column is the constant. */
  readonly output: readonly (readonly number[])[];
}

/**
 * The components `z` of an embedding, of which the head is a function.
 * @throws IncompatibleError for an embedding of another length.
 */
export function queryComponents(
  { encoder, mean, components }: Pick<QueryHead, 'encoder' | 'mean' | 'components'>,
  vector: ArrayLike<number>,
): Float64Array {
  if (vector.length !== mean.length) {
    throw new IncompatibleError(
      `The query's embedding has ${vector.length} components, and relevance was learned from embeddings of ${mean.length} by ${encoder}.`,
      'Learn relevance again with the present encoder: `sagitta learn-relevance --queries FILE --qrels FILE`.',
    );
  }
  return Float64Array.from(components, (row) => {
    let sum = 0;
    for (let i = 0; i < row.length; i++) sum += row[i]! * (vector[i]! - mean[i]!);
    return sum;
  });
}

/**
 * What the head adds to each number of the map.
 * @param vector undefined where a query has no embedding, as one in a language that the encoder does not know: it then counts as the average one.
 * @throws IncompatibleError for an embedding of another length.
 */
export function queryAdjustments(head: QueryHead, vector: ArrayLike<number> | undefined): Float64Array {
  const z = vector === undefined ? new Float64Array(head.components.length) : queryComponents(head, vector);
  const u = Float64Array.from(head.hidden, (row) => Math.tanh(affine(row, z)));
  return Float64Array.from(head.output, (row) => affine(row, u));
}

/** `row [x; 1]`. */
export function affine(row: readonly number[], x: ArrayLike<number>): number {
  let sum = row[x.length]!;
  for (let i = 0; i < x.length; i++) sum += row[i]! * x[i]!;
  return sum;
}

/** Whether what was read is a head for a map of so many numbers. */
export function isQueryHead(value: unknown, numbers: number): value is QueryHead {
  if (typeof value !== 'object' || value === null) return false;
  const { encoder, mean, components, hidden, output } = value as QueryHead;
  return (
    typeof encoder === 'string' &&
    areNumbers(mean, mean?.length) &&
    isMatrix(components, components?.length, mean.length) &&
    isMatrix(hidden, hidden?.length, components.length + 1) &&
    isMatrix(output, numbers, hidden.length + 1)
  );
}

/** Whether it is `rows` lists of `columns` finite numbers, at least one of each. */
export function isMatrix(value: unknown, rows: number, columns: number): value is number[][] {
  return (
    Array.isArray(value) && value.length === rows && rows > 0 && value.every((row: unknown) => areNumbers(row, columns))
  );
}

function areNumbers(value: unknown, length: number): value is number[] {
  return Array.isArray(value) && value.length === length && length > 0 && value.every(Number.isFinite);
}
