import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { annotate, byPeople, type Marked, markDraw } from './marks.ts';
import { headLearner } from './pairs.ts';

/** 400 queries to learn from and 100 others; query `i` is answered by the six documents from `i`, of 700; all vectors differ. */
const DOCUMENTS = 700;
const from = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => (first + i) % DOCUMENTS);
const rows = (count: number): Vectors =>
  new Vectors(
    Float32Array.from({ length: count * 2 }, (_, i) => i),
    2,
  );
const task: Marked = {
  documents: rows(DOCUMENTS),
  queryIds: from(0, 500).map(String),
  queries: rows(500),
  relevant: from(0, 500).map((query) => new Set(from(query, 6))),
  splits: from(0, 500).map((query) => (query < 400 ? 'train' : 'test')),
  sources: {},
  learner: headLearner(rows(500), rows(DOCUMENTS)),
  misses: from(0, 500).map((query) => from(query + 6, 14)),
  near: from(0, 500).map((query) => from(query, 200)),
};

describe('simulated annotators', () => {
  it('miss and err as often as they are said to, on training queries alone', () => {
    const labels = annotate({ recall: 0.8, wrong: 0.4 })(task, new Random(1));
    expect(labels.map(({ query }) => query)).toEqual(from(0, 400));
    const [marked, right] = labels.reduce(
      ([all, good], { query, marked: own }) => {
        expect(new Set(own).size).toBe(own.length);
        return [all + own.length, good + own.filter((document) => task.relevant[query]!.has(document)).length];
      },
      [0, 0],
    );
    expect(1 - right / marked).toBeCloseTo(0.4, 1);
    // One of six is always marked.
    expect(right / (400 * 6)).toBeCloseTo((1 + 5 * 0.8) / 6, 1);
    expect(annotate({ recall: 1, wrong: 0 })(task, new Random(1)).every((one) => one.marked.length === 6)).toBe(true);
  });

  it('people mark one right document of a share of the queries', () => {
    const labels = byPeople(0.2)(task, new Random(2));
    expect(labels).toHaveLength(80);
    for (const { query, marked } of labels) {
      expect(query).toBeLessThan(400);
      expect(marked.map((document) => task.relevant[query]!.has(document))).toEqual([true]);
    }
  });
});

describe('batches of groups', () => {
  it('hold all marks of their queries and no document twice; one mark is drawn, the others are the rest', () => {
    const { lists, arrays } = markDraw(task, { sources: [annotate({ recall: 1, wrong: 0.5 })] })(new Random(3), 0, 0);
    const { marked, drawn, others } = arrays!;
    const numbers = lists['documents']!.rows;
    expect(new Set(numbers).size).toBe(512);
    expect(marked!.shape).toEqual([32, 512]);
    const of = (part: typeof marked, row: number) =>
      numbers.filter((_, column) => part!.data[row * numbers.length + column] === 1).sort((a, b) => a - b);
    for (let row = 0; row < 32; row++) {
      const query = lists['queries']!.rows[row]!;
      expect(of(marked, row)).toHaveLength(12);
      expect(of(marked, row)).toEqual(expect.arrayContaining(from(query, 6)));
      expect(of(drawn, row)).toHaveLength(1);
      expect([...of(drawn, row), ...of(others, row)].sort((a, b) => a - b)).toEqual(of(marked, row));
    }
  });

  it('take each query from the source that the curriculum chooses', () => {
    const sources = [() => [{ query: 1, marked: [1] }], () => [{ query: 2, marked: [2] }]];
    const draw = markDraw(task, { sources, choose: (progress) => (progress < 0.5 ? 0 : 1) });
    const random = new Random(4);
    const asked = (progress: number) => new Set(draw(random, 0, progress).lists['queries']!.rows);
    expect(asked(0)).toEqual(new Set([1]));
    expect(asked(1)).toEqual(new Set([2]));
  });
});
