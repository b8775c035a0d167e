import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { type Collection, ENCODERS } from '../../collection/index.ts';
import type { Encoder } from '../../encode/encoder.ts';
import { nativeRuntime } from '../../encode/runtime.ts';
import { adamW, linearSchedule, Trainer } from '../../tensor/index.ts';
import { batchesOf, type TrainingSet, trainingSet } from './batches.ts';
import { Checkpoint } from './checkpoint.ts';
import { compareOnTest } from './comparison.ts';
import { BatchRanker, METRIC, measure, TuneCorpus } from './corpus.ts';
import { decide } from './decision.ts';
import { checkExamples, checkLeaks, FEWEST_TESTED, type TuneExample } from './examples.ts';
import { createLearner, type Learner, type ServedLearner, type TuneTarget, tuneLoss } from './learners.ts';
import { resolveExamples } from './references.ts';
import { syntheticExamples } from './synthetic.ts';
import type { CurvePoint, TuneOptions, TuneProgress, TuneReport } from './types.ts';

/** Passages that validation ranks while documents are encoded again for it. */
const VALIDATION_POOL = 1_000;
/** Passages of BM25 per query of which those in the pool are the hardest. */
const RIVALS = 20;
const LAST_LOSSES = 20;

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
    options.onProgress?.({ ...trained.progress, phase: 'testing' });
    const result = await served(run.learner, (after) =>
      compareOnTest({
        corpus: run.corpus,
        ranker: run.ranker,
        trained: run.train,
        validation: run.validation,
        examples: run.test,
        before: run.encoder,
        after,
        level: options.level ?? 0.05,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      }),
    );
    const { better, reason: against } = decide(result);
    const report = {
      what: run.what,
      base: run.base,
      queries: { train: run.train.length, validation: run.validation.length, test: run.test.length },
      duplicates: run.duplicates,
      ...trained.outcome,
      ...result,
      decidedOn: 'hybrid',
      better,
      learningRate: run.learningRate,
      seed: run.seed,
    } as const;
    const dry = options.dryRun === true ? 'This was a dry run.' : undefined;
    const why = against ?? dry;
    const reason = why === undefined ? undefined : `${why} Nothing was changed.`;
    let deployed: string | undefined;
    if (reason === undefined) {
      options.onProgress?.({ ...trained.progress, phase: 'deploying' });
      const { curve: _, ...figures } = report;
      const files = await run.learner.files({ made: 'sagitta tune', ...figures }, result.denseShare.after);
      deployed = await collection.deploy(files, options.signal === undefined ? {} : { signal: options.signal });
    }
    await run.checkpoint.remove();
    // Other runs started from the encoder that was.
    if (deployed !== undefined) await Checkpoint.removeAll(run.checkpoint.folder);
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
  readonly train: readonly TuneExample[];
  readonly validation: readonly TuneExample[];
  readonly test: readonly TuneExample[];
  readonly duplicates: number;
  readonly learner: Learner;
  readonly set: TrainingSet;
  readonly ranker: BatchRanker;
  readonly trainer: Trainer;
  readonly checkpoint: Checkpoint;
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
  let ranker: BatchRanker | undefined;
  try {
    const random = new Random(seed);
    const corpus = new TuneCorpus(snapshot, collection.settings);
    const given =
      options.examples === 'synthetic'
        ? syntheticExamples(snapshot, { random })
        : await resolveExamples(corpus, options.examples);
    const exists = (id: string) => snapshot.findDocument(id) !== undefined;
    const { examples, duplicates } = checkExamples(given, exists);
    let test: readonly TuneExample[] | undefined;
    if (options.test !== undefined) {
      checkLeaks(examples, options.test);
      test = checkExamples(await resolveExamples(corpus, options.test), exists, 'test').examples;
    }
    const order = random.shuffle([...examples]);
    const tested = test ?? order.splice(0, Math.min(1_000, Math.max(FEWEST_TESTED, Math.round(order.length / 4))));
    const validation = order.splice(0, Math.min(300, Math.max(4, Math.round(order.length / 5))));

    const runtime = await nativeRuntime();
    ranker = await BatchRanker.create(runtime);
    const frozen = what === 'adapter' || what === 'query';
    const negatives = options.negatives ?? (frozen ? 2 : 0);
    const mine = options.mine ?? (frozen ? 'dense' : 'bm25');
    const distill = options.distill === true;
    const set = await trainingSet(corpus, order, base, ranker, {
      negatives,
      mine,
      distill,
      ...(signal === undefined ? {} : { signal }),
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
    const batchSize = Math.max(2, Math.min(wanted, set.items.length >> 2));
    const steps = epochs * batchesOf(set, batchSize, new Random(seed)).length;
    const { learningRate = learner.learningRate } = options;
    const trainer = new Trainer({
      parameters: learner.parameters,
      loss: tuneLoss(learner, { temperature: options.temperature ?? 0.05, distill }),
      groups: [{ match: /^objective\//, weightDecay: 0 }, ...learner.groups],
      shapes: learner.shapes,
      optimizer: adamW(),
      learningRate: linearSchedule({ peak: learningRate, steps }),
      clip: 1,
      runtime,
      ...(options.threads === undefined ? {} : { threads: options.threads }),
    });
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
        distill,
        options.temperature,
        options.adapter,
        options.tuning,
        order,
        validation,
        tested,
        snapshot.generation,
      ]),
    );
    const checkpoint = new Checkpoint(join(collection.directory, 'tuning'), key.digest('hex').slice(0, 16));
    return {
      options,
      what,
      base: snapshot.settings.encoder,
      encoder: base,
      seed,
      corpus,
      train: order,
      validation,
      test: tested,
      duplicates,
      learner,
      set,
      ranker,
      trainer,
      checkpoint,
      epochs,
      batchSize,
      learningRate,
      async close() {
        await trainer.dispose();
        await ranker?.dispose();
        snapshot.close();
      },
    };
  } catch (error) {
    await ranker?.dispose();
    snapshot.close();
    throw error;
  }
}

