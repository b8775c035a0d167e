export { type FeedbackSetOptions, feedbackSets } from './feedback-sets.ts';
export {
  type HypothesisPair,
  type HypothesisPairOptions,
  type HypothesisPairs,
  hypothesisPairs,
} from './hypothesis-pairs.ts';
export {
  type ConversationTarget,
  type LearnConversationOptions,
  learnConversation,
  type RewrittenQuestion,
} from './learn-conversation.ts';
export { type LearnHypothesesOptions, learnHypotheses } from './learn-hypotheses.ts';
export { queryUpdateGraph } from './network.ts';
export { type TrainFeedbackOptions, trainFeedback } from './train-feedback.ts';
export { type TrainHopsOptions, trainHops } from './train-hops.ts';
