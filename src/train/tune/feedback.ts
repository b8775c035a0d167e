import { InvalidArgumentError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { Random } from '../../base/random.ts';
import { type Collection, LEARNED, withOwn } from '../../collection/index.ts';
import { nativeRuntime } from '../../encode/runtime.ts';
import { learnedFeedback, pipeline, type QueryUpdate, type SearchEnvironment } from '../../search/index.ts';
import { trainFeedback } from '../feedback/index.ts';
import { METRIC, measure, passagesFound, ranked, TuneCorpus } from './corpus.ts';
import { divided } from './divided.ts';
import type { TuneExample } from './examples.ts';
import type { FeedbackTuneOptions, FeedbackTuneReport, Quality, Tried } from './feedback-types.ts';
import { compareServed, reasonAgainst, timedSearches, unseenOf } from './served.ts';
import type { TuneProgress } from './types.ts';
import { encoderOf, exampleVectors } from './vector-examples.ts';

/** Learning rates that validation chooses among. */
const RATES = [3e-4, 1e-3, 3e-3];
/** Shares of what it adds to a query that validation chooses among: what learned its queries by heart is worth less for others. */
const SHARES = [1, 0.5, 0.25];
/** Least queries whose documents were not trained on by which a share is chosen. */
const LEAST_UNSEEN = 10;
/** Updates, where nobody says how many passes. */
const STEPS = 400;
/** Hits that the step `feedback` of a pipeline sees where it says nothing else. */
const MOST_PASSAGES = 10;

/**
 * Trains feedback on vectors (`trainFeedback`) for a collection on queries of one's own, with the passages that the collection's own search finds first. It becomes the collection's, as
 * `learned` in pipelines, if `PIPELINE > feedback(learned)` is significantly better than the pipeline on queries that were held out; otherwise, and on any failure, the collection stays as it is.
 *
 * @throws InvalidArgumentError for a collection without an encoder, examples that cannot be used, more passages than a pipeline shows, and a pipeline that does not run here or asks for `learned` already;
 * TrainingDivergedError when the loss is no longer a number.
 */
export async function tuneFeedback(collection: Collection, options: FeedbackTuneOptions): Promise<FeedbackTuneReport> {
  const start = performance.now();
  const { passages = 5, seed = 1, level = 0.05, threads, signal, onProgress } = options;
  if (!(Number.isInteger(passages) && passages >= 1 && passages <= MOST_PASSAGES)) {
    throw new InvalidArgumentError(
      `Feedback cannot read ${passages} passages.`,
      `Let it read a whole number from 1 to ${MOST_PASSAGES}.`,
    );
  }
  const progress = (phase: TuneProgress['phase'], step = 0, steps = 0, loss = Number.NaN) =>
    onProgress?.({ phase, step, steps, loss, validation: Number.NaN, msLeft: undefined });
  progress('preparing');
  const encoder = await encoderOf(collection);
  const snapshot = await collection.snapshot();
  try {
    const corpus = new TuneCorpus(collection, snapshot);
    const live = collection.corpusOf(snapshot);
    const { environment } = corpus;
    const before = String(pipeline(options.pipeline ?? environment.standard ?? 'hybrid', environment.extensions));
    if (new RegExp(`feedback\\(${LEARNED}\\b`).test(before)) {
      throw new InvalidArgumentError(
        `The pipeline "${before}" asks for the feedback ${LEARNED} already, which is to be trained.`,
        'Name what stands before it: --pipeline hybrid.',
      );
    }
    const after = `${before} > feedback(${LEARNED})`;
    const { train, validation, test, duplicates } = await divided(corpus, options, new Random(seed));
    const vectors = await exampleVectors(corpus, encoder, train, signal);
    const found = await passagesFound(live, before, environment, texts(train));
    const size = Math.max(1, Math.min(options.batchSize ?? 32, train.length >> 2));
    const steps = options.epochs === undefined ? STEPS : options.epochs * Math.ceil(train.length / size);
    const runtime = await nativeRuntime();
    const rates = options.learningRate === undefined ? RATES : [options.learningRate];
    const trained = (learningRate: number, done: number): Promise<QueryUpdate> =>
      trainFeedback(corpus.vectors, vectors.queries, vectors.positives, {
        runtime,
        ranked: found.map((hits) => hits.flatMap(({ passage }) => corpus.numberOf(passage) ?? [])),
        exclude: vectors.exclude,
        passages,
        queries: size,
        steps,
        learningRate,
        seed,
        encoder: snapshot.settings.encoder,
        ...given({ threads, signal }),
        onProgress: (share, loss) => progress('training', done + Math.round(share * steps), rates.length * steps, loss),
      });
    const serving = (update: QueryUpdate): SearchEnvironment => {
      const { feedbacks = [], ...own } = environment.extensions ?? {};
      const others = feedbacks.filter(({ id }) => id !== LEARNED);
      const feedback = learnedFeedback(update, { id: LEARNED });
      return { ...environment, extensions: withOwn({ ...own, feedbacks: others }, { feedbacks: [feedback] }) };
    };
    const untrained = unseenOf(validation, train);
    const quality = async (by: string, where: SearchEnvironment): Promise<Quality> => {
      const lists = await ranked(live, by, where, texts(validation), signal);
      const of = (chosen: readonly number[]): number =>
        measure(
          chosen.map((i) => lists[i]!),
          chosen.map((i) => validation[i]!),
        ).mean(METRIC);
      const all = of([...validation.keys()]);
      return untrained.length < LEAST_UNSEEN ? { all } : { all, unseen: of(untrained) };
    };
    const trainedFrom = performance.now();
    const without = await quality(before, environment);
    const tried: (Tried & { readonly update: QueryUpdate })[] = [];
    for (const [i, learningRate] of rates.entries()) {
      const whole = await trained(learningRate, i * steps);
      progress('validating', (i + 1) * steps, rates.length * steps);
      for (const share of SHARES) {
        const update = withShare(whole, share);
        tried.push({ learningRate, share, ...(await quality(after, serving(update))), update });
      }
    }
    const trainedMs = performance.now() - trainedFrom;
    const { update, learningRate, share } = tried.reduce((a, b) => (gain(b, without) > gain(a, without) ? b : a));
    progress('testing');
    const plain = await timedSearches(live, before, environment, test, signal);
    const refined = await timedSearches(live, after, serving(update), test, signal);
    const tested = compareServed(plain.lists, refined.lists, { train, test, level });
    const against = reasonAgainst(tested, after);
    const why = against ?? (options.dryRun === true ? 'This was a dry run.' : undefined);
    if (why === undefined) {
      progress('deploying');
      const by = 'sagitta tune --what feedback';
      await collection.setFeedback({ ...update, made: { ...update.made, by, pipeline: before } });
    }
    return {
      what: 'feedback',
      encoder: snapshot.settings.encoder,
      queries: { train: train.length, validation: validation.length, test: test.length },
      duplicates,
      steps,
      parameters: [...update.parameters.values()].reduce((sum, { length }) => sum + length, 0),
      passages,
      validation: { without, tried: tried.map(({ update: _, ...one }) => one) },
      pipeline: { before, after },
      ...tested,
      ms: { before: plain.ms, after: refined.ms },
      better: against === undefined,
      deployed: why === undefined,
      ...(why === undefined ? {} : { reason: `${why} Nothing was changed.` }),
      trainedMs,
      tookMs: performance.now() - start,
      learningRate,
      share,
      seed,
    };
  } finally {
    snapshot.close();
  }
}

function texts(examples: readonly TuneExample[]): string[] {
  return examples.map(({ query }) => query);
}

/** What validation queries came to: the lesser of what all of them gained, and those whose documents were not trained on. */
function gain({ all, unseen = Number.POSITIVE_INFINITY }: Quality, without: Quality): number {
  return Math.min(all - without.all, unseen - (without.unseen ?? 0));
}

/** A network of which a query takes a share: of the mean of the passages, and of what is made of both. */
function withShare(update: QueryUpdate, share: number): QueryUpdate {
  const scaled = (name: string, values: Float32Array) =>
    ['share', 'out'].includes(name) ? values.map((value) => share * value) : values;
  const parameters = Array.from(update.parameters, ([name, values]) => [name, scaled(name, values)] as const);
  return { ...update, parameters: new Map(parameters) };
}
