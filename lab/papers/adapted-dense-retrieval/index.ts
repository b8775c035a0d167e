import { Vectors } from '../../../src/base/vectors.ts';
import { unitRows } from '../../../src/math/index.ts';
import { centringShift, multiPositiveNCE, procrustesMap, ridgeMap } from '../../../src/train/index.ts';
import type { Claim, Lab } from '../../grading/index.ts';
import { grid, type HeadShape, head } from '../../protocols/learning.ts';
import { closedSide, pairClaim } from '../../protocols/pair-claims.ts';
import { FROZEN, type PairRecipe, pairRecipe } from '../../protocols/recipes.ts';
import { toolPairs } from '../../protocols/tools.ts';

/** Of cosines in the loss. */
const TEMPERATURE = 0.05;

/** As it is, or with the means of both sides brought together. */
const centring = closedSide(
  'as it is, or centred',
  grid({ share: Array.from({ length: 17 }, (_, i) => i / 8) }),
  (from, to, { share }) => {
    const by = centringShift(from, to, share);
    return ({ data, dim }) =>
      unitRows(
        new Vectors(
          data.map((value, i) => value + by[i % dim]!),
          dim,
        ),
      );
  },
);

/** The best linear map that needs no steps. */
const linear = closedSide(
  'ridge or Procrustes',
  [
    ...grid({ map: ['ridge'], strength: [0.1, 0.3, 1, 3, 10, 30, 100, 300], shift: [false, true] }),
    { map: 'procrustes' as const, strength: 0, shift: true },
  ],
  (from, to, { map, ...options }) => {
    const found = map === 'ridge' ? ridgeMap(from, to, options) : procrustesMap(from, to, options);
    return (queries) => unitRows(found.apply(queries));
  },
);

/** Softmax over documents: over every one, or over those that answer some training query. */
const trained = (name: string, shapes: readonly HeadShape[], trainedSides: PairRecipe['trained'] = 'queries') =>
  pairRecipe({
    name,
    trained: trainedSides,
    // A rate of 0 falls back to the identity, where nothing is gained on development queries.
    configs: [
      ...grid({ shape: [...shapes.keys()], negatives: ['corpus', 'answered'], learningRate: [3e-4, 1e-3, 3e-3, 1e-2] }),
      { shape: 0, negatives: 'corpus' as const, learningRate: 0 },
    ],
    steps: 160,
    size: 64,
    start: ({ shape }) => head(shapes[shape]),
    columns: ({ negatives }) => negatives,
    loss: (scores, { relevant }) => multiPositiveNCE(scores, relevant, 'conjunctive', TEMPERATURE),
  });
const adder = trained('low-rank residual', [
  { form: 'low-rank', rank: 16 },
  { form: 'low-rank', rank: 64, activation: 'softmax' },
]);
const full = trained('full map, trained from the identity', [{ form: 'linear' }]);
const both = trained('low-rank residual on both sides', [{ form: 'low-rank', rank: 64 }], 'both');

const withPairs = (train: number) => (lab: Lab) => toolPairs(lab, { train });

const againstClosedForm = (train: number) =>
  pairClaim({
    id: `closed-form-${train}`,
    statement: `With ${train} pairs of requests and tools, a low-rank residual finds no more than a point less at rank 1 than the best of ridge regression and Procrustes.`,
    metric: 'recall@1',
    margin: { absolute: -0.01 },
    data: withPairs(train),
    baseline: linear,
    method: adder,
    controls: [FROZEN, full],
  });

export const claims: readonly Claim[] = [
  pairClaim({
    id: 'centring',
    statement:
      'With 300 pairs of requests and tools, a low-rank residual finds at least 3 points more at rank 1 than vectors as they are or centred by side.',
    metric: 'recall@1',
    margin: { absolute: 0.03 },
    data: withPairs(300),
    baseline: centring,
    method: adder,
    controls: [both],
  }),
  againstClosedForm(50),
  againstClosedForm(300),
  againstClosedForm(1000),
  pairClaim({
    id: 'items',
    statement:
      'For requests to tools that training never named, a low-rank residual still finds more at rank 1 than vectors as they are or centred by side.',
    metric: 'recall@1',
    data: (lab) => toolPairs(lab, { apart: 'tools' }),
    baseline: centring,
    method: adder,
    controls: [linear],
  }),
];
