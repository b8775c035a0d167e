import { BertModel, type BertOptions, type BertSource, RUN_TOKENS } from '../bert/loaded.ts';
import { OUTPUTS } from '../bert/served.ts';
import type { EncodeOptions } from '../encoder.ts';
import { forEachRun } from '../runs.ts';
import { limitsOf, type PairLimits, pairTokens } from './pairs.ts';

/** Tells how relevant passages are to a query by reading both at once, so that every word of one is seen beside every word of the other. */
export interface CrossEncoder {
  /** Names the model and everything that changes its scores. */
  readonly id: string;
  /** Languages (ISO 639-1) in which the scores are meaningful; absent when any language is. */
  readonly languages?: readonly string[];
  /**
   * One score for each passage, greater being more relevant: what the model's last layer gives, on no scale of its own. NaN for those that the signal came
   * before. @throws the signal's reason where it came before the first.
   */
  score(query: string, passages: readonly string[], options?: Pick<EncodeOptions, 'signal'>): Promise<Float32Array>;
  /** Frees the model. Further calls throw. */
  dispose(): Promise<void>;
}

/** Settings of {@link crossEncoder}. */
export interface CrossOptions extends Omit<BertOptions, 'maxLength'>, PairLimits {}

/** Tokens of a call for which threads are started: those of some twenty pairs, whose reader waits for them. */
const WORTH_THREADS = 8 * RUN_TOKENS;

/**
 * A cross-encoder that is served, in 8 bits unless asked otherwise. A pair is cut to what the model reads, at the end of the passage. The passages of a call are read
 * from the first to the last, some at a time, so that what is cut short has read the first ones; loaded at the first call, and `score('', [])` does no more.
 */
export function crossEncoder(source: BertSource, options: CrossOptions = {}): CrossEncoder {
  const { description } = source;
  const model = new BertModel(source, options, WORTH_THREADS);
  const limits = limitsOf(options, description);
  return {
    id: source.id,
    ...(description.languages === undefined ? {} : { languages: description.languages }),

    async score(query, passages, { signal } = {}) {
      signal?.throwIfAborted();
      const loaded = await model.loadFor(passages.map((passage) => query + passage));
      const scores = new Float32Array(passages.length).fill(Number.NaN);
      let second = 0;
      const read = (passage: string): Int32Array => {
        const pair = pairTokens(loaded.tokenizer, description, query, passage, limits);
        second = pair.second;
        return pair.tokens;
      };
      // Candidates come best first: what is read in one window of them is sorted by length, which leaves no room unused.
      for (let from = 0; from < passages.length; from += WINDOW) {
        const some = passages.slice(from, from + WINDOW);
        try {
          await forEachRun(some, read, model.limits, signal === undefined ? {} : { signal }, async (pairs, atOnce) => {
            const types = new Int32Array(pairs[0]!.tokens.length).fill(1, second);
            const found = await model.run(pairs, loaded, OUTPUTS.pairs, atOnce, types);
            pairs.forEach(({ input }, i) => {
              scores[from + input] = found[i]!;
            });
          });
        } catch (error) {
          if (signal?.aborted !== true || scores.every(Number.isNaN)) throw error;
          return scores;
        }
      }
      return scores;
    },

    dispose: () => model.dispose(),
  };
}

/** Passages that are read before any that come after them. */
const WINDOW = 32;
