import { InvalidArgumentError } from '../../base/errors.ts';
import { apply, constantOf, type Tensor } from '../graph.ts';
import { hash } from '../hash.ts';
import { product } from '../shape.ts';
import { reshapeLike } from './basics.ts';
import { cast, multiply, scale, stopGradient } from './elementwise.ts';

/** Options of {@link dropout}. */
export interface DropoutOptions {
  /** Share of elements that become 0, from 0 up to, not including, 1. At 0 the result is `x`. */
  readonly rate: number;
  /**
   * A scalar of whole numbers (`int32`), an input of the batch: the number of the step, say. The same seed leaves out the
   * same elements, in every run and on every machine, so that an interrupted run can be taken up.
   */
  readonly seed: Tensor;
  /** Tells several uses under one seed apart; a text, such as the path of a layer, or a whole number. Default 0. */
  readonly salt?: string | number;
}

/** A prime below which numbers fit two to an int64 when multiplied, and for which the fifth power is a permutation. */
const PRIME = 2 ** 31 - 1;
const BY_ELEMENT = 1_103_515_245;
const BY_SEED = 1_597_334_677;

/**
 * Inverted dropout (Srivastava et al. 2014): elements are 0 with probability `rate`, the others are divided by
 * `1 - rate`. For training only: leave it out of the model that is served.
 *
 * Element `i` stays where `(i a + seed b + salt) ^ 5 mod p` is at least `rate p`: a function of seed and place with no state.
 */
export function dropout(x: Tensor, { rate, seed, salt = 0 }: DropoutOptions): Tensor {
  if (!(rate >= 0 && rate < 1)) {
    throw new InvalidArgumentError(`dropout: the rate is ${rate}.`, 'Give a share from 0 up to, not including, 1.');
  }
  if (seed.type !== 'int32' || product(seed.shape) !== 1) {
    throw new InvalidArgumentError(
      `dropout: the seed is ${seed.type} of ${product(seed.shape)} elements.`,
      'Give an int32 scalar, as an input of the batch.',
    );
  }
  if (rate === 0) return x;
  const size = apply('Size', [x], [], { type: 'int64' });
  const places = apply('Range', [whole(0), size, whole(1)], [product(x.shape)], { type: 'int64' });
  const shift = modulo(plus(times(cast(seed, 'int64'), BY_SEED), typeof salt === 'number' ? salt : hash(salt) >>> 1));
  const argument = modulo(apply('Add', [times(places, BY_ELEMENT), shift], places.shape, { type: 'int64' }));
  const square = modulo(apply('Mul', [argument, argument], places.shape, { type: 'int64' }));
  const fourth = modulo(apply('Mul', [square, square], places.shape, { type: 'int64' }));
  const fifth = modulo(apply('Mul', [fourth, argument], places.shape, { type: 'int64' }));
  const stays = apply('GreaterOrEqual', [fifth, whole(Math.round(rate * PRIME))], places.shape, { type: 'bool' });
  const mask = reshapeLike(cast(stays, 'float32'), x);
  return multiply(x, stopGradient(scale(mask, 1 / (1 - rate))));
}

function whole(value: number): Tensor {
  return constantOf(BigInt64Array.of(BigInt(value)));
}

function times(x: Tensor, factor: number): Tensor {
  return apply('Mul', [x, whole(factor)], x.shape, { type: 'int64' });
}

function plus(x: Tensor, summand: number): Tensor {
  return apply('Add', [x, whole(summand)], x.shape, { type: 'int64' });
}

/** From 0 to `PRIME - 1`, also of negative numbers. */
function modulo(x: Tensor): Tensor {
  return apply('Mod', [x, whole(PRIME)], x.shape, { type: 'int64' });
}
