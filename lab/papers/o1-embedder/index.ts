import type { Claim, Lab } from '../../grading/index.ts';
import { grid } from '../../protocols/learning.ts';
import { pairClaim } from '../../protocols/pair-claims.ts';
import { asked, mapped, student, thoughtful } from '../../protocols/thoughts.ts';

const thoughtOf = (lab: Lab) => thoughtful(lab, 'thought of');
const others = (lab: Lab) => thoughtful(lab, 'others');

const alone = asked('the request alone');

export const claims: readonly Claim[] = [
  pairClaim({
    id: 'thought',
    statement:
      'The mean with the vector of what a model supposes that would answer brings at least 5 points more of the right tools among the first five than the request alone.',
    metric: 'recall@5',
    margin: { absolute: 0.05 },
    data: thoughtOf,
    baseline: alone,
    method: asked('with a supposed answer', 'description'),
    controls: [asked('with keywords', 'keywords')],
  }),
  pairClaim({
    id: 'student',
    statement:
      'A correction of requests that learned from 300 of them what supposed answers add brings at least 2 points more of the right tools among the first five for other requests, without a model.',
    metric: 'recall@5',
    margin: { absolute: 0.02 },
    data: others,
    baseline: alone,
    method: student(
      'what supposed answers add',
      'description',
      grid({ rank: [8, 32], learningRate: [3e-3, 1e-2, 3e-2] }),
    ),
    controls: [mapped('a linear map of the same', 'description')],
  }),
];
