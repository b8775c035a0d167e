import { IncompatibleError, InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { likeness } from './extractive.ts';
import { helpful, knowsFeatures, type SentenceModel, sentenceInputs, sentenceLogits } from './sentence-model.ts';
import type { Compressor, Span } from './types.ts';

/** Options of {@link learned}. */
export interface LearnedOptions {
  /** Nothing is chosen where that a sentence helps is less probable, 0 to 1; 0 chooses always. Default 0.5. */
  readonly least?: number;
  /** How much a sentence's tokens count against it: 0, not at all, to 1, what it is worth per token. Default 0.5. */
  readonly thrift?: number;
  /** Most sentences. Default: as many as the budget holds. */
  readonly sentences?: number;
  /** A sentence this like one that was chosen is left out: 0 to 1. Default 0.92. */
  readonly repeats?: number;
}

/**
 * Chooses sentences by what was learned, the best for their tokens first, and nothing where probably none helps: RECOMP's extractive compressor with selective augmentation (Xu et al. 2023,
 * https://arxiv.org/abs/2310.04408). That nothing is one of the choices which are learned is a reconstruction of the latter.
 * @throws InvalidArgumentError for options out of range; IncompatibleError, when it chooses, for a model of another encoder or of other signals.
 */
export function learned(model: SentenceModel, options: LearnedOptions = {}): Compressor {
  const { least = 0.5, thrift = 0.5, sentences: most = Number.POSITIVE_INFINITY, repeats = 0.92 } = options;
  for (const [name, value] of Object.entries({ least, thrift, repeats })) {
    if (!(value >= 0 && value <= 1)) {
      throw new InvalidArgumentError(`${name} is ${value}.`, 'Give a number from 0 to 1.');
    }
  }
  return {
    id: 'learned',
    compress: async (query, passages, budget, { corpus, count, label, signal }) => {
      const inputs = await sentenceInputs(query, passages, { corpus, ...given({ signal }) });
      const { sentences, encoder } = inputs.scored;
      check(model, encoder, inputs.question !== undefined);
      const logits = sentenceLogits(model, inputs);
      if (sentences.length === 0 || helpful(logits, model.nothing) < least) return [];
      const sizes = sentences.map(({ passage, start, end }) => JOIN + count(passages[passage]!.text.slice(start, end)));
      const chosen: Span[] = [];
      const named = new Set<number>();
      const open = new Set(sentences.keys());
      let left = budget;
      while (open.size > 0 && chosen.length < most) {
        let [best, height, price] = [-1, Number.NEGATIVE_INFINITY, 0];
        for (const i of open) {
          const { passage } = sentences[i]!;
          const cost = sizes[i]! + (named.has(passage) ? 0 : label(passage));
          const worth = logits[i]! - thrift * Math.log(cost);
          if (cost <= left && worth > height) [best, height, price] = [i, worth, cost];
        }
        if (best < 0) break;
        const { passage, start, end } = sentences[best]!;
        chosen.push({ passage, start, end, score: height });
        named.add(passage);
        left -= price;
        open.delete(best);
        for (const i of open) if (likeness(sentences[best]!, sentences[i]!) >= repeats) open.delete(i);
      }
      if (chosen.length > 0) return chosen;
      // None fits as a whole: the builder cuts the best.
      const first = logits.indexOf(Math.max(...logits));
      const { passage, start, end } = sentences[first]!;
      return [{ passage, start, end, score: logits[first]! }];
    },
  };
}

/** Tokens between two parts. */
const JOIN = 1;

function check(model: SentenceModel, encoder: string, hasVectors: boolean): void {
  if (!knowsFeatures(model)) {
    throw new IncompatibleError(
      `The trained compressor goes by ${model.weights.length} signals that this version does not have.`,
      'Train it again.',
    );
  }
  // Without vectors there is nothing that another encoder could say otherwise.
  const own = encoder.split('?')[0]!;
  if (hasVectors && own !== model.encoder) {
    throw new IncompatibleError(
      `The trained compressor learned from vectors of ${model.encoder}, and the collection has those of ${own}.`,
      'Train it again with the present encoder.',
    );
  }
}
