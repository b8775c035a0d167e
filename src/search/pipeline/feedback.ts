import { nearest } from '../../base/nearest.ts';
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
      const remedy = known === '' ? 'Register one first.' : `Name one of ${known}, or register one.`;
      return fail(`there is no feedback "${by}"`, guess === undefined ? remedy : `Did you mean "${guess}"?`);
    }
    const stage = `feedback ${refiner.id}`;
    return async (query, params) => {
      const { signal } = params;
      const first = await input!(query, { ...params, k: depth as number });
      const start = performance.now();
      const refined = await refiner.refine(query, first, corpus, signal === undefined ? {} : { signal });
      const tookMs = performance.now() - start;
      const found = await input!(refined, params);
      const before = new Set(first.hits.map(({ passage }) => passage));
      const fresh = found.hits.slice(0, depth as number).filter(({ passage }) => !before.has(passage)).length;
      const changed = refined.content === query.content ? '' : `; it now asks "${refined.content.slice(0, 200)}"`;
      return {
        ...found,
        trace: {
          stage,
          tookMs,
          examined: first.hits.length,
          returned: found.hits.length,
          note: `${fresh} of the first ${Math.min(depth as number, found.hits.length)} were not there before${changed}`,
          inputs: [first.trace, found.trace],
        },
      };
    };
  },
};
