/** What a question's evidence looks like, in numbers of about 1: see `answerFeatures`. */
export interface AnswerableParameters {
  /** One weight for each feature, and the constant last. */
  readonly weights: readonly number[];
  /** Evidence of at least this probability carries an answer. */
  readonly threshold: number;
}

/**
 * By which it is told whether passages answer a question, by encoder; `none` goes by words alone.
 * @param encoder an id; settings such as `minilm?precision=float32` do not matter. @returns that of words for an encoder that nobody has measured.
 */
export function answerableBy(encoder: string): AnswerableParameters {
  const name = encoder.split('?')[0]!;
  return Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name]! : DEFAULTS['none']!;
}

/**
 * Learned as `npm run bench -- answers --learn` does it, which says from what; those of `static` and `none` when sentences were learned from HotpotQA too, which the
 * command leaves out since. Learning anew prints other numbers.
 */
const DEFAULTS: Readonly<Record<string, AnswerableParameters>> = {
  minilm: { weights: [2.87, 0.93, 2.49, 0.11, -0.42, 2.6, -6.42], threshold: 0.49 },
  static: { weights: [-0.85, 1.64, 2.14, 2.32, -1.1, 2.06, -4.2], threshold: 0.47 },
  none: { weights: [0, 1.74, 2.32, 1.25, -0.59, 2.52, -4.81], threshold: 0.41 },
};
