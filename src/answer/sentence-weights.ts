/** One weight for each of `sentenceFeatures`. */
export type SentenceWeights = readonly number[];

/**
 * By which it is told what sentences are worth for a question, by encoder; `none` goes by words alone.
 * @param encoder an id; settings such as `minilm?precision=float32` do not matter. @returns those of words for an encoder that nobody has measured.
 */
export function sentenceWeights(encoder: string): SentenceWeights {
  const name = encoder.split('?')[0]!;
  return Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name]! : DEFAULTS['none']!;
}

/** Sum of features times weights; a weight more than features is a constant. */
export function weighted(features: readonly number[], weights: readonly number[]): number {
  return features.reduce((sum, value, i) => sum + weights[i]! * value, weights[features.length] ?? 0);
}

/**
 * Learned as `npm run bench -- answers --learn` does it, which says from what; those of `static` and `none` when sentences were learned from HotpotQA too, which the
 * command leaves out since. Learning anew prints other numbers.
 */
const DEFAULTS: Readonly<Record<string, SentenceWeights>> = {
  minilm: [0.328, 0.303, 0.299, 0.281, 0.239, 0.035, 0.109, 0.202, 0.13, -0.033, -0.033, 0.053, -0.001, 0.012],
  static: [0.278, 0.315, 0.312, 0.308, 0.174, -0.255, 0.221, -0.002, 0.082, 0.023, -0.078, 0.09, -0.007, 0.073],
  none: [0, 0.314, 0.328, 0.275, 0, 0, 0.157, 0.139, 0.084, 0.021, -0.062, 0.073, -0.109, 0.072],
};
