import { countAbove, type JudgedRanking } from './metrics.ts';

/** How well one threshold on the score serves all queries. */
export interface PooledScores {
  /**
   * Chance that a relevant document of any query has a greater score than a document of any query that is not relevant (ties
   * count half). Of the latter, the `NEGATIVES` of greatest score of each query take part; relevant ones not returned are below all.
   * NaN when there are none.
   */
  readonly auc: number;
  /**
   * Operating-point inconsistency (Zhang et al. 2023, "Threshold-Consistent Margin Loss", section 3): mean squared deviation of
   * the queries' utility (harmonic mean of sensitivity and specificity) from the mean utility, over the thresholds at which 1% to
   * 10% of the documents that are not relevant pass. 0 is best. A useless system can have a low one too: read it beside `auc`.
   */
  readonly opis: number;
}

/** Documents of each query that are not relevant and take part, as in Zhang et al. 2025, "Optimizing What Matters". */
export const NEGATIVES = 500;
const STEPS = 100;
const RANGE = [0.01, 0.1] as const;

/** Gathers scores query by query. */
export class PooledStatistics {
  readonly #positives: Float32Array[] = [];
  readonly #negatives: Float32Array[] = [];
  /** Relevant documents by query, returned or not. */
  readonly #relevant: number[] = [];

  add({ ranks, grades, level, scores, length, relevant }: JudgedRanking): void {
    const hits: number[] = [];
    for (let i = 0; i < ranks.length; i++) if (grades[i]! >= level) hits.push(ranks[i]!);
    const negatives = new Float32Array(Math.min(NEGATIVES, length - hits.length));
    for (let rank = 0, next = 0, at = 0; at < negatives.length; rank++) {
      if (hits[next] === rank) next++;
      else negatives[at++] = scores[rank]!;
    }
    this.#positives.push(Float32Array.from(hits, (rank) => scores[rank]!));
    this.#negatives.push(negatives);
    this.#relevant.push(relevant);
  }

  scores(): PooledScores {
    const negatives = concatenate(this.#negatives).sort().reverse();
    const relevant = this.#relevant.reduce((sum, count) => sum + count, 0);
    if (negatives.length === 0 || relevant === 0) return { auc: Number.NaN, opis: Number.NaN };
    let wins = 0;
    for (const positives of this.#positives) {
      for (const score of positives) {
        const above = countAbove(negatives, score, false);
        wins += negatives.length - above - (countAbove(negatives, score, true) - above) / 2;
      }
    }
    return { auc: wins / (relevant * negatives.length), opis: this.#inconsistency(negatives) };
  }

  #inconsistency(negatives: Float32Array): number {
    // The threshold at which this share of the pooled documents passes.
    const threshold = (share: number): number =>
      negatives[Math.min(negatives.length - 1, Math.floor(share * negatives.length))]!;
    const [high, low] = [threshold(RANGE[0]), threshold(RANGE[1])];
    const classes = this.#positives.flatMap((_, i) =>
      this.#relevant[i]! > 0 && this.#negatives[i]!.length > 0 ? [i] : [],
    );
    if (classes.length === 0) return Number.NaN;
    let total = 0;
    const utilities = new Float64Array(classes.length);
    for (let step = 0; step < STEPS; step++) {
      const at = low + ((high - low) * step) / (STEPS - 1);
      let mean = 0;
      classes.forEach((i, c) => {
        const sensitivity = countAbove(this.#positives[i]!, at, false) / this.#relevant[i]!;
        const own = this.#negatives[i]!;
        const specificity = 1 - countAbove(own, at, false) / own.length;
        const sum = sensitivity + specificity;
        utilities[c] = sum === 0 ? 0 : (2 * sensitivity * specificity) / sum;
        mean += utilities[c]! / classes.length;
      });
      for (const utility of utilities) total += (utility - mean) ** 2 / classes.length;
    }
    return total / STEPS;
  }
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
