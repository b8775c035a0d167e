import type { Vectors } from '../../base/vectors.ts';
import { queryLanguage } from '../../corpus/index.ts';
import { denseShareOf } from '../../encode/dense-share.ts';
import type { Encoder } from '../../encode/encoder.ts';
import { type Comparison, compareSystems, type Evaluation } from '../../eval/index.ts';
import { DEPTH, type Encoded, hybridRankings, METRIC, measure, rank, type TuneCorpus } from './corpus.ts';
import type { TuneExample } from './examples.ts';
import type { ServedLearner } from './learners.ts';
import { chooseDenseShare } from './share.ts';
import type { TuneReport } from './types.ts';

/** What is compared, and on what. */
export interface TestInput {
  readonly corpus: TuneCorpus;
  /** What was trained on: documents of none of them are `denseUnseen`. */
  readonly trained: readonly TuneExample[];
  /** Queries that choose the share of the dense ranking afterwards. */
  readonly validation: readonly TuneExample[];
  /** The test queries. */
  readonly examples: readonly TuneExample[];
  /** The encoder that made the corpus' vectors. */
  readonly before: Encoder;
  readonly after: Pick<ServedLearner, 'encodeQueries' | 'encodePassages'>;
  /** Of significance. */
  readonly level: number;
  readonly signal?: AbortSignal;
}

/** What the test showed. */
export type TestResult = Pick<
  TuneReport,
  'dense' | 'denseUnseen' | 'hybrid' | 'hybridUnseen' | 'bm25' | 'hybridOverBm25' | 'denseShare'
>;

type Rankings = Encoded['rankings'];

/** Compares before and after on the test queries, over all passages: dense, hybrid, and the hybrid with BM25 alone. */
export async function compareOnTest(input: TestInput): Promise<TestResult> {
  const { corpus, trained, validation, examples, level, signal } = input;
  const queries = examples.map(({ query }) => query);
  const encoded = async (queries: Vectors, passages: Vectors): Promise<Encoded> => {
    return { encoder: input.before, queries, passages, rankings: rank(queries, passages, signal) };
  };
  const before = await encoded(
    await input.before.encode(queries, { role: 'query', ...(signal === undefined ? {} : { signal }) }),
    corpus.vectors,
  );
  const all = corpus.ordinals.map((_, number) => number);
  const vectors = await input.after.encodePassages(all, signal);
  const after = await encoded(await input.after.encodeQueries(queries, signal), vectors);
  const choosing = validation.map(({ query }) => query);
  const chosenOn = await encoded(await input.after.encodeQueries(choosing, signal), vectors);
  const usual = denseShareOf(input.before);
  const denseShare = { before: usual, after: await chooseDenseShare(corpus, chosenOn, validation, usual) };

  const rankings = {
    before: before.rankings,
    after: after.rankings,
    bm25: await lexicalRankings(corpus, examples),
    hybridBefore: await hybridRankings(corpus, before, examples, denseShare.before),
    hybridAfter: await hybridRankings(corpus, after, examples, denseShare.after),
  };
  const over = (name: keyof typeof rankings, chosen: readonly number[]): Evaluation =>
    measure(
      corpus,
      chosen.map((i) => rankings[name][i]!),
      chosen.map((i) => examples[i]!),
    );
  const everything = [...examples.keys()];
  const compare = (a: keyof typeof rankings, b: keyof typeof rankings, chosen = everything): Comparison =>
    compareSystems([named(a, over(a, chosen)), named(b, over(b, chosen))], { metrics: [METRIC], level })[0]!;
  const known = new Set(trained.flatMap(({ relevant }) => relevant));
  const unseen = everything.filter((i) => examples[i]!.relevant.every((id) => !known.has(id)));
  return {
    dense: compare('before', 'after'),
    hybrid: compare('hybridBefore', 'hybridAfter'),
    ...(unseen.length < 2
      ? {}
      : {
          denseUnseen: compare('before', 'after', unseen),
          hybridUnseen: compare('hybridBefore', 'hybridAfter', unseen),
        }),
    bm25: over('bm25', everything).mean(METRIC),
    hybridOverBm25: compare('bm25', 'hybridAfter'),
    denseShare,
  };
}

async function lexicalRankings(corpus: TuneCorpus, examples: readonly TuneExample[]): Promise<Rankings> {
  const rankings: { id: number; score: number }[][] = [];
  for (const { query } of examples) {
    const { hits } = await corpus.lexical(
      { content: query, language: queryLanguage(query, corpus.snapshot) },
      { k: DEPTH },
    );
    rankings.push(
      hits.flatMap(({ passage, score }) => {
        const id = corpus.numberOf(passage);
        return id === undefined ? [] : [{ id, score }];
      }),
    );
  }
  return rankings;
}

function named(name: string, evaluation: Evaluation) {
  return { name, queries: evaluation.queries, values: (metric: string) => evaluation.values(metric) };
}
