import { kendall, mean, pearson, spearman } from '../math/index.ts';

/** How far a cheaper evaluation agrees with the full one, system by system. */
export interface Agreement {
  /** Share of pairs of systems in the same order, minus that in the other one. Like the other two NaN for a single system. */
  readonly kendall: number;
  readonly spearman: number;
  readonly pearson: number;
  /** Mean of cheap minus full: sub-corpora without hard negatives flatter. */
  readonly inflation: number;
}

/** Compares means of the same systems. @param full by the whole evaluation. @param cheap by the cheaper one. */
export function agreement(full: readonly number[], cheap: readonly number[]): Agreement {
  const correlation = (of: typeof kendall): number => (full.length === 1 ? Number.NaN : of(full, cheap));
  return {
    kendall: correlation(kendall),
    spearman: correlation(spearman),
    pearson: correlation(pearson),
    inflation: mean(cheap) - mean(full),
  };
}
