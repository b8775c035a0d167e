import { InvalidArgumentError } from '../../base/errors.ts';
import { Vectors } from '../../base/vectors.ts';
import type { Query } from '../../content/index.ts';
import { type Corpus, fieldOf, MEANING, queryLanguage } from '../../corpus/index.ts';
import { dot } from '../../math/index.ts';
import { dense } from '../../search/dense.ts';
import { HYPOTHESIS_DEFAULTS } from '../../search/feedback/hypothesis.ts';
import { type SentenceCandidates, sentenceCandidates } from '../../search/feedback/sentence-candidates.ts';

/** A query that was made of a document, and what the rest of the collection says about it. */
export interface HypothesisPair {
  /** Sentences of what the query finds first. */
  readonly candidates: SentenceCandidates;
  /** Row of the document's passage that is nearest to the query. */
  readonly positive: number;
  /** Rows of what the query finds first besides, best first, without the document. */
  readonly others: readonly number[];
  /** Rows of other passages of the document. */
  readonly exclude: readonly number[];
}

/** What {@link hypothesisPairs} prepares. */
export interface HypothesisPairs {
  readonly pairs: readonly HypothesisPair[];
  /** Passages that any pair names. */
  readonly documents: Vectors;
  /** Passages that candidates are taken from. */
  readonly passages: number;
  /** Id of the encoder. */
  readonly encoder: string;
}

/** Options of {@link hypothesisPairs}. */
export interface HypothesisPairOptions {
  /** A field of one vector for each passage. Default `meaning`. */
  readonly field?: string;
  /** Passages that candidates are taken from, at least 1. Default 5. */
  readonly passages?: number;
  /** Passages of the first ranking that the document is told from, at least as many as `passages`. Default 50. */
  readonly depth?: number;
  /**
   * Whether the document's own sentences are among the candidates where its query finds it first, as they are when somebody asks. Default true; false for queries that repeat its sentences, as those of
   * `syntheticExamples` do, since nothing is learned by repeating them.
   */
  readonly own?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Prepares queries that were made of documents for `learnHypotheses`: by a language model that was shown the document, or `syntheticExamples`. No judgement is needed. Queries that find no sentence,
 * or whose document is not there, are passed over.
 *
 * @param examples the first document of each counts. @throws InvalidArgumentError for a field that does not hold one vector for each passage, and where no pair is left.
 */
export async function hypothesisPairs(
  corpus: Corpus,
  examples: readonly { readonly query: string; readonly relevant: readonly string[] }[],
  options: HypothesisPairOptions = {},
): Promise<HypothesisPairs> {
  const {
    field: name = MEANING,
    passages = HYPOTHESIS_DEFAULTS.passages,
    depth = 50,
    own: seen = true,
    signal,
  } = options;
  const field = fieldOf(corpus, name, ['vector'], 'Learning hypothetical documents');
  const retriever = dense(corpus, { field: name });
  const rows = new Map<number, number>();
  const vectors: Float32Array[] = [];
  const place = async (ordinals: readonly number[]): Promise<number[]> => {
    const missing = Uint32Array.from(new Set(ordinals.filter((ordinal) => !rows.has(ordinal)))).sort();
    const got = missing.length === 0 ? [] : await corpus.get(name, missing);
    for (const [i, vector] of got.entries()) {
      if (vector !== undefined) rows.set(missing[i]!, vectors.push(vector as Float32Array) - 1);
    }
    return ordinals.flatMap((ordinal) => rows.get(ordinal) ?? []);
  };
  const pairs: HypothesisPair[] = [];
  for (const { query: content, relevant } of examples) {
    signal?.throwIfAborted();
    const document = relevant[0] === undefined ? undefined : await corpus.find(relevant[0]);
    if (document === undefined) continue;
    const { from, to } = document;
    const query: Query = { content, language: queryLanguage(content, corpus) };
    const k = depth + to - from;
    const { hits } = await retriever(query, { k, ...(signal === undefined ? {} : { signal }) });
    const others = hits.filter(({ passage }) => passage < from || passage >= to).slice(0, depth);
    const candidates = await sentenceCandidates(
      query,
      (seen ? hits : others).slice(0, passages),
      corpus,
      field,
      signal,
    );
    const own = await place(Array.from({ length: to - from }, (_, i) => from + i));
    if (candidates === undefined || own.length === 0) continue;
    const near = (row: number) => dot(vectors[row]!, candidates.asked);
    const positive = own.reduce((a, b) => (near(b) > near(a) ? b : a));
    const found = await place(others.map(({ passage }) => passage));
    pairs.push({ candidates, positive, others: found, exclude: own.filter((row) => row !== positive) });
  }
  if (pairs.length > 0) return { pairs, documents: Vectors.fromRows(vectors), passages, encoder: field.encoder };
  throw new InvalidArgumentError(
    `None of ${examples.length} queries names a document of the collection and finds sentences of others.`,
    'Name documents by their ids, and give a collection of several.',
  );
}
