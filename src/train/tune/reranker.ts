import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { type Collection, CROSS, withOwn } from '../../collection/index.ts';
import { type CrossEncoder, type TrainableCross, trainableCross } from '../../encode/index.ts';
import { nativeRuntime } from '../../encode/runtime.ts';
import { crossReranker } from '../../rerank/index.ts';
import { pipeline, type SearchEnvironment } from '../../search/index.ts';
import type { SnapshotCorpus } from '../../store/corpus.ts';
import { trainCross } from '../train-cross.ts';
import { TuneCorpus } from './corpus.ts';
import { divided } from './divided.ts';
import type { TuneExample } from './examples.ts';
import { RerankerJudge } from './reranker-judge.ts';
import { RerankerLists } from './reranker-lists.ts';
import type { RerankerTuneOptions, RerankerTuneReport } from './reranker-types.ts';
import { compareServed, reasonAgainst, type ServedComparison, timedSearches } from './served.ts';

/**
 * Trains a cross-encoder for a collection on queries of one's own: lists of what is relevant and of what the collection's own search ranks high although it is not
 * (hard negatives of the live pipeline). It becomes the collection's, as `cross` in pipelines, if `PIPELINE > rerank(cross)` is significantly better than the
 * pipeline on queries that were held out; otherwise, and on any failure, the collection stays as it is.
 *
 * @throws InvalidArgumentError for examples that cannot be used, a body that is no BERT, and a pipeline that does not run here, or that ranks by `cross` already;
 * TrainingDivergedError when the loss is no longer a number.
 */
export async function tuneReranker(collection: Collection, options: RerankerTuneOptions): Promise<RerankerTuneReport> {
  const start = performance.now();
  const { seed = 1, depth = 20, base = 'minilm', lora = 16, maxLength, signal, onProgress } = options;
  const progress = (phase: 'preparing' | 'testing' | 'deploying') =>
    onProgress?.({
      phase,
      step: 0,
      steps: 0,
      loss: Number.NaN,
      validation: Number.NaN,
      msLeft: undefined,
    });
  progress('preparing');
  const snapshot = await collection.snapshot();
  try {
    const corpus = new TuneCorpus(collection, snapshot);
    const live = collection.corpusOf(snapshot);
    const { environment } = corpus;
    const chosen = options.pipeline ?? environment.standard ?? (snapshot.settings.dim === 0 ? 'bm25' : 'hybrid');
    const found = String(pipeline(chosen, environment.extensions));
    if (new RegExp(`rerank\\(${CROSS}\\b`).test(found)) {
      throw new InvalidArgumentError(
        `The pipeline "${found}" ranks by ${CROSS} already, which is to be trained.`,
        'Name what finds the candidates: --pipeline hybrid.',
      );
    }
    const { train, validation, test, duplicates } = await divided(corpus, options, new Random(seed));
    const cross = await trainableCross(base, {
      lora: { rank: lora, alpha: lora },
      seed,
      ...(maxLength === undefined ? {} : { maxLength }),
    });
    const lists = new RerankerLists(live, environment, found);
    const examples = await lists.examples(train);
    const judge = new RerankerJudge(lists, validation, depth);
    const {
      tookMs,
      loss: _,
      ...outcome
    } = await trainCross(cross, examples, {
      runtime: await nativeRuntime(),
      epochs: options.epochs ?? 3,
      seed: seed + 1,
      passages: (options.negatives ?? 7) + 1,
      ...(options.batchSize === undefined ? {} : { lists: options.batchSize }),
      ...(options.objective === undefined ? {} : { objective: options.objective }),
      ...(options.learningRate === undefined ? {} : { learningRate: options.learningRate }),
      validation: { measure: () => judge.measure(cross, signal), patience: options.patience ?? 2 },
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    progress('testing');
    const weight = await judge.weightOf(cross, signal);
    const tested = await compared(cross, { live, environment, found, depth, weight, train, test, ...options });
    const against = reasonAgainst(tested, `${found} > rerank(${CROSS})`);
    const why = against ?? (options.dryRun === true ? 'This was a dry run.' : undefined);
    const { curve: __, ...figures } = outcome;
    if (why === undefined) {
      progress('deploying');
      const made = { by: 'sagitta tune --what reranker', queries: train.length, pipeline: found, seed, ...figures };
      await collection.setReranker({ ...cross.learned(made), suggested: { depth, weight } });
    }
    return {
      what: 'reranker',
      base,
      queries: { train: train.length, validation: validation.length, test: test.length },
      duplicates,
      ...outcome,
      parameters: [...cross.learned().arrays.values()].reduce((sum, { data }) => sum + data.length, 0),
      pipeline: found,
      depth,
      weight,
      ...tested,
      better: against === undefined,
      deployed: why === undefined,
      ...(why === undefined ? {} : { reason: `${why} Nothing was changed.` }),
      trainedMs: tookMs,
      tookMs: performance.now() - start,
      learningRate: options.learningRate ?? cross.learningRate,
      seed,
    };
  } finally {
    snapshot.close();
  }
}

type Tested = ServedComparison & Pick<RerankerTuneReport, 'ms'>;

interface TestInput extends Pick<RerankerTuneOptions, 'level' | 'signal'> {
  readonly live: SnapshotCorpus;
  readonly environment: SearchEnvironment;
  readonly found: string;
  readonly depth: number;
  readonly weight: number;
  readonly train: readonly TuneExample[];
  readonly test: readonly TuneExample[];
}

/** The pipeline against the pipeline with the cross-encoder as it will be served, on the test queries. */
async function compared(cross: TrainableCross, input: TestInput): Promise<Tested> {
  const { live, environment, found, depth, weight, train, test, level = 0.05, signal } = input;
  const served: CrossEncoder = cross.serve('trained');
  try {
    const reranker = crossReranker(async () => served, { id: CROSS, depth, weight, budgetMs: 600_000 });
    const own = environment.extensions ?? {};
    const others = (own.rerankers ?? []).filter(({ id }) => id !== CROSS);
    const after: SearchEnvironment = {
      ...environment,
      extensions: withOwn({ ...own, rerankers: others }, { rerankers: [reranker] }),
    };
    const without = await timedSearches(live, found, environment, test, signal);
    const withIt = await timedSearches(live, `${found} > rerank(${CROSS})`, after, test, signal);
    return {
      ...compareServed(without.lists, withIt.lists, { train, test, level }),
      ms: { before: without.ms, after: withIt.ms },
    };
  } finally {
    await served.dispose();
  }
}
