import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { infoNCE } from '../../src/train/index.ts';
import { Lab } from '../grading/lab.ts';
import { grid, head, mergedModel, untrained, vectorItems } from './learning.ts';
import { pairContestant } from './pair-claims.ts';
import { headLearner, joined, type Pairs, rowsOf } from './pairs.ts';
import { pairMaterial, pooledAreas, rankingMetric } from './rankings.ts';
import { FROZEN, fitOf, hardNegatives, pairDraw, pairRecipe } from './recipes.ts';

const COUNT = 200;
const signal = new AbortController().signal;
const lab = new Lab();

function unit(rows: readonly number[][]): Vectors {
  return Vectors.fromRows(rows.map((row) => row.map((value) => value / Math.hypot(...row))));
}

/** Documents are random; a query is its document with two halves of the components exchanged, and some noise. */
function exchanged(seed = 1): Pairs {
  const random = new Random(seed);
  const documents = unit(Array.from({ length: COUNT }, () => Array.from({ length: 16 }, () => random.normal())));
  const queries = unit(
    Array.from({ length: COUNT }, (_, i) => {
      const row = documents.row(i);
      return Array.from({ length: 16 }, (_, c) => row[(c + 8) % 16]! + 0.05 * random.normal());
    }),
  );
  return {
    documents,
    queryIds: Array.from({ length: COUNT }, (_, i) => `q${i}`),
    queries,
    relevant: Array.from({ length: COUNT }, (_, i) => new Set([i])),
    splits: Array.from({ length: COUNT }, (_, i) => (i < 160 ? 'train' : i < 180 ? 'dev' : 'test')),
    sources: {},
    learner: headLearner(queries, documents, head({ form: 'linear' })),
  };
}

const contrast = (steps: number, trained: 'queries' | 'both' = 'queries') =>
  pairRecipe({
    name: 'InfoNCE',
    configs: grid({ learningRate: [3e-2] }),
    steps,
    size: 16,
    trained,
    loss: (scores, { exclude }) => infoNCE(scores, { exclude }),
  });

async function quality(data: Pairs, recipe: ReturnType<typeof contrast>): Promise<number> {
  const { truth, measure } = pairMaterial(data, 'MRR@10');
  const fitted = await pairContestant(data, recipe, lab).fit(recipe.configs[0]!, { seed: 1, train: new Map(), signal });
  let sum = 0;
  const tested = rowsOf(data, 'test').map((row) => data.queryIds[row]!);
  for (const id of tested) sum += measure!(truth.get(id)!, await fitted.answer(id));
  return sum / tested.length;
}

describe('what learns from pairs', () => {
  it('maps queries to documents, for queries that it has not seen; declared once, it learns once', async () => {
    const data = exchanged();
    const recipe = contrast(200);
    const [frozen, after, again] = [
      await quality(data, FROZEN),
      await quality(data, recipe),
      await quality(data, contrast(200)),
    ];
    expect(frozen).toBeLessThan(0.5);
    expect(after).toBeGreaterThan(0.9);
    expect(again).toBe(after);
    const [one, two] = [fitOf(data, recipe, lab), fitOf(data, recipe, lab)];
    const context = { seed: 1, signal };
    expect(await one(recipe.configs[0]!, context)).toBe(await two(recipe.configs[0]!, context));
  });

  it('is one of several tasks at once, each ranked among its own', async () => {
    const data = joined({ a: exchanged(1), b: exchanged(2) }, 10);
    expect(data.documents.count).toBe(2 * COUNT);
    expect(rowsOf(data, 'test')).toHaveLength(20);
    const tasks = new Set<number>();
    const draw = pairDraw(data, contrast(1, 'both'), { learningRate: 1 });
    const random = new Random(1);
    for (let step = 0; step < 10; step++) {
      const { lists, arrays } = draw(random, step, 0);
      const task = Number(arrays!['task']!.data[0]);
      tasks.add(task);
      for (const row of [...lists['queries']!.rows, ...lists['documents']!.rows])
        expect(Math.floor(row / COUNT)).toBe(task);
    }
    expect(tasks).toEqual(new Set([0, 1]));
    expect(await quality(data, contrast(150, 'queries'))).toBeGreaterThan(await quality(data, FROZEN));
  });

  it('is merged with others of the same start', async () => {
    const items = vectorItems(exchanged().documents);
    const start = head({ form: 'linear' });
    const [one, two] = await Promise.all([1, 2].map(() => untrained(start, { seed: 1, signal })));
    await one!.encode(items, [0]);
    await two!.encode(items, [0]);
    const [name] = one!.parameters.names;
    one!.parameters.get(name!).data.fill(3);
    two!.parameters.get(name!).data.fill(1);
    const { parameters } = await mergedModel(start, items, [one!, two!], 'uniform', { seed: 1, signal });
    expect([...parameters.get(name!).data].every((value) => Math.abs(value - 2) < 1e-6)).toBe(true);
  });
});

