import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { parseRelevance, relevanceOf, type ScoredHit } from '../search/index.ts';
import { type OnnxRuntimeModule, onnxRuntime } from '../tensor/index.ts';
import { f1, type JudgedList, learnRelevance } from './index.ts';

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
    const kept = unseen.map(({ hits }) => Array.from(relevanceOf(hits, learned), (p) => p >= learned.threshold));
    const mean = unseen.reduce((sum, { relevant }, i) => sum + f1(relevant, kept[i]!), 0) / unseen.length;
    // The first two everywhere would give 0.75.
    expect(mean).toBeGreaterThan(0.95);
    for (const { hits } of unseen) {
      const probabilities = relevanceOf(hits, learned);
      for (let i = 1; i < hits.length; i++) expect(probabilities[i]!).toBeLessThanOrEqual(probabilities[i - 1]!);
    }
    expect(parseRelevance(JSON.stringify(learned), 'x')).toEqual(learned);
  });

  it('refuses too few lists, and files of something else', async () => {
    await expect(learnRelevance(lists(20, 1), { runtime })).rejects.toThrow(/20 judged queries are too few/);
    for (const text of ['', '{}', '{"weights": [[1]], "threshold": 0.5}', '{"weights": [], "threshold": 2}']) {
      expect(() => parseRelevance(text, 'relevance.json')).toThrow(/relevance\.json.*learn-relevance/);
    }
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
