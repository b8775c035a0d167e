import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { type Collection, ENCODERS } from '../../collection/index.ts';
import { MEANING } from '../../corpus/index.ts';
import type { Encoder } from '../../encode/encoder.ts';
import { nativeRuntime } from '../../encode/runtime.ts';
import { compilePipeline, type PipelineInput, pipeline } from '../../search/index.ts';
import type { Snapshot } from '../../store/types.ts';
import { fit, type Runtime } from '../../tensor/index.ts';
import { FileCheckpoint, removeCheckpoints } from '../checkpoint.ts';
import { batchesOf, type TrainingSet, trainingSet } from './batches.ts';
import { compareOnTest } from './comparison.ts';
import { documentsIn, METRIC, measure, rank, TuneCorpus } from './corpus.ts';
import { decide } from './decision.ts';
import { divided } from './divided.ts';
import type { TuneExample } from './examples.ts';
import { createLearner, type Learner, type ServedLearner, type TuneTarget, tuneObjective } from './learners.ts';
import type { TuneOptions, TuneProgress, TuneReport } from './types.ts';

/** Passages that validation ranks while documents are encoded again for it. */
const VALIDATION_POOL = 1_000;
/** Passages of BM25 per query of which those in the pool are the hardest. */
const RIVALS = 20;

/**
 * Tunes a collection's encoder to queries of one's own: holds out a test set, trains, keeps the state that was best on
 * validation queries, compares before and after on the test queries with a paired test, and deploys the result if the search
 * that the collection answers with is significantly better: see `decide`. Otherwise, and on any failure, the collection stays as it is.
 *
 * A quarter of the queries is for the test and three twentieths for validation; queries of the same text count once.
 *
 * @throws InvalidArgumentError for examples that cannot be used, and encoders that cannot be trained;
 * TrainingDivergedError when the loss is no longer a number.
 */
export async function tune(collection: Collection, options: TuneOptions): Promise<TuneReport> {
  const start = performance.now();
  const run = await prepare(collection, options);
  try {
    const trained = await train(run);
    const progress = (phase: TuneProgress['phase']) =>
      options.onProgress?.({
        phase,
        step: trained.steps,
        steps: trained.steps,
        loss: trained.curve.at(-1)?.loss ?? Number.NaN,
        validation: trained.curve.at(-1)?.validation ?? Number.NaN,
        msLeft: 0,
      });
    progress('testing');
    const result = await served(run.learner, (after) =>
      compareOnTest({
        corpus: run.corpus,
        trained: run.train,
        validation: run.validation,
        examples: run.test,
        before: run.encoder,
        after,
        pipeline: run.pipeline,
        level: options.level ?? 0.05,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      }),
    );
    const decidedOn = String(pipeline(run.pipeline, run.corpus.environment.extensions));
    const { better, reason: against } = decide({ ...result, decidedOn });
    const report = {
      what: run.what,
      base: run.base,
      queries: { train: run.train.length, validation: run.validation.length, test: run.test.length },
      duplicates: run.duplicates,
      ...(options.consistency === undefined ? {} : { inconsistent: run.set.inconsistent }),
      ...trained,
      ...result,
      decidedOn,
      better,
      learningRate: run.learningRate,
      seed: run.seed,
    } as const;
    const dry = options.dryRun === true ? 'This was a dry run.' : undefined;
    const why = against ?? dry;
    const reason = why === undefined ? undefined : `${why} Nothing was changed.`;
    let deployed: string | undefined;
    if (reason === undefined) {
      progress('deploying');
      const { curve: _, ...figures } = report;
      const files = await run.learner.files({ made: 'sagitta tune', ...figures }, result.denseShare.after);
      deployed = await collection.deploy(files, options.signal === undefined ? {} : { signal: options.signal });
    }
    await run.checkpoint.remove();
    // Other runs started from the encoder that was.
    if (deployed !== undefined) await removeCheckpoints(dirname(run.checkpoint.path));
    return {
      ...report,
      ...(deployed === undefined ? {} : { deployed }),
      ...(reason === undefined ? {} : { reason }),
      tookMs: performance.now() - start,
    };
  } finally {
    await run.close();
  }
}

