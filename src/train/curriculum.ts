import { InvalidArgumentError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';

/** How the temperature falls while training goes on, in units of the score: cosines want other temperatures than scores of BM25. */
export interface Curriculum {
  /** At the beginning. Default 0.05: of cosines nearly even, easy negatives among them. */
  readonly from?: number;
  /** At the end. Default 0.001: nearly always the hardest. The same as `from`: no curriculum. */
  readonly to?: number;
}

/**
 * Temperature at a moment of training: it falls in a straight line. CoRNStack (Suresh et al. 2024, arXiv 2412.01007) anneals it; the line and its ends
 * are a reconstruction. @param progress from 0 to 1. @throws InvalidArgumentError for a temperature that is not above 0.
 */
export function curriculumTemperature(progress: number, { from = 0.05, to = 0.001 }: Curriculum = {}): number {
  for (const temperature of [from, to]) {
    if (temperature > 0) continue;
    throw new InvalidArgumentError(
      `A temperature of ${temperature} is impossible.`,
      'Give numbers above 0; a very small one takes the hardest nearly always.',
    );
  }
  return from + (to - from) * Math.min(1, Math.max(0, progress));
}

/**
 * Draws hard negatives without replacement: the next is candidate `j` with a probability of `exp(scores[j] / temperature)`, as a share of those that are left. Drawn anew
 * each time that a query is trained on, they are other ones each time, and need no mining in between.
 * @param scores of the candidates with their query: see `mineNegatives` for which of them to leave out. @param count that are drawn; all candidates where there
 * are no more. @returns places among the candidates, as they were drawn.
 */
export function drawNegatives(scores: ArrayLike<number>, count: number, temperature: number, random: Random): number[] {
  // The greatest of the logits with Gumbel noise are such a draw (Vieira 2014; Kool et al. 2019).
  const keys = Array.from(scores, (score, place) => {
    const exponential = Math.max(-Math.log(1 - random.next()), Number.MIN_VALUE);
    return { place, key: score / temperature - Math.log(exponential) };
  });
  return keys
    .sort((a, b) => b.key - a.key)
    .slice(0, count)
    .map(({ place }) => place);
}
