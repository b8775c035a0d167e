import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { clozePair } from './cloze.ts';

const words = 'signing keys are replaced every ninety days by the team on call'.split(' ');

describe('a cloze pair', () => {
  it('is a run of the words, and all that stand around it', () => {
    const random = new Random(1);
    for (let i = 0; i < 50; i++) {
      const [query, rest] = clozePair(words, random, 4);
      expect(query.split(' ')).toHaveLength(4);
      expect(words.join(' ')).toContain(query);
      expect([...query.split(' '), ...rest.split(' ')].sort()).toEqual([...words].sort());
    }
  });

  it('leaves at least as many words as it asks with', () => {
    expect(clozePair(['rain', 'tomorrow'], new Random(2)).map((text) => text.split(' ').length)).toEqual([1, 1]);
    expect(clozePair(words.slice(0, 5), new Random(3))[0].split(' ')).toHaveLength(2);
  });
});