/** Work with what was trained so far; freed afterwards. */
async function served<T>(learner: Learner, work: (after: ServedLearner) => Promise<T>): Promise<T> {
  const after = learner.serve();
  try {
    return await work(after);
  } finally {
    await after.dispose();
  }
}

/** Everything that a run works with. */
interface Run {
  readonly options: TuneOptions;
  readonly what: TuneTarget;
  readonly base: string;
  readonly encoder: Encoder;
  readonly seed: number;
  readonly corpus: TuneCorpus;
  readonly pipeline: PipelineInput;
  readonly train: readonly TuneExample[];
  readonly validation: readonly TuneExample[];
  readonly test: readonly TuneExample[];
  readonly duplicates: number;
  /** Whether the teacher's scores are learned. */
  readonly distill: boolean;
  readonly learner: Learner;
  readonly set: TrainingSet;
  readonly runtime: Runtime;
  readonly checkpoint: FileCheckpoint;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  close(): Promise<void>;
}

async function prepare(collection: Collection, options: TuneOptions): Promise<Run> {
  const { what = 'adapter', seed = 1, signal } = options;
  options.onProgress?.({
    phase: 'preparing',
    step: 0,
    steps: 0,
    loss: Number.NaN,
    validation: Number.NaN,
    msLeft: undefined,
  });
  const base = await collection.encoder();
  if (base === undefined) {
    throw new InvalidArgumentError(
      `The collection in ${collection.directory} has no embeddings, so there is nothing to tune.`,
      'Index again into a new collection with an encoder.',
    );
  }
  const snapshot = await collection.snapshot();
  try {
    const random = new Random(seed);
    const corpus = new TuneCorpus(collection, snapshot);
    const chosen = await chosenPipeline(options.pipeline, collection, snapshot);
    const { train: order, validation, test: tested, duplicates } = await divided(corpus, options, random);

    const runtime = await nativeRuntime();
    const frozen = what === 'adapter' || what === 'query';
    const { consistency, curriculum } = options;
    const isMined = frozen || curriculum !== undefined;
    const negatives = options.negatives ?? (isMined ? 2 : 0);
    const mine = options.mine ?? (isMined ? 'dense' : 'bm25');
    const distill = options.distill ?? options.teacher !== undefined;
    const teacher = options.teacher ?? chosen;
    const set = await trainingSet(corpus, order, base, {
      negatives,
      mine,
      consistency,
      curriculum,
      distill,
      teacher,
      signal,
    });
    const learner = await createLearner({
      what,
      corpus,
      queries: order.map(({ query }) => query),
      base,
      baseId: snapshot.settings.encoder,
      versions: join(collection.directory, ENCODERS),
      seed,
      adapter: options.adapter ?? {},
      tuning: options.tuning ?? {},
      runtime,
      ...(signal === undefined ? {} : { signal }),
    });
    const epochs = options.epochs ?? (what === 'adapter' ? 60 : 6);
    const wanted = options.batchSize ?? (what === 'adapter' ? 64 : 32);
    const batchSize = Math.max(2, Math.min(wanted, set.pairs.length >> 2));
    const { learningRate = learner.learningRate } = options;
    const key = createHash('sha256').update(
      JSON.stringify([
        what,
        snapshot.settings.encoder,
        seed,
        epochs,
        batchSize,
        learningRate,
        negatives,
        options.mine,
        consistency,
        curriculum,
        distill,
        distill ? String(pipeline(teacher, corpus.environment.extensions)) : undefined,
        options.temperature,
        options.adapter,
        options.tuning,
        order,
        validation,
        tested,
        snapshot.generation,
      ]),
    );
    const checkpoint = new FileCheckpoint(
      join(collection.directory, 'tuning', `${key.digest('hex').slice(0, 16)}.safetensors`),
      // An epoch takes long where passages are encoded, and next to nothing otherwise.
      learner.encodesPassages ? 1 : 10,
    );
    return {
      options,
      what,
      base: snapshot.settings.encoder,
      encoder: base,
      seed,
      corpus,
      pipeline: chosen,
      train: order,
      validation,
      test: tested,
      duplicates,
      distill,
      learner,
      set,
      runtime,
      checkpoint,
      epochs,
      batchSize,
      learningRate,
      async close() {
        snapshot.close();
      },
    };
  } catch (error) {
    snapshot.close();
    throw error;
  }
}

