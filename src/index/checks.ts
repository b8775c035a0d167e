import { InvalidArgumentError } from '../base/errors.ts';
import type { Vectors } from '../base/vectors.ts';

/** @throws InvalidArgumentError unless the vector has `dim` finite components. `what` names it in the message. */
export function checkVector(vector: Float32Array, dim: number, what: string): void {
  if (vector.length !== dim) {
    throw new InvalidArgumentError(
      `The ${what} has ${vector.length} components, the index has ${dim}.`,
      'Use the encoder that the index was built with.',
    );
  }
  for (let i = 0; i < dim; i++) {
    if (!Number.isFinite(vector[i])) {
      throw new InvalidArgumentError(
        `Component ${i} of the ${what} is ${vector[i]}.`,
        'Pass finite numbers; a vector divided by a norm of 0 is a common cause.',
      );
    }
  }
}

/** @throws InvalidArgumentError unless all rows have `dim` finite components. */
export function checkRows(vectors: Vectors, dim: number, what: string): void {
  if (vectors.dim !== dim) {
    throw new InvalidArgumentError(
      `The ${what} have ${vectors.dim} components, the index has ${dim}.`,
      'Use the encoder that the index was built with.',
    );
  }
  const { data } = vectors;
  for (let i = 0; i < data.length; i++) {
    // Infinity and NaN are what remains of themselves when multiplied by 0.
    if (data[i]! * 0 !== 0) {
      throw new InvalidArgumentError(
        `Component ${i % dim} of vector ${Math.floor(i / dim)} of the ${what} is ${data[i]}.`,
        'Pass finite numbers; a vector divided by a norm of 0 is a common cause.',
      );
    }
  }
}

/** @throws InvalidArgumentError unless candidates are multiplied by 1 or more, or by 0: none is scored again. */
export function checkRefine(refine: number): void {
  if (refine >= 1 || refine === 0) return;
  throw new InvalidArgumentError(`refine is ${refine}.`, 'Pass a number of 1 or more, or 0 for scores by codes alone.');
}

/** Vectors whose components all stay below have no distances in float32. */
const SMALLEST = 1e-15;

/** @throws InvalidArgumentError where all components are so small, and not all 0, that their squares vanish. */
export function checkScale({ data }: Vectors, what: string): void {
  let most = 0;
  for (let i = 0; i < data.length; i++) most = Math.max(most, Math.abs(data[i]!));
  if (most === 0 || most >= SMALLEST) return;
  throw new InvalidArgumentError(
    `No component of the ${what} is above ${most}.`,
    `Multiply all vectors by the same number: squares of components below ${SMALLEST} leave the range of float32.`,
  );
}
