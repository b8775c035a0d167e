import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { fuse } from './fuse.ts';
import { convex, rrf } from './fusions.ts';
import type { Retriever } from './types.ts';

/** A retriever with a fixed answer: passages with scores, best first. */
const fixed =
  (stage: string, answer: readonly (readonly [number, number])[], abstained = false): Retriever =>
  async (_query, { k }) => ({
    hits: answer.slice(0, k).map(([passage, score]) => ({ passage, score })),
    ...(abstained ? { abstained } : {}),
    trace: { stage, tookMs: 0, examined: answer.length, returned: Math.min(k, answer.length) },
  });

const FUSIONS = [
  convex(),
  convex({ normalize: 'max' }),
  convex({ normalize: 'min-max' }),
  convex({ normalize: [{ floor: -1 }, { best: 2 }] }),
  rrf(),
];

/** Scores at random, with ties; some abstain, some find little, some change their mind when asked for more, some can look up. */
function randomRetriever(stage: string, size: number, random: Random): Retriever {
  const scores = Array.from({ length: size }, () => (random.next() < 0.2 ? undefined : random.below(40) / 20 - 0.5));
  const fickle = random.next() < 0.3;
  const abstained = random.next() < 0.1;
  const retriever: Retriever = async (_query, { k }) => {
    const hits = abstained
      ? []
      : scores
          .flatMap((score, passage) => (score === undefined ? [] : [{ passage, score }]))
          .filter(({ passage }) => !fickle || (passage * 7 + k) % 5 !== 0)
          .sort((a, b) => b.score - a.score || a.passage - b.passage)
          .slice(0, k);
    const trace = { stage, tookMs: 0, examined: size, returned: hits.length };
    return { hits, ...(abstained ? { abstained } : {}), trace };
  };
  if (random.next() < 0.5) return retriever;
  const above = scores.map(() => [0, 0.1, 2, Number.POSITIVE_INFINITY][random.below(4)]!);
  return Object.assign(retriever, {
    score: async (_query: unknown, passages: Uint32Array) =>
      Float32Array.from(passages, (passage) => scores[passage] ?? Number.NaN),
    ...(random.next() < 0.5
      ? {}
      : {
          bounds: async (_query: unknown, passages: Uint32Array) =>
            Float32Array.from(passages, (passage) => (scores[passage] ?? Number.NaN) + above[passage]!),
        }),
  });
}

const lexical = fixed('bm25', [
  [7, 12],
  [3, 8],
  [5, 4],
]);
const semantic = fixed('dense', [
  [3, 0.9],
  [9, 0.7],
]);
const query = { content: 'anything' };

