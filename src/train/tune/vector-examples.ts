import { InvalidArgumentError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { Vectors } from '../../base/vectors.ts';
import type { Collection } from '../../collection/index.ts';
import type { Encoder } from '../../encode/encoder.ts';
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
  const encoder = await encoderOf(collection);
  const snapshot = await collection.snapshot();
  try {
    const corpus = new TuneCorpus(collection, snapshot);
    const exists = (id: string) => snapshot.findDocument(id) !== undefined;
    const { examples: known } = checkExamples(await resolveExamples(corpus, examples), exists);
    const documents = new Vectors(corpus.vectors.data.slice(), corpus.vectors.dim);
    return { documents, ...(await exampleVectors(corpus, encoder, known, signal)), encoder: snapshot.settings.encoder };
  } finally {
    snapshot.close();
  }
}

/** @throws InvalidArgumentError for a collection without one. */
export async function encoderOf(collection: Collection): Promise<Encoder> {
  const encoder = await collection.encoder();
  if (encoder !== undefined) return encoder;
  throw new InvalidArgumentError(
    'The collection has no embeddings, so there is nothing to learn.',
    'Index again into a new collection with an encoder.',
  );
}

/** The queries of examples that name documents of the corpus, as vectors, and what is relevant to them. */
export async function exampleVectors(
  corpus: TuneCorpus,
  encoder: Encoder,
  examples: readonly TuneExample[],
  signal?: AbortSignal,
): Promise<Pick<VectorExamples, 'queries' | 'positives' | 'exclude'>> {
  const queries = await encoder.encode(
    examples.map(({ query }) => query),
    { role: 'query', ...given({ signal }) },
  );
  const nearest = (rows: readonly number[], query: Float32Array): number[] => {
    const to = (row: number) => dot(corpus.vectors.row(row), query);
    return rows.length === 0 ? [] : [rows.reduce((a, b) => (to(b) > to(a) ? b : a))];
  };
  const positives = examples.map(({ relevant }, i) =>
    relevant.flatMap((id) => nearest(corpus.passagesOf(id), queries.row(i))),
  );
  const exclude = examples.map(({ relevant }, i) => {
    const own = new Set(positives[i]!);
    return relevant.flatMap((id) => corpus.passagesOf(id)).filter((row) => !own.has(row));
  });
  return { queries, positives, exclude };
}
