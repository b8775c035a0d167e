import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import type { Collection } from '../../collection/index.ts';
import { WORDS } from '../../corpus/index.ts';
import { HEAD } from '../../encode/impact/form.ts';
import { type Encoder, impactEncoder, openEncoder, type TokenEncoder, writeImpactHead } from '../../encode/index.ts';
import { nativeRuntime } from '../../encode/runtime.ts';
import { BUILT_IN, type PipelineStep, pipeline, type SearchEnvironment } from '../../search/index.ts';
import type { SnapshotCorpus } from '../../store/corpus.ts';
import { ImpactTexts } from '../impact-texts.ts';
import { trainImpact } from '../train-impact.ts';
import { ranked, TuneCorpus } from './corpus.ts';
import { divided } from './divided.ts';
import { ImpactCorpus, impactsOf } from './impact-corpus.ts';
import { impactLists, measureHead } from './impact-lists.ts';
import type { ImpactTuneOptions, ImpactTuneReport } from './impact-types.ts';
import { compareServed, reasonAgainst } from './served.ts';

/** The field that impacts go into. */
const IMPACT = 'impact';

/**
 * Trains a head that weighs words (`trainImpact`) on queries of one's own and on what the collection's own search ranks high although it is not relevant. The collection gets a field
 * `impact` by it if its pipeline, with `impact` in place of `words`, is significantly better on queries that were held out; otherwise, and on any failure, it stays as it is.
 * Passages are read twice: for the test, and for the field.
 *
 * @throws InvalidArgumentError for examples that cannot be used, an encoder that cannot tell the tokens of words, and a pipeline that does not run here or does not search `words`;
 * TrainingDivergedError when the loss is no longer a number.
 */
export async function tuneImpact(collection: Collection, options: ImpactTuneOptions): Promise<ImpactTuneReport> {
  const start = performance.now();
  const { seed = 1, base: spec = 'minilm', level = 0.05, signal, onProgress } = options;
  const progress = (phase: 'preparing' | 'testing' | 'deploying') =>
    onProgress?.({ phase, step: 0, steps: 0, loss: Number.NaN, validation: Number.NaN, msLeft: undefined });
  progress('preparing');
  const snapshot = await collection.snapshot();
  const base = (await openEncoder(spec)) as Encoder & TokenEncoder;
  try {
    const corpus = new TuneCorpus(collection, snapshot);
    const live = collection.corpusOf(snapshot);
    const { environment } = corpus;
    const { settings } = collection;
    const chosen = options.pipeline ?? environment.standard ?? (snapshot.settings.dim === 0 ? 'bm25' : 'hybrid');
    const before = pipeline(chosen, environment.extensions);
    const after = pipeline(withImpacts(before.steps, environment) as never, environment.extensions);
    if (String(after) === String(before)) {
      throw new InvalidArgumentError(
        `The pipeline "${before}" does not search ${WORDS}, whose place ${IMPACT} is to take.`,
        'Name one that does: hybrid, or fuse(words, meaning).',
      );
    }
    const { train, validation, test, duplicates } = await divided(corpus, options, new Random(seed));
    const lists = await impactLists(live, environment, settings, String(before), base, train, validation);
    const texts = await ImpactTexts.read(
      base,
      lists.texts,
      snapshot.settings.bm25,
      signal === undefined ? {} : { signal },
    );
    const { head, report } = await trainImpact(texts, lists.examples, {
      runtime: await nativeRuntime(),
      epochs: options.epochs ?? 10,
      seed: seed + 1,
      ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
      ...(options.negatives === undefined ? {} : { negatives: options.negatives }),
      ...(options.flops === undefined ? {} : { flops: options.flops }),
      ...(options.learningRate === undefined ? {} : { learningRate: options.learningRate }),
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
      validation: { measure: (now) => measureHead(texts, lists, validation, now), patience: options.patience ?? 3 },
    });
    progress('testing');
    const encoder = impactEncoder('trained', base, { ...head, base: spec });
    const index = await impactsOf(snapshot, settings, encoder, signal);
    const open = async ({ name }: { readonly name: string }) => fieldEncoder(live, name);
    const impacted = new ImpactCorpus(snapshot, settings, open as never, IMPACT, encoder, index);
    const run = async (searched: SnapshotCorpus, by: string) =>
      ranked(
        searched,
        by,
        environment,
        test.map(({ query }) => query),
        signal,
      );
    const found = { before: await run(live, String(before)), after: await run(impacted, String(after)) };
    const alone = { before: await run(live, WORDS), after: await run(impacted, IMPACT) };
    const compare = (lists: typeof found) => compareServed(lists.before, lists.after, { train, test, level });
    const tested = { ...compare(found), alone: compare(alone).served };
    const against = reasonAgainst(tested, String(after));
    const why = against ?? (options.dryRun === true ? 'This was a dry run.' : undefined);
    const { curve, steps, stoppedEarly, bestStep, parameters, tookMs: trainedMs } = report;
    let deployed: string | undefined;
    if (why === undefined) {
      progress('deploying');
      const made = { by: 'sagitta tune --what impact', queries: train.length, pipeline: String(before), seed, steps };
      const description = { form: 'impact', base: spec, dim: base.dim, training: made };
      const files = new Map([[HEAD, writeImpactHead({ ...head, base: spec, made })]]);
      deployed = await collection.deployImpacts(IMPACT, { description, files }, signal === undefined ? {} : { signal });
    }
    return {
      what: 'impact',
      base: spec,
      queries: { train: train.length, validation: validation.length, test: test.length },
      duplicates,
      steps,
      stoppedEarly,
      bestStep,
      parameters,
      curve,
      pipeline: { before: String(before), after: String(after) },
      ...tested,
      impacts: { count: index.postingCount, full: index.fullCount },
      better: against === undefined,
      ...(deployed === undefined ? {} : { deployed }),
      ...(why === undefined ? {} : { reason: `${why} Nothing was changed.` }),
      trainedMs,
      tookMs: performance.now() - start,
      seed,
    };
  } finally {
    snapshot.close();
    await base.dispose?.();
  }
}

async function fieldEncoder(corpus: SnapshotCorpus, name: string) {
  const field = corpus.fields.find((one) => one.name === name);
  return field === undefined || field.kind === 'terms' ? undefined : field.open();
}

/** Steps with `impact` wherever they search `words`, names of pipelines taken apart. */
function withImpacts(steps: readonly PipelineStep[], environment: SearchEnvironment): readonly PipelineStep[] {
  return steps.flatMap((step): readonly PipelineStep[] => {
    const { op, of } = step;
    if (op === WORDS) return [{ ...step, op: IMPACT }];
    const named = Object.hasOwn(BUILT_IN, op) ? BUILT_IN[op as keyof typeof BUILT_IN] : environment.names?.get(op);
    if (named !== undefined) return withImpacts(pipeline(named, environment.extensions).steps, environment);
    return [of === undefined ? step : { ...step, of: of.map((inner) => withImpacts(inner, environment)) }];
  });
}
