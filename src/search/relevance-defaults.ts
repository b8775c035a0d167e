import type { RelevanceParameters } from './relevance.ts';

/**
 * What relevance is judged by where a collection has not learned it, by encoder; `none` goes by words alone.
 * @param encoder an id; settings such as `minilm?precision=float32` do not matter. @returns undefined for one that nobody has measured.
 */
export function defaultRelevance(encoder: string): RelevanceParameters | undefined {
  const name = encoder.split('?')[0]!;
  return Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name] : undefined;
}

/** Printed by `npm run bench -- relevance-default`, which says what they were learned from. */
const DEFAULTS: Readonly<Record<string, RelevanceParameters>> = {
  minilm: {
    weights: [
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6.87195],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4.99183],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 1.90293, 0, 0, 0, 3.18887, 0, 0, 0, -11.2736],
    ],
    encoder: 'minilm',
    threshold: 0.08,
  },
  static: {
    weights: [
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5.79133],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -0.613512],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3.9325],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5.14717],
      [0, 0, 0, -0.46122, 0, 0, 0, -2.14493, 0, 0, 0, -7.72881],
    ],
    encoder: 'static',
    threshold: 0.06,
  },
  none: {
    weights: [
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4.60857],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5.94653],
      [0, 0, 0, 0, 0, 0, 0, -3.11375, 0, -1.98016, 0, -4.35737],
    ],
    encoder: 'none',
    threshold: 0.04,
  },
};
