export { answerOf } from './answer-of.ts';
export { type EndpointModelOptions, endpointModel } from './endpoint-model.ts';
export { keptAnswers } from './kept-answers.ts';
export {
  type EndReason,
  type GenerateOptions,
  type LanguageModel,
  type Message,
  messagesOf,
  type Prompt,
} from './language-model.ts';
export { type NgramOptions, ngramModel, type ScoringModel } from './ngram-model.ts';
export { DEFAULT_MODEL_URL, type LanguageModelKind, type OpenModelOptions, openModel } from './open-model.ts';
export { labelUtility, type Utility, type UtilityOptions } from './utility.ts';
