import { describe, expect, it } from 'vitest';
import { bytes, duration, idOf, number, parseId, plural, printable, table } from './output.ts';

describe('output', () => {
  it('writes sizes and times as people do', () => {
    expect([0, 999, 1000, 999_600, 1_234_567, 123_456_789].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '1.0 MB',
      '1.2 MB',
      '123 MB',
    ]);
    expect([0.123, 12, 1234, 61_000].map(duration)).toEqual(['0.1 ms', '12 ms', '1.2 s', '1 min 1 s']);
    expect(plural(1, 'file')).toBe('1 file');
    expect(plural(1200, 'file')).toBe('1,200 files');
  });

  it('aligns columns, numbers to the right', () => {
    expect(
      table(
        ['name', 'n'],
        [
          ['a', 5],
          ['bcdef', 1234],
        ],
      )
        .split('\n')
        .slice(1),
    ).toEqual(['a          5', 'bcdef  1,234']);
  });

  it('does not let a document drive the terminal', () => {
    expect(printable('a\u001b[2Jb\u202ec\td\n')).toBe('a\ufffd[2Jb\ufffdc\td\n');
  });

  it('names ids so that each can be told from others and given back', () => {
    for (const id of ['a b', 'docs/x.md', '..', '日本', 'a"b']) expect(idOf(id)).toBe(id);
    for (const id of ['a\nb', 'a\tb', ' a', 'a ', '\u001b[2J', 'a\u202eb', '\u2028', '"a"', '"']) {
      const shown = idOf(id);
      expect(printable(shown)).toBe(shown);
      expect(JSON.parse(shown)).toBe(id);
      expect(parseId(shown)).toBe(id);
    }
    for (const line of ['a', 'a"b', '"open', '"a" b']) expect(parseId(line)).toBe(line);
  });
});

it('separates thousands as people write them', () => {
  for (const count of [0, 7, 999, 1000, 12_345, 123_456, 1_234_567, -1234, -123, 1234.5, 0.125]) {
    expect(number(count)).toBe(count.toLocaleString('en'));
  }
});
