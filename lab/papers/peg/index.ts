import { Random } from '../../../src/base/random.ts';
import { adapter } from '../../../src/encode/index.ts';
import { nativeRuntime } from '../../../src/encode/runtime.ts';
import {
  add,
  type Batch,
  constantOf,
  drawn,
  fit,
  Parameters,
  run,
  type Scope,
  scale,
  sgd,
  type Tensor,
  type Tensors,
  toValue,
  type Value,
} from '../../../src/tensor/index.ts';
import { cosines, infoNCE, type ProgressiveOptions, progressiveWeights } from '../../../src/train/index.ts';
import type { Lab, Paper } from '../../grading/index.ts';
import type { Fit } from '../../protocols/heads.ts';
import {
  examplesOf,
  grid,
  hardNegatives,
  type PairExample,
  type Pairs,
  type PairTower,
  pairBatches,
  pairClaim,
  pairContestant,
  pairs,
  sharedHead,
} from '../../protocols/pairs.ts';

/** Share of training pairs whose document is wrong: half of them random, half near misses. */
const WRONG = 0.3;
/** Ranks by the frozen vectors from which near misses and hard negatives are taken. */
const WINDOW = { from: 20, to: 60 };
const SIZE = 64;
const GUARD = { after: 0.1, factor: 0.05 };

const CONFIGS = grid({ temperature: [0.02, 0.05, 0.1], learningRate: [1e-3, 3e-3, 1e-2] });

const toHard = (progress: Tensor): Tensor => add(scale(progress, 2), -1);
const toEasy = (progress: Tensor): Tensor => scale(toHard(progress), -1);
const always =
  (sign: number) =>
  (progress: Tensor): Tensor =>
    add(scale(progress, 0), sign);

/** Weights of a batch's queries, by name. */
const WEIGHTINGS = {
  even: { schedule: always(0) },
  'easy to hard': { schedule: toHard },
  'hard to easy': { schedule: toEasy },
  'always hard': { schedule: always(1) },
  'easy to hard, relative to the positive': { schedule: toHard, relative: true },
  'even, guarded': { schedule: always(0), guard: GUARD },
  'easy to hard, guarded': { schedule: toHard, guard: GUARD },
  'always easy, guarded': { schedule: always(-1), guard: GUARD },
} satisfies Readonly<Record<string, ProgressiveOptions>>;
type Weighting = keyof typeof WEIGHTINGS;

interface Noisy {
  readonly data: Pairs;
  readonly by: Readonly<Record<Weighting, Fit<PairTower>>>;
}

/** Descriptions and pages of commands, with wrong pages among the training pairs. */
function load(lab: Lab): Promise<Noisy> {
  return lab.once('peg', async () => {
    const data = await pairs(lab, 'tldr', lab.pick(600, Number.POSITIVE_INFINITY));
    const seen = spoiled(data);
    const options = { size: SIZE, hard: { of: hardNegatives(seen, WINDOW), count: 1 } };
    const batch = pairBatches(seen, options);
    const by = (weighting: ProgressiveOptions) =>
      sharedHead(batch, lab.pick(30, 500), (scores, { temperature }, { exclude, progress }) => {
        const weights = progressiveWeights(scores, progress!, { ...weighting, exclude: exclude! });
        return infoNCE(scores, { temperature: Number(temperature), exclude: exclude!, weights });
      });
    return {
      data,
      by: Object.fromEntries(
        Object.entries(WEIGHTINGS).map(([name, weighting]) => [name, by(weighting)]),
      ) as Noisy['by'],
    };
  });
}

/** The pairs as somebody sees them who does not know which are wrong: for training queries the wrong document is the answer. */
function spoiled(data: Pairs): Pairs {
  const random = new Random(41);
  const near = hardNegatives(data, WINDOW);
  const relevant = data.relevant.map((documents, query) => {
    if (data.splits[query] !== 'train' || random.next() >= WRONG) return documents;
    const misses = near[query]!;
    return new Set([random.next() < 0.5 ? random.below(data.documents.count) : misses[random.below(misses.length)]!]);
  });
  return { ...data, relevant };
}

