import type { Paper } from '../../grading/index.ts';
import { labelClaim } from './labels.ts';
import { falseNegatives, mining } from './mining.ts';
import { poolingClaim } from './pooling.ts';

export const paper: Paper = {
  slug: 'nv-embed',
  summary:
    'Three ideas for one encoder of many tasks: in-batch negatives only where they are negatives, mined negatives that are not too close to the positive, and pooling by attention to a trained dictionary.',
  parts: ['train/miner', 'train/objectives/contrastive', 'tensor/layers/pooling', 'tensor/fit'],
  departures: [
    'Heads over frozen vectors of use-lite, where the paper trains a decoder of 7 billion parameters: nothing is said of its attention mask or its two stages.',
    'Texts with labels are requests with the tool that serves them, 199 tools at most, where more than 500 classes were wanted.',
    'Latent attention in residual form, normalised before each block and starting as the mean, is a reconstruction. So is the share of 0.95.',
    'use-lite was trained to be pooled by the sum of its states, with no token at the end: the last token is a weak opponent here.',
    "States of tokens are reduced to the 128 principal components of the documents' vectors, and only queries are pooled; documents keep their vectors.",
    'Rates and temperatures that are tried were narrowed beforehand on development requests.',
  ],
  reach: {
    commands: ['sagitta tune --pairs FILE --negatives N'],
    exports: ['train/ownNegativesNCE', 'train/mineNegatives', 'tensor/latentAttentionPooling'],
    byDefault: false,
  },
  claims: [labelClaim('few'), labelClaim('many'), falseNegatives, mining, poolingClaim('mean'), poolingClaim('last')],
};
