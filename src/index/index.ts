export type { Metric } from '../math/index.ts';
export type { SpecPart } from '../spec/index.ts';
export { searchInBlocks } from './blocks.ts';
export { type BuildOptions, buildIndex, openIndex } from './build.ts';
export { FlatIndexBuilder } from './flat/builder.ts';
export { FlatIndex, type FlatOptions, type FlatPart, type FlatSearchParams, type FlatSearchPart } from './flat/flat.ts';
export { GREATEST_IMPACT, type ImpactCodes, impactCodes } from './impacts/impact-codes.ts';
export { ImpactIndex, ImpactIndexBuilder, type ImpactSearchParams } from './impacts/impact-index.ts';
export { type IndexedField, InvertedIndexBuilder, type NumberedField } from './inverted/build.ts';
export type { Bm25Parameters } from './inverted/encode.ts';
export {
  InvertedIndex,
  inverseDocumentFrequency,
  type LexicalContribution,
  type LexicalExplanation,
  type LexicalSearchParams,
  type LexicalStatistics,
  type QueryTerm,
} from './inverted/inverted.ts';
export { type SimilarTerm, Vocabulary, type VocabularyTerm } from './inverted/vocabulary.ts';
export { IvfIndex, type IvfIndexOptions, type IvfOpenOptions, type IvfOptions } from './ivf/ivf.ts';
export { IvfModel, type IvfTrainOptions } from './ivf/model.ts';
export type { VectorReader } from './ivf/refine.ts';
export { MaxSim } from './late/max-sim.ts';
export { buildSetIndex, openSetIndex, type SetBuildOptions, SetIndex } from './late/set-index.ts';
export { type TokenCodes, TokenIndexBuilder, tokenCodes } from './late/token-builder.ts';
export { TokenIndex, type TokenSearchParams } from './late/token-index.ts';
export type { TokenPart } from './late/token-rows.ts';
export { type PlanOptions, plan } from './plan/plan.ts';
export { planChart, planSpeedChart } from './plan/report.ts';
export type { Budget, OperatingPoint, Plan, Proof, Unmet } from './plan/types.ts';
export { formatSpec, type IndexSpec, parseSpec } from './spec.ts';
export { encodeFvecs, encodeNpy, formatOfName, parseVectors, type VectorFormat } from './vector-files.ts';
export type { VectorIndex, VectorSearchParams } from './vector-index.ts';
