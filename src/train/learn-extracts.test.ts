import { beforeAll, describe, expect, it } from 'vitest';
import { extractInputs, extractLogits } from '../answer/index.ts';
import { type Corpus, memoryCorpus } from '../corpus/index.ts';
import { nativeRuntime } from '../encode/runtime.ts';
import {
  type ExtractPreference,
  type JudgedPassage,
  judgeExtracts,
  preferredOf,
  wordsReader,
} from './judge-extracts.ts';
import { learnExtracts } from './learn-extracts.ts';

const PLACES = 'Elbing Danzig Memel Pillau Libau Riga Windau Reval Narva Pernau'.split(' ');
const THINGS = 'lamp pilot berth anchor'.split(' ');
const FILL = ['Nobody knows who wrote this down.', 'Much has been said of the sea.', 'The winter was long there.'];

/** What a passage is about stands in its last sentence. */
const passages: JudgedPassage[] = PLACES.flatMap((place) =>
  THINGS.map((thing) => ({
    id: `${place}-${thing}`,
    title: '',
    headings: [],
    text: `${FILL.join(' ')} The ${thing} of ${place} was sold.`,
    language: 'en',
  })),
);
const questions = passages.map(({ id }) => ({ text: id.replace('-', ' '), relevant: [id] }));
let corpus: Corpus;
beforeAll(async () => {
  corpus = await memoryCorpus(
    passages.map(({ id, text }) => ({ id, title: '', text, language: 'en' })),
    [{ name: 'words', kind: 'terms' }],
  );
});

describe('preferredOf', () => {
  const one = (tokens: number, found: boolean) => ({ tokens, found });
  it('prefers the shortest that served to the longest that did not', () => {
    const tried = [one(30, true), one(20, true), one(25, false), one(40, false)];
    expect(preferredOf(tried)).toEqual({ chosen: one(20, true), rejected: one(40, false) });
    expect(preferredOf([one(30, true), one(20, true)])).toEqual({ chosen: one(20, true), rejected: one(30, true) });
    expect(preferredOf([one(30, true), one(20, true)], false)).toBeUndefined();
    expect(preferredOf([one(30, false)])).toBeUndefined();
    expect(preferredOf([one(30, true)])).toBeUndefined();
    expect(preferredOf([])).toBeUndefined();
  });
});

describe('judgeExtracts and learnExtracts', () => {
  let pairs: ExtractPreference[];
  beforeAll(async () => {
    pairs = await judgeExtracts(passages, questions, { corpus, shares: [0.3] });
  });

  it('a reader finds what is left, and pairs say with what it did', async () => {
    const find = await wordsReader(passages.slice(0, 3));
    expect((await find('lamp Elbing'))[0]).toBe('Elbing-lamp');
    expect(pairs).toHaveLength(passages.length);
    for (const { chosen, rejected } of pairs) {
      expect(chosen.sentences).toContain(3);
      expect(rejected.sentences).not.toContain(3);
    }
    const blind = await judgeExtracts(passages, questions, {
      corpus,
      shares: [0.3],
      reader: async () => async () => [],
    });
    expect(blind).toEqual([]);
    const seeing = {
      corpus,
      shares: [0.3],
      reader: async () => async (question: string) => [question.replace(' ', '-')],
    };
    expect(await judgeExtracts(passages, questions, seeing)).toEqual([]);
    expect((await judgeExtracts(passages, questions, { ...seeing, easy: true })).length).toBeGreaterThan(0);
    expect(await judgeExtracts(passages, [{ text: 'x', relevant: ['gone'] }], { corpus, shares: [0.3] })).toEqual([]);
    await expect(judgeExtracts(passages, questions, { corpus, shares: [0] })).rejects.toThrow('Give shares above 0');
  });

  it('learns which sentence is to stay, of passages that it has not seen', async () => {
    const runtime = await nativeRuntime();
    const model = await learnExtracts(pairs.slice(0, 32), { runtime, learningRate: 0.1 });
    const again = await learnExtracts(pairs.slice(0, 32), { runtime, learningRate: 0.1 });
    expect(again).toEqual(model);
    for (const inputs of await extractInputs(passages.slice(32), corpus)) {
      const logits = extractLogits(model, inputs);
      expect(logits.indexOf(Math.max(...logits))).toBe(3);
    }
    await expect(learnExtracts(pairs.slice(0, 9), { runtime })).rejects.toThrow('at least 32');
  });

  it('length has a say where it is wished', async () => {
    // One of two equal extracts is longer: with brevity the pair tells more, so sentences are kept more rarely.
    const runtime = await nativeRuntime();
    const even = pairs.map((pair) => ({
      ...pair,
      chosen: { sentences: [3], tokens: 10 },
      rejected: { sentences: [0, 3], tokens: 60 },
    }));
    const [say, none] = [
      await learnExtracts(even, { runtime, epochs: 2, preference: 2.5, brevity: 0.1 }),
      await learnExtracts(even, { runtime, epochs: 2, preference: 2.5, brevity: 0 }),
    ];
    const [inputs] = await extractInputs(passages, corpus);
    expect(extractLogits(say, inputs!)[0]).not.toBe(extractLogits(none, inputs!)[0]);
    const likelihood = await learnExtracts(even, { runtime, epochs: 2, preference: 0 });
    const [kept, left] = [extractLogits(likelihood, inputs!)[3]!, extractLogits(likelihood, inputs!)[0]!];
    expect(kept).toBeGreaterThan(left);
  });
});