describe('fuse', () => {
  it('asks for no score of which the bound says that it cannot matter, and finds the same', async () => {
    const random = new Random(8);
    const list = (): (readonly [number, number])[] =>
      Array.from({ length: 200 }, (_, i) => [i, random.next()] as const).sort(([, a], [, b]) => b - a);
    const [words, meaning] = [list(), list()];
    const byPassage = new Map(meaning);
    let asked = 0;
    const score = async (_query: unknown, passages: Uint32Array) => {
      asked += passages.length;
      return Float32Array.from(passages, (passage) => byPassage.get(passage)!);
    };
    const bounds = async (_query: unknown, passages: Uint32Array) =>
      Float32Array.from(passages, (passage) => byPassage.get(passage)! + 0.01);
    const both = [fixed('bm25', words), Object.assign(fixed('dense', meaning), { score })] as const;
    const exact = await fuse(both, convex())(query, { k: 10 });
    const all = asked;
    asked = 0;
    const pruned = await fuse([both[0], Object.assign(fixed('dense', meaning), { score, bounds })], convex())(query, {
      k: 10,
    });
    expect(pruned.hits).toEqual(exact.hits);
    expect(pruned.trace.examined).toBe(exact.trace.examined);
    expect(asked).toBeLessThan(all / 2);
  });

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

  it('divides scores by what the query could reach, and by the best where that is not known', async () => {
    const within = (retriever: Retriever, limit: number): Retriever => {
      return async (...asked) => ({ ...(await retriever(...asked)), limit });
    };
    const shares = async (limit: number): Promise<number[]> => {
      const { hits } = await fuse([within(lexical, limit), within(semantic, 1)], convex())(query, { k: 10 });
      return hits.find(({ passage }) => passage === 3)!.contributions!.map(({ share }) => share);
    };
    expect(await shares(24)).toEqual([(0.5 * 8) / 24, 0.5 * 0.9]);
    expect(await shares(0)).toEqual([(0.5 * 8) / 12, 0.5 * 0.9]);
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
    const ranking = await fuse([lexical, silent], convex(), { weights: [1, 9] })(query, { k: 10 });
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
    const { hits } = await fuse([flat], convex({ normalize: 'min-max' }))(query, { k: 2 });
    expect(hits.map(({ score }) => score)).toEqual([1, 1]);
  });

  it('never depends on k: the first k of a longer list are the shorter list', async () => {
    const random = new Random(7);
    for (let round = 0; round < 300; round++) {
      const size = 1 + random.below(60);
      const retrievers = Array.from({ length: 1 + random.below(3) }, (_, i) => randomRetriever(`r${i}`, size, random));
      const options = {
        weights: retrievers.map((_, i) => (i === 0 ? 1 : random.below(3) / 2)),
        candidates: 1 + random.below(8),
      };
      const retriever = fuse(retrievers, FUSIONS[round % FUSIONS.length]!, options);
      const { hits: all } = await retriever(query, { k: 1_000 });
      expect(new Set(all.map(({ passage }) => passage)).size).toBe(all.length);
      for (const [i, { score, contributions }] of all.entries()) {
        if (i > 0) expect(score).toBeLessThanOrEqual(all[i - 1]!.score);
        expect(contributions!.reduce((sum, { share }) => sum + share, 0)).toBe(score);
      }
      for (const k of [1, 2, 3, 5, 8, 13, 40]) {
        expect((await retriever(query, { k })).hits).toEqual(all.slice(0, k));
      }
    }
  });

  it('asks each retriever for a fixed number of candidates, and for more only where k needs them', async () => {
    const asked: number[] = [];
    const retriever: Retriever = async (_query, { k }) => {
      asked.push(k);
      const hits = Array.from({ length: k }, (_, passage) => ({ passage, score: 1 / (1 + passage) }));
      return { hits, trace: { stage: 'counting', tookMs: 0, examined: k, returned: k } };
    };
    const { trace } = await fuse([retriever], rrf(), { candidates: 20 })(query, { k: 1 });
    expect(trace.note).toBe('20 candidates of each');
    await fuse([retriever], rrf(), { candidates: 20 })(query, { k: 100 });
    expect(asked).toEqual([20, 20, 80, 320]);
  });

  it('gives a passage that one retriever lacks the score that this has for it', async () => {
    const scored: Retriever = Object.assign((...asked: Parameters<Retriever>) => semantic(...asked), {
      score: async (_query: unknown, passages: Uint32Array) =>
        Float32Array.from(passages, (passage) => (passage === 7 ? 0.45 : Number.NaN)),
    });
    const { hits, trace } = await fuse([lexical, scored], convex())(query, { k: 10 });
    expect(hits.map(({ passage, contributions }) => [passage, contributions!.map(({ rank }) => rank)])).toEqual([
      [3, [2, 1]],
      [7, [1, undefined]],
      [5, [3, undefined]],
      [9, [2]],
    ]);
    expect(hits[1]!.score).toBeCloseTo(0.5 + 0.5 * (0.45 / 0.9), 6);
    // 5 has no score there: it counts as the worst of those that have.
    expect(hits[2]!.contributions![1]).toEqual({ stage: 'dense', share: 0.5 * (0.7 / 0.9) });
    expect(trace.note).toBe('50 candidates of each; bm25 from 0 to 12; dense from 0 to 0.9, 2 scores looked up');
  });

  it('does not ask a retriever of weight 0', async () => {
    const never: Retriever = () => Promise.reject(new Error('was asked'));
    const { hits, trace } = await fuse([lexical, never], convex(), { weights: [1, 0] })(query, { k: 10 });
    expect(hits.map(({ passage }) => passage)).toEqual([7, 3, 5]);
    expect(trace.inputs!.map(({ stage }) => stage)).toEqual(['bm25']);
  });

  it('normalises between fixed ends', async () => {
    const fusion = convex({ normalize: [{ best: 24 }, { floor: -1 }] });
    expect(fusion.name).toBe('convex(0 to 24, -1 to best)');
    const { hits } = await fuse([lexical, semantic], fusion)(query, { k: 2 });
    expect(hits.map(({ passage }) => passage)).toEqual([3, 9]);
    expect(hits[0]!.score).toBeCloseTo(0.5 * (8 / 24) + 0.5, 12);
    expect(hits[1]!.score).toBeCloseTo(0.5 * (1.7 / 1.9), 12);
    expect(() => convex({ normalize: { floor: 1, best: 1 } })).toThrow('Give a floor below the best.');
  });

  it('keeps the order of scores below the floor', async () => {
    const opposite = fixed('dense', [
      [1, -0.1],
      [2, -0.3],
    ]);
    const { hits } = await fuse([opposite], convex())(query, { k: 2 });
    expect(hits.map(({ passage, score }) => [passage, score])).toEqual([
      [1, -0.1],
      [2, -0.3],
    ]);
  });

  it.each([0, 1.5, Number.NaN])('refuses %d candidates', (candidates) => {
    expect(() => fuse([lexical], rrf(), { candidates })).toThrow('Give a whole number, at least 1.');
  });

  it.each([[[1]], [[0, 0]], [[-1, 2]], [[Number.NaN, 1]], [[Number.POSITIVE_INFINITY, 1]]])(
    'refuses the weights %j',
    (weights) => {
      expect(() => fuse([lexical, semantic], rrf(), { weights })).toThrow(/one non-negative weight per retriever/);
    },
  );
});
