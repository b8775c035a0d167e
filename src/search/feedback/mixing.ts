import type { WeightedTerm } from '../../content/index.ts';

/** Terms of a query and others, each as shares of 1, mixed, and multiplied so that the weights sum to what those of the query do. */
export function mixedTerms(
  asked: readonly WeightedTerm[],
  others: readonly (readonly [term: string, value: number])[],
  original: number,
): WeightedTerm[] {
  const before = asked.reduce((sum, { weight }) => sum + weight, 0);
  const total = others.reduce((sum, [, value]) => sum + value, 0);
  const whole = before > 0 ? before : 1;
  const own = before > 0 ? (total > 0 ? original : 1) : 0;
  const weights = new Map(asked.map(({ term, weight }) => [term, own * weight]));
  for (const [term, value] of others) weights.set(term, (weights.get(term) ?? 0) + ((1 - own) * whole * value) / total);
  return Array.from(weights, ([term, weight]) => ({ term, weight })).filter(({ weight }) => weight > 0);
}

/** A query's vector moved towards the mean of others, of the length that it had; undefined where one of them has no direction. */
export function mixedVector(
  asked: Float32Array,
  others: readonly Float32Array[],
  original: number,
): Float32Array | undefined {
  const moved = asked.map((value, i) => {
    const mean = others.reduce((sum, vector) => sum + vector[i]!, 0) / others.length;
    return original * value + (1 - original) * mean;
  });
  const [before, after] = [norm(asked), norm(moved)];
  return before === 0 || after === 0 ? undefined : moved.map((value) => (value * before) / after);
}

function norm(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}
