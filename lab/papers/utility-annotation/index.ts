import { mean } from '../../../src/eval/index.ts';
import { multiPositiveNCE } from '../../../src/train/index.ts';
import type { Claim, Lab } from '../../grading/index.ts';
import { exactClaim } from '../../protocols/claims.ts';
import { grid } from '../../protocols/learning.ts';
import { annotate, byPeople, type Curriculum, type Marked, markDraw, markedRequests } from '../../protocols/marks.ts';
import { type PairSide, pairClaim, tunedValues } from '../../protocols/pair-claims.ts';
import { pairRecipe } from '../../protocols/recipes.ts';

type Loss = 'single' | 'conjunctive' | 'disjunctive';

/** Of the relevant documents an annotator marks so many. */
const RECALL = 0.8;
/** Share of wrong marks that the claims are about, where the most is to be gained. */
const NOISY = 0.5;
/** Share of the queries that people mark as well, and of the last steps that learn from them. */
const [PEOPLE, LAST] = [0.2, 0.25];

/** Trains one head for queries and documents. */
const learner = (name: string, curriculum: Curriculum, loss: Loss) =>
  pairRecipe({
    name,
    steps: 200,
    configs: grid({ temperature: [0.05, 0.1], learningRate: [1e-3, 3e-3, 1e-2, 3e-2] }),
    draw: (data) => markDraw(data as Marked, curriculum),
    loss: (scores, { marked, drawn, others }, { temperature }) =>
      loss === 'single'
        ? multiPositiveNCE(scores, drawn!, 'conjunctive', temperature, others!)
        : multiPositiveNCE(scores, marked!, loss, temperature),
  });

const marks = (wrong: number) => annotate({ recall: RECALL, wrong });
const by = (loss: Loss, wrong: number) => learner(`${loss}, ${100 * wrong}% wrong`, { sources: [marks(wrong)] }, loss);
const right = { conjunctive: by('conjunctive', 0), disjunctive: by('disjunctive', 0) };
const noisy = {
  single: by('single', NOISY),
  conjunctive: by('conjunctive', NOISY),
  disjunctive: by('disjunctive', NOISY),
};
const both = [marks(NOISY), byPeople(PEOPLE)];
// Of a query with one mark all three losses are the same.
const mixed = (name: string, curriculum: Curriculum) => learner(name, curriculum, 'disjunctive');
const among = { sources: both, choose: (_: number, random: { next(): number }) => (random.next() < LAST ? 1 : 0) };
const after = { sources: both, choose: (progress: number) => (progress < 1 - LAST ? 0 : 1) };

/** A comparison of two ways to learn from labels. */
const comparison = (
  id: string,
  statement: string,
  [metric, absolute]: readonly ['nDCG@10' | 'recall@10', number],
  [baseline, method]: readonly [PairSide, PairSide],
  controls: readonly PairSide[] = [],
): Claim =>
  pairClaim({
    id,
    statement,
    metric,
    margin: { absolute },
    data: markedRequests,
    baseline,
    method,
    controls,
  });

const crossover = exactClaim('data', {
  id: 'crossover',
  statement:
    'From right labels to labels of which half are wrong, the disjunctive loss gains at least 0.02 of nDCG@10 on the conjunctive one, with every seed.',
  check: async (lab: Lab) => {
    const data = await markedRequests(lab);
    const of = (recipe: typeof right.conjunctive) => tunedValues(data, recipe, 'nDCG@10', lab);
    const ahead = async ({ conjunctive, disjunctive }: Pick<typeof noisy, 'conjunctive' | 'disjunctive'>) => {
      const [less, more] = [await of(conjunctive), await of(disjunctive)];
      return more.map((values, seed) => mean(values) - mean(less[seed]!));
    };
    const [before, then] = [await ahead(right), await ahead(noisy)];
    return {
      metric: 'change of the difference of nDCG@10, the least of the seeds',
      value: Math.min(...then.map((value, seed) => value - before[seed]!)),
      atLeast: 0.02,
      units: data.splits.filter((split) => split === 'test').length,
      seeds: before.length,
      sources: data.sources,
    };
  },
});

export const claims: readonly Claim[] = [
  comparison(
    'right',
    'When no mark is wrong, the conjunctive loss ranks no more than 0.01 of nDCG@10 worse than the disjunctive one.',
    ['nDCG@10', -0.01],
    [right.disjunctive, right.conjunctive],
  ),
  comparison(
    'noise-conjunctive',
    'When half of the marks are wrong, the disjunctive loss ranks at least 0.01 of nDCG@10 better than the conjunctive one.',
    ['nDCG@10', 0.01],
    [noisy.conjunctive, noisy.disjunctive],
  ),
  comparison(
    'noise-single',
    'Then it also ranks at least 0.01 of nDCG@10 better than a loss of one mark drawn at random.',
    ['nDCG@10', 0.01],
    [noisy.single, noisy.disjunctive],
  ),
  comparison(
    'people',
    'Marks of which half are wrong, and then those of people for a fifth of the queries, rank no more than 0.01 of nDCG@10 worse than marks of people for all.',
    ['nDCG@10', -0.01],
    [mixed('people mark all', { sources: [byPeople(1)] }), mixed('half wrong, then people mark a fifth', after)],
    [
      mixed('half wrong and a fifth by people, mixed', among),
      mixed('people mark a fifth', { sources: [byPeople(PEOPLE)] }),
      noisy.disjunctive,
    ],
  ),
  comparison(
    'collapse',
    'The disjunctive loss is content with the easiest positives: when no mark is wrong, the conjunctive one finds at least 0.01 more of recall@10.',
    ['recall@10', 0.01],
    [right.disjunctive, right.conjunctive],
  ),
  crossover,
];
