import { describe, expect, it } from 'vitest';
import type { Hits } from '../base/hits.ts';
import { Random } from '../base/random.ts';
import { blockEnds, searchInBlocks } from './blocks.ts';

describe('blocks', () => {
  it('have ends that do not depend on k, but for how many there are', () => {
    expect(blockEnds(1)).toEqual([10]);
    expect(blockEnds(10)).toEqual([10]);
    expect(blockEnds(11)).toEqual([10, 50]);
    expect(blockEnds(150)).toEqual([10, 50, 100, 200]);
  });

  it('make a list of which the first k are the list for k, whatever a search answers', () => {
    const random = new Random(5);
    for (let round = 0; round < 20; round++) {
      const scores = Array.from({ length: 300 }, () => random.below(50));
      // Overlooks something that it would have found for another k.
      const fickle = (k: number): Hits => {
        const ids = [...scores.keys()]
          .filter((id) => (id * 7 + k * round) % 9 !== 0)
          .sort((a, b) => scores[b]! - scores[a]! || a - b)
          .slice(0, k);
        return { ids: Uint32Array.from(ids), scores: Float32Array.from(ids, (id) => scores[id]!), examined: 300 };
      };
      const all = searchInBlocks(fickle, 250);
      expect(new Set(all.ids).size).toBe(all.ids.length);
      expect([...all.scores]).toEqual([...all.scores].sort((a, b) => b - a));
      for (const k of [1, 9, 10, 11, 50, 120]) {
        const { ids, scores: some } = searchInBlocks(fickle, k);
        expect([...ids]).toEqual([...all.ids.slice(0, k)]);
        expect([...some]).toEqual([...all.scores.slice(0, k)]);
      }
    }
  });
});
