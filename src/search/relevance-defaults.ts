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
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0.473954, 0, 5.86394],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, -0.261812, 0, 4.18778],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, -2.17545, 0, -8.10571],
    ],
    encoder: 'minilm',
    threshold: 0.16,
  },
  static: {
    weights: [
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, -0.980881, 0, -1.14255],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, -0.9047, 0, -0.842441],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0.987238, 0, 2.25344],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 1.30527, 0, 3.85465],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, -1.80145, 0, -5.82278],
    ],
    encoder: 'static',
    threshold: 0.06,
  },
  none: {
    weights: [
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 1.23998, 0, 2.75867],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 1.44075, 0, 4.8662],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, -2.05846, 0, -5.95932],
    ],
    encoder: 'none',
    threshold: 0.06,
  },
};
