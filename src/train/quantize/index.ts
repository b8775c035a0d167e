export { exactTop, greatest } from '../../math/index.ts';
export { type BalanceOptions, balancedAssignment, usageEntropy } from './balanced.ts';
export {
  type DistillIndexOptions,
  type DistillOptions,
  distillCodec,
  distillIndex,
  type LearnedLists,
} from './distill-codec.ts';
export { type BinaryOptions, learnBinary } from './learn-binary.ts';
export { type CodecTrial, type LearnedIndex, type LearnIndexOptions, learnIndex, specOf } from './learn-index.ts';
export { type LearnedMaps, learnMaps, type MapOptions } from './learn-maps.ts';
export type { RankingOptions } from './ranking.ts';