/** Trains until the last epoch, or until validation no longer improves, and leaves the best parameters in place. */
async function train(run: Run): Promise<{
  progress: TuneProgress;
  outcome: Pick<
    TuneReport,
    'steps' | 'stoppedEarly' | 'bestStep' | 'parameters' | 'curve' | 'trainedMs' | 'resumedFrom'
  >;
}> {
  const { options, trainer, learner, set, checkpoint, epochs, batchSize, seed } = run;
  const { patience = 3, signal } = options;
  const perEpoch = batchesOf(set, batchSize, new Random(seed)).length;
  const steps = epochs * perEpoch;
  const validate = await validator(run);
  const saved = options.resume === true ? await checkpoint.read() : undefined;
  if (saved !== undefined) trainer.restore(saved.state);
  const curve: CurvePoint[] = saved?.curve ?? [];
  let best = saved?.best ?? learner.parameters.clone();
  let bestStep = saved?.bestStep ?? 0;
  let losses: number[] = saved?.losses ?? [];
  const begun = performance.now();
  const before = trainer.steps;
  const progress = (phase: TuneProgress['phase']): TuneProgress => {
    const done = trainer.steps - before;
    const spent = performance.now() - begun;
    const last = losses.slice(-LAST_LOSSES);
    return {
      phase,
      step: trainer.steps,
      steps,
      loss: last.reduce((a, b) => a + b, 0) / last.length,
      validation: curve.at(-1)?.validation ?? Number.NaN,
      msLeft: done === 0 ? undefined : (spent / done) * (steps - trainer.steps),
    };
  };
  const save = () => checkpoint.write({ state: trainer.state(), curve, best, bestStep, losses });
  const point = async (epoch: number) => {
    options.onProgress?.(progress('validating'));
    const validation = await validate();
    const loss = losses.length === 0 ? Number.NaN : losses.reduce((a, b) => a + b, 0) / losses.length;
    losses = [];
    if (curve.every((earlier) => validation > earlier.validation)) {
      best = learner.parameters.clone();
      bestStep = trainer.steps;
    }
    curve.push({ epoch, step: trainer.steps, loss, validation });
  };
  /** Whether validation has not improved for long enough; also asked of a run that is taken up after it ended so. */
  const isExhausted = () => {
    const best = curve.findIndex(({ step }) => step === bestStep);
    return curve.length - 1 - best >= patience && trainer.steps < steps;
  };
  let stoppedEarly = false;
  try {
    if (curve.length === 0) await point(0);
    stoppedEarly = isExhausted();
    for (let epoch = Math.floor(trainer.steps / perEpoch); epoch < epochs && !stoppedEarly; epoch++) {
      // The batches of an epoch follow from the seed, so that a run that is taken up again sees the same ones.
      const batches = batchesOf(set, batchSize, new Random(seed + 1 + epoch));
      for (let i = trainer.steps - epoch * perEpoch; i < perEpoch; i++) {
        signal?.throwIfAborted();
        const { loss } = await trainer.step(set.batch(learner, batches[i % batches.length]!));
        losses.push(loss);
        options.onProgress?.(progress('training'));
      }
      await point(epoch + 1);
      stoppedEarly = isExhausted();
      // The last state too, so that a test or a deployment that fails need not train again.
      if (learner.encodesPassages || epoch % 10 === 9 || stoppedEarly || epoch + 1 === epochs) await save();
    }
  } catch (error) {
    if (signal?.aborted) await save();
    throw error;
  }
  for (const name of best.names) {
    const { data, shape } = best.get(name);
    learner.parameters.set(name, data, shape);
  }
  return {
    progress: progress('training'),
    outcome: {
      steps: trainer.steps,
      stoppedEarly,
      bestStep,
      parameters: learner.parameters.size,
      curve,
      trainedMs: performance.now() - begun,
      ...(saved === undefined ? {} : { resumedFrom: before }),
    },
  };
}

/** Measures the parameters of the moment on the validation queries, among all passages or, where those change, a pool. */
async function validator(run: Run): Promise<() => Promise<number>> {
  const { corpus, learner, validation, ranker, options } = run;
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
      return ranker.rank(await after.encodeQueries(queries, options.signal), vectors);
    });
    const numbered = rankings.map((ranking) => ranking.map(({ id, score }) => ({ id: pool[id]!, score })));
    return measure(corpus, numbered, validation).mean(METRIC);
  };
}
