import { expect, it } from 'vitest';
import { folded } from '../../search/filter-match.ts';
import { PLAIN } from './plain-text.ts';

it('has plain characters have one small letter each, whatever stands beside them', () => {
  const plain = new RegExp(PLAIN.pattern);
  const small = new Map([...PLAIN.large].map((large, i) => [large, [...PLAIN.small][i]!]));
  const lower = (text: string): string =>
    Array.from(text, (one) => small.get(one) ?? (one <= '\x7f' ? one.toLowerCase() : one)).join('');
  expect([...PLAIN.large].length).toBe([...PLAIN.small].length);
  let count = 0;
  for (let code = 1; code <= 0xffff; code++) {
    const character = String.fromCodePoint(code);
    if (!plain.test(character)) continue;
    count++;
    for (const text of [
      character,
      `A${character}`,
      `${character}A`,
      `Ä${character}가`,
      `か${character} ${character}`,
    ]) {
      if (folded(text) !== lower(text)) expect.fail(`${JSON.stringify(text)}: ${folded(text)}, not ${lower(text)}`);
    }
  }
  expect(count).toBeGreaterThan(30_000);
  for (const text of ['Σ', 'İ', 'e\u0301', '\u212a', '가\u11a8', '😀']) expect(plain.test(text), text).toBe(false);
});
