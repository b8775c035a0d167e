import { mean, type RankedList } from '../../../src/eval/index.ts';
import { cosines, multiPositiveNCE } from '../../../src/train/index.ts';
import { type Claim, type Config, type Contestant, type Lab, material, type Paper } from '../../grading/index.ts';
import { type Fit, fitting, type Training } from '../../protocols/heads.ts';
import {
  type Grades,
  gradesOf,
  type PairTower,
  pairContestant,
  rankingMetric,
  rankings,
  splitsOf,
} from '../../protocols/pairs.ts';
import { annotate, byPeople, type Curriculum, groups, type Task, task } from './labels.ts';

const losses = ['single', 'conjunctive', 'disjunctive'] as const;
type Loss = (typeof losses)[number];

/** Of the relevant documents an annotator marks so many. */
const RECALL = 0.8;
/** Shares of wrong marks; the claims are about the last, where the most is to be gained. */
const NOISE = [0, 0.25, 0.5] as const;
const NOISY = 0.5;
/** Share of the queries that people mark as well, and of the last steps that learn from them. */
const PEOPLE = 0.2;
const LAST = 0.25;
const SEEDS = [1, 2, 3];

/** Trains one head for queries and documents. */
function learner(lab: Lab, on: Task, curriculum: Curriculum, loss: Loss): Fit<PairTower> {
  return fitting(
    (config): Training<PairTower> => ({
      towers: { query: { form: 'low-rank' }, document: 'query' },
      loss: (encode, { queries, documents, marked, drawn, others }) => {
        const scores = cosines(encode('query', queries!), encode('document', documents!));
        const temperature = Number(config['temperature']);
        return loss === 'single'
          ? multiPositiveNCE(scores, drawn!, 'conjunctive', temperature, others!)
          : multiPositiveNCE(scores, marked!, loss, temperature);
      },
      batch: groups(on, curriculum),
      steps: lab.pick(10, 200),
      learningRate: Number(config['learningRate']),
    }),
  );
}

const CONFIGS: readonly Config[] = [0.05, 0.1].flatMap((temperature) =>
  [1e-3, 3e-3, 1e-2].map((learningRate) => ({ temperature, learningRate })),
);

/** The labels of an annotator that errs so often. */
const marks =
  (on: Task, wrong: number): Curriculum['sources'][number] =>
  (random) =>
    annotate(on, { recall: RECALL, wrong }, random);
const people =
  (on: Task, share: number): Curriculum['sources'][number] =>
  (random) =>
    byPeople(on, share, random);

interface Learned {
  readonly on: Task;
  readonly configs: readonly Config[];
  readonly by: (loss: Loss, wrong: number) => Fit<PairTower>;
  readonly mixtures: Readonly<Record<'all' | 'few' | 'after' | 'among', Fit<PairTower>>>;
}

/** What the claims compare; each is trained once. */
function learned(lab: Lab): Promise<Learned> {
  return lab.once('utility-annotation learned', async () => {
    const on = await task(lab);
    const fits = new Map<string, Fit<PairTower>>(
      losses.flatMap((loss) =>
        NOISE.map((wrong) => [`${loss} ${wrong}`, learner(lab, on, { sources: [marks(on, wrong)] }, loss)] as const),
      ),
    );
    const both = [marks(on, NOISY), people(on, PEOPLE)];
    return {
      on,
      configs: CONFIGS,
      by: (loss, wrong) => fits.get(`${loss} ${wrong}`)!,
      // Of a query with one mark all three losses are the same.
      mixtures: {
        all: learner(lab, on, { sources: [people(on, 1)] }, 'disjunctive'),
        few: learner(lab, on, { sources: [people(on, PEOPLE)] }, 'disjunctive'),
        after: learner(lab, on, { sources: both, choose: (progress) => (progress < 1 - LAST ? 0 : 1) }, 'disjunctive'),
        among: learner(
          lab,
          on,
          { sources: both, choose: (_, random) => (random.next() < LAST ? 1 : 0) },
          'disjunctive',
        ),
      },
    };
  });
}

type Side = (found: Learned) => Contestant<Grades, RankedList>;

const by =
  (loss: Loss, wrong: number): Side =>
  ({ on, configs, by: fitOf }) =>
    pairContestant(`${loss}, ${100 * wrong}% wrong`, on.data, configs, fitOf(loss, wrong));
const mixture =
  (name: string, which: keyof Learned['mixtures']): Side =>
  ({ on, configs, mixtures }) =>
    pairContestant(name, on.data, configs, mixtures[which]);

/** A comparison of two ways to learn from labels. */
function comparison(
  id: string,
  statement: string,
  [metric, absolute]: readonly ['nDCG@10' | 'recall@10', number],
  [baseline, method]: readonly [Side, Side],
  controls: readonly Side[] = [],
  full = 20,
): Claim {
  return {
    id,
    kind: 'comparative',
    statement,
    metric,
    margin: { absolute },
    seeds: SEEDS,
    seconds: { quick: 2, full },
    load: async (lab) => {
      const found = await learned(lab);
      const { data } = found.on;
      return material({
        truth: gradesOf(data),
        split: splitsOf(data),
        sources: data.sources,
        measure: rankingMetric(metric.toLowerCase()),
        baseline: baseline(found),
        method: method(found),
        controls: controls.map((control) => control(found)),
      });
    },
  };
}

