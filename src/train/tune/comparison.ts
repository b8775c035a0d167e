import type { Vectors } from '../../base/vectors.ts';
import { queryLanguage } from '../../collection/query-language.ts';
import type { Encoder } from '../../encode/encoder.ts';
import { type Comparison, compareSystems, type Evaluation } from '../../eval/index.ts';
import { type BatchRanker, DEPTH, type Encoded, hybridRankings, METRIC, measure, type TuneCorpus } from './corpus.ts';
import type { TuneExample } from './examples.ts';
import type { Learner } from './learners.ts';
import type { TuneReport } from './types.ts';

/** What is compared, and on what. */
export interface TestInput {
  readonly corpus: TuneCorpus;
  readonly ranker: BatchRanker;
  /** What was trained on: documents of none of them are `denseUnseen`. */
  readonly trained: readonly TuneExample[];
  /** The test queries. */
  readonly examples: readonly TuneExample[];
  /** The encoder that made the corpus' vectors. */
  readonly before: Encoder;
  readonly after: Pick<Learner, 'encodeQueries' | 'encodePassages'>;
  /** Of significance. */
  readonly level: number;
  readonly signal?: AbortSignal;
}

/** Compares before and after on the test queries, over all passages: dense, hybrid, and the hybrid with BM25 alone. */
export async function compareOnTest(
  input: TestInput,
): Promise<Pick<TuneReport, 'dense' | 'denseUnseen' | 'hybrid' | 'bm25' | 'hybridOverBm25'>> {
  const { corpus, ranker, trained, examples, level, signal } = input;
  const queries = examples.map(({ query }) => query);
  const encoded = async (queries: Vectors, passages: Vectors): Promise<Encoded> => {
    return { encoder: input.before, queries, passages, rankings: await ranker.rank(queries, passages) };
  };
  const before = await encoded(
    await input.before.encode(queries, { role: 'query', ...(signal === undefined ? {} : { signal }) }),
    corpus.vectors,
  );
  const all = corpus.ordinals.map((_, number) => number);
  const vectors = await input.after.encodePassages(all, signal);
  const after = await encoded(await input.after.encodeQueries(queries, signal), vectors);
  const words: { id: number; score: number }[][] = [];
  for (const { query } of examples) {
    const { hits } = await corpus.lexical(
      { text: query, language: queryLanguage(query, corpus.snapshot) },
      { k: DEPTH },
    );
    words.push(
      hits.flatMap(({ passage, score }) => {
        const id = corpus.numberOf(passage);
        return id === undefined ? [] : [{ id, score }];
      }),
    );
  }
  const evaluations = {
    before: measure(corpus, before.rankings, examples),
    after: measure(corpus, after.rankings, examples),
    bm25: measure(corpus, words, examples),
    hybridBefore: measure(corpus, await hybridRankings(corpus, before, examples), examples),
    hybridAfter: measure(corpus, await hybridRankings(corpus, after, examples), examples),
  };
  const comparison = (a: string, left: Evaluation, b: string, right: Evaluation): Comparison =>
    compareSystems([named(a, left), named(b, right)], { metrics: [METRIC], level })[0]!;
  const compare = (a: keyof typeof evaluations, b: keyof typeof evaluations): Comparison =>
    comparison(a, evaluations[a], b, evaluations[b]);
  const known = new Set(trained.flatMap(({ relevant }) => relevant));
  const unseen = [...examples.keys()].filter((i) => examples[i]!.relevant.every((id) => !known.has(id)));
  const among = ({ rankings }: Encoded) =>
    measure(
      corpus,
      unseen.map((i) => rankings[i]!),
      unseen.map((i) => examples[i]!),
    );
  return {
    dense: compare('before', 'after'),
    ...(unseen.length < 2 ? {} : { denseUnseen: comparison('before', among(before), 'after', among(after)) }),
    hybrid: compare('hybridBefore', 'hybridAfter'),
    bm25: evaluations.bm25.mean(METRIC),
    hybridOverBm25: compare('bm25', 'hybridAfter'),
  };
}

function named(name: string, evaluation: Evaluation) {
  return { name, queries: evaluation.queries, values: (metric: string) => evaluation.values(metric) };
}
