import { describe, expect, it } from 'vitest';
import { CorruptFileError, InvalidArgumentError } from '../../base/errors.ts';
import { VectorSets, Vectors } from '../../base/vectors.ts';
import { analyzerFor } from '../../text/index.ts';
import type { Encoder, TokenEncoder, WordedText } from '../encoder.ts';
import { miniLm } from '../index.ts';
import { type ImpactHead, readImpactHead, writeImpactHead } from './head.ts';
import { impactEncoder } from './impact.ts';
import { WordRowFinder } from './word-rows.ts';

/** Pieces of at most three letters, and signs; the vector of a piece says its length and whether it has an "x". */
const LONGEST = 12;
const piecesOf = (text: string): string[] => text.match(/[\p{L}\p{N}]{1,3}|[^\s\p{L}\p{N}]/gu) ?? [];
const base: Encoder & TokenEncoder = {
  id: 'pieces',
  dim: 2,
  window: { tokens: LONGEST, count: async (text) => piecesOf(text).length },
  encode: async (inputs) => Vectors.zeros(inputs.length, 2),
  async encodeTokens(inputs) {
    const rows = inputs.map((text) =>
      piecesOf(text)
        .slice(0, LONGEST)
        .map((piece) => Float32Array.of(piece.length, piece.includes('x') ? 1 : 0)),
    );
    const offsets = new Uint32Array(inputs.length + 1);
    for (const [i, own] of rows.entries()) offsets[i + 1] = offsets[i]! + own.length;
    return new VectorSets(Vectors.fromRows(rows.flat(), 2), offsets);
  },
};
const head = (weights: readonly number[], bias: number): ImpactHead => ({
  base: 'pieces',
  width: 2,
  k1: 0.9,
  b: 0.4,
  average: 6,
  weights: Float32Array.from(weights),
  bias,
});
const worded = (text: string): WordedText => ({ text, words: analyzerFor('en').tokens(text) });

describe('the tokens of words', () => {
  it('are told by counting runs between white spaces and signs', async () => {
    const text = worded('harbour-ice (x) is closed');
    const { rows } = await new WordRowFinder(base).of([text]);
    const told = text.words.map(({ term }, i) => [term, ...rows[0]!.subarray(2 * i, 2 * i + 2)]);
    // har bou r - ice ( x ) is clo sed; a compound has the tokens of its parts.
    expect(told).toEqual([
      ['harbouric', 0, 5],
      ['harbour', 0, 3],
      ['ice', 4, 5],
      ['x', 6, 7],
      ['close', 9, 11],
    ]);
  });

  it('are none behind what the encoder reads, and those of the whole where runs do not add up', async () => {
    const odd: typeof base = {
      ...base,
      // A sign within letters makes no token.
      window: { tokens: LONGEST, count: async (text) => piecesOf(text.replace(/(\p{L})'(\p{L})/gu, '$1$2')).length },
      encodeTokens: (inputs) => base.encodeTokens(inputs.map((text) => text.replace(/(\p{L})'(\p{L})/gu, '$1$2'))),
    };
    const text = worded("ab'cd ef ghi jkl mno pqr stu vwx yza bcd efg hij klm");
    const { rows } = await new WordRowFinder(odd).of([text]);
    expect([...rows[0]!.subarray(0, 2)]).toEqual([0, 2]);
    expect([...rows[0]!.subarray(-2)]).toEqual([LONGEST, LONGEST]);
  });

  it('are those of minilm, accents, signs and long words included', async () => {
    const encoder = miniLm();
    try {
      const text = worded('The café-owner’s "unbelievably" well-kept 3.14 €5 naïveté, isn’t it? 東京 ...');
      const { tokens, rows } = await new WordRowFinder(encoder).of([text]);
      expect(tokens.count).toBe(1);
      const read = text.words.filter((_, i) => rows[0]![2 * i]! < rows[0]![2 * i + 1]!);
      expect(read).toHaveLength(text.words.length);
      const at = text.words.findIndex(({ term }) => term.startsWith('unbeliev'));
      const [from, to] = rows[0]!.subarray(2 * at, 2 * at + 2);
      expect(to! - from!).toBe(await encoder.window!.count('unbelievably'));
    } finally {
      await encoder.dispose!();
    }
  }, 120_000);

  it('are not told of an encoder that puts something before texts, or does not count', async () => {
    const prompted = {
      ...base,
      encodeTokens: (inputs: readonly string[]) => base.encodeTokens(inputs.map((text) => `q: ${text}`)),
    };
    await expect(new WordRowFinder(prompted).of([worded('ice')])).rejects.toThrow('something stands before it');
    const { window: _, ...silent } = base;
    expect(() => new WordRowFinder(silent)).toThrow(InvalidArgumentError);
  });
});

describe('a head that weighs words', () => {
  it('is BM25 as long as it says nothing', async () => {
    const [weights] = await impactEncoder('own', base, head([0, 0], 1)).weigh([worded('ice and ice in the harbour')]);
    const expected = [
      2 / (2 + 0.9 * (0.6 + 0.4 * 0.5)),
      2 / (2 + 0.9 * (0.6 + 0.4 * 0.5)),
      1 / (1 + 0.9 * (0.6 + 0.4 * 0.5)),
    ];
    expect(weights).toHaveLength(3);
    for (const [i, weight] of expected.entries()) expect(weights![i]).toBeCloseTo(weight, 6);
  });

  it('takes the greatest of a word, never below 0, and its bias where a word is not read', async () => {
    const encoder = impactEncoder('own', base, head([-0.5, 2], 1));
    const [weights] = await encoder.weigh([worded('abcx harbour de fgh ijk lmn opq rst uvw ghi')]);
    // abc x: max(1 - 1.5, 1 - 0.5 + 2); harbour: har bou r; ghi: not read.
    const share = 1 / (1 + 0.9 * (0.6 + (0.4 * 10) / 6));
    expect(weights![0]).toBeCloseTo(2.5 * share, 5);
    expect(weights![1]).toBeCloseTo(0.5 * share, 5);
    expect(weights![3]).toBe(0);
    expect(weights!.at(-1)).toBeCloseTo(share, 5);
    expect(() => impactEncoder('own', { ...base, dim: 3 }, head([0, 0], 1))).toThrow('the head reads those of 2');
  });

  it('opens as it was saved, and not when a byte is another', () => {
    const saved = writeImpactHead({ ...head([0.25, -3], 0.5), made: { by: 'a test' } });
    expect(readImpactHead(saved, 'head')).toEqual({ ...head([0.25, -3], 0.5), made: { by: 'a test' } });
    for (const at of [0, 20, saved.length - 1]) {
      const damaged = saved.slice();
      damaged[at]! ^= 1;
      expect(() => readImpactHead(damaged, 'head')).toThrow(CorruptFileError);
    }
    expect(() => readImpactHead(writeImpactHead(head([Number.NaN, 0], 1)), 'head')).toThrow('impossible numbers');
  });
});
