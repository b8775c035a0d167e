import { Vectors } from '../../base/vectors.ts';
import { fieldOf, MEANING } from '../../corpus/index.ts';
import { refineByNeighbours } from '../neighbours.ts';
import { encode } from '../represent.ts';
import { rescored } from './moves.ts';
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
    return rescored(input!, {
      stage: 'neighbours',
      depth: depth as number,
      async score(query, candidates, signal) {
        const encoded = await encode(own, query, signal);
        if (encoded.query === undefined) return encoded.reason;
        const ascending = Uint32Array.from(candidates, ({ passage }) => passage).sort();
        const read = await corpus.get(own.name, ascending);
        const vectors = new Map(Array.from(ascending, (passage, i) => [passage, read[i] as Float32Array | undefined]));
        const known = candidates.flatMap(({ passage }) => vectors.get(passage) ?? []);
        const rows = Vectors.fromRows(known, own.dim);
        const refined = refineByNeighbours(encoded.query as Float32Array, rows, settings).values();
        return candidates.map(({ passage }) =>
          vectors.get(passage) === undefined ? Number.NaN : refined.next().value!,
        );
      },
    });
  },
};
