import { CharacterClass, classAt, widthAt } from './characters.ts';

/**
 * Sizes are counted in 48ths of a token: a word is one token for every 16 characters it has (so that encoded data is not
 * taken for one word), a character of a script without spaces 2/3 (a Chinese word has 1.5 characters on average), any
 * other visible character 1/16.
 */
const TOKEN = 48;
const DENSE = 32;
const SYMBOL = 3;
/** Longest stretch of a word that counts as one token. */
const STRIDE = 16;

/**
 * Estimates how many tokens stretches of one text have, without analysing it: one linear pass, then two binary searches
 * per question. Sizes add up: cut the text where you like between words, and the parts sum to the whole.
 */
export class TokenCounter {
  /** Where something that counts begins, ascending, and the units up to and including it. */
  readonly #positions: Uint32Array;
  readonly #sums: Float64Array;

  constructor(text: string) {
    let positions = new Uint32Array(64 + (text.length >> 2));
    let sums = new Float64Array(positions.length);
    let count = 0;
    let sum = 0;
    const add = (position: number, units: number): void => {
      if (count === positions.length) {
        const longer = new Uint32Array(count * 2);
        longer.set(positions);
        positions = longer;
        const larger = new Float64Array(count * 2);
        larger.set(sums);
        sums = larger;
      }
      sum += units;
      positions[count] = position;
      sums[count++] = sum;
    };
    let wordStart = -1;
    for (let i = 0; i < text.length; ) {
      const unit = text.charCodeAt(i);
      const kind = classAt(text, i);
      const width = unit < 0xd800 ? 1 : widthAt(text, i);
      if (kind === CharacterClass.word) {
        if (wordStart < 0 || i - wordStart >= STRIDE) {
          add(i, TOKEN);
          wordStart = i;
        }
      } else if (kind === CharacterClass.ignorable) {
        // Neither counts nor ends a word.
      } else {
        wordStart = -1;
        if (kind === CharacterClass.dense) add(i, DENSE);
        else if (kind === CharacterClass.emoji) add(i, TOKEN);
        else if (!isBlank(unit)) add(i, SYMBOL);
      }
      i += width;
    }
    this.#positions = positions.subarray(0, count);
    this.#sums = sums.subarray(0, count);
  }

  /** Tokens that begin at `start` or later and before `end`, rounded up. */
  count(start: number, end: number): number {
    return Math.ceil((this.#before(end) - this.#before(start)) / TOKEN);
  }

  /** The farthest place at which `text.slice(start, place)` still has at most `tokens` tokens; at least one step on. */
  advance(start: number, end: number, tokens: number): number {
    const limit = this.#before(start) + tokens * TOKEN;
    const index = firstAbove(this.#sums, limit);
    const place = index < this.#positions.length ? this.#positions[index]! : end;
    if (place > start) return Math.min(place, end);
    const next = index + 1 < this.#positions.length ? this.#positions[index + 1]! : end;
    return Math.min(next, end);
  }

  /** The earliest place from which there are at most `tokens` tokens up to `end`. */
  retreat(start: number, end: number, tokens: number): number {
    const limit = this.#before(end) - tokens * TOKEN;
    // The entries after the last whose sum is at most the limit are within reach.
    const index = firstAbove(this.#sums, limit);
    const exact = index < this.#positions.length && index > 0 && this.#sums[index - 1]! >= limit ? index : index + 1;
    const place = limit <= 0 ? start : exact < this.#positions.length ? this.#positions[exact]! : end;
    return Math.max(start, Math.min(place, end));
  }

  /** Units of everything that begins before `position`. */
  #before(position: number): number {
    let low = 0;
    let high = this.#positions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#positions[middle]! < position) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.#sums[low - 1]!;
  }
}

/** Estimated tokens of a text: {@link TokenCounter} for a single question. */
export function countTokens(text: string): number {
  return new TokenCounter(text).count(0, text.length);
}

/** White space or a control character. */
export function isBlank(unit: number): boolean {
  return unit <= 32 || (unit >= 0x7f && unit <= 0xa0) || (unit > 0xa0 && BLANKS.includes(unit));
}

const BLANKS = [
  0x1680,
  0x2028,
  0x2029,
  0x202f,
  0x205f,
  0x3000,
  0xfeff,
  ...Array.from({ length: 12 }, (_, i) => 0x2000 + i),
];

/** Index of the first sum larger than `limit`. */
function firstAbove(sums: Float64Array, limit: number): number {
  let low = 0;
  let high = sums.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
