import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globMatcher } from './glob.ts';

describe('a pattern', () => {
  it.each([
    ['*.md', 'docs/guides/a.md', true],
    ['*.md', 'a.mdx', false],
    ['a.*', 'docs/a.md', true],
    ['docs/*.md', 'docs/a.md', true],
    ['docs/*.md', 'docs/guides/a.md', false],
    ['docs/**/*.md', 'docs/guides/old/a.md', true],
    ['docs/**/*.md', 'docs/a.md', true],
    ['docs/**/*.md', 'docsy/a.md', false],
    ['**/a.md', 'a.md', true],
    ['**/a.md', 'x/y/a.md', true],
    ['**/a.md', 'x/ba.md', false],
    ['docs/**', 'docs/x/y', true],
    ['docs/**', 'docs', false],
    ['docs/?.md', 'docs/a.md', true],
    ['docs?a.md', 'docs/a.md', true],
    ['docs/?.md', 'docs/ab.md', false],
    ['chapter-[0-9].txt', 'chapter-7.txt', true],
    ['chapter-[!0-9].txt', 'chapter-7.txt', false],
    ['[abc', '[abc', true],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['TCP*', 'TCP/IP illustrated', true],
    ['?', '🙂', true],
    ['', '', true],
    ['', 'x', false],
    ['*', '', true],
  ])('%j and %j: %s', (pattern, text, expected) => {
    expect(globMatcher(pattern)(text)).toBe(expected);
  });

  it('agrees with a regular expression', () => {
    const piece = fc.constantFrom('a', 'b', '/', '*', '**', '**/', '?', '[ab]');
    const text = fc.array(fc.constantFrom('a', 'b', '/'), { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), text, (pieces, value) => {
        const pattern = `/${pieces.join('')}`;
        const source = pattern.replace(/\*\*+\/|\*\*+|\*|\?|\[ab\]/g, (token) => {
          if (token.endsWith('/')) return '(?:.*/)?';
          return token === '*' ? '[^/]*' : token === '?' ? '[^/]' : token === '[ab]' ? '[ab]' : '.*';
        });
        expect(globMatcher(pattern)(`/${value}`)).toBe(new RegExp(`^${source}$`, 's').test(`/${value}`));
      }),
      { numRuns: 2000 },
    );
  });

  it('takes time in proportion to its length and that of the text', () => {
    const start = performance.now();
    expect(globMatcher(`${'*a'.repeat(200)}b`)('a'.repeat(2000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
