/**
 * New scores of candidates beside those before, each from the worst candidate that can be scored (0) to the best (1). NaN where there is no new score.
 * @param weight of the new ones, from 0 to 1.
 */
export function mixedScores(before: ArrayLike<number>, now: ArrayLike<number>, weight: number): number[] {
  const known = Array.from(now, (_, i) => i).filter((i) => !Number.isNaN(now[i]!));
  const old = unitScale(known.map((i) => before[i]!));
  const own = unitScale(known.map((i) => now[i]!));
  return Array.from(now, (score, i) => (1 - weight) * old(before[i]!) + weight * own(score));
}

/** From the least of some values to the greatest; 1 where there is no difference. */
function unitScale(values: readonly number[]): (value: number) => number {
  const least = Math.min(...values);
  const range = Math.max(...values) - least;
  return (value) => (range > 0 ? (value - least) / range : value - least + 1);
}
