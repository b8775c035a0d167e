import { InvalidArgumentError } from '../base/errors.ts';
import { mean } from './distributions.ts';

/** Pearson's r; NaN when either side is constant. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkPair(a, b);
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - ma, b[i]! - mb];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? Number.NaN : ab / Math.sqrt(aa * bb);
}

/** Spearman's rho: Pearson's r of the ranks, equal values sharing their mean rank. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkPair(a, b);
  return pearson(meanRanks(a), meanRanks(b));
}

/** Kendall's tau-b: concordant minus discordant pairs, corrected for ties; in O(n^2). NaN when either side is constant. */
export function kendall(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkPair(a, b);
  let [agree, tiesA, tiesB, pairs] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const [x, y] = [Math.sign(a[i]! - a[j]!), Math.sign(b[i]! - b[j]!)];
      agree += x * y;
      if (x === 0) tiesA++;
      if (y === 0) tiesB++;
      pairs++;
    }
  }
  const scale = Math.sqrt((pairs - tiesA) * (pairs - tiesB));
  return scale === 0 ? Number.NaN : agree / scale;
}

/** Ranks from 1 in ascending order; equal values share the mean of theirs. */
export function meanRanks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + to + 1) / 2;
    from = to;
  }
  return ranks;
}

function checkPair(a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length === b.length && a.length >= 2) return;
  throw new InvalidArgumentError(
    `A correlation of ${a.length} and ${b.length} values is impossible.`,
    'Give two lists of equal length, at least 2.',
  );
}
