import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { phraseWords } from './phrase-words.ts';

describe('phraseWords', () => {
  it('keeps every word in order, without case, marks and punctuation', () => {
    expect(phraseWords('To be, or NOT to be: «Été» at Müller’s — C++ 20!')).toEqual([
      'to',
      'be',
      'or',
      'not',
      'to',
      'be',
      'ete',
      'at',
      'muller',
      's',
      'c++',
      '20',
    ]);
  });

  it('ends words at signs of markup, which people leave out of what they look for', () => {
    const text = 'Run `npm install`, <b>bold</b> words ~~gone~~ |left cell|right| a=b x^2, but C++ for $5';
    expect(phraseWords(text).join(' ')).toBe(
      'run npm install b bold b words gone left cell right a b x 2 but c++ for $5',
    );
  });

  it('is the same for every normal form and invisible sign', () => {
    const word = 'Ångström\u00ad\u200bé';
    for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const) {
      expect(phraseWords(word.normalize(form))).toEqual(['angstrome']);
    }
    expect(phraseWords('ﬁne ㎏ 2½ m²')).toEqual(['fine', 'kg', '2', '1', '2', 'm2']);
  });

  it('takes scripts without spaces sign by sign, between other words too', () => {
    expect(phraseWords('東京 タワーとTokyo塔2基')).toEqual([
      '東',
      '京',
      'タ',
      'ワ',
      'ー',
      'と',
      'tokyo',
      '塔',
      '2',
      '基',
    ]);
    const thai = 'สวัสดีครับผมชื่อ'.repeat(20);
    expect(phraseWords(thai).join('')).toBe(phraseWords(thai.slice(0, 16)).join('').repeat(20));
  });

  it('ends words where the patterns of Unicode do, whatever is between them', () => {
    const word = /[¼-¾⅐-⅞↉]|(?:(?![¼-¾⅐-⅞↉`<>|~^=])[\p{L}\p{M}\p{N}\p{S}\p{Cf}\p{Variation_Selector}])+/gu;
    const pieces = [
      'a',
      'bc',
      '7',
      ' ',
      '.',
      '\n',
      '$',
      '~',
      '`',
      '<',
      '\x7f',
      'é',
      '—',
      '½',
      '東',
      '😀',
      '\ud83d',
      '\u200b',
      '\u0301',
      'ﬁ',
    ];
    const random = new Random(5);
    for (let i = 0; i < 500; i++) {
      const text = Array.from({ length: 1 + random.below(12) }, () => pieces[random.below(pieces.length)]!).join('');
      const runs = Array.from(text.matchAll(word), ([run]) => run);
      expect(phraseWords(text)).toEqual(runs.flatMap((run) => phraseWords(run)));
    }
  });

  it('cuts encoded data and keeps what is around it', () => {
    const found = phraseWords(`before ${'q'.repeat(300)} after`);
    expect(found.map(({ length }) => length)).toEqual([6, 128, 128, 44, 5]);
  });
});