/** Means on test queries by loss, share of wrong marks, seed and metric, each with what development queries choose. */
async function curve(lab: Lab) {
  const { on, configs, by: fitOf } = await learned(lab);
  const truth = gradesOf(on.data);
  const splitOf = splitsOf(on.data);
  const of = (split: string) => [...truth.keys()].filter((unit) => splitOf(unit) === split);
  const measured = async (loss: Loss, wrong: number, config: Config, seed: number, units: readonly string[]) => {
    const found = await rankings(on.data, await fitOf(loss, wrong)(config, { seed, signal: lab.signal }));
    return METRICS.map((metric) => {
      const measure = rankingMetric(metric);
      return mean(units.map((unit) => measure(truth.get(unit)!, found.get(unit)!)));
    });
  };
  const [dev, test] = [of('dev'), of('test')];
  const rows: { readonly loss: Loss; readonly wrong: number; readonly bySeed: readonly (readonly number[])[] }[] = [];
  for (const wrong of NOISE) {
    for (const loss of losses) {
      lab.checkTime();
      let [best, most] = [configs[0]!, -1];
      for (const config of configs) {
        const [value] = await measured(loss, wrong, config, SEEDS[0]!, dev);
        if (value! > most) [best, most] = [config, value!];
      }
      const bySeed: number[][] = [];
      for (const seed of SEEDS) bySeed.push(await measured(loss, wrong, best, seed, test));
      rows.push({ loss, wrong, bySeed });
    }
  }
  return { rows, queries: test.length, sources: on.data.sources };
}

const METRICS = ['ndcg@10', 'mrr@10', 'recall@10'] as const;

const crossover: Claim = {
  id: 'crossover',
  kind: 'exact',
  of: 'data',
  statement:
    'From right labels to labels of which half are wrong, the disjunctive loss gains at least 0.02 of nDCG@10 on the conjunctive one, with every seed.',
  seconds: { quick: 4, full: 45 },
  check: async (lab) => {
    const { rows, queries, sources } = await curve(lab);
    const ndcg = (loss: Loss, wrong: number) =>
      rows.find((row) => row.loss === loss && row.wrong === wrong)!.bySeed.map(([first]) => first!);
    const ahead = (wrong: number) => {
      const conjunctive = ndcg('conjunctive', wrong);
      return ndcg('disjunctive', wrong).map((value, i) => value - conjunctive[i]!);
    };
    const before = ahead(0);
    return {
      metric: 'change of the difference of nDCG@10, the least of the seeds',
      value: Math.min(...ahead(NOISY).map((value, i) => value - before[i]!)),
      atLeast: 0.02,
      units: queries,
      seeds: before.length,
      sources,
      notes: [
        [
          'Test queries, mean of the seeds; recall@10 shows what becomes of the positives that are not the easiest:',
          '',
          '| wrong marks | loss | nDCG@10 | MRR@10 | recall@10 |',
          '|---|---|---|---|---|',
          ...rows.map(({ loss, wrong, bySeed }) => {
            const means = METRICS.map((_, i) => mean(bySeed.map((values) => values[i]!)).toFixed(4));
            return `| ${100 * wrong}% | ${[loss, ...means].join(' | ')} |`;
          }),
        ].join('\n'),
      ],
    };
  },
};

export const paper: Paper = {
  slug: 'utility-annotation',
  summary:
    'A language model marks which candidates help to answer, and a loss that asks only some of several positives to score high learns from the marks.',
  parts: ['train/objectives/contrastive', 'tensor/fit'],
  departures: [
    'No judge is run, though the library runs the pipeline with any (`annotateQueries`): the marks of a language model are simulated. A document that is relevant is marked with probability 0.8, and wrong ones are drawn from the first 20 of BM25, as a judge would take what looks right.',
    'Requests to tools (MetaTool) stand for queries, other requests to the same tool for useful documents, about six each. Some tools do the same, so labels that count as right are not all right.',
    'One head of low rank for queries and documents, over frozen vectors of use-lite, where the paper trains a whole bi-encoder; cosines with a tuned temperature, where it takes products. Batches of 32 queries with 16 candidates each, all of which are candidates for every query.',
    'What people mark is one right document of a query. That they come last, in a quarter of the steps, is a reconstruction.',
    'No answers are made from what is found, and no other collection is searched.',
    'Head, steps, rates and temperatures that are tried were chosen by a first look at development queries, the same for every loss.',
  ],
  reach: { exports: ['train/annotateQueries', 'train/multiPositiveNCE'], byDefault: false },
  claims: [
    comparison(
      'right',
      'When no mark is wrong, the conjunctive loss ranks no more than 0.01 of nDCG@10 worse than the disjunctive one.',
      ['nDCG@10', -0.01],
      [by('disjunctive', 0), by('conjunctive', 0)],
    ),
    comparison(
      'noise-conjunctive',
      'When half of the marks are wrong, the disjunctive loss ranks at least 0.01 of nDCG@10 better than the conjunctive one.',
      ['nDCG@10', 0.01],
      [by('conjunctive', NOISY), by('disjunctive', NOISY)],
    ),
    comparison(
      'noise-single',
      'Then it also ranks at least 0.01 of nDCG@10 better than a loss of one mark drawn at random.',
      ['nDCG@10', 0.01],
      [by('single', NOISY), by('disjunctive', NOISY)],
    ),
    comparison(
      'people',
      'Marks of which half are wrong, and then those of people for a fifth of the queries, rank no more than 0.01 of nDCG@10 worse than marks of people for all.',
      ['nDCG@10', -0.01],
      [mixture('people mark all', 'all'), mixture('half wrong, then people mark a fifth', 'after')],
      [
        mixture('half wrong and a fifth by people, mixed', 'among'),
        mixture('people mark a fifth', 'few'),
        by('disjunctive', NOISY),
      ],
      45,
    ),
    comparison(
      'collapse',
      'The disjunctive loss is content with the easiest positives: when no mark is wrong, the conjunctive one finds at least 0.01 more of recall@10.',
      ['recall@10', 0.01],
      [by('disjunctive', 0), by('conjunctive', 0)],
      [],
      5,
    ),
    crossover,
  ],
};
