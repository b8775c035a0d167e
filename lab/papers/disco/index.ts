import { CONVERSATION_SIGNALS } from '../../../src/search/index.ts';
import type { ConversationTarget } from '../../../src/train/index.ts';
import type { Claim } from '../../grading/index.ts';
import { grid } from '../../protocols/learning.ts';
import { type ConversationSide, conversationClaim } from '../../protocols/rewritten.ts';

const learningRate = [3e-3, 1e-2, 3e-2];

const last: ConversationSide = {
  name: 'the last question alone',
  configs: [{}],
  untunable: true,
  pipeline: () => 'words',
};
const turns: ConversationSide = {
  name: "with the user's turns",
  configs: grid({ n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20] }),
  pipeline: ({ n }) => `words > rewrite(turns, n=${n})`,
};
/** Words of the question count 1. */
const byHand: ConversationSide = {
  name: 'weights by hand',
  configs: grid({ user: [0.1, 0.2, 0.4, 0.7], reply: [0.02, 0.06, 0.15] }),
  given: ({ user, reply }) => {
    const weights: Record<string, number> = {
      asked: -Math.log(Number(reply)),
      user: Math.log(Number(user)) - Math.log(Number(reply)),
    };
    const direct = [...CONVERSATION_SIGNALS.map((name) => weights[name] ?? 0), Math.log(Number(reply))];
    return { width: 0, direct: Float32Array.from(direct), hidden: new Float32Array(), out: new Float32Array() };
  },
};
const rewritten: ConversationSide = {
  name: 'rewritten by a language model',
  configs: [{}],
  untunable: true,
  pipeline: () => 'words',
  rewritten: ({ standalone }) => standalone!,
};

const learned = (
  name: string,
  target: ConversationTarget,
  rewrites?: ConversationSide['rewrites'],
): ConversationSide => ({
  name,
  configs:
    target === 'words'
      ? grid({ width: [0, 2, 4, 8, 16], learningRate })
      : grid({ temperature: [0.06, 0.12, 0.25, 0.5, 1], learningRate }),
  learned: (config) => ({ target, ...config }),
  ...(rewrites === undefined ? {} : { rewrites }),
});
const scores = learned('learned from scores', 'scores');
const words = learned('learned from words of the rewrite', 'words');
const labels = learned('learned from judgements', 'labels');
const two = learned('learned from two rewrites', 'scores', ({ standalone, reformulations }) => [
  standalone!,
  ...reformulations!,
]);

export const claims: readonly Claim[] = [
  conversationClaim({
    id: 'turns',
    statement:
      "Weights of a conversation's words that are learned from the scores of rewritten questions find at least 2 points more among ten than the user's turns added to the question.",
    metric: 'recall@10',
    margin: { absolute: 0.02 },
    baseline: turns,
    method: scores,
    rivals: [byHand],
    controls: [last, rewritten],
  }),
  conversationClaim({
    id: 'words',
    statement: 'They find at least 2 points more than weights that are learned from the words of the rewrites.',
    metric: 'recall@10',
    margin: { absolute: 0.02 },
    baseline: words,
    method: scores,
  }),
  conversationClaim({
    id: 'labels',
    statement: 'They find at least 2 points more than weights that are learned from judgements alone.',
    metric: 'recall@10',
    margin: { absolute: 0.02 },
    baseline: labels,
    method: scores,
  }),
  conversationClaim({
    id: 'teacher',
    statement: 'They find no more than 2 points less than the rewritten questions themselves.',
    metric: 'recall@10',
    margin: { absolute: -0.02 },
    baseline: rewritten,
    method: scores,
  }),
  conversationClaim({
    id: 'teachers',
    statement: 'The mean of the scores of two rewrites teaches no worse than one of them, by 1 point at most.',
    metric: 'recall@10',
    margin: { absolute: -0.01 },
    baseline: scores,
    method: two,
  }),
  conversationClaim({
    id: 'domain',
    statement:
      "Learned on conversations about one collection, they find at least 2 points more in the others than the user's turns added to the question.",
    metric: 'recall@10',
    margin: { absolute: 0.02 },
    learnFrom: 'govt',
    baseline: turns,
    method: scores,
    rivals: [byHand],
    controls: [words],
  }),
];
