import { describe, expect, it } from 'vitest';
import { stemEnglish } from './english.ts';

describe('the English stemmer', () => {
  // Pairs from the algorithm's published sample vocabulary.
  it.each(
    `consign consign, consigned consign, consigning consign, consignment consign, consist consist, consistency consist,
    consistently consist, consolation consol, conspicuously conspicu, constable constabl, knackeries knackeri, knightly knight,
    knots knot, knowledge knowledg, skies sky, dying die, news news, generously generous, arsenal arsenal, communism communism,
    inning inning, succeeded succeed, proceed proceed, hopping hop, hoping hope, ties tie, cries cri, cry cri, by by, say say,
    gas gas, this this, gaps gap, kiwis kiwi, luxuriated luxuri, fizzed fizz, happily happili, relational relat,
    conditional condit, vileness vile, hopefulness hope, electricity electr, formative format, adjustment adjust,
    replacement replac, adoption adopt, controlling control, rolled roll, bibliography bibliographi, youth youth, boyish boyish,
    enjoyment enjoy, at at, is is, beautiful beauti, university univers`
      .split(',')
      .map((pair) => pair.trim().split(' ') as [string, string]),
  )('%s becomes %s', (word, stem) => {
    expect(stemEnglish(word)).toBe(stem);
  });

  it('takes any word without failing', () => {
    for (const word of ['', 'y', 'yy', 'yyy', 'ing', 'eed', 'sss', 'x'.repeat(10_000), 'über', '12s']) {
      expect(stemEnglish(word).length).toBeLessThanOrEqual(word.length + 1);
    }
  });
});
