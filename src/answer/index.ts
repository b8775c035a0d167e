export { answerWith } from './answer-with.ts';
export { type Answer, type AskOptions, askCorpus, type ContextOptions, contextOf } from './ask.ts';
export { type BridgeOptions, bridge } from './bridge.ts';
export {
  COMPRESSORS,
  CONTEXT_FORMATS,
  CONTEXT_ORDERS,
  CONTEXT_TOKENS,
  type CompressorName,
  type ContextFormat,
  type ContextOrder,
  MOST_HOPS,
  NEXT_QUESTIONS,
  type NextQuestionName,
} from './choices.ts';
export { type BuildContextOptions, type BuiltContext, buildContext } from './context.ts';
export { EXTRACT_FEATURES, type Extractable, type ExtractInputs, extractInputs } from './extract-features.ts';
export {
  chosenOf,
  type ExtractLength,
  type ExtractModel,
  extractLogits,
} from './extract-model.ts';
export { type ExtractiveOptions, extractive } from './extractive.ts';
export { extracts } from './extracts.ts';
export { renderContext } from './format.ts';
export { type EvidenceOptions, type Gathered, gatherEvidence } from './gather.ts';
export { type GroundedAnswer, type GroundedOptions, type GroundedSentence, groundedAnswer } from './grounded.ts';
export { followHops, type HopOptions } from './hops.ts';
export { instructionsIn } from './instructions.ts';
export { type LearnedOptions, learned } from './learned.ts';
export { LINKED_FEATURES, linkedFeatures } from './linked-features.ts';
export { MODEL_HOPS, type ModelHopOptions, modelHop, type NextQuestion } from './model-hops.ts';
export { asksModel, nextQuestion } from './next-question.ts';
export { answerPrompt, NOT_ANSWERED } from './prompt.ts';
export { answerFeatures, type Reading, type ReadOptions, readAnswer } from './read.ts';
export { salience } from './salience.ts';
export { type SentenceScores, scoreSentences, type ValuedSentence } from './scored-sentences.ts';
export type { Sentence } from './sentence.ts';
export { SENTENCE_FEATURES, sentenceFeatures } from './sentence-features.ts';
export {
  type DualEncoder,
  helpful,
  type LowRank,
  readSentenceModel,
  type SentenceInputs,
  type SentenceModel,
  sentenceInputs,
  sentenceLogits,
  writeSentenceModel,
} from './sentence-model.ts';
export { weighted } from './sentence-weights.ts';
export { sentencesOf } from './sentences.ts';
export { type ShortenOptions, shorten, wordImpacts } from './shorten.ts';
export { type Support, supportOf } from './support.ts';
export { type CompressorModel, readCompressor, writeCompressor } from './trained.ts';
export type {
  Citation,
  CompressOptions,
  Compressor,
  Context,
  ContextPassage,
  CountTokens,
  Evidence,
  HopTrace,
  Quotation,
  Span,
} from './types.ts';
export { whole } from './whole.ts';
