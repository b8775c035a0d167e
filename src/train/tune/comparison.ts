import type { Vectors } from '../../base/vectors.ts';
import { denseShareOf } from '../../encode/dense-share.ts';
import type { Encoder } from '../../encode/encoder.ts';
import { type Comparison, compareSystems, type Evaluation } from '../../eval/index.ts';
import type { PipelineInput } from '../../search/index.ts';
import { documentsIn, METRIC, measure, rank, ranked, type TuneCorpus } from './corpus.ts';
import type { TuneExample } from './examples.ts';
import type { ServedLearner } from './learners.ts';
import { remembered } from './remembered.ts';
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
  /** How the collection is searched. */
  readonly pipeline: PipelineInput;
  /** Of significance. */
  readonly level: number;
  readonly signal?: AbortSignal;
}

/** What the test showed. */
export type TestResult = Pick<
  TuneReport,
  'dense' | 'denseUnseen' | 'served' | 'servedUnseen' | 'bm25' | 'servedOverBm25' | 'denseShare'
>;

/** Compares before and after on the test queries, over all passages: dense, by the pipeline, and by the pipeline with BM25 alone. */
export async function compareOnTest(input: TestInput): Promise<TestResult> {
  const { corpus, trained, validation, examples, pipeline, level, signal } = input;
  const how = signal === undefined ? {} : { signal };
  const queries = examples.map(({ query }) => query);
  const all = corpus.ordinals.map((_, number) => number);
  const passages = await input.after.encodePassages(all, signal);
  const before = remembered(input.before);
  const after = remembered({
    ...facts(input.before),
    dim: passages.dim,
    encode: (texts, options) => input.after.encodeQueries(texts as readonly string[], options?.signal),
  });
  // All at once is faster than one by one, as the pipelines ask.
  const vectors = {
    before: await before.encode(queries, { role: 'query', ...how }),
    after: await after.encode(queries, { role: 'query', ...how }),
  };
  await after.encode(
    validation.map(({ query }) => query),
    { role: 'query', ...how },
  );
  const run = (encoder: Encoder, rows: Vectors, asked: readonly TuneExample[], by: PipelineInput = pipeline) =>
    ranked(
      corpus.reencoded(encoder, rows),
      by,
      corpus.environment,
      asked.map(({ query }) => query),
      signal,
    );
  const sharing = (share: number): Encoder => ({ ...after, denseShare: share });
  const usual = denseShareOf(input.before);
  const share = await chooseDenseShare((one) => run(sharing(one), passages, validation), validation, usual);
  const lists = {
    before: documentsIn(corpus, rank(vectors.before, corpus.vectors, signal)),
    after: documentsIn(corpus, rank(vectors.after, passages, signal)),
    bm25: await run(before, corpus.vectors, examples, 'bm25'),
    servedBefore: await run(before, corpus.vectors, examples),
    servedAfter: await run(sharing(share), passages, examples),
  };
  const over = (name: keyof typeof lists, chosen: readonly number[]): Evaluation =>
    measure(
      chosen.map((i) => lists[name][i]!),
      chosen.map((i) => examples[i]!),
    );
  const everything = [...examples.keys()];
  const compare = (a: keyof typeof lists, b: keyof typeof lists, chosen = everything): Comparison =>
    compareSystems([named(a, over(a, chosen)), named(b, over(b, chosen))], { metrics: [METRIC], level })[0]!;
  const known = new Set(trained.flatMap(({ relevant }) => relevant));
  const unseen = everything.filter((i) => examples[i]!.relevant.every((id) => !known.has(id)));
  return {
    dense: compare('before', 'after'),
    served: compare('servedBefore', 'servedAfter'),
    ...(unseen.length < 2
      ? {}
      : {
          denseUnseen: compare('before', 'after', unseen),
          servedUnseen: compare('servedBefore', 'servedAfter', unseen),
        }),
    bm25: over('bm25', everything).mean(METRIC),
    servedOverBm25: compare('bm25', 'servedAfter'),
    denseShare: { before: usual, after: share },
  };
}

/** What is known of an encoder, without its work. */
function facts({ id, languages }: Encoder): Pick<Encoder, 'id' | 'languages'> {
  return { id, ...(languages === undefined ? {} : { languages }) };
}

export function named(name: string, evaluation: Evaluation) {
  return { name, queries: evaluation.queries, values: (metric: string) => evaluation.values(metric) };
}
