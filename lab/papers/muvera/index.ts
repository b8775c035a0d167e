import { type VectorSets, Vectors } from '../../../src/base/vectors.ts';
import { type FdeOptions, FixedDimensionalEncoding } from '../../../src/codec/index.ts';
import { meanOf, unitRows } from '../../../src/math/index.ts';
import type { Claim } from '../../grading/index.ts';
import { grid } from '../../protocols/learning.ts';
import { candidatesClaim, heuristic, ranking, singleVectors, tokenClaim } from '../../protocols/tokens.ts';

/** Four settings of 5,120 dimensions: as many as mean pooling has. */
const SETTINGS = [
  { bits: 5, dim: 8, reps: 20 },
  { bits: 4, dim: 16, reps: 20 },
  { bits: 4, dim: 8, reps: 40 },
  { bits: 3, dim: 16, reps: 40 },
];
const fde = (
  name: string,
  configs: readonly (typeof SETTINGS)[number][],
  options: FdeOptions = {},
  candidates?: number,
) =>
  singleVectors(
    name,
    configs,
    ({ documents, queries }, config, seed) => {
      const encoding = new FixedDimensionalEncoding(documents.vectors.dim, { ...config, ...options, seed });
      return { documents: encoding.encodeDocuments(documents), queries: encoding.encodeQueries(queries) };
    },
    candidates,
  );
const encodings = fde('fde', SETTINGS);

const meanPooling = singleVectors(
  'mean of the token vectors',
  grid({ normalize: [false, true], centre: [false, true] }),
  ({ documents, queries }, { normalize, centre }) => {
    const pool = (sets: VectorSets) =>
      Vectors.fromRows(
        Array.from({ length: sets.count }, (_, i) => meanOf(sets.item(i))),
        sets.vectors.dim,
      );
    const pooled = pool(documents);
    const origin = meanOf(pooled);
    const finish = ({ data, dim }: Vectors): Vectors => {
      const moved = new Vectors(centre ? data.map((value, i) => value - origin[i % dim]!) : data, dim);
      return normalize ? unitRows(moved) : moved;
    };
    return { documents: finish(pooled), queries: finish(pool(queries)) };
  },
);
const sentences = singleVectors('sentence vectors', [{}], (data) => data.sentences);

export const claims: readonly Claim[] = [
  candidatesClaim({
    id: 'recall',
    statement:
      'With 5,120 dimensions the best document by exact MaxSim is among the first 100 candidates for 90% of the queries.',
    side: encodings,
    config: SETTINGS[0]!,
    atLeast: 0.9,
  }),
  tokenClaim({
    id: 'mean-pooling',
    statement:
      'With 5,120 dimensions the best by exact MaxSim is among the first 100 more often than with mean-pooled token vectors.',
    metric: 'Recall of the best by MaxSim',
    baseline: meanPooling,
    method: encodings,
    controls: [
      sentences,
      heuristic,
      fde('fde, 1,280 dimensions', [{ bits: 3, dim: 8, reps: 20 }]),
      fde('fde, 10,240 dimensions', [{ bits: 5, dim: 16, reps: 20 }]),
      fde('fde, regions not filled', SETTINGS.slice(0, 1), { fill: false }),
      fde('fde, documents summed', SETTINGS.slice(0, 1), { pool: 'sum' }),
    ],
  }),
  tokenClaim({
    id: 'candidates',
    statement:
      'Half as many candidates suffice: 50 by the encoding hold the best by exact MaxSim no less often (within 0.01) than 100 by the single-vector heuristic.',
    metric: 'Recall of the best by MaxSim',
    margin: { absolute: -0.01 },
    baseline: heuristic,
    method: fde('fde, 50 candidates', SETTINGS.slice(0, 1), {}, 50),
  }),
  tokenClaim({
    id: 'quality',
    statement:
      'Ranking 100 candidates of the encoding by MaxSim loses no more than 0.01 of nDCG@10 against ranking all documents by it.',
    metric: 'nDCG@10 of judged documents',
    margin: { absolute: -0.01 },
    baseline: ranking('all by MaxSim'),
    method: ranking('100 of the encoding by MaxSim', encodings),
    controls: [ranking('100 of the mean by MaxSim', meanPooling), sentences],
  }),
];
