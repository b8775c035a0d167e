import type { Claim } from '../../grading/index.ts';
import {
  type Calibrate,
  calibrate,
  calibrationClaim,
  curveTable,
  disorder,
  mapped,
  plain,
  plainScore,
  requestCandidates,
  rowsOf,
  syntheticCandidates,
} from '../../protocols/calibration.ts';
import { exactClaim } from '../../protocols/claims.ts';
import { cut } from '../../protocols/cut.ts';
import { grid } from '../../protocols/learning.ts';

const decay = [0.5, 0.1, 0.02, 0.004];
const METHOD = grid({ map: ['linear', 'power'], decay });
const adapter = mapped("map by the query's embedding", METHOD);
const constant = mapped('one map for all, a threshold on the cosine', METHOD, false);

const Z_SCORES = grid({ score: ['z-score'], depth: [50, 20, 10, 5] });
const zScore = plain('z-score', Z_SCORES);
const unlearned = plain('score of the list alone', [
  ...Z_SCORES,
  { score: 'above the mean', depth: 50 },
  { score: 'gap to the next' },
  { score: 'rank' },
  { score: 'cosine' },
]);

export const claims: readonly Claim[] = [
  calibrationClaim({
    id: 'global',
    statement:
      "On held-out requests, a map that the request's embedding decides on gives a pooled AUC-PR at least 0.02 above that of one threshold on the cosine.",
    margin: { absolute: 0.02 },
    data: requestCandidates,
    baseline: constant,
    method: adapter,
    controls: [
      plain('the first k', [{ score: 'rank' }]),
      ...(['root', 'quadratic'] as const).map((map) => mapped(`map ${map}`, [{ map, decay: 0.02 }])),
    ],
    rivals: [zScore],
  }),
  calibrationClaim({
    id: 'z-score',
    statement:
      'It gives one above that of the best score that learns nothing: a z-score within the list, the distance to its mean or to the next, or the rank.',
    data: requestCandidates,
    baseline: unlearned,
    method: adapter,
  }),
  calibrationClaim({
    id: 'standard',
    statement:
      "A map of standardised cosines that the request's embedding decides on gives one at least 0.02 above that of z-scores alone.",
    margin: { absolute: 0.02 },
    data: requestCandidates,
    baseline: zScore,
    method: mapped("map of z-scores by the query's embedding", grid({ map: ['standard'], decay })),
    controls: [adapter],
  }),
  calibrationClaim({
    id: 'synthetic',
    statement:
      'Where offset and slope of the cosine depend on a direction of the query each, it gives one at least 0.1 above that of one threshold.',
    margin: { absolute: 0.1 },
    data: syntheticCandidates,
    baseline: constant,
    method: adapter,
    rivals: [zScore],
  }),
  exactClaim('code', {
    id: 'order',
    statement: "No map changes the order of a request's candidates.",
    check: async (lab) => {
      const data = await requestCandidates(lab);
      const rows = rowsOf(data, 'test');
      const systems: (readonly [string, Calibrate])[] = [
        ['one threshold on the cosine', (query) => data.cosines[query]!],
        ['the first k', (query) => plainScore(data.cosines[query]!, 'rank')],
        ['z-score', (query) => plainScore(data.cosines[query]!, 'z-score')],
      ];
      let changed = 0;
      for (const map of ['linear', 'root', 'quadratic', 'power', 'standard'] as const) {
        const scores = await calibrate(data, { map, decay: 0.02, seen: true }, { seed: 1, signal: lab.signal });
        systems.push([`map ${map}, by the embedding`, scores]);
        changed += disorder(data, rows, scores);
      }
      return {
        metric: 'neighbours in the ranking whose order a map changes',
        value: changed,
        atMost: 0,
        sources: data.sources,
        notes: [curveTable(data, rows, systems)],
      };
    },
  }),
  cut,
];
