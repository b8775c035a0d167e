import { infoNCE } from '../../../src/train/index.ts';
import type { Claim, Lab } from '../../grading/index.ts';
import { exactClaim } from '../../protocols/claims.ts';
import { grid } from '../../protocols/learning.ts';
import { falseShare, type Mined, mined, minedByAll } from '../../protocols/mining.ts';
import { pairClaim } from '../../protocols/pair-claims.ts';
import type { Pairs } from '../../protocols/pairs.ts';
import { pooledBy, type TokenPooling } from '../../protocols/pooling.ts';
import { FROZEN, pairRecipe } from '../../protocols/recipes.ts';
import { classPairs, labelledDraw, type Negatives, siblingPairs, toolPairs } from '../../protocols/tools.ts';

const STEPS = 80;
const learningRate = [3e-5, 1e-4, 3e-4];

/** Requests as texts of classes, the tools. */
const classes = {
  few: (lab: Lab) => classPairs(lab, lab.pick(12, 100), 10),
  many: (lab: Lab) => classPairs(lab, lab.pick(2, 12)),
};

/** InfoNCE where positives and negatives are texts of the same and of other classes. */
const labelled = (name: string, negatives: Negatives) =>
  pairRecipe({
    name,
    steps: STEPS,
    configs: grid({ learningRate, temperature: [0.05, 0.1] }),
    draw: (data) => labelledDraw(data, negatives),
    // Where all but a query's own negatives are excluded, this is `ownNegativesNCE`.
    loss: (scores, { exclude }, { temperature }) => infoNCE(scores, { temperature, exclude }),
  });
const everything = labelled('in-batch negatives too', 'batch');
const own = labelled('own negatives only', 'own');
const others = labelled('in-batch negatives of other classes', 'other classes');

/** Negatives of each query. */
const COUNT = 2;
const RULES = {
  hardest: {},
  below: { keepBelow: { share: 0.95 } },
  random: 'at random',
} as const;
type Rule = keyof typeof RULES;
interface Hidden extends Pairs {
  readonly all: Pairs;
  readonly by: Readonly<Record<Rule, Mined>>;
}

/** Requests that find others to the same tool; half of what is known of them is hidden from training. */
const hidden = (lab: Lab): Promise<Hidden> =>
  lab.once('nv-embed hidden', async () => {
    const all = await siblingPairs(lab, 'hidden', {
      perTool: lab.pick(4, 14),
      isFound: (row) => row % 2 === 0,
      splitOf: (row) => (row % 2 === 0 ? undefined : row % 8 < 5 ? 'train' : row % 8 === 5 ? 'dev' : 'test'),
      told: (count) => count >> 1,
      learn: 'encoder',
    });
    const by = {
      hardest: await mined(all, RULES.hardest, COUNT),
      below: await mined(all, RULES.below, COUNT),
      random: await mined(all, RULES.random, COUNT),
    };
    return { ...minedByAll(all, by), all, by };
  });

const withMined = (name: string, rule: Rule) =>
  pairRecipe({
    name,
    steps: STEPS,
    size: 24,
    hard: { of: (data) => (data as Hidden).by[rule], count: COUNT },
    configs: grid({ learningRate, temperature: [0.05, 0.1] }),
    loss: (scores, { exclude }, { temperature }) => infoNCE(scores, { temperature, exclude }),
  });

/** The last layer and a pooling of its states, trained alike. */
const pooling = (name: string, kind: TokenPooling, latents: readonly number[] = [0]) =>
  pairRecipe({
    name,
    steps: STEPS,
    size: 24,
    configs: grid({ latents, learningRate }),
    start: ({ latents: count }, { learner }) => pooledBy(learner.layer!, kind, count),
    loss: (scores, { exclude }) => infoNCE(scores, { exclude }),
  });
const requests = (lab: Lab) => toolPairs(lab, { perTool: 12, learn: 'encoder' });
const latent = pooling('latent attention', 'latent', [32]);

export const claims: readonly Claim[] = [
  pairClaim({
    id: 'labels-few',
    statement:
      'With requests to 10 tools as texts of 10 classes, leaving in-batch negatives out brings at least 2 points more neighbours of the same class among the first ten.',
    metric: 'P@10',
    margin: { absolute: 0.02 },
    data: classes.few,
    baseline: everything,
    method: own,
    controls: [others],
  }),
  pairClaim({
    id: 'labels-many',
    statement: 'With requests to all 199 tools, leaving in-batch negatives in loses no more than a point of them.',
    metric: 'P@10',
    margin: { absolute: -0.01 },
    data: classes.many,
    baseline: own,
    method: everything,
    controls: [others],
  }),
  exactClaim('data', {
    id: 'false-negatives',
    statement:
      'With half of the answers hidden, negatives that score no more than 0.95 of the positive are hidden answers at most half as often as the hardest ones are.',
    check: async (lab) => {
      const data = await hidden(lab);
      const shares = (Object.keys(RULES) as Rule[]).map((rule) => falseShare(data, data.by[rule]));
      const count = data.splits.filter((split) => split === 'train').length;
      return {
        metric: 'false negatives, as a share of those among the hardest',
        value: shares[1]! / shares[0]!,
        atMost: 0.5,
        units: count,
        sources: data.sources,
        notes: [
          `Hidden answers among the negatives: ${Object.keys(RULES)
            .map((rule, i) => `${rule} ${(100 * shares[i]!).toFixed(1)}%`)
            .join(', ')}; of ${count} queries that have negatives by every rule, the only ones that are trained on.`,
        ],
      };
    },
  }),
  pairClaim({
    id: 'mining',
    statement:
      'An encoder trained with negatives that score no more than 0.95 of the positive ranks better than one trained with the hardest.',
    metric: 'nDCG@10',
    data: hidden,
    baseline: withMined('the hardest', 'hardest'),
    method: withMined('not above 0.95 of the positive', 'below'),
    controls: [withMined('at random', 'random'), { ...FROZEN, name: 'not trained' }],
  }),
  pairClaim({
    id: 'pooling-mean',
    statement: 'Pooling by latent attention finds no more than a point less at rank 1 than the mean does.',
    metric: 'recall@1',
    margin: { absolute: -0.01 },
    data: requests,
    baseline: pooling('mean', 'mean'),
    method: latent,
    controls: [pooling('self-attention', 'self')],
  }),
  pairClaim({
    id: 'pooling-first',
    statement: 'Pooling by latent attention finds more at rank 1 than the token at the head does.',
    metric: 'recall@1',
    data: requests,
    baseline: pooling('the token at the head', 'first'),
    method: latent,
  }),
];
