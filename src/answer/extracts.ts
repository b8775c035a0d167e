import { extractInputs } from './extract-features.ts';
import { chosenOf, type ExtractLength, type ExtractModel, extractLogits, shareOf } from './extract-model.ts';
import type { Compressor, Span } from './types.ts';

/**
 * Leaves of each passage an extract that does not depend on the question, of the best passages on, while they fit: CoLoR's compression of passages (Seo et al. 2025, https://arxiv.org/abs/2412.18232), with sentences that are
 * kept in the place of a summary that is written. Of the same passage the same is left whatever is asked, so that a language model which keeps what it has read can use it again, and all of it may be made
 * in advance. Where the question is known and nothing is kept, `sentences` chooses better.
 *
 * Where the extract of the first passage does not fit, its best sentence is left, which the builder cuts.
 * @throws InvalidArgumentError for a share out of range; IncompatibleError, when it chooses, for a model of other signals.
 */
export function extracts(model: ExtractModel, length: ExtractLength = {}): Compressor {
  const share = shareOf(length);
  return {
    id: 'extracts',
    compress: async (_query, passages, budget, { corpus, count, label }) => {
      const inputs = await extractInputs(passages, corpus);
      const chosen: Span[] = [];
      let left = budget;
      for (const [passage, one] of inputs.entries()) {
        const { text } = passages[passage]!;
        const logits = extractLogits(model, one);
        const sizes = one.sentences.map(({ start, end }) => JOIN + count(text.slice(start, end)));
        const kept = chosenOf(logits, sizes, { share });
        const cost = label(passage) + kept.reduce((sum, i) => sum + sizes[i]!, 0);
        if (cost > left) break;
        left -= cost;
        for (const i of kept) {
          const { start, end } = one.sentences[i]!;
          chosen.push({ passage, start, end, score: -passage });
        }
      }
      const [first] = inputs;
      if (chosen.length > 0 || first === undefined || first.sentences.length === 0) return chosen;
      const logits = extractLogits(model, first);
      const { start, end } = first.sentences[logits.indexOf(Math.max(...logits))]!;
      return [{ passage: 0, start, end, score: 0 }];
    },
  };
}

/** Tokens between two parts. */
const JOIN = 1;
