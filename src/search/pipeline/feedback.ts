import { nearest } from '../../base/nearest.ts';
import { refining } from './refining.ts';
import type { Operator } from './types.ts';

const DEPTH = 10;

export const feedback: Operator = {
  name: 'feedback',
  help: 'asks what stands before it again, with a query that was refined by the first ranking',
  takes: 'ranking',
  parameters: {
    by: { kind: 'name', required: true, help: 'What refines the query.' },
    depth: {
      kind: 'whole',
      least: 1,
      most: 1000,
      help: `Hits of the first ranking that it sees, whatever k. Default ${DEPTH}.`,
    },
  },
  make: ([input], { by, depth = DEPTH }, { corpus, feedbacks, fail }) => {
    const refiner = feedbacks.get(by as string);
    if (refiner === undefined) {
      const guess = nearest(by as string, feedbacks.keys());
      const known = [...feedbacks.keys()].join(', ');
      const remedy =
        known === ''
          ? 'Register one first, or take prf(rm3), prf(bo1) or prf(rocchio).'
          : `Name one of ${known}, or register one.`;
      return fail(`there is no feedback "${by}"`, guess === undefined ? remedy : `Did you mean "${guess}"?`);
    }
    return refining(input!, corpus, { stage: `feedback ${refiner.id}`, feedback: refiner, depth: depth as number });
  },
};
