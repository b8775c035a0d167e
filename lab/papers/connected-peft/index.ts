import { infoNCE } from '../../../src/train/index.ts';
import type { Claim } from '../../grading/index.ts';
import { grid } from '../../protocols/learning.ts';
import { pairClaim } from '../../protocols/pair-claims.ts';
import { type Commands, commands, type Tuning } from '../../protocols/pretrained.ts';
import { pairRecipe } from '../../protocols/recipes.ts';

const STEPS = 300;

/** InfoNCE within batches of 64. */
const by = (name: string, tuning: Tuning, learningRate: readonly number[], steps = STEPS) =>
  pairRecipe({
    name,
    steps,
    size: 64,
    configs: grid({ learningRate }),
    start: (_, data) => (data as Commands).body(tuning),
    loss: (scores, { exclude }) => infoNCE(scores, { temperature: 0.05, exclude }),
  });
const RATES = [1e-3, 3e-3, 1e-2];
// Ranks that give about as many trained numbers, 1.2% of the model: 8,192, 8,216 and 6,400.
const adapters = (steps?: number) => by('adapters', { adapters: { rank: 16 } }, RATES, steps);
const connected = (steps?: number) => by('connected adapters', { side: { rank: 8 } }, RATES, steps);
const [separate, joined] = [adapters(), connected()];

export const claims: readonly Claim[] = [
  pairClaim({
    id: 'connected',
    statement:
      'On descriptions of commands never seen in training, connected adapters are at least one point of MRR@10 above separate ones with as many trained numbers.',
    metric: 'MRR@10',
    margin: { absolute: 0.01 },
    data: commands,
    baseline: separate,
    method: joined,
    controls: [
      by('biases', { trained: /(^|\/)(bias|offset)$/ }, [1e-2, 3e-2]),
      by('low-rank updates', { lora: { rank: 2 } }, [3e-3, 1e-2]),
      by('as pre-trained', {}, [0], 0),
    ],
  }),
  pairClaim({
    id: 'soon',
    statement: 'The same after a third of the updates.',
    metric: 'MRR@10',
    margin: { absolute: 0.01 },
    data: commands,
    baseline: adapters(STEPS / 3),
    method: connected(STEPS / 3),
  }),
  pairClaim({
    id: 'full',
    statement:
      'Connected adapters lose no more than two points of MRR@10 against training all weights but the table of words.',
    metric: 'MRR@10',
    margin: { absolute: -0.02 },
    data: commands,
    baseline: by('all weights but the words', { trained: /^(?!words\/)/ }, [3e-4, 1e-3, 3e-3]),
    method: joined,
    controls: [by('the whole model', {}, RATES)],
  }),
];
