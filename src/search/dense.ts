import { Vectors } from '../base/vectors.ts';
import type { Query } from '../content/index.ts';
import { type Corpus, type FieldParams, fieldOf, MEANING } from '../corpus/index.ts';
import { denseShareOf } from '../encode/dense-share.ts';
import { encode } from './represent.ts';
import { hitsOf, type Retriever } from './types.ts';

/** Options of {@link dense}. */
export interface DenseOptions extends Pick<FieldParams, 'refine' | 'nprobe'> {
  /** Default `meaning`. */
  readonly field?: string;
}

/**
 * Dense retrieval: by the inner product with the passages' vectors, or by late interaction where a field has a vector for each token.
 * Abstains when the query is in a language that the encoder does not declare.
 * @throws InvalidArgumentError for a field that is not there, or holds no vectors.
 */
export function dense(corpus: Corpus, options: DenseOptions = {}): Retriever {
  const { field = MEANING, ...params } = options;
  const own = fieldOf(corpus, field, ['vector', 'vectors'], 'Dense retrieval');
  const stage = field === MEANING ? 'dense' : `dense ${field}`;
  const retriever: Retriever = async (query, { k, allowed, signal }) => {
    const start = performance.now();
    const encoded = await encode(own, query, signal);
    if (encoded.query === undefined) {
      const trace = { stage, tookMs: performance.now() - start, examined: 0, returned: 0, note: encoded.reason };
      return { hits: [], abstained: true, trace };
    }
    const ready = performance.now();
    const found = await corpus.search(field, encoded.query, {
      k,
      ...params,
      ...(allowed === undefined ? {} : { allowed }),
    });
    return {
      hits: hitsOf(found),
      // All vectors have length 1, and late interaction adds up one cosine for each token of the query.
      limit: encoded.query instanceof Vectors ? encoded.query.count : 1,
      trace: {
        stage,
        tookMs: performance.now() - start,
        examined: found.examined,
        returned: found.ids.length,
        note: `encoding the query took ${(ready - start).toFixed(1)} ms of it`,
      },
    };
  };
  return Object.assign(retriever, {
    score: async (query: Query, passages: Uint32Array) => {
      const encoded = await encode(own, query);
      if (encoded.query === undefined) return new Float32Array(passages.length).fill(Number.NaN);
      return corpus.score(field, encoded.query, passages);
    },
    ...(corpus.bounds === undefined || own.kind !== 'vector'
      ? {}
      : {
          bounds: async (query: Query, passages: Uint32Array) => {
            const encoded = await encode(own, query);
            if (encoded.query === undefined) return new Float32Array(passages.length).fill(Number.NaN);
            return corpus.bounds!(field, encoded.query, passages);
          },
        }),
    share: async () => denseShareOf(await own.open()),
  });
}
