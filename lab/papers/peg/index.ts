import { Random } from '../../../src/base/random.ts';
import { infoNCE, type ProgressiveOptions, progressiveWeights } from '../../../src/train/index.ts';
import type { Claim, Lab } from '../../grading/index.ts';
import { exactClaim } from '../../protocols/claims.ts';
import { grid } from '../../protocols/learning.ts';
import { cachedDifference } from '../../protocols/losses.ts';
import { pairClaim } from '../../protocols/pair-claims.ts';
import { type Pairs, pairs } from '../../protocols/pairs.ts';
import { hardNegatives, pairRecipe } from '../../protocols/recipes.ts';

/** Share of training pairs whose document is wrong: half of them random, half near misses. */
const WRONG = 0.3;
/** Ranks by the frozen vectors from which near misses and hard negatives are taken. */
const WINDOW = { from: 20, to: 60 };
const GUARD = { after: 0.1, factor: 0.05 };

const clean = (lab: Lab) => pairs(lab, 'tldr', { most: 2000, train: 'encoder' });

/** Descriptions and pages of commands, with wrong pages among the training pairs. */
const noisy = (lab: Lab) =>
  lab.once('peg', async (): Promise<Pairs> => {
    const data = await clean(lab);
    const random = new Random(41);
    const near = hardNegatives(data, WINDOW);
    const wrong = (query: number) => {
      const misses = near[query]!;
      return random.next() < 0.5 ? random.below(data.documents.count) : misses[random.below(misses.length)]!;
    };
    const seen = data.relevant.map((right, query) => (random.next() < WRONG ? new Set([wrong(query)]) : right));
    return { ...data, seen };
  });

/** InfoNCE with weights of a batch's queries. */
const weighed = (name: string, options: ProgressiveOptions) =>
  pairRecipe({
    name,
    steps: 80,
    size: 24,
    hard: { ...WINDOW, count: 1 },
    configs: grid({ temperature: [0.03, 0.1], learningRate: [3e-5, 1e-4, 3e-4] }),
    loss: (scores, { exclude, progress }, { temperature }) =>
      infoNCE(scores, {
        temperature,
        exclude,
        weights: progressiveWeights(scores, progress, { ...options, exclude }),
      }),
  });
const even = weighed('even', { schedule: 'even' });
const easyToHard = weighed('easy to hard', { schedule: 'easy to hard' });

/** Pairs that a run on batches of any size sees. */
const PAIRS = 4096;
const sized = (size: number) =>
  pairRecipe({
    name: `batches of ${size}`,
    steps: PAIRS / size,
    size,
    configs: grid({ temperature: [0.05], learningRate: [3e-5, 1e-4, 3e-4, 1e-3] }),
    loss: (scores, { exclude }, { temperature }) => infoNCE(scores, { temperature, exclude }),
  });

export const claims: readonly Claim[] = [
  pairClaim({
    id: 'order',
    statement:
      'With 30% wrong pairs, weights from easy to hard give an MRR@10 at least 0.01 above that of even weights on held-out descriptions.',
    metric: 'MRR@10',
    margin: { absolute: 0.01 },
    data: noisy,
    baseline: even,
    method: easyToHard,
  }),
  pairClaim({
    id: 'reversed',
    statement: 'They give one at least 0.01 above that of the reversed order.',
    metric: 'MRR@10',
    margin: { absolute: 0.01 },
    data: noisy,
    baseline: weighed('hard to easy', { schedule: 'hard to easy' }),
    method: easyToHard,
  }),
  pairClaim({
    id: 'guard',
    statement:
      'A guard against wrong pairs alone, with even weights, gives one at least 0.01 above that of even weights.',
    metric: 'MRR@10',
    margin: { absolute: 0.01 },
    data: noisy,
    baseline: even,
    method: weighed('even, guarded', { schedule: 'even', guard: GUARD }),
  }),
  pairClaim({
    id: 'batch',
    statement: 'On clean pairs, batches of 256 give a better MRR@10 than batches of 16 that see as many pairs in all.',
    metric: 'MRR@10',
    data: clean,
    baseline: sized(16),
    method: sized(256),
  }),
  exactClaim('code', {
    id: 'cached',
    statement:
      'The gradient of a batch of 128 by gradient caching in chunks of 16 differs from that of the whole batch by less than 1e-5 of its greatest component.',
    check: async (lab) => {
      const data = await pairs(lab, 'tldr', { most: 400 });
      return {
        metric: 'greatest relative difference',
        value: await cachedDifference(data, 16),
        atMost: 1e-5,
        sources: data.sources,
      };
    },
  }),
];
