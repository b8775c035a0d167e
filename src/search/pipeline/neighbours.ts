import { Vectors } from '../../base/vectors.ts';
import { fieldOf, MEANING } from '../../corpus/index.ts';
import { refineByNeighbours } from '../neighbours.ts';
import { encode } from '../represent.ts';
import { reordered } from './moves.ts';
import type { Operator } from './types.ts';

const DEPTH = 50;

export const neighbours: Operator = {
  name: 'neighbours',
  help: 'ranks the first candidates again by what the vectors say that are most like theirs; pays where a query has several answers',
  takes: 'ranking',
  parameters: {
    field: { kind: 'name', help: 'A field of one vector for each passage. Default meaning.' },
    depth: {
      kind: 'whole',
      least: 1,
      most: 1000,
      help: `Candidates that are ranked again, whatever k. Default ${DEPTH}.`,
    },
    neighbours: { kind: 'whole', least: 0, most: 1000, help: 'Vectors that each is mixed with. Default 9.' },
    beta: { kind: 'number', least: 0, most: 100, help: 'Weight of neighbours, times their similarity. Default 0.15.' },
  },
  make: ([input], { field = MEANING, depth = DEPTH, ...settings }, { corpus }) => {
    const own = fieldOf(corpus, field as string, ['vector'], 'The operator "neighbours"');
    const candidates = depth as number;
    const stage = 'neighbours';
    return async (query, params) => {
      const found = await input!(query, { ...params, k: Math.max(params.k, candidates) });
      const start = performance.now();
      const encoded = await encode(own, query, params.signal);
      if (encoded.query === undefined) {
        const trace = { stage, tookMs: performance.now() - start, examined: 0, returned: found.hits.length };
        return {
          ...found,
          hits: found.hits.slice(0, params.k),
          trace: { ...trace, note: encoded.reason, inputs: [found.trace] },
        };
      }
      const first = found.hits.slice(0, candidates);
      const ascending = Uint32Array.from(first, ({ passage }) => passage).sort();
      const read = await corpus.get(own.name, ascending);
      const vectors = new Map(Array.from(ascending, (passage, i) => [passage, read[i] as Float32Array | undefined]));
      const known = first.filter(({ passage }) => vectors.get(passage) !== undefined);
      const unknown = first.filter(({ passage }) => vectors.get(passage) === undefined);
      const rows = Vectors.fromRows(
        known.map(({ passage }) => vectors.get(passage)!),
        own.dim,
      );
      const scores = refineByNeighbours(encoded.query as Float32Array, rows, settings);
      const rescored = known.map((hit, i) => ({ hit, score: scores[i]! }));
      const { hits, moved } = reordered(found, rescored, [...unknown, ...found.hits.slice(candidates)], stage);
      return {
        ...found,
        hits: hits.slice(0, params.k),
        trace: {
          stage,
          tookMs: performance.now() - start,
          examined: known.length,
          returned: Math.min(params.k, hits.length),
          note: `${known.length} candidates ranked again, ${moved} of them changed places`,
          inputs: [found.trace],
        },
      };
    };
  },
};
