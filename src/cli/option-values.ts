import { InvalidArgumentError as InvalidOption } from 'commander';
import { COMPRESSORS } from '../answer/choices.ts';

/** Values of an option that may be given again: one after the other. */
export const several = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** Words with commas between them. */
export const list = (value: string): string[] =>
  value
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

/** A whole number of at least `least`. */
export function whole(name: string, least = 1, most = Number.MAX_SAFE_INTEGER): (value: string) => number {
  return (value) => {
    const number = /^\d+$/.test(value.trim()) ? Number(value) : Number.NaN;
    if (!Number.isSafeInteger(number) || number < least || number > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
      throw new InvalidOption(`${name} must be a whole number ${range}.`);
    }
    return number;
  };
}

/** A number above 0, and at most `most` where there is such. */
export function above(name: string, most = Number.MAX_VALUE): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (number > 0 && number <= most) return number;
    const bound = most === Number.MAX_VALUE ? '' : `, at most ${most}`;
    throw new InvalidOption(`${name} must be a number above 0${bound}.`);
  };
}

/** `5ms`, `0.2s`, or a number of milliseconds. */
export function milliseconds(value: string): number {
  const [, digits, unit] = /^([0-9.]+)\s*(ms|s)?$/.exec(value) ?? [];
  const number = Number(digits) * (unit === 's' ? 1000 : 1);
  if (!(number > 0)) throw new InvalidOption('the time must be a number of milliseconds, such as 5ms.');
  return number;
}

/** What the collection's own compressor is named. */
const OWN = 'learned';
/** What a compressor that was trained is named by, before its file. */
export const LEARNED = `${OWN}:`;

/** A compressor by name, or one that was trained by its file. */
export function compressorName(value: string): string {
  const names: readonly string[] = [...COMPRESSORS, OWN];
  if (names.includes(value) || (value.startsWith(LEARNED) && value !== LEARNED)) return value;
  throw new InvalidOption(`--compressor must be ${names.join(', ')} or ${LEARNED}FILE.`);
}
