import { describe, expect, it } from 'vitest';
import { convex, fuse, rrf } from './fuse.ts';
import type { Retriever } from './types.ts';

/** A retriever with a fixed answer: passages with scores, best first. */
const fixed =
  (stage: string, answer: readonly (readonly [number, number])[], abstained = false): Retriever =>
  async (_query, { k }) => ({
    hits: answer.slice(0, k).map(([passage, score]) => ({ passage, score })),
    ...(abstained ? { abstained } : {}),
    trace: { stage, tookMs: 0, examined: answer.length, returned: Math.min(k, answer.length) },
  });

const lexical = fixed('bm25', [
  [7, 12],
  [3, 8],
  [5, 4],
]);
const semantic = fixed('dense', [
  [3, 0.9],
  [9, 0.7],
]);
const query = { text: 'anything' };

describe('fuse', () => {
  it('adds reciprocal ranks', async () => {
    const { hits } = await fuse([lexical, semantic], rrf(60))(query, { k: 10 });
    expect(hits.map(({ passage }) => passage)).toEqual([3, 7, 9, 5]);
    expect(hits[0]!.score).toBeCloseTo(0.5 / 62 + 0.5 / 61, 12);
  });

  it('adds normalised scores, by weight', async () => {
    const { hits } = await fuse([lexical, semantic], convex({ normalize: ['max', 'min-max'] }), { weights: [3, 1] })(
      query,
      {
        k: 10,
      },
    );
    expect(hits.map(({ passage, score }) => [passage, score])).toEqual([
      [3, 0.75 * (8 / 12) + 0.25],
      [7, 0.75],
      [5, 0.25],
      [9, 0],
    ]);
  });

  it('explains each hit: the shares add up to its score', async () => {
    const { hits } = await fuse([lexical, semantic], rrf())(query, { k: 10 });
    for (const { score, contributions } of hits) {
      expect(contributions!.reduce((sum, { share }) => sum + share, 0)).toBe(score);
    }
    expect(hits[0]!.contributions!.map(({ stage, rank }) => [stage, rank])).toEqual([
      ['bm25', 2],
      ['dense', 1],
    ]);
  });

  it('leaves out a stage that abstains: the other ranks alone, with the whole weight', async () => {
    const silent = fixed('dense', [], true);
    const ranking = await fuse([lexical, silent], convex({ normalize: 'max' }), { weights: [1, 9] })(query, { k: 10 });
    expect(ranking.hits.map(({ passage, score }) => [passage, score])).toEqual([
      [7, 1],
      [3, 8 / 12],
      [5, 4 / 12],
    ]);
    expect(ranking.trace.inputs!.map(({ stage }) => stage)).toEqual(['bm25', 'dense']);
  });

  it('abstains when all its stages do', async () => {
    const ranking = await fuse([fixed('a', [], true)], rrf())(query, { k: 3 });
    expect(ranking.abstained).toBe(true);
    expect(ranking.hits).toEqual([]);
  });

  it('breaks ties by ascending passage', async () => {
    const left = fixed('a', [[8, 1]]);
    const right = fixed('b', [[2, 1]]);
    const { hits } = await fuse([left, right], rrf())(query, { k: 2 });
    expect(hits.map(({ passage }) => passage)).toEqual([2, 8]);
  });

  it('gives every hit of a flat ranking the same share', async () => {
    const flat = fixed('flat', [
      [1, 0.5],
      [2, 0.5],
    ]);
    const { hits } = await fuse([flat], convex())(query, { k: 2 });
    expect(hits.map(({ score }) => score)).toEqual([1, 1]);
  });

  it.each([[[1]], [[0, 0]], [[-1, 2]], [[Number.NaN, 1]]])('refuses the weights %j', (weights) => {
    expect(() => fuse([lexical, semantic], rrf(), { weights })).toThrow(/one non-negative weight per retriever/);
  });
});
