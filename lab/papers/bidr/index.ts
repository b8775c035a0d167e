import type { Claim } from '../../grading/index.ts';
import type { DistillOptions } from '../../protocols/codecs.ts';
import { codeClaim, distilled, reconstruction, type SmallCodeData, smallCodeData } from '../../protocols/codes.ts';
import { grid } from '../../protocols/learning.ts';
import { CANDIDATES, served, type TwoTiers, verified } from '../../protocols/two-tier.ts';

const QUANTIZER = 'pq8x8';
const CONFIGS = grid({ learningRate: [1e-3, 3e-4, 1e-4, 3e-5] });

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

export const claims: readonly Claim[] = [
  codeClaim({
    id: 'codes',
    statement:
      'At 8 bytes a vector, codes learned by contrast with labels find more of the relevant documents among 100 than codebooks learned for reconstruction.',
    metric: 'recall@100 of judged documents',
    data: smallCodeData,
    baseline: reconstruction(QUANTIZER),
    method: distilled('learned by contrast', contrast, grid({ learningRate: [3e-3, 1e-3, 3e-4] })),
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
];
