import { InvalidArgumentError } from '../../base/errors.ts';
import { Vectors } from '../../base/vectors.ts';
import type { Collection } from '../../collection/index.ts';
import { dot } from '../../math/index.ts';
import { TuneCorpus } from './corpus.ts';
import { checkExamples, type TuneExample } from './examples.ts';
import { resolveExamples } from './references.ts';

/** Queries of one's own and the passages of a collection, as vectors: what `trainFeedback` takes. */
export interface VectorExamples {
  /** Of all passages that have one. */
  readonly documents: Vectors;
  readonly queries: Vectors;
  /** For each query, of each relevant document the row of the passage that is nearest to the query. */
  readonly positives: readonly (readonly number[])[];
  /** Rows of the other passages of these documents. */
  readonly exclude: readonly (readonly number[])[];
  /** Specification of the encoder. */
  readonly encoder: string;
}

/**
 * Looks up what is relevant in a collection, and encodes the queries.
 * @throws InvalidArgumentError for a collection without an encoder, and for examples that cannot be used, as `tune` does.
 */
export async function vectorExamples(
  collection: Collection,
  examples: readonly TuneExample[],
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<VectorExamples> {
  const encoder = await collection.encoder();
  if (encoder === undefined) {
    throw new InvalidArgumentError(
      'The collection has no embeddings, so there is nothing to learn.',
      'Index again into a new collection with an encoder.',
    );
  }
  const snapshot = await collection.snapshot();
  try {
    const corpus = new TuneCorpus(collection, snapshot);
    const exists = (id: string) => snapshot.findDocument(id) !== undefined;
    const { examples: known } = checkExamples(await resolveExamples(corpus, examples), exists);
    const queries = await encoder.encode(
      known.map(({ query }) => query),
      { role: 'query', ...(signal === undefined ? {} : { signal }) },
    );
    const documents = new Vectors(corpus.vectors.data.slice(), corpus.vectors.dim);
    const nearest = (rows: readonly number[], query: Float32Array): number[] =>
      rows.length === 0
        ? []
        : [rows.reduce((a, b) => (dot(documents.row(b), query) > dot(documents.row(a), query) ? b : a))];
    const positives = known.map(({ relevant }, i) =>
      relevant.flatMap((id) => nearest(corpus.passagesOf(id), queries.row(i))),
    );
    const exclude = known.map(({ relevant }, i) => {
      const own = new Set(positives[i]!);
      return relevant.flatMap((id) => corpus.passagesOf(id)).filter((row) => !own.has(row));
    });
    return { documents, queries, positives, exclude, encoder: snapshot.settings.encoder };
  } finally {
    snapshot.close();
  }
}
