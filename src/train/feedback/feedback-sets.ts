import { InvalidArgumentError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';

/** Options of {@link feedbackSets}. */
export interface FeedbackSetOptions {
  /** Passages of the ranking that sets are drawn from; a set has at most as many. */
  readonly passages: number;
  /** Sets, all of different sizes. At most one more than `passages`. */
  readonly sets: number;
  /** Whether smaller sets are parts of the larger ones. Default true. */
  readonly nested?: boolean;
}

/**
 * Sets of feedback of different sizes for one query (LoL 2022, SIGIR, the sampling of revisions): sizes are drawn from 0 to `passages`; the largest set is drawn from the first passages, and
 * smaller ones are the beginnings of it.
 *
 * @param ranked the first ranking; where it is shorter, sets are cut. @returns sets of rows, the largest first; one of size 0 is the query alone.
 * @throws InvalidArgumentError for more sets than there are sizes.
 */
export function feedbackSets(ranked: ArrayLike<number>, options: FeedbackSetOptions, random: Random): number[][] {
  const { passages, sets, nested = true } = options;
  if (!(Number.isInteger(passages) && passages >= 0 && Number.isInteger(sets) && sets > 0 && sets <= passages + 1)) {
    throw new InvalidArgumentError(
      `There are no ${sets} sets of different sizes of ${passages} passages.`,
      'Ask for at least 1, and at most one more than passages.',
    );
  }
  const first = Array.from(ranked).slice(0, passages);
  const sizes = random
    .shuffle(Array.from({ length: passages + 1 }, (_, size) => size))
    .slice(0, sets)
    .sort((a, b) => b - a);
  const order = random.shuffle([...first]);
  return sizes.map((size) => (nested ? order : random.shuffle([...first])).slice(0, size));
}
