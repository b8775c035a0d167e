export { BinaryCodec } from './binary.ts';
export { Centring } from './center.ts';
export type {
  Codec,
  Learned,
  ProjectedQuery,
  Scorer,
  Trainable,
  TrainOptions,
  Transform,
} from './codec.ts';
export { ChainCodec } from './compose.ts';
export { DualMap } from './dual.ts';
export { createFde, type FdeOptions, FixedDimensionalEncoding, fdeSyntax } from './fde.ts';
export { HalfPrecision } from './half.ts';
export { Assigner, type Clustering, type KMeansOptions, kMeans, nearestCentroids } from './kmeans.ts';
export { Normalisation } from './norm.ts';
export { type OpqOptions, OptimizedRotation } from './opq.ts';
export { type CodecPart, codecParts, type PartInput, registerCodecPart } from './parts.ts';
export { PrincipalComponents } from './pca.ts';
export { anisotropyOf, type PqOptions, ProductQuantizer } from './pq.ts';
export { type BoundedScorer, RaBitQ } from './rabitq.ts';
export { RecurrentBinary } from './recurrent.ts';
export { createCodec, createQuantizer, createTransform } from './registry.ts';
export { ResidualCodec } from './residual.ts';
export { HadamardRotation } from './rot.ts';
export { openCodec, saveCodec } from './saving.ts';
export { ScalarQuantizer } from './scalar.ts';