const contestant = ({ data, by }: Noisy, weighting: Weighting) =>
  pairContestant(weighting, data, CONFIGS, by[weighting]);

const against = (baseline: Weighting, method: Weighting, controls: readonly Weighting[]) => async (lab: Lab) => {
  const noisy = await load(lab);
  return {
    data: noisy.data,
    baseline: contestant(noisy, baseline),
    method: contestant(noisy, method),
    controls: controls.map((control) => contestant(noisy, control)),
  };
};

/** Pairs that a run on batches of any size sees. */
const PAIRS = 32_768;

export const paper: Paper = {
  slug: 'peg',
  summary:
    'Text encoders trained on noisy pairs with very large batches, and with weights that move from pairs with easy negatives to pairs with hard ones.',
  parts: ['train/objectives/progressive', 'train/objectives/contrastive', 'tensor/fit'],
  departures: [
    'The weighting is a reconstruction: the paper gives no formula. Difficulty is the mean of the five greatest cosines of negatives, standardised in the batch.',
    'The guard, which makes light of pairs whose negatives beat their positive, is an addition.',
    'A head of low rank over frozen vectors of use-lite, on descriptions and pages of commands; 30% of the training pairs are made wrong, half with random pages and half with near misses. Batches of 64 with one hard negative each.',
  ],
  reach: { exports: ['train/progressiveWeights'], byDefault: false },
  claims: [
    pairClaim({
      id: 'order',
      statement:
        'With 30% wrong pairs, weights from easy to hard give an MRR@10 at least 0.01 above that of even weights on held-out descriptions.',
      metric: 'MRR@10',
      margin: { absolute: 0.01 },
      seconds: { quick: 3, full: 80 },
      load: against('even', 'easy to hard', ['always hard', 'easy to hard, relative to the positive']),
    }),
    pairClaim({
      id: 'reversed',
      statement: 'They give one at least 0.01 above that of the reversed order.',
      metric: 'MRR@10',
      margin: { absolute: 0.01 },
      seconds: { quick: 1, full: 30 },
      load: against('hard to easy', 'easy to hard', []),
    }),
    pairClaim({
      id: 'guard',
      statement:
        'A guard against wrong pairs alone, with even weights, gives one at least 0.01 above that of even weights.',
      metric: 'MRR@10',
      margin: { absolute: 0.01 },
      seconds: { quick: 2, full: 75 },
      load: against('even', 'even, guarded', ['easy to hard, guarded', 'always easy, guarded']),
    }),
    pairClaim({
      id: 'batch',
      statement:
        'On clean pairs, batches of 512 give a better MRR@10 than batches of 32 that see as many pairs in all.',
      metric: 'MRR@10',
      seconds: { quick: 1, full: 90 },
      load: async (lab) => {
        const { data } = await load(lab);
        const configs = grid({ temperature: [0.02, 0.05], learningRate: [1e-3, 3e-3, 1e-2, 3e-2] });
        const sized = (size: number) => {
          const steps = Math.max(2, Math.round(lab.pick(1024, PAIRS) / size));
          const train = sharedHead(pairBatches(data, { size }), steps, (scores, { temperature }, { exclude }) =>
            infoNCE(scores, { temperature: Number(temperature), exclude: exclude! }),
          );
          return pairContestant(`batches of ${size}`, data, configs, train);
        };
        return { data, baseline: sized(32), method: sized(512), controls: lab.pick([], [sized(128), sized(2048)]) };
      },
    }),
    {
      id: 'cached',
      kind: 'exact',
      of: 'code',
      statement:
        'The gradient of a batch of 128 by gradient caching in chunks of 16 differs from that of the whole batch by less than 1e-5 of its greatest component.',
      seconds: { quick: 1, full: 4 },
      check: async (lab) => {
        const { data } = await load(lab);
        const [whole, cached] = [await gradientOf(data, 128), await gradientOf(data, 16)];
        const difference = whole.reduce((most, value, i) => Math.max(most, Math.abs(value - cached[i]!)), 0);
        const greatest = whole.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        return {
          metric: 'greatest relative difference',
          value: difference / greatest,
          atMost: 1e-5,
          sources: data.sources,
          notes: [await wrongWeights(lab)],
        };
      },
    },
  ],
};

