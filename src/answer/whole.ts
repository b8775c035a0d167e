import { sentencesOf } from './sentences.ts';
import type { Compressor, Span } from './types.ts';

/** Leaves passages as they are, best first, while they fit. Where the first does not, its first sentence is left, which the builder cuts. */
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
      const [first] = chosen.length > 0 || passages.length === 0 ? [] : sentencesOf(passages[0]!.text);
      return first === undefined ? chosen : [{ passage: 0, start: first.start, end: first.end, score: 0 }];
    },
  };
}
