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
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6.93338],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4.79371],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0.490929, 0, 0, 0, 2.0887, 0, 0, 0, 2.3677, -10.9419],
    ],
    encoder: 'minilm',
    threshold: 0.08,
  },
  static: {
    weights: [
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5.66971],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -0.466615],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3.89918],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5.11928],
      [0, 0, 0, -0.451781, 0, 0, 0, -2.03995, 0, 0, 0, 0, -7.77254],
    ],
    encoder: 'static',
    threshold: 0.06,
  },
  none: {
    weights: [
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -30],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4.61477],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5.94384],
      [0, 0, 0, 0, 0, 0, 0, -3.10912, 0, -1.99311, 0, 0, -4.3633],
    ],
    encoder: 'none',
    threshold: 0.04,
  },
};
