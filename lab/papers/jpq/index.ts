import type { Claim } from '../../grading/index.ts';
import { codeClaim, distilled, reconstruction, VECTORS } from '../../protocols/codes.ts';

const baseline = reconstruction('pq16x8');
const method = distilled('learned centroids and query map', { quantizer: 'pq16x8', steps: 200, codes: 'frozen' });

const on = (id: string, { whose, data }: (typeof VECTORS)[keyof typeof VECTORS]) =>
  codeClaim({
    id,
    statement: `At 16 bytes a vector of ${whose}, with codes left as they are, learned centroids and a learned map of queries find more of the exact ten best than codebooks learned for reconstruction.`,
    data,
    baseline,
    method,
  });

export const claims: readonly Claim[] = [
  on('frozen-codes', VECTORS.own),
  on('use-lite', VECTORS.useLite),
  on('tuned', VECTORS.tuned),
];
