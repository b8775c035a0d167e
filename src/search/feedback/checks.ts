import { InvalidArgumentError } from '../../base/errors.ts';

/** @throws InvalidArgumentError unless a setting is a whole number of 1 or more. */
export function checkWhole(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new InvalidArgumentError(`"${name}" of the feedback is ${value}.`, 'Give a whole number, at least 1.');
}

/** @throws InvalidArgumentError unless a setting is a number from 0 to 1. */
export function checkFraction(name: string, value: number): void {
  if (value >= 0 && value <= 1) return;
  throw new InvalidArgumentError(`"${name}" of the feedback is ${value}.`, 'Give a number from 0 to 1.');
}
