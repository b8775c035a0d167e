import { describe, expect, it } from 'vitest';
import { CharacterClass, classAt, classify, classOf, splitsPair, widthAt } from './characters.ts';

describe('character classes', () => {
  it('of ASCII are what the patterns say', () => {
    for (let unit = 0; unit < 128; unit++) expect([unit, classOf(unit)]).toEqual([unit, classify(unit)]);
  });

  it('follow the script', () => {
    const cases: [string, CharacterClass][] = [
      ['é', CharacterClass.word],
      ['ж', CharacterClass.word],
      ['ع', CharacterClass.word],
      ['की'[1]!, CharacterClass.word],
      ['가', CharacterClass.word],
      ['٣', CharacterClass.word],
      ['漢', CharacterClass.dense],
      ['𠮷', CharacterClass.dense],
      ['々', CharacterClass.dense],
      ['ー', CharacterClass.dense],
      ['ก', CharacterClass.dense],
      ['’', CharacterClass.connector],
      ['\u00ad', CharacterClass.ignorable],
      ['\u200d', CharacterClass.ignorable],
      ['\u200b', CharacterClass.connector],
      ['。', CharacterClass.separator],
      ['½', CharacterClass.separator],
      ['🚀', CharacterClass.emoji],
      ['𝒳', CharacterClass.word],
      ['\ud800', CharacterClass.separator],
      ['\udc00', CharacterClass.separator],
    ];
    for (const [character, expected] of cases)
      expect([character, classAt(character, 0)]).toEqual([character, expected]);
  });

  it('know where surrogate pairs are', () => {
    expect([widthAt('🚀', 0), widthAt('🚀', 1), widthAt('\ud800x', 0), widthAt('', 0)]).toEqual([2, 1, 1, 1]);
    expect([0, 1, 2].map((index) => splitsPair('🚀', index))).toEqual([false, true, false]);
  });
});
