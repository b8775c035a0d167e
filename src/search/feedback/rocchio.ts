import { fieldOf, MEANING } from '../../corpus/index.ts';
import { encode, represented } from '../represent.ts';
import { checkFraction, checkWhole } from './checks.ts';
import { mixedVector } from './mixing.ts';
import type { Feedback } from './types.ts';

/** Options of {@link rocchio}. */
export interface RocchioOptions {
  /** A field of one vector for each passage. Default `meaning`. */
  readonly field?: string;
  /** Passages that the mean is taken of, the first of the ranking that have a vector: a whole number, at least 1 (`fb_docs`). Default 3. */
  readonly passages?: number;
  /** Weight of the query as it was asked, 0 to 1; the mean has the rest. */
  readonly original?: number;
}

export const ROCCHIO_DEFAULTS = { passages: 3, original: 0.9 } as const;

/**
 * Rocchio's feedback on vectors (Rocchio 1971; Li et al. 2021, "Pseudo-Relevance Feedback with Deep Language Models and Dense Retrievers"): the
 * query's vector is moved towards the mean of the first passages' vectors, and keeps its length. Nothing is subtracted (gamma is 0).
 *
 * @throws InvalidArgumentError for options out of their range, and where it runs for a field that does not hold one vector for each passage.
 */
export function rocchio(options: RocchioOptions = {}): Feedback {
  const { field: name = MEANING, passages: most, original } = { ...ROCCHIO_DEFAULTS, ...options };
  checkWhole('passages', most);
  checkFraction('original', original);
  return {
    id: 'rocchio',
    async refine(query, { hits }, corpus, { signal }) {
      const field = fieldOf(corpus, name, ['vector'], 'Feedback by rocchio');
      const encoded = await encode(field, query, signal);
      if (encoded.query === undefined) return query;
      const asked = encoded.query as Float32Array;
      const first = Uint32Array.from(hits.slice(0, most), ({ passage }) => passage).sort();
      const vectors = (await corpus.get(name, first)).filter((one) => one !== undefined) as Float32Array[];
      if (vectors.length === 0) return query;
      const moved = mixedVector(asked, vectors, original);
      return moved === undefined ? query : represented(query, name, moved);
    },
  };
}
