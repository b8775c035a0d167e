import * as codec from '../../../src/codec/index.ts';
import * as encode from '../../../src/encode/index.ts';
import * as evaluation from '../../../src/eval/index.ts';
import * as index from '../../../src/index/index.ts';
import * as search from '../../../src/search/index.ts';
import * as train from '../../../src/train/index.ts';
import type { Claim } from '../../grading/index.ts';
import { exactClaim } from '../../protocols/claims.ts';

const MODULES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  codec,
  encode,
  eval: evaluation,
  index,
  search,
  train,
};

/** The survey's axes as plug points, each with what fills it here; nothing where it is missing. */
const MATRIX: readonly (readonly [axis: string, point: string, parts: readonly string[]])[] = [
  ['architecture', 'bi-encoder, mean pooling', ['encode/useLite']],
  ['architecture', 'any encoder of the hub, or an endpoint', ['encode/hfEncoder', 'encode/httpEncoder']],
  ['architecture', 'multi-vector, MaxSim', ['search/MaxSim']],
  ['architecture', 'multi-vector as single vectors', ['codec/FixedDimensionalEncoding']],
  ['architecture', 'cross-encoder', ['encode/crossEncoder']],
  ['architecture', 'sparse and dense together', ['search/fuse', 'search/convex', 'search/rrf']],
  ['architecture', 'learned sparse', ['encode/impactEncoder', 'search/impacts']],
  ['training', 'softmax over negatives', ['train/infoNCE']],
  ['training', 'triplet', ['train/tripletLoss']],
  ['training', 'listwise distillation', ['train/listwiseKL', 'train/listNet']],
  ['training', 'Margin-MSE', ['train/marginMSE']],
  ['training', 'ranking metrics as losses', ['train/lambdaRank', 'train/pairwiseAUC']],
  ['training', 'mined hard negatives', ['train/mineNegatives']],
  ['indexing', 'exact', ['index/FlatIndex']],
  ['indexing', 'inverted file', ['index/IvfIndex']],
  ['indexing', 'graph', ['index/HnswIndex']],
  ['indexing', 'PQ and OPQ', ['codec/ProductQuantizer', 'codec/OptimizedRotation']],
  ['indexing', 'codes learned for ranking', ['train/distillCodec']],
  ['indexing', 'binary codes', ['codec/BinaryCodec', 'codec/RaBitQ']],
  ['indexing', 'fewer dimensions', ['codec/PrincipalComponents']],
  ['indexing', 'BM25', ['index/InvertedIndex']],
  ['integration', 'reranking by late interaction', ['search/MaxSim']],
  ['integration', 'reranking by neighbours', ['search/refineByNeighbours']],
  ['integration', 'calibrated cut', ['search/relevanceOf', 'train/learnRelevance']],
  ['evaluation', 'metrics with judgements', ['eval/evaluate']],
  ['evaluation', 'tests of significance', ['eval/randomisationTest', 'eval/bootstrapTest', 'eval/holm']],
  ['evaluation', 'noise in queries', ['eval/addGrammarErrors']],
];

export const claims: readonly Claim[] = [
  exactClaim('code', {
    id: 'coverage',
    statement: "Every plug point of the survey's axes is filled.",
    check: async () => {
      const filled = MATRIX.map(([axis, point, parts]) => {
        const there = parts.filter((part) => {
          const [module, name] = part.split('/') as [string, string];
          return MODULES[module]?.[name] !== undefined;
        });
        return { axis, point, parts, there };
      });
      const complete = filled.filter(({ there, parts }) => there.length === parts.length).length;
      return {
        metric: 'share of plug points that are filled',
        value: complete / MATRIX.length,
        atLeast: 1,
        notes: [
          [
            '| axis | plug point | filled by |',
            '|---|---|---|',
            ...filled.map(
              ({ axis, point, there }) =>
                `| ${axis} | ${point} | ${there.length === 0 ? 'missing' : there.map((part) => `\`${part}\``).join(', ')} |`,
            ),
          ].join('\n'),
        ],
      };
    },
  }),
];
