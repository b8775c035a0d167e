import { type DocumentList, METRIC, measure } from './corpus.ts';
import type { TuneExample } from './examples.ts';

/** Shares of the dense ranking that are tried. */
const SHARES = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8];

/**
 * What the dense ranking deserves beside BM25 with a trained encoder: of the shares that are within one standard error of the best on the
 * validation queries (nDCG@10, paired), the one nearest to `usual`. So few queries, or none, change little, as does a pipeline that has
 * weights of its own.
 * @param search the lists of the validation queries where the share is another. @param usual that of the encoder before.
 */
export async function chooseDenseShare(
  search: (share: number) => Promise<readonly DocumentList[]>,
  validation: readonly TuneExample[],
  usual: number,
): Promise<number> {
  const tried: { share: number; values: ArrayLike<number> }[] = [];
  for (const share of new Set([...SHARES, usual])) {
    tried.push({ share, values: measure(await search(share), validation).values(METRIC) });
  }
  return nearestOfBest(tried, usual);
}

/** The rule by itself. @param tried values by query, in the same order. */
export function nearestOfBest(
  tried: readonly { readonly share: number; readonly values: ArrayLike<number> }[],
  usual: number,
): number {
  const sumOf = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0);
  const best = tried.reduce((a, b) => (sumOf(b.values) > sumOf(a.values) ? b : a));
  const good = tried.filter(({ values }) => {
    const lost = Array.from(best.values, (value, i) => value - values[i]!);
    const mean = sumOf(lost) / lost.length;
    const variance = sumOf(lost.map((value) => (value - mean) ** 2)) / Math.max(1, lost.length - 1);
    return mean <= Math.sqrt(variance / lost.length);
  });
  return good.reduce((a, b) => (Math.abs(b.share - usual) < Math.abs(a.share - usual) ? b : a)).share;
}
