import type { Paper } from '../lab/index.ts';
import { labelClaim } from './labels.ts';
import { falseNegatives, mining } from './mining.ts';
import { poolingClaim } from './pooling.ts';

export const paper: Paper = {
  slug: 'nv-embed',
  summary:
    'Three ideas for one encoder of many tasks: in-batch negatives only where they are negatives, mined negatives that are not too close to the positive, and pooling by attention to a trained dictionary.',
  parts: ['train/miner', 'train/objectives/contrastive', 'tensor/layers/pooling', 'tensor/trainer'],
  departures: [
    'Heads over frozen vectors of use-lite, where the paper trains a decoder of 7 billion parameters: nothing is said of its attention mask or its two stages.',
    'Latent attention in residual form, normalised before each block and starting as the mean, is a reconstruction.',
    'States of tokens are reduced to 128 principal components, and only queries are pooled; documents keep their vectors.',
    'Rates were narrowed beforehand on development requests.',
  ],
  claims: [labelClaim('few'), labelClaim('many'), falseNegatives, mining, poolingClaim('mean'), poolingClaim('last')],
};
