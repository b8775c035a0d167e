import type { Claim, Lab } from '../../grading/index.ts';
import { grid } from '../../protocols/learning.ts';
import { pairClaim } from '../../protocols/pair-claims.ts';
import { asked, mapped, student, thoughtful } from '../../protocols/thoughts.ts';

const thoughtOf = (lab: Lab) => thoughtful(lab, 'thought of');
const others = (lab: Lab) => thoughtful(lab, 'others');

const alone = asked('the request alone');
const keywords = asked('with keywords of a model', 'keywords');

export const claims: readonly Claim[] = [
  pairClaim({
    id: 'keywords',
    statement:
      'Keywords that a model thinks of bring at least 3 points more of the right tools among the first five than the request alone.',
    metric: 'recall@5',
    margin: { absolute: 0.03 },
    data: thoughtOf,
    baseline: alone,
    method: keywords,
  }),
  pairClaim({
    id: 'content',
    statement: 'It is what they say: keywords for another request, or the request twice, bring less.',
    metric: 'recall@5',
    data: thoughtOf,
    baseline: asked('with keywords for another request', 'keywords of another'),
    method: keywords,
    rivals: [asked('the request twice', 'the request again')],
  }),
  pairClaim({
    id: 'student',
    statement:
      'A correction of requests that learned from 300 of them what keywords add brings more of the right tools among the first five for other requests, without a model.',
    metric: 'recall@5',
    data: others,
    baseline: alone,
    method: student('what keywords add', 'keywords', grid({ rank: [8, 32], learningRate: [3e-4, 1e-3, 3e-3] })),
    controls: [mapped('a linear map of the same', 'keywords')],
  }),
];
