import type { Claim } from '../../grading/index.ts';
import { type FeedbackSide, feedbackClaim, fellowRequests, tunedRocchio } from '../../protocols/feedback.ts';
import { grid } from '../../protocols/learning.ts';

const learningRate = [1e-3, 3e-3, 1e-2];
const weighed = grid({ learningRate, comparative: [0.05, 0.1, 0.2, 0.5, 1] });

const alone: FeedbackSide = { name: 'no feedback', configs: [{}], passages: 0 };
const lol: FeedbackSide = {
  name: 'trained feedback with the comparative loss',
  configs: weighed,
  trained: ({ learningRate, comparative }) => ({
    learningRate: Number(learningRate),
    versions: 2,
    comparative: Number(comparative),
  }),
};
const plain: FeedbackSide = {
  name: 'the same without the comparative loss',
  configs: grid({ learningRate, versions: [1, 2, 3] }),
  trained: ({ learningRate, versions }) => ({
    learningRate: Number(learningRate),
    versions: Number(versions),
    comparative: 0,
  }),
};
const separate: FeedbackSide = {
  name: 'with the comparative loss over sets that are drawn apart',
  configs: weighed,
  trained: (config) => ({ ...lol.trained!(config), nested: false }),
};
const unread: FeedbackSide = {
  name: 'a trained correction that reads no passages',
  configs: grid({ learningRate }),
  passages: 0,
  reads: false,
  trained: ({ learningRate }) => ({ learningRate: Number(learningRate), versions: 1, comparative: 0 }),
};

export const claims: readonly Claim[] = [
  feedbackClaim({
    id: 'feedback',
    statement:
      'Trained feedback by five passages has an nDCG@10 at least 2 points above that of no feedback, and above that of Rocchio.',
    margin: { absolute: 0.02 },
    data: fellowRequests,
    baseline: alone,
    method: lol,
    rivals: [tunedRocchio, unread],
  }),
  feedbackClaim({
    id: 'comparative',
    statement: 'With the comparative loss, nDCG@10 by five passages is at least half a point above that without.',
    margin: { absolute: 0.005 },
    data: fellowRequests,
    baseline: plain,
    method: lol,
    controls: [separate],
  }),
  feedbackClaim({
    id: 'steady',
    statement: 'It raises the share of steps to one more passage that do not raise the loss by at least 5 points.',
    metric: 'steps to one more passage that do not raise the loss',
    margin: { absolute: 0.05 },
    data: fellowRequests,
    baseline: plain,
    method: lol,
  }),
  feedbackClaim({
    id: 'more',
    statement: 'With the comparative loss, five passages lose no more than half a point of nDCG@10 against one.',
    margin: { absolute: -0.005 },
    data: fellowRequests,
    baseline: { ...lol, name: 'the same with one passage', passages: 1 },
    method: lol,
  }),
];
