export { kendall, mean, meanRanks, pearson, quantile, spearman, variance } from '../math/index.ts';
export { type Agreement, agreement } from './agreement.ts';
export { type KeyedQuestion, readAnswerKey } from './answer-key.ts';
export {
  answerWords,
  areaUnderCurve,
  curveInterval,
  exactMatch,
  holdsAnswer,
  tokenF1,
} from './answer-metrics.ts';
export {
  type AnswerEvaluation,
  type AnsweredQuestion,
  type EvaluateAnswersOptions,
  evaluateAnswers,
  type Measured,
} from './answer-run.ts';
export { type AttackRates, addGrammarErrors, attackRates, errorSensitivity, type Perturbed } from './attacks.ts';
export { type ClassConsistency, classConsistency } from './class-consistency.ts';
export { type CollectionFiles, type FileRecord, openTestCollection, type TestCollection } from './collection.ts';
export { readCorpus, type TestDocument } from './corpus.ts';
export { type EvaluateOptions, type Evaluation, evaluate, parseMetrics } from './evaluate.ts';
export { beatenBy, documentsShown, type PageContent, renderPage } from './html-report.ts';
export { defaultMetrics, type JudgedRanking, type Metric, metricFamilies, parseMetric } from './metrics.ts';
export { compareIds, rankedOrder } from './order.ts';
export type { PooledScores } from './pooled.ts';
export { type PooledCurve, pooledCurve, repooledInterval, type ScoredCandidates } from './pooled-curve.ts';
export { hardNegativePool, type Pool, type PooledSystem, type PoolOptions, poolOf, restrictRun } from './pools.ts';
export { type JudgementFile, type JudgementFormat, readJudgements } from './qrels.ts';
export { type QueryFile, readQueries } from './queries.ts';
export {
  type Entrant,
  type Example,
  type JudgeOptions,
  judge,
  mostChanged,
  type SystemResult,
  type Verdicts,
} from './report.ts';
export { type EvaluationReport, readEvaluation } from './reports.ts';
export { type CollectedRun, type CollectOptions, collectRun, type Latency, latencyOf, type System } from './run.ts';
export { checkRecord, type RunRecord, runRecord, saveRuns } from './run-records.ts';
export { formatRun, type RunFile, readRun, writeRun } from './runs.ts';
export { judgementsWithoutSelf, runWithoutSelf } from './self.ts';
export {
  bootstrapInterval,
  bootstrapTest,
  type CompareOptions,
  type Comparison,
  compareSystems,
  holm,
  type Interval,
  type Power,
  powerOf,
  type ResamplingOptions,
  randomisationTest,
  type SystemValues,
  tTest,
} from './significance.ts';
export { splitByDocuments } from './split.ts';
export { type LeftOut, type SelectOptions, selectTasks, subsetAgreement } from './task-selection.ts';
export {
  type Finding,
  type FindingKind,
  Findings,
  findingsOf,
  type Judgements,
  type RankedList,
  type Run,
} from './types.ts';
export { type CollectionContent, writeTestCollection } from './write-collection.ts';
