export { type CentroidTripletOptions, centroidTriplet } from './centroids.ts';
export {
  cosines,
  type InfoNCEOptions,
  infoNCE,
  infoNCEPerQuery,
  learnedTemperature,
  type MultiPositive,
  multiPositiveNCE,
  ownNegativesNCE,
  probablyRelevant,
  type Temperature,
  type TemperatureOptions,
} from './contrastive.ts';
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
export { type ProgressiveOptions, progressiveWeights } from './progressive.ts';
export {
  cosent,
  cosineDistillation,
  mseDistillation,
  pearsonLoss,
  preferenceRanking,
  queryDistillation,
  rankKL,
} from './similarity.ts';