/** How the collection is searched. @throws InvalidArgumentError for a pipeline that does not run here, or that no encoder has a part in. */
async function chosenPipeline(
  given: PipelineInput | undefined,
  collection: Collection,
  snapshot: Snapshot,
): Promise<PipelineInput> {
  const environment = collection.environment(snapshot);
  const chosen = given ?? environment.standard ?? 'hybrid';
  const { fields } = await compilePipeline(chosen, { corpus: collection.corpusOf(snapshot), ...environment });
  if (fields.some(({ name }) => name === MEANING)) return chosen;
  throw new InvalidArgumentError(
    `The pipeline "${pipeline(chosen, environment.extensions)}" does not search by meaning, so that training changes nothing of it.`,
    'Name one that does: --pipeline hybrid.',
  );
}

/** Trains until the last epoch, or until validation no longer improves, and leaves the best parameters in place. */
async function train(run: Run) {
  const { options, learner, set, checkpoint, epochs, batchSize, learningRate, seed } = run;
  const { patience = 3, signal, onProgress, resume, threads } = options;
  const {
    tookMs,
    loss: _,
    ...outcome
  } = await fit(
    { ...learner, forward: learner.scores },
    batchesOf(set, learner, { size: batchSize, epochs, seed }),
    tuneObjective({
      temperature: options.temperature ?? 0.05,
      distill: run.distill,
    }),
    {
      runtime: run.runtime,
      epochs,
      learningRate,
      seed: seed + 1,
      groups: [{ match: /^objective\//, weightDecay: 0 }],
      validation: { measure: await validator(run), patience },
      checkpoint,
      ...(resume === undefined ? {} : { resume }),
      ...(threads === undefined ? {} : { threads }),
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    },
  );
  return { ...outcome, trainedMs: tookMs };
}

/** Measures the parameters of the moment on the validation queries, among all passages or, where those change, a pool. */
async function validator(run: Run): Promise<() => Promise<number>> {
  const { corpus, learner, validation, options } = run;
  const queries = validation.map(({ query }) => query);
  let pool = corpus.ordinals.map((_, number) => number);
  if (learner.encodesPassages && pool.length > VALIDATION_POOL) {
    const chosen = new Set(validation.flatMap(({ relevant }) => relevant.flatMap((id) => corpus.passagesOf(id))));
    const rivals = await Promise.all(validation.map(({ query }) => corpus.lexical({ content: query }, { k: RIVALS })));
    // Rank by rank, so that every query has its nearest rivals in the pool.
    for (let rank = 0; rank < RIVALS; rank++) {
      for (const { hits } of rivals) {
        const number = hits[rank] === undefined ? undefined : corpus.numberOf(hits[rank].passage);
        if (number !== undefined && chosen.size < VALIDATION_POOL) chosen.add(number);
      }
    }
    for (const number of new Random(run.seed).shuffle([...pool])) {
      if (chosen.size >= VALIDATION_POOL) break;
      chosen.add(number);
    }
    pool = [...chosen].sort((a, b) => a - b);
  }
  return async () => {
    const rankings = await served(learner, async (after) => {
      const vectors = await after.encodePassages(pool, options.signal);
      return rank(await after.encodeQueries(queries, options.signal), vectors, options.signal);
    });
    const numbered = rankings.map((ranking) => ranking.map(({ id, score }) => ({ id: pool[id]!, score })));
    return measure(documentsIn(corpus, numbered), validation).mean(METRIC);
  };
}
