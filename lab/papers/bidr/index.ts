import type { Paper } from '../../grading/index.ts';
import {
  codeClaim,
  type DistillOptions,
  distilled,
  reconstruction,
  type SmallCodeData,
  smallCodeData,
} from '../../protocols/codes.ts';
import { grid } from '../../protocols/learning.ts';
import { CANDIDATES, served, type TwoTiers, verified } from '../../protocols/two-tier.ts';

const QUANTIZER = 'pq8x8';
const CONFIGS = grid({ learningRate: [6e-3, 3e-3, 1e-3] });

/** Codes by contrast: of each sentence its own abstract is right. */
const contrast = ({ owners }: SmallCodeData): DistillOptions => ({
  quantizer: QUANTIZER,
  labels: Array.from(owners, (row) => [row]),
  temperature: 0.05,
  candidates: 12,
  steps: 150,
});
const tiers: TwoTiers = {
  codes: (data) => ({ ...contrast(data), learningRate: 3e-3 }),
  configs: CONFIGS,
  steps: 200,
};
const neighbours = verified('batches of neighbours', tiers, 'walk');

export const paper: Paper = {
  slug: 'bidr',
  summary:
    'Small codes in memory find candidates, full vectors on disk verify them, and both are learned: codes by contrast, then vectors that tell apart what the codes return.',
  parts: ['train/quantize/distill-codec', 'train/quantize/learn-maps', 'train/samplers', 'codec/dual', 'codec/pq'],
  departures: [
    'The encoder is frozen; linear maps of 128 principal components are learned, where the paper trains encoders.',
    'Pairs to learn from are titles and sentences with their abstracts.',
    'A query is encoded once, and mapped twice.',
  ],
  seconds: { quick: 20, full: 260 },
  reach: { exports: ['train/learnMaps', 'train/distillCodec'], byDefault: false },
  claims: [
    codeClaim({
      id: 'codes',
      statement:
        'At 8 bytes a vector, codes learned by contrast with labels find more of the relevant documents among 100 than codebooks learned for reconstruction.',
      metric: 'recall@100 of judged documents',
      data: smallCodeData,
      baseline: reconstruction(QUANTIZER),
      method: distilled('learned by contrast', contrast, CONFIGS),
    }),
    codeClaim({
      id: 'local',
      statement:
        'Among the candidates that codes return, vectors learned in batches of neighbours rank better than those learned in random batches.',
      metric: 'MRR@10 of judged documents',
      data: smallCodeData,
      baseline: verified('random batches', tiers, 'random'),
      method: neighbours,
      controls: [verified('the vectors themselves', tiers)],
    }),
    codeClaim({
      id: 'two-tier',
      statement: `Codes in memory with ${CANDIDATES} vectors read from disk lose no more than 0.01 of what all vectors give.`,
      metric: 'MRR@10 of judged documents',
      margin: { absolute: -0.01 },
      data: smallCodeData,
      baseline: served('all vectors', tiers, 'memory'),
      method: served(`codes in memory, ${CANDIDATES} vectors read from the file`, tiers, 'file'),
    }),
  ],
};
