import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { ngramModel } from './ngram-model.ts';

const TEXTS = ['the cat sat on the mat .', 'the dog sat on the rug .', 'a cat and a dog'];

describe('a model of counts', () => {
  const model = ngramModel(TEXTS);

  it('gives probabilities: those of all tokens that it knows and one that it does not come to less than 1', () => {
    const known = [...new Set([...TEXTS.flatMap(model.tokens), 'x', 'quince'])];
    for (const prompt of ['', 'the cat', 'quince quince']) {
      const sum = known.reduce((total, token) => total + Math.exp(model.tokenScores(prompt, token)[0]!), 0);
      expect(sum).toBeGreaterThan(0.5);
      expect(sum).toBeLessThan(1);
    }
  });

  it('keeps something for what it does not know', () => {
    // Two tokens, two kinds: (1 + 2 spelled) / (2 + 2), and spelled is below a half.
    const [known, other] = ngramModel(['a b'], { order: 1 }).tokenScores('', 'b a');
    expect(known).toBeCloseTo(other!, 12);
    expect(Math.exp(known!)).toBeGreaterThan(1 / 4);
    expect(Math.exp(known!)).toBeLessThan(1 / 2);
  });

  it('reads names part by part', () => {
    expect(model.tokens('const x1 = parseHTMLConfig2(a_b);')).toEqual([
      'const',
      'x',
      '1',
      '=',
      'parse',
      'HTML',
      'Config',
      '2',
      '(',
      'a',
      '_',
      'b',
      ')',
      ';',
    ]);
  });

  it('finds likelier what it has read, and what the prompt says', async () => {
    const [read, turned] = await model.score('', ['sat on the', 'the on sat']);
    expect(read).toBeGreaterThan(turned!);
    const [without] = await model.score('the cat', ['parseConfig ( path )']);
    const [helped] = await model.score('const config = parseConfig ( path ) ; the cat', ['parseConfig ( path )']);
    const [other] = await model.score('const shelf = openShelf ( name ) ; the cat', ['parseConfig ( path )']);
    expect(helped).toBeGreaterThan(without! + 5);
    expect(helped).toBeGreaterThan(other! + 5);
  });

  it('says what is wrong with its options', () => {
    expect(() => ngramModel([], { order: 0 })).toThrow(InvalidArgumentError);
    expect(() => ngramModel([], { cache: 1 })).toThrow('Give a number from 0 to below 1.');
  });
});
