import type { Claim } from '../../grading/index.ts';
import { type HopSide, hopClaim, NEXT } from '../../protocols/hops.ts';

const once: HopSide = { name: 'one search', pipelines: ['hybrid'] };
const draft: HopSide = { name: 'a second search with a draft of the answer', next: NEXT.draft, pipelines: ['hybrid'] };
const feedback: HopSide = {
  name: 'feedback (RM3 and Rocchio)',
  pipelines: [3, 10].map((docs) => `fuse(words > prf(rm3, fb_docs=${docs}), meaning > prf(rocchio, fb_docs=${docs}))`),
};

export const claims: readonly Claim[] = [
  hopClaim({
    id: 'draft',
    statement:
      'A second search with a draft of the answer brings at least 3 points more of the supporting passages among the first ten.',
    margin: { absolute: 0.03 },
    baseline: once,
    method: draft,
    rivals: [feedback],
  }),
  hopClaim({
    id: 'own',
    statement: 'It is what the draft says: one for another question brings less.',
    baseline: { name: 'with a draft for another question', next: NEXT['draft of another'], pipelines: ['hybrid'] },
    method: draft,
  }),
  hopClaim({
    id: 'names',
    statement: 'It brings more than a second search with names in what was found, without a model.',
    baseline: { name: 'with names in what was found', next: NEXT.names, pipelines: ['hybrid'] },
    method: draft,
  }),
];
