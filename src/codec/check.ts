import { InvalidArgumentError } from '../base/errors.ts';
import type { Vectors } from '../base/vectors.ts';

/** Largest magnitude of a component: sums of squares of a vector then fit float32, in which distances are computed. */
const LARGEST = 1e15;

/** @throws InvalidArgumentError unless every vector has `dim` components of at most 1e15. */
export function checkVectors(vectors: Vectors, dim: number, what: string): void {
  if (vectors.dim !== dim) {
    throw new InvalidArgumentError(
      `The ${what} have ${vectors.dim} components, the codec has ${dim}.`,
      'Use the encoder that the codec was made for.',
    );
  }
  const { data } = vectors;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value <= LARGEST && value >= -LARGEST) continue;
    throw new InvalidArgumentError(
      `Component ${i % dim} of vector ${Math.floor(i / dim)} of the ${what} is ${value}.`,
      Number.isFinite(value)
        ? `Divide all vectors by the same number: squares of components above ${LARGEST} leave the range of float32.`
        : 'Pass finite numbers; a vector divided by a norm of 0 is a common cause.',
    );
  }
}

/** @throws InvalidArgumentError unless the query has `dim` finite components. */
export function checkQuery(query: Float32Array, dim: number): void {
  if (query.length !== dim) {
    throw new InvalidArgumentError(
      `The query has ${query.length} components, the codec has ${dim}.`,
      'Use the encoder that the codec was made for.',
    );
  }
  for (let i = 0; i < dim; i++) {
    if (!Number.isFinite(query[i])) {
      throw new InvalidArgumentError(
        `Component ${i} of the query is ${query[i]}.`,
        'Pass finite numbers; a vector divided by a norm of 0 is a common cause.',
      );
    }
  }
}

/** How many codes there are. @throws InvalidArgumentError unless the bytes divide into whole codes. */
export function codeCount(codes: Uint8Array, codeSize: number): number {
  if (codes.length % codeSize !== 0) {
    throw new InvalidArgumentError(
      `${codes.length} bytes do not divide into codes of ${codeSize}.`,
      `Pass a multiple of ${codeSize} bytes.`,
    );
  }
  return codes.length / codeSize;
}

/** @throws InvalidArgumentError when a codec is used before it is trained. */
export function checkTrained(trained: boolean, spec: string): void {
  if (!trained) {
    throw new InvalidArgumentError(`The codec ${spec} is not trained.`, 'Call train() with a sample of vectors first.');
  }
}

/** @throws InvalidArgumentError unless there are at least `least` rows. */
export function checkSample(sample: Vectors, least: number, spec: string): void {
  if (sample.count < least) {
    throw new InvalidArgumentError(
      `${spec} needs at least ${least} training vectors, but there are ${sample.count}.`,
      'Pass more vectors, or choose a codec with fewer centroids, such as sq8.',
    );
  }
}
