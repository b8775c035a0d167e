import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import type { Retriever } from '../search/index.ts';
import { type MinerOptions, mineNegatives } from './miner.ts';

/** Passage `i` has score `1 - i / 10`, for every query. */
const retriever: Retriever = async (_, { k }) => ({
  hits: Array.from({ length: Math.min(k, 10) }, (_, i) => ({ passage: i, score: 1 - i / 10 })),
  trace: { stage: 'fixed', tookMs: 0, examined: 10, returned: k },
});
const mine = async (positives: readonly number[], options: Omit<MinerOptions, 'retriever'> = {}) => {
  const found = [];
  for await (const mined of mineNegatives([{ text: 'q', positives: new Set(positives) }], { retriever, ...options })) {
    found.push(mined);
  }
  return found;
};

describe('the miner', () => {
  it('takes the best that are not relevant, from a window of ranks', async () => {
    expect(await mine([1])).toEqual([{ query: 0, negatives: [0, 2, 3, 4], positiveScore: 0.9, leftOut: 0 }]);
    expect((await mine([0, 2], { window: { from: 3, to: 5 }, count: 10 }))[0]!.negatives).toEqual([4, 5, 6]);
    expect((await mine([42]))[0]).toEqual({ query: 0, negatives: [0, 1, 2, 3], positiveScore: undefined, leftOut: 0 });
  });

  it('leaves out what is probably relevant, by share, margin or score', async () => {
    const rule = async (keepBelow: NonNullable<MinerOptions['keepBelow']>, positive = 2) =>
      (await mine([positive], { keepBelow, count: 2 }))[0]!;
    expect(await rule({ share: 0.8 })).toEqual({ query: 0, negatives: [4, 5], positiveScore: 0.8, leftOut: 3 });
    expect((await rule({ margin: 0.25 })).negatives).toEqual([5, 6]);
    expect((await rule({ score: 0.45 })).negatives).toEqual([6, 7]);
    // What was not found cannot be compared with.
    expect((await rule({ share: 0.95 }, 42)).negatives).toEqual([]);
  });

  it('drops queries whose label the retriever does not confirm', async () => {
    expect((await mine([2], { consistency: 3 })).length).toBe(1);
    expect(await mine([3], { consistency: 3 })).toEqual([]);
    expect(await mine([42], { consistency: 3 })).toEqual([]);
  });

  it('asks for one query at a time, can be aborted, and refuses an empty window', async () => {
    const controller = new AbortController();
    let asked = 0;
    const queries = function* () {
      for (;;) {
        asked++;
        yield { text: 'q', positives: new Set([0]) };
      }
    };
    const seen = [];
    const mining = async () => {
      for await (const mined of mineNegatives(queries(), { retriever, signal: controller.signal })) {
        seen.push(mined);
        if (seen.length === 3) controller.abort();
      }
    };
    await expect(mining()).rejects.toThrow('aborted');
    expect(asked).toBe(4);
    await expect(mine([0], { window: { from: 5, to: 4 } })).rejects.toThrow(InvalidArgumentError);
  });
});