/** The gradient of 128 pairs with respect to the head, in chunks of so many: what a step of plain descent takes away. */
async function gradientOf(data: Pairs, chunk: number): Promise<Float32Array> {
  const count = 128;
  const batch = pairBatches(data, { size: count })(new Random(1), 0, 0);
  const { queries, documents } = batch;
  const parameters = new Parameters(1);
  const model = { parameters, forward: (scope: Scope, { x }: Tensors) => adapter(scope, x!) };
  const rows = ({ data: values, shape: [, width] }: Value, from: number): Value => ({
    data: (values as Float32Array).slice(from * width!, (from + chunk) * width!),
    shape: [chunk, width!],
  });
  const how = { runtime: await nativeRuntime(), threads: 1 } as const;
  // Makes the parameters, so that they are known before the step.
  await run(model.forward, { x: rows(queries!, 0) }, { ...how, parameters });
  const before = parameters.clone();
  const chunks = Array.from(
    { length: count / chunk },
    (_, i): Batch => ({
      queries: rows(queries!, i * chunk),
      documents: rows(documents!, i * chunk),
    }),
  );
  await fit(
    model,
    drawn(1, () => chunks),
    {
      represent: (forward, inputs) => ({
        queries: forward({ x: inputs['queries']! }),
        documents: forward({ x: inputs['documents']! }),
      }),
      loss: (encoded) => infoNCE(cosines(encoded['queries']!, encoded['documents']!)),
    },
    { ...how, optimizer: sgd(), learningRate: 1, schedule: 'constant', clip: Number.POSITIVE_INFINITY },
  );
  return Float32Array.from(
    before.names.flatMap((name) => {
      const after = parameters.get(name).data;
      return Array.from(before.get(name).data, (value, i) => value - after[i]!);
    }),
  );
}

/** Mean weight of the wrong pairs among 512, by the frozen vectors, for the reader: 1 is that of all. */
async function wrongWeights(lab: Lab): Promise<string> {
  const { data } = await load(lab);
  const seen = spoiled(data);
  const examples = new Random(5).shuffle(examplesOf(seen, 'train')).slice(0, lab.pick(64, 512));
  const isWrong = ({ query, document }: PairExample): boolean => !data.relevant[query]!.has(document);
  const [queries, documents] = [
    data.queries.pick(examples.map(({ query }) => query)),
    data.documents.pick(examples.map(({ document }) => document)),
  ];
  const wrong = examples.map(isWrong);
  const share = wrong.filter(Boolean).length / wrong.length;
  const inputs = { queries: toValue(queries), documents: toValue(documents) };
  const moments = [0, 0.5, 1];
  const model = (_: Scope, batch: Tensors): Tensors => {
    const scores = cosines(batch['queries']!, batch['documents']!);
    return Object.fromEntries(
      Object.entries(WEIGHTINGS).flatMap(([name, weighting]) =>
        moments.map((moment) => {
          const progress = constantOf(Float32Array.of(moment), [1]);
          return [`${name} ${moment}`, progressiveWeights(scores, progress, weighting)] as const;
        }),
      ),
    );
  };
  const out = await run(model, inputs, { runtime: await nativeRuntime(), threads: 1 });
  const mean = (name: string): string => {
    const weights = out[name]!.data as Float32Array;
    return (weights.reduce((total, weight, i) => total + (wrong[i]! ? weight : 0), 0) / (share * wrong.length)).toFixed(
      2,
    );
  };
  return [
    `Mean weight of the wrong pairs (${(100 * share).toFixed(0)}% of ${wrong.length}) by the frozen vectors, where 1 is that of all pairs:`,
    '',
    '| weights | start | middle | end |',
    '|---|---|---|---|',
    ...Object.keys(WEIGHTINGS).map(
      (name) => `| ${[name, ...moments.map((moment) => mean(`${name} ${moment}`))].join(' | ')} |`,
    ),
  ].join('\n');
}
