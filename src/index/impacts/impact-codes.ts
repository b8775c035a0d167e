import { InvalidArgumentError } from '../../base/errors.ts';
import type { QueryTerm } from '../inverted/inverted.ts';

/** Steps of an impact for each unit of a weight. */
const STEPS = 128;
/** The greatest code: what is stored of a weight of 255 / 128 and more. */
export const CEILING = 255;
/** Greatest weight that is kept as it is, about 1.99. */
export const GREATEST_IMPACT = CEILING / STEPS;

/** Terms of one item as they are kept: each once, with a code from 1 to {@link CEILING}, which stands for `code / 128`. */
export interface ImpactCodes {
  readonly terms: readonly string[];
  readonly codes: Uint8Array;
}

/**
 * What is kept of an item's terms: their weights in 8 bits, in steps of 1/128. Greater weights than {@link GREATEST_IMPACT} become that, and a term whose
 * weight is below half a step is left out. Of a term that is named twice the greater weight counts.
 *
 * @throws InvalidArgumentError for a weight that is negative or not finite. @param what names the item in the message.
 */
export function impactCodes(weighted: readonly QueryTerm[], what: string): ImpactCodes {
  const codes = new Map<string, number>();
  for (const { term, weight } of weighted) {
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new InvalidArgumentError(
        `The weight of "${term.slice(0, 50)}" in ${what} is ${weight}.`,
        'Give finite numbers, 0 or more: check the encoder.',
      );
    }
    const code = Math.min(CEILING, Math.round(weight * STEPS));
    if (code > (codes.get(term) ?? 0)) codes.set(term, code);
  }
  return { terms: [...codes.keys()], codes: Uint8Array.from(codes.values()) };
}

/**
 * What a term frequency has to be so that BM25 without lengths (`k1` 1, `b` 0) makes `code / 256` of it: `tf / (tf + 1)`, to one unit in the last place of
 * float32. So impacts are postings of an inverted index with a codebook, and its bounds, kernels and pruning are theirs.
 */
export function frequencyOf(code: number): number {
  return Math.fround(code / (256 - code));
}

/** The code of a frequency. */
export function codeOf(frequency: number): number {
  return Math.round((256 * frequency) / (frequency + 1));
}

/** What a unit of a query's weight counts, since {@link frequencyOf} makes halves of impacts. */
export const UNIT = 256 / STEPS;

/** The impact that a code stands for. */
export function impactOf(code: number): number {
  return code / STEPS;
}
