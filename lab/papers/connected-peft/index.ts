import { infoNCE } from '../../../src/train/index.ts';
import type { Paper } from '../../grading/index.ts';
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

export const paper: Paper = {
  slug: 'connected-peft',
  summary:
    'A few trained modules in a frozen encoder, joined by a side path so that they form one connected way from input to output.',
  parts: ['tensor/layers/adapters', 'encode/small/transformer', 'train/cloze', 'tensor/fit'],
  departures: [
    'The exact form of the side path was not available: the chain with gates, and what feeds it, is a reconstruction.',
    'A transformer of 4 layers, width 64, over hashed words, pre-trained for 1,500 updates by the inverse cloze task on the pages of training; the paper has BERT, and MS MARCO.',
    'Adapters of rank 16 against rank 8 with a side path of 8: 8,192 and 8,216 trained numbers. Low-rank updates of rank 2 have 6,400. Layer norms and the last map stay frozen, save where biases are trained.',
    'Retrieval only, with negatives of the batch; no cross-encoder. All pages that a description is of are ranked, MRR@10.',
    'Modules do not touch the table of words, where much of what there is to learn lies here, since pages of test hold words that those of training do not. Therefore the last claim is about all other weights; the whole model stands beside it.',
  ],
  seconds: { quick: 23, full: 680 },
  reach: {
    exports: ['tensor/connectedAdapters', 'encode/trainableTransformer', 'encode/trainableUseLite'],
    byDefault: false,
  },
  claims: [
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
  ],
};
