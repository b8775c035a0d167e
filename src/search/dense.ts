import type { Encoder } from '../encode/encoder.ts';
import type { Snapshot } from '../store/types.ts';
import type { Query, Retriever } from './types.ts';

/** Options of {@link dense}. */
export interface DenseOptions {
  /** See `DenseParams`. */
  readonly refine?: number;
  readonly nprobe?: number;
}

/**
 * Dense retrieval: inner product with the passages' vectors. Abstains when the query is in a language that the encoder
 * does not declare: an embedding of words that a model never saw ranks at random.
 */
export function dense(snapshot: Snapshot, encoder: Encoder, options: DenseOptions = {}): Retriever {
  /** Of queries that come more than once, as they do where rankings are fused. */
  const encoded = new WeakMap<Query, Promise<Float32Array>>();
  const vectorOf = (query: Query, signal?: AbortSignal): Promise<Float32Array> => {
    const { vector } = query;
    if (vector !== undefined) return Promise.resolve(vector);
    const known = encoded.get(query);
    if (known !== undefined) return known;
    const vectors = encoder.encode([query.text], { role: 'query', ...(signal === undefined ? {} : { signal }) });
    const made = vectors.then((all) => all.row(0));
    encoded.set(query, made);
    return made;
  };
  const retriever: Retriever = async (query, params) => {
    const start = performance.now();
    const { language } = query;
    if (query.vector === undefined && language !== undefined && !speaks(encoder, language)) {
      return {
        hits: [],
        abstained: true,
        trace: {
          stage: 'dense',
          tookMs: performance.now() - start,
          examined: 0,
          returned: 0,
          note: `no vote: the query is in language "${language}", and ${encoder.id} knows ${encoder.languages?.join(', ')}`,
        },
      };
    }
    const vector = await vectorOf(query, params.signal);
    const ready = performance.now();
    const hits = snapshot.searchDense(vector, {
      k: params.k,
      ...(params.allowed === undefined ? {} : { allowed: params.allowed }),
      ...(options.refine === undefined ? {} : { refine: options.refine }),
      ...(options.nprobe === undefined ? {} : { nprobe: options.nprobe }),
    });
    return {
      hits: Array.from(hits.ids, (passage, i) => ({ passage, score: hits.scores[i]! })),
      trace: {
        stage: 'dense',
        tookMs: performance.now() - start,
        examined: hits.examined,
        returned: hits.ids.length,
        note: `encoding the query took ${(ready - start).toFixed(1)} ms of it`,
      },
    };
  };
  return Object.assign(retriever, {
    score: async (query: Query, passages: Uint32Array) => snapshot.scoreDense(await vectorOf(query), passages),
  });
}

/** Whether the encoder's vectors mean something in this language; `und` (undetermined) gets the benefit of the doubt. */
export function speaks(encoder: Pick<Encoder, 'languages'>, language: string): boolean {
  return encoder.languages === undefined || language === 'und' || encoder.languages.includes(language);
}
