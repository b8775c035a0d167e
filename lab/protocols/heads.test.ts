import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { cosines, infoNCE } from '../../src/train/index.ts';
import { fitting, type HeadOptions, trainHeads } from './heads.ts';
import { gradesOf, hardNegatives, type Pairs, pairBatches, pairContestant, rankingMetric, splitsOf } from './pairs.ts';

const COUNT = 200;

/** Documents are random; a query is its document with two halves of the components exchanged, and some noise. */
function exchanged(): Pairs {
  const random = new Random(1);
  const documents = unit(Array.from({ length: COUNT }, () => Array.from({ length: 16 }, () => random.normal())));
  const queries = unit(
    Array.from({ length: COUNT }, (_, i) => {
      const row = documents.row(i);
      return Array.from({ length: 16 }, (_, c) => row[(c + 8) % 16]! + 0.05 * random.normal());
    }),
  );
  return {
    documentIds: Array.from({ length: COUNT }, (_, i) => `d${i}`),
    documents,
    queryIds: Array.from({ length: COUNT }, (_, i) => `q${i}`),
    queries,
    relevant: Array.from({ length: COUNT }, (_, i) => new Set([i])),
    splits: Array.from({ length: COUNT }, (_, i) => (i < 160 ? 'train' : i < 180 ? 'dev' : 'test')),
    sources: {},
  };
}

function unit(rows: readonly number[][]): Vectors {
  return Vectors.fromRows(rows.map((row) => row.map((value) => value / Math.hypot(...row))));
}

const towers: HeadOptions<'query' | 'document'>['towers'] = { query: { form: 'linear' }, document: { form: 'frozen' } };

describe('heads over frozen vectors', () => {
  it('learn what maps queries to documents, for queries that they have not seen', async () => {
    const data = exchanged();
    const contestant = (steps: number) =>
      pairContestant(
        'infoNCE',
        data,
        [{}],
        fitting(() => ({
          towers,
          loss: (encode, batch) =>
            infoNCE(cosines(encode('query', batch['queries']!), encode('document', batch['documents']!)), {
              exclude: batch['exclude']!,
            }),
          batch: pairBatches(data, { size: 16 }),
          steps,
          learningRate: 3e-2,
        })),
      );
    const [truth, splitOf, measure] = [gradesOf(data), splitsOf(data), rankingMetric('mrr@10')];
    const quality = async (steps: number): Promise<number> => {
      const fitted = await contestant(steps).fit(
        {},
        { seed: 1, train: new Map(), signal: new AbortController().signal },
      );
      const tested = data.queryIds.filter((id) => splitOf(id) === 'test');
      let sum = 0;
      for (const id of tested) sum += measure(truth.get(id)!, await fitted.answer(id));
      return sum / tested.length;
    };
    const [before, after, again] = [await quality(1), await quality(200), await quality(200)];
    expect(before).toBeLessThan(0.5);
    expect(after).toBeGreaterThan(0.9);
    expect(again).toBe(after);
  });

  it('share parameters where one tower names another', async () => {
    const data = exchanged();
    const heads = await trainHeads<'query' | 'document'>({
      towers: { query: { form: 'mlp', widths: [8, 4] }, document: 'query' },
      loss: (encode, batch) =>
        infoNCE(cosines(encode('query', batch['queries']!), encode('document', batch['documents']!))),
      batch: pairBatches(data, { size: 8 }),
      steps: 3,
      learningRate: 1e-2,
      seed: 1,
    });
    expect([...heads.parameters.names].every((name) => name.startsWith('query'))).toBe(true);
    const [asQuery, asDocument] = [
      await heads.encode('query', data.documents),
      await heads.encode('document', data.documents),
    ];
    expect(asQuery.dim).toBe(4);
    expect(asQuery.data).toEqual(asDocument.data);
  });
});

describe('batches of pairs', () => {
  it('mark other answers of a query and copies of its document, and never its own', () => {
    const data = {
      ...exchanged(),
      relevant: Array.from({ length: COUNT }, (_, i) => new Set([i, i + 1 - 2 * (i % 2)])),
    };
    const examples = [0, 1, 2, 3].map((query) => ({ query, document: query }));
    const batch = pairBatches(data, {
      size: 4,
      examples,
      hard: { of: hardNegatives(data, { from: 0, to: 5 }), count: 2 },
    });
    const { queries, documents, exclude } = batch(new Random(3), 0, 0.5);
    expect(documents!.shape).toEqual([12, 16]);
    const rowOf = (vectors: Float32Array, all: Vectors): number =>
      Array.from({ length: all.count }, (_, i) => i).find((i) => all.row(i)[0] === vectors[0])!;
    for (let i = 0; i < 4; i++) {
      const query = rowOf((queries!.data as Float32Array).subarray(16 * i, 16 * i + 16), data.queries);
      for (let j = 0; j < 12; j++) {
        const document = rowOf((documents!.data as Float32Array).subarray(16 * j, 16 * j + 16), data.documents);
        if (j === i) expect(document).toBe(query);
        expect(exclude!.data[12 * i + j]).toBe(j !== i && data.relevant[query]!.has(document) ? 1 : 0);
      }
    }
  });
});
