import { expandQuery, refineByNeighbours } from '../../../src/search/index.ts';
import type { Claim } from '../../grading/index.ts';
import { imageClaim, innerProduct, reranked } from '../../protocols/images.ts';
import { grid } from '../../protocols/learning.ts';

const expansion = reranked(
  'query expansion',
  grid({ alpha: [1, 2, 3, 5, 8], neighbours: [3, 5, 10, 20] }),
  expandQuery,
);
const refined = reranked(
  'refined by neighbours',
  grid({ neighbours: [2, 3, 5, 9], beta: [0.3, 0.5, 0.8, 1.2] }),
  refineByNeighbours,
);

export const claims: readonly Claim[] = [
  imageClaim({
    id: 'plain',
    statement: 'Refinement by neighbours gains at least 0.03 mean average precision over the inner product.',
    margin: { absolute: 0.03 },
    baseline: innerProduct,
    method: refined,
    rivals: [expansion],
  }),
  imageClaim({
    id: 'expansion',
    statement: 'Refinement by neighbours is better than average query expansion, both tuned alike.',
    baseline: expansion,
    method: refined,
  }),
];
