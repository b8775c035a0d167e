import { beforeAll, describe, expect, it } from 'vitest';
import type { Query } from '../content/index.ts';
import { type Corpus, memoryCorpus } from '../corpus/index.ts';
import { mostTokens } from '../text/index.ts';
import {
  chosenOf,
  type Evidence,
  EXTRACT_FEATURES,
  type ExtractModel,
  extractInputs,
  extracts,
  readCompressor,
  writeCompressor,
} from './index.ts';

const TEXTS = [
  'The harbour lies in the north. Its lighthouse was built of granite in 1852. The harbour is large. Is it old?',
  'The harbour lies in the south. Pilots live there with their boats. The harbour is small.',
];
const passages: Evidence[] = TEXTS.map((text, i) => ({
  passage: i,
  id: `p${i}`,
  title: i === 0 ? 'The lighthouse' : '',
  headings: [],
  text,
  start: 0,
  language: 'en',
  score: 1,
  hop: 1,
}));
const query = (content: string) => ({ content }) as unknown as Query;
let corpus: Corpus;
beforeAll(async () => {
  corpus = await memoryCorpus(
    TEXTS.map((text, i) => ({ id: `p${i}`, title: passages[i]!.title, text, language: 'en' })),
    [{ name: 'words', kind: 'terms' }],
  );
});

/** Keeps what has rare words. */
const rare: ExtractModel = {
  extract: Array.from({ length: EXTRACT_FEATURES + 1 }, (_, i) => (i === 3 ? 10 : i === EXTRACT_FEATURES ? -2 : 0)),
};

describe('extractInputs', () => {
  it('says of sentences, without a question, where they stand and what they hold; all from 0 to 1', async () => {
    const [first] = await extractInputs(passages, corpus);
    expect(first!.sentences).toHaveLength(4);
    const [a, b, , d] = first!.features as [number[], number[], number[], number[]];
    expect(first!.features.flat().every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(first!.features.every((row) => row.length === EXTRACT_FEATURES)).toBe(true);
    // First and last, and the place.
    expect([a[0], b[0], d[0], a[1], d[1]]).toEqual([1, 0, 0, 0, 1]);
    expect(b[2]).toBeCloseTo(1 / 3, 9);
    // Rarer than what both passages say; it holds the title's word, and a number; the last one asks.
    expect(b[3]).toBeGreaterThan(a[3]!);
    expect([b[10], a[10], d[14], b[14]]).toEqual([1, 0, 1, 0]);
    expect(b[11]).toBeGreaterThan(0);
    expect(await extractInputs([], corpus)).toEqual([]);
    const [empty] = await extractInputs([{ ...passages[0]!, text: '' }], corpus);
    expect(empty).toEqual({ sentences: [], features: [] });
  });
});

describe('chosenOf', () => {
  it('takes the best that fit, in their order, and at least one', () => {
    const sizes = [10, 20, 30, 40];
    expect(chosenOf([1, 4, 3, 2], sizes, { share: 0.6 })).toEqual([0, 1, 2]);
    expect(chosenOf([1, 2, 3, 4], sizes, { share: 0.1 })).toEqual([0]);
    expect(chosenOf([1, 2, 3, 4], sizes, { share: 0.05 })).toEqual([3]);
    expect(chosenOf([-1, 2, -3, 4], sizes, { share: 'own' })).toEqual([1, 3]);
    expect(chosenOf([-2, -1, -3, -4], sizes, { share: 'own' })).toEqual([1]);
    expect(chosenOf([1, 2, 3, 4], sizes)).toEqual([3]);
    expect(chosenOf([], [])).toEqual([]);
    expect(() => chosenOf([1], [1], { share: 0 })).toThrow('Keep a share above 0');
  });
});

describe('extracts', () => {
  const options = () => ({ corpus, count: mostTokens, label: () => 2 });

  it('leaves the same of a passage whatever is asked, from the best on while they fit', async () => {
    const compressor = extracts(rare, { share: 'own' });
    const spans = await compressor.compress(query('granite'), passages, 1000, options());
    expect(await compressor.compress(query('boats'), passages, 1000, options())).toEqual(spans);
    const said = spans.map(({ passage, start, end }) => TEXTS[passage]!.slice(start, end));
    expect(said).toContain('Its lighthouse was built of granite in 1852.');
    expect(said).toContain('Pilots live there with their boats.');
    expect(said).not.toContain('The harbour is large.');
    const own = spans.filter(({ passage }) => passage === 0);
    const tokens = own.reduce((sum, { start, end }) => sum + 1 + mostTokens(TEXTS[0]!.slice(start, end)), 2);
    expect(await compressor.compress(query('x'), passages, tokens, options())).toEqual(own);
    // Where none fits: the best sentence of the first passage, which the builder cuts.
    const [cut, ...others] = await compressor.compress(query('x'), passages, 3, options());
    expect(others).toEqual([]);
    expect(TEXTS[0]!.slice(cut!.start, cut!.end)).toBe('Its lighthouse was built of granite in 1852.');
    expect(await compressor.compress(query('x'), [], 10, options())).toEqual([]);
  });

  it('is opened from its file, and refuses one of other signals', async () => {
    const opened = readCompressor(writeCompressor(rare), 'rare.bin');
    expect(opened.id).toBe('extracts');
    const given = await opened.compress(query('x'), passages, 1000, options());
    expect(given).toEqual(await extracts(rare).compress(query('x'), passages, 1000, options()));
    expect(given.length).toBeGreaterThan(0);
    expect(() => readCompressor(writeCompressor(rare).slice(0, -3), 'rare.bin')).toThrow('rare.bin');
    const sentences = writeCompressor({ encoder: 'none', weights: new Array(32).fill(0), nothing: 0 });
    expect(readCompressor(sentences, 'sentences.bin').id).toBe('learned');
    const other = extracts({ extract: [1, 2] });
    await expect(other.compress(query('x'), passages, 9, options())).rejects.toThrow('Train them again.');
    expect(() => extracts(rare, { share: 2 })).toThrow("or 'own'");
  });
});
