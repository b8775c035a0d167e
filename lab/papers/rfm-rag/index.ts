import type { Claim } from '../../grading/index.ts';
import { type HopSide, hopClaim, NEXT } from '../../protocols/hops.ts';

const once: HopSide = { name: 'one search', pipelines: ['hybrid'] };
const gap: HopSide = { name: 'a second search for what a model misses', next: NEXT.gap, pipelines: ['hybrid'] };

export const claims: readonly Claim[] = [
  hopClaim({
    id: 'gap',
    statement:
      'A second search for what a model misses in the first brings at least 3 points more of the supporting passages among the first ten.',
    margin: { absolute: 0.03 },
    baseline: once,
    method: gap,
  }),
  hopClaim({
    id: 'draft',
    statement:
      'It brings no less, within 2 points, than a second search with a draft of the answer, and asks for nothing where the first search was enough.',
    margin: { absolute: -0.02 },
    baseline: { name: 'with a draft of the answer', next: NEXT.draft, pipelines: ['hybrid'] },
    method: gap,
    controls: [{ name: 'with names in what was found', next: NEXT.names, pipelines: ['hybrid'] }],
  }),
];
