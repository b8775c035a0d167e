import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IncompatibleError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import {
  formatRelevance,
  HIT_SCORES,
  LIST_FEATURES,
  numbersOfMap,
  parseRelevance,
  type RelevanceParameters,
  relevanceMaps,
  relevanceOf,
  type ScoredHit,
} from '../../search/index.ts';
import { compareGradients, constantOf, type OnnxRuntimeModule, onnxRuntime } from '../../tensor/index.ts';
import { calibrationLoss, f1, type JudgedList, learnRelevance } from './index.ts';

const runtime = onnxRuntime(createRequire(import.meta.url)('onnxruntime-node') as OnnxRuntimeModule);

/** Scores of each query have a scale of their own; what is near its best is relevant, unless nothing matches well. */
function lists(count: number, seed: number): JudgedList[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, q) => {
    const answerable = q % 4 !== 0;
    const top = answerable ? 15 + 20 * random.next() : 3 + 3 * random.next();
    const scores = [1, 0.95, 0.5, 0.45, 0.4, 0.3].map((share) => top * share);
    const hits: ScoredHit[] = scores.map((score, i) => ({
      contributions: [{ stage: 'bm25', rank: i + 1, score, share: score / top }],
    }));
    return { hits, relevant: scores.map((_, i) => answerable && i < 2) };
  });
}

describe('learnRelevance', () => {
  it('cuts lists of any scale where relevance ends, and keeps nothing where there is none', async () => {
    const learned = await learnRelevance(lists(120, 1), { runtime });
    const unseen = lists(60, 2);
    const kept = unseen.map((list) => Array.from(relevanceOf(list, learned), (p) => p >= learned.threshold));
    const mean = unseen.reduce((sum, { relevant }, i) => sum + f1(relevant, kept[i]!), 0) / unseen.length;
    // The first two everywhere would give 0.75.
    expect(mean).toBeGreaterThan(0.95);
    for (const list of unseen) {
      const probabilities = relevanceOf(list, learned);
      for (let i = 1; i < list.hits.length; i++) expect(probabilities[i]!).toBeLessThanOrEqual(probabilities[i - 1]!);
    }
    expect(parseRelevance(formatRelevance(learned), 'x')).toEqual(learned);
  });

  it('refuses too few lists, and files of something else', async () => {
    await expect(learnRelevance(lists(20, 1), { runtime })).rejects.toThrow(/20 judged queries are too few/);
    for (const text of [
      '',
      '{}',
      'null',
      '{"version": 5, "weights": [[1]], "threshold": 0.5}',
      '{"version": 5, "weights": [], "threshold": 2}',
      formatRelevance({ ...NOW, map: 'power' }),
      formatRelevance({ ...NOW, query: { encoder: 'x', mean: [0], components: [[1, 2]], hidden: [], output: [] } }),
    ]) {
      expect(() => parseRelevance(text, 'relevance.json')).toThrow(/relevance\.json.*learn-relevance/);
    }
  });

  it('refuses what an earlier version learned, and a later one', () => {
    const first = { weights: Array.from({ length: 4 }, () => [0, 0, 0, 0, 0, 0, 0.5]), threshold: 0.5 };
    for (const old of [first, { version: 2, ...first }, { version: 3, ...first }, { version: 4, ...first }]) {
      expect(() => parseRelevance(JSON.stringify(old), 'relevance.json')).toThrow(IncompatibleError);
      expect(() => parseRelevance(JSON.stringify(old), 'relevance.json')).toThrow(/earlier version.*learn-relevance/);
    }
    expect(() => parseRelevance(JSON.stringify({ ...NOW, version: 6 }), 'relevance.json')).toThrow(IncompatibleError);
  });

  it('finds nothing where nothing answers, if it was shown such lists', async () => {
    const learned = await learnRelevance(lists(60, 1), { runtime, foreign: foreign(60, 3), encoder: 'toy' });
    expect(learned.encoder).toBe('toy');
    for (const list of foreign(40, 4)) expect(Math.max(...relevanceOf(list, learned))).toBeLessThan(learned.threshold);
  });
});

