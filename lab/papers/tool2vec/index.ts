import { multiPositiveNCE } from '../../../src/train/index.ts';
import type { Claim, Lab } from '../../grading/index.ts';
import { grid, head } from '../../protocols/learning.ts';
import { pairClaim } from '../../protocols/pair-claims.ts';
import { pairRecipe } from '../../protocols/recipes.ts';
import { usedTools, usesSide } from '../../protocols/uses.ts';

/** Requests to 199 tools, about eight of each to learn from. */
const requests = (lab: Lab) => usedTools(lab, { perTool: 16 });

const SHARES = [0, 0.25, 0.5, 0.75];
const descriptions = usesSide({ name: 'descriptions', shares: [1] });
const used = (known: number) => usesSide({ name: `the mean of up to ${known} requests`, known, shares: SHARES });
const all = usesSide({ name: 'the mean of all requests of training', known: 100, shares: SHARES });

/** A correction of query vectors, learned from the same requests. */
const adapter = pairRecipe({
  name: 'a learned correction of requests',
  trained: 'queries',
  configs: grid({ learningRate: [1e-3, 3e-3, 1e-2, 3e-2] }),
  steps: 160,
  size: 64,
  start: () => head({ form: 'low-rank', rank: 16 }),
  columns: () => 'corpus',
  loss: (scores, { relevant }) => multiPositiveNCE(scores, relevant, 'conjunctive', 0.05),
});

export const claims: readonly Claim[] = [
  pairClaim({
    id: 'uses',
    statement:
      'Tools by the mean of requests to them bring at least 10 points more of the right ones among the first five than their descriptions.',
    metric: 'recall@5',
    margin: { absolute: 0.1 },
    data: requests,
    baseline: descriptions,
    method: all,
  }),
  pairClaim({
    id: 'few',
    statement: 'Two requests of each are enough to bring at least 3 points more.',
    metric: 'recall@5',
    margin: { absolute: 0.03 },
    data: requests,
    baseline: descriptions,
    method: used(2),
    controls: [used(1), used(4)],
  }),
  pairClaim({
    id: 'learned',
    statement:
      'Without a step of training they find no more than a point less than a correction of requests that is learned from the same ones.',
    metric: 'recall@5',
    margin: { absolute: -0.01 },
    data: requests,
    baseline: adapter,
    method: all,
  }),
  pairClaim({
    id: 'supposed',
    statement:
      'Five requests that a language model supposes for each, from its description alone, bring at least 3 points more than the descriptions.',
    metric: 'recall@5',
    margin: { absolute: 0.03 },
    data: requests,
    baseline: descriptions,
    method: usesSide({ name: 'the mean of supposed requests', supposed: true, shares: SHARES }),
    controls: [
      usesSide({ name: 'the mean of supposed and known requests', supposed: true, known: 100, shares: SHARES }),
    ],
  }),
];