describe('batches of pairs', () => {
  it('mark other answers of a query and copies of its document, and never its own', () => {
    const data = {
      ...exchanged(),
      relevant: Array.from({ length: COUNT }, (_, i) => new Set([i, i + 1 - 2 * (i % 2)])),
    };
    const recipe = { ...contrast(1, 'both'), size: 4, hard: { from: 0, to: 5, count: 2 } };
    const { lists, arrays } = pairDraw(data, recipe, { learningRate: 1 })(new Random(3), 0, 0.5);
    const [queries, documents] = [lists['queries']!.rows, lists['documents']!.rows];
    expect(documents).toHaveLength(12);
    const near = hardNegatives(data, { from: 0, to: 5 });
    for (let i = 0; i < 4; i++) {
      const own = data.relevant[queries[i]!]!;
      expect(own.has(documents[i]!)).toBe(true);
      for (const hard of documents.slice(4 + 2 * i, 6 + 2 * i)) expect(near[queries[i]!]).toContain(hard);
      for (let j = 0; j < 12; j++)
        expect(arrays!['exclude']!.data[12 * i + j]).toBe(j !== i && own.has(documents[j]!) ? 1 : 0);
    }
  });

  it('show training what it is told, and reports what is so', () => {
    const data = { ...exchanged(), seen: Array.from({ length: COUNT }, (_, i) => new Set([(i + 7) % COUNT])) };
    const { lists } = pairDraw(data, { ...contrast(1, 'both'), size: 8 }, { learningRate: 1 })(new Random(3), 0, 0);
    lists['queries']!.rows.forEach((query, i) => {
      expect(lists['documents']!.rows[i]).toBe((query + 7) % COUNT);
    });
    expect(pairMaterial(data, 'MRR@10').truth.get('q5')).toEqual(new Set([5]));
  });
});

describe('what the lab measures of scores', () => {
  it('ranks documents, all or those of a task', () => {
    const scores = Float32Array.of(0.1, 0.9, 0.5, 0.8);
    expect(rankingMetric('mrr@10')(new Set([2]), scores)).toBeCloseTo(1 / 3);
    expect(rankingMetric('mrr@10')(new Set([2]), scores, [2, 4])).toBeCloseTo(1 / 2);
  });

  it('pools the hardest negatives of all queries', () => {
    const answers = new Map([
      ['a', Float32Array.of(0.5, 0.4, 0.1)],
      ['b', Float32Array.of(0.3, 0.2, 0.9)],
    ]);
    const areas = pooledAreas(
      new Map([
        ['a', new Set([0])],
        ['b', new Set([1])],
      ]),
      answers,
    );
    // Negatives are 0.4, 0.1 and 0.3, 0.9.
    expect(areas.get('a')).toBe(0.75);
    expect(areas.get('b')).toBe(0.25);
  });
});