/** Lists of hits that match well, for queries none of whose words are known. */
function foreign(count: number, seed: number): JudgedList[] {
  return lists(count, seed).map((list) => ({
    ...list,
    relevant: list.relevant.map(() => false),
    words: { count: 3, missing: 1, strange: 1 },
  }));
}

const NOW: RelevanceParameters = {
  weights: Array.from({ length: HIT_SCORES + 1 }, () => Array.from({ length: LIST_FEATURES + 1 }, () => 0.5)),
  threshold: 0.5,
};

/** All hits of a list are relevant, or none; cosines tell, but have an offset that a direction of the query's embedding decides on. */
function shifted(count: number, seed: number, dim = 12): JudgedList[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const vector = Float32Array.from({ length: dim }, () => random.normal());
    const good = 6 * random.below(2);
    const cosines = Array.from(
      { length: 6 },
      () => 0.3 + 0.15 * vector[0]! + 0.15 * (good / 6) + 0.02 * random.normal(),
    ).toSorted((a, b) => b - a);
    const hits = cosines.map((score, i) => ({ contributions: [{ stage: 'dense', rank: i + 1, score, share: 0 }] }));
    return { hits, relevant: cosines.map((_, i) => i < good), vector };
  });
}

function meanF1(unseen: readonly JudgedList[], learned: RelevanceParameters): number {
  const values = unseen.map((list) =>
    f1(
      list.relevant,
      Array.from(relevanceOf(list, learned), (r) => r >= learned.threshold),
    ),
  );
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe("a head over the query's embedding", () => {
  it('is learned where it decides, is held to what it was learned on, and its file is read again', async () => {
    const [seen, unseen] = [shifted(400, 1), shifted(200, 2)];
    const encoder = 'toy';
    const chosen = await learnRelevance(seen, { runtime, encoder, withoutAnswers: false });
    expect(chosen.query?.encoder).toBe('toy');
    const list = await learnRelevance(seen, { runtime, by: 'list', withoutAnswers: false });
    expect(list.query).toBeUndefined();
    expect(meanF1(unseen, chosen)).toBeGreaterThan(meanF1(unseen, list) + 0.05);

    const read = parseRelevance(formatRelevance(chosen), 'x');
    expect(read).toEqual(chosen);
    const { hits } = unseen[0]!;
    expect(relevanceOf(unseen[0]!, read)).toEqual(relevanceOf(unseen[0]!, chosen));
    // Without an embedding a query counts as the average one.
    expect(relevanceOf({ hits }, chosen)).toEqual(relevanceOf({ hits, vector: chosen.query!.mean }, chosen));
    expect(() => relevanceOf({ hits, vector: new Float32Array(7) }, chosen)).toThrow(IncompatibleError);
    expect(() => relevanceOf({ hits, vector: new Float32Array(7) }, chosen)).toThrow(
      /7 components.*12 by toy.*learn-relevance/,
    );
  });

  it('is left out where the list tells as much', async () => {
    const random = new Random(3);
    const aimless = lists(300, 5).map(({ hits, relevant }) => ({
      hits,
      relevant: relevant.map((is) => (random.next() < 0.1 ? !is : is)),
      vector: Float32Array.from({ length: 16 }, () => random.normal()),
    }));
    expect((await learnRelevance(aimless, { runtime })).query).toBeUndefined();
  });

  it('gives the same for the same seed', async () => {
    const options = { runtime, by: 'query', steps: 20, head: { width: 4, rank: 4 } } as const;
    const [once, again] = [
      await learnRelevance(shifted(120, 1), options),
      await learnRelevance(shifted(120, 1), options),
    ];
    expect(again).toEqual(once);
    expect(once.query!.components).toHaveLength(4);
  });

  it('refuses too few embeddings, and such as no encoder makes', async () => {
    const few = shifted(150, 1).map(({ vector, ...list }, i) => (i < 99 ? { ...list, vector: vector! } : list));
    await expect(learnRelevance(few, { runtime, by: 'both' })).rejects.toThrow(/99 of 150.*too few.*at least 100/);
    expect((await learnRelevance(few, { runtime, steps: 5 })).query).toBeUndefined();
    const mixed = [...shifted(100, 1), ...shifted(20, 2, 8)];
    await expect(learnRelevance(mixed, { runtime })).rejects.toThrow(/12 components, and also 8/);
    const broken = shifted(120, 1);
    (broken[7]!.vector as Float32Array)[3] = Number.NaN;
    await expect(learnRelevance(broken, { runtime })).rejects.toThrow(/Component 3 .* is NaN/);
    await expect(learnRelevance(shifted(120, 1), { runtime, by: 'query', head: { rank: 0 } })).rejects.toThrow(
      /rank of a head is 0/,
    );
  });
});

describe('a map', () => {
  const number = fc.double({ min: -4, max: 4, noNaN: true });
  const row = (length: number) => fc.array(number, { minLength: length, maxLength: length });
  const rows = (count: number, length: number) => fc.array(row(length), { minLength: count, maxLength: count });
  const parameters = fc.constantFrom(...relevanceMaps).chain((map) =>
    fc.record({
      map: fc.constant(map),
      threshold: fc.constant(0.5),
      weights: rows(numbersOfMap(map), LIST_FEATURES + 1),
      query: fc.record({
        encoder: fc.constant('toy'),
        mean: row(3),
        components: rows(2, 3),
        hidden: rows(4, 3),
        output: rows(numbersOfMap(map), 5),
      }),
    }),
  );

  it("grows with the cosine within a query's list, whatever its numbers and the query", () => {
    const cosines = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(parameters, cosines, row(3), (learned, scores, vector) => {
        const sorted = scores.toSorted((a, b) => b - a);
        const hits = sorted.map((score) => ({ contributions: [{ stage: 'dense', rank: 1, score, share: 0 }] }));
        const probabilities = relevanceOf({ hits, vector }, learned);
        for (let i = 0; i < probabilities.length; i++) {
          expect(probabilities[i]!).toBeGreaterThanOrEqual(0);
          expect(probabilities[i]!).toBeLessThanOrEqual(1);
          if (i > 0) expect(probabilities[i]!).toBeLessThanOrEqual(probabilities[i - 1]!);
        }
      }),
    );
  });

  const weighted = relevanceMaps.flatMap((map) => [0, 1].map((listWeight) => [map, listWeight] as const));
  it.each(weighted)('%s has the gradient that differences give, the list by %d', async (map, listWeight) => {
    const random = new Random(9);
    const [queries, depth] = [2, 3];
    const of = (count: number, draw: () => number): Float32Array => Float32Array.from({ length: count }, draw);
    const pairs = await compareGradients(
      runtime,
      [
        { data: of(queries * numbersOfMap(map), () => random.normal()), shape: [queries, numbersOfMap(map)] },
        { data: of(queries * depth * HIT_SCORES, () => random.next()), shape: [queries, depth * HIT_SCORES] },
      ],
      (theta, scores) =>
        calibrationLoss(
          theta!,
          scores!,
          constantOf(Float32Array.of(1, 0, 0, 0, 1, 0), [queries, depth]),
          constantOf(Float32Array.of(1, 1, 1, 1, 1, 0), [queries, depth]),
          map,
          listWeight,
        ),
    );
    expect(pairs.length).toBeGreaterThan(20);
    expect(pairs.some(({ analytic }) => Math.abs(analytic) > 0.01)).toBe(true);
    for (const { analytic, numeric } of pairs) expect(Math.abs(analytic - numeric)).toBeLessThan(4e-3);
  });
});

describe('f1', () => {
  it('counts what is missed, and an empty answer to an empty question as right', () => {
    expect(f1([true, false], [true, true])).toBeCloseTo(2 / 3, 12);
    expect(f1([true], [true], 1)).toBeCloseTo(2 / 3, 12);
    expect(f1([false], [false])).toBe(1);
    expect(f1([], [], 2)).toBe(0);
  });
});
