export { type CentroidTripletOptions, centroidTriplet, neighbourTriplet, setTriplet } from './centroids.ts';
export { comparativeLoss, hardestPositiveNCE } from './comparative.ts';
export {
  cosines,
  type InfoNCEOptions,
  infoNCE,
  infoNCEPerQuery,
  learnedTemperature,
  type MultiPositive,
  multiPositiveNCE,
  ownLists,
  ownNegativesNCE,
  probablyRelevant,
  rowCosines,
  type Temperature,
  type TemperatureOptions,
} from './contrastive.ts';
export { maxSimScores } from './late.ts';
export {
  batchAUC,
  type ListwiseOptions,
  lambdaRank,
  lambdaWeights,
  listNet,
  listwiseKL,
  marginMSE,
  pairwiseAUC,
  rankNet,
} from './listwise.ts';
export {
  frequencyMargins,
  groupCentroids,
  type MarginSoftmaxOptions,
  type MultiSimilarityOptions,
  marginSoftmax,
  minePairs,
  multiSimilarity,
  type PairMasks,
  pairsOf,
  type ThresholdConsistentOptions,
  thresholdConsistentMargin,
  tripletLoss,
} from './metric.ts';
export { batchHardTriplet, binomialDeviance, contrastivePairs, liftedStructure } from './pairwise.ts';
export { type OddsRatioOptions, oddsRatioPreference } from './preference.ts';
export { type ProgressiveOptions, type ProgressiveSchedule, progressiveWeights } from './progressive.ts';
export {
  cosent,
  cosineDistillation,
  type GradedWeights,
  gradedSimilarity,
  mseDistillation,
  pearsonLoss,
  preferenceRanking,
  queryDistillation,
  rankKL,
} from './similarity.ts';
export { weightedSum } from './weighted.ts';
