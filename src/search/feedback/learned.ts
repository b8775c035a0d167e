import { IncompatibleError } from '../../base/errors.ts';
import { fieldOf, MEANING } from '../../corpus/index.ts';
import { encode, represented } from '../represent.ts';
import { checkWhole } from './checks.ts';
import { type QueryUpdate, updatedQuery } from './query-update.ts';
import type { Feedback } from './types.ts';

/** Options of {@link learnedFeedback}. */
export interface LearnedFeedbackOptions {
  /** What pipelines call it, in `feedback(NAME)`. Default `learned`. */
  readonly id?: string;
  /** A field of one vector for each passage, of the encoder that it was trained with. Default `meaning`. */
  readonly field?: string;
  /**
   * Passages that it reads, the first of the ranking that have a vector: a whole number, at least 1. Default: what the update says. A pipeline shows it no more than
   * the `depth` of its step, 10 unless it says otherwise.
   */
  readonly passages?: number;
}

/**
 * Feedback on vectors by a network that was trained to give it (`trainFeedback`, `trainHops` of `sagitta-search/train`): a query is searched for by the vector that the network makes of its
 * own and those of the first passages. Works wherever a {@link Feedback} does: `meaning > feedback(learned)`, and as the next question of hops.
 *
 * @throws InvalidArgumentError for options out of their range, and where it runs for a field that does not hold one vector for each passage, or vectors of other components;
 * IncompatibleError where it runs on a field of another encoder than it was trained with.
 */
export function learnedFeedback(update: QueryUpdate, options: LearnedFeedbackOptions = {}): Feedback {
  const { id = 'learned', field: name = MEANING, passages: most = update.passages } = options;
  checkWhole('passages', most);
  return {
    id,
    async refine(query, { hits }, corpus, { signal }) {
      const field = fieldOf(corpus, name, ['vector'], `Feedback by ${id}`);
      if (update.encoder !== undefined && update.encoder !== field.encoder) {
        throw new IncompatibleError(
          `The feedback "${id}" was trained on vectors of ${update.encoder}, and "${name}" holds those of ${field.encoder}.`,
          'Train it anew with the encoder of the field.',
        );
      }
      const encoded = await encode(field, query, signal);
      if (encoded.query === undefined) return query;
      // In the order of the ranking, which the form that reads one passage after the other goes by.
      const first = hits.slice(0, most).map(({ passage }) => passage);
      const ascending = Uint32Array.from(first).sort();
      const vectors = await corpus.get(name, ascending);
      const found = first.flatMap((passage) => {
        const vector = vectors[ascending.indexOf(passage)] as Float32Array | undefined;
        return vector === undefined ? [] : [vector];
      });
      if (found.length === 0) return query;
      return represented(query, name, updatedQuery(update, encoded.query as Float32Array, found));
    },
  };
}
