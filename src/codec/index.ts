export type { Codec, Learned, ProjectedQuery, Scorer, Trainable, TrainOptions, Transform } from './codec.ts';
export { Assigner, type Clustering, type KMeansOptions, kMeans } from './kmeans.ts';
export { anisotropyOf, type PqOptions, ProductQuantizer } from './pq.ts';
