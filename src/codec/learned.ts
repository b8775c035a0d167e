import { IncompatibleError } from '../base/errors.ts';
import type { Learned } from './codec.ts';

/** The array `name`, which must have `length` numbers. @throws IncompatibleError */
export function take(learned: Learned, name: string, length: number, spec: string): Float32Array {
  const array = learned.get(name);
  if (array?.length !== length) {
    throw new IncompatibleError(
      `What was saved of the codec ${spec} has ${array === undefined ? 'no' : array.length} numbers as "${name}", not ${length}.`,
      'Train the codec again.',
    );
  }
  return array;
}

export const NOTHING: Learned = new Map();
