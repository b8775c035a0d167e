export {
  CONVERSATION_SIGNALS,
  type ConversationFeedbackOptions,
  type ConversationModel,
  conversationFeedback,
} from './conversation.ts';
export { readConversationModel, writeConversationModel } from './conversation-file.ts';
export {
  composeHypothesis,
  type Hypothesis,
  type HypothesisFeedbackOptions,
  type HypothesisModel,
  hypothesisFeedback,
  KEYWORD_MATCH,
} from './hypothesis.ts';
export { readHypothesisModel, writeHypothesisModel } from './hypothesis-file.ts';
export { type LearnedFeedbackOptions, learnedFeedback } from './learned.ts';
export {
  GATE_EPSILON,
  GATE_LAYERS,
  GATE_SUM,
  type QueryUpdate,
  type QueryUpdateForm,
  type QueryUpdateShape,
  queryUpdateShapes,
  updatedQuery,
} from './query-update.ts';
export { readQueryUpdate, writeQueryUpdate } from './query-update-file.ts';
export { ROCCHIO_DEFAULTS, type RocchioOptions, rocchio } from './rocchio.ts';
export { HYPOTHESIS_SIGNALS, type HypothesisSignal } from './sentence-candidates.ts';
export { TOKEN_DEFAULTS, TOKENS, type TokenFeedbackOptions, tokenFeedback } from './tokens.ts';
export type { Feedback } from './types.ts';
export { BO1_DEFAULTS, bo1, RM3_DEFAULTS, rm3, type TermFeedbackOptions } from './words.ts';
