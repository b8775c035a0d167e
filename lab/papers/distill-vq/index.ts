import type { Claim } from '../../grading/index.ts';
import { codeClaim, distilled, reconstruction, VECTORS } from '../../protocols/codes.ts';

const on = (id: string, bytes: number, { whose, data }: (typeof VECTORS)[keyof typeof VECTORS] = VECTORS.own) =>
  codeClaim({
    id,
    statement: `At ${bytes} bytes a vector of ${whose}, a quantizer that learned from rankings of unlabelled sentences finds at least 5% more of the exact ten best than one that learned for reconstruction.`,
    margin: { relative: 0.05 },
    data,
    baseline: reconstruction(`pq${bytes}x8`),
    method: distilled('learned for ranking', { quantizer: `pq${bytes}x8`, steps: 200 }),
    notes: ({ documents, sentences }, { encoder }) => [
      `${documents.count} abstracts of SciFact as vectors of ${documents.dim} components (the lab's encoder is ${encoder}); ${sentences.count} of their titles and sentences to learn from; claims as queries, which neither side has seen.`,
    ],
  });

export const claims: readonly Claim[] = [
  on('bytes-8', 8),
  on('bytes-16', 16),
  on('use-lite', 16, VECTORS.useLite),
  on('tuned', 16, VECTORS.tuned),
];
