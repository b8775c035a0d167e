export { type AnnotatedQuery, type AnnotateOptions, annotateQueries, type Judge } from './annotate.ts';
export { readArrays, writeArrays } from './arrays-file.ts';
export { FileCheckpoint } from './checkpoint.ts';
export { centringShift, procrustesMap, type RidgeOptions, ridgeMap } from './closed-form.ts';
export { clozePair } from './cloze.ts';
export { type CompressTableOptions, compressTable } from './compress-table.ts';
export { type Consistency, consistentPairs } from './consistency.ts';
export { contextReader } from './context-reader.ts';
export { type Curriculum, curriculumTemperature, drawNegatives } from './curriculum.ts';
export { type DistillOptions, distillStatic } from './distill-static.ts';
export * from './feedback/index.ts';
export { type ImpactText, ImpactTexts } from './impact-texts.ts';
export {
  type ExtractPreference,
  type ExtractQuestion,
  type ExtractReader,
  type JudgedPassage,
  type JudgeExtractsOptions,
  judgeExtracts,
  preferredOf,
  wordsReader,
} from './judge-extracts.ts';
export { type JudgeSentencesOptions, judgeSentences, type ReaderScore } from './judge-sentences.ts';
export {
  principalProjection,
  type TokenPairs,
  type TrainProjectionOptions,
  trainProjection,
} from './late-projection.ts';
export { type LearnExtractsOptions, learnExtracts } from './learn-extracts.ts';
export { type JudgedSentences, type LearnSentencesOptions, learnSentences } from './learn-sentences.ts';
export { mergeCheckpoints } from './merge.ts';
export { type MinedNegatives, type MinerOptions, type MinerQuery, mineNegatives } from './miner.ts';
export * from './objectives/index.ts';
export * from './quantize/index.ts';
export * from './relevance/index.ts';
export {
  distinctBatches,
  localBatches,
  pkBatches,
  proximityBatches,
  type SampledBatch,
  taskBatches,
} from './samplers.ts';
export { type CrossExample, type CrossObjective, type TrainCrossOptions, trainCross } from './train-cross.ts';
export { type ImpactExample, impactLoss, type TrainImpactOptions, trainImpact } from './train-impact.ts';
export { curveSvg } from './tune/curve.ts';
export {
  type CheckedExamples,
  checkExamples,
  FEWEST_QUERIES,
  readJudged,
  readPairs,
  type TuneExample,
} from './tune/examples.ts';
export { tuneFeedback } from './tune/feedback.ts';
export type { FeedbackTuneOptions, FeedbackTuneReport } from './tune/feedback-types.ts';
export { tuneImpact } from './tune/impact.ts';
export type { ImpactTuneOptions, ImpactTuneReport } from './tune/impact-types.ts';
export type { TuneTarget } from './tune/learners.ts';
export { tuneReranker } from './tune/reranker.ts';
export type { RerankerTuneOptions, RerankerTuneReport } from './tune/reranker-types.ts';
export { type SyntheticOptions, syntheticExamples } from './tune/synthetic.ts';
export { tune } from './tune/tune.ts';
export type { CurvePoint, TuneOptions, TuneProgress, TuneReport } from './tune/types.ts';
export { type VectorExamples, vectorExamples } from './tune/vector-examples.ts';
