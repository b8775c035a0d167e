import type { Compressor, Span } from './types.ts';

/** Leaves passages as they are, best first, while they fit. The first that does not is cut at the end of a sentence by the builder's budget. */
export function whole(): Compressor {
  return {
    id: 'passages',
    compress: async (_query, passages, budget, { count, label }) => {
      const chosen: Span[] = [];
      let left = budget;
      for (const [passage, { text }] of passages.entries()) {
        const cost = count(text) + label(passage);
        if (cost > left) break;
        left -= cost;
        chosen.push({ passage, start: 0, end: text.length, score: -passage });
      }
      return chosen;
    },
  };
}
