import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzerFor } from './analyzer.ts';
import { highlight, snippet } from './highlight.ts';

const marked = (text: string, query: string, language = 'en') => {
  const analyzer = analyzerFor(language);
  return highlight(text, new Set(analyzer.terms(query)), analyzer).map(({ start, end }) => text.slice(start, end));
};

describe('highlights', () => {
  it('mark other forms of the query words', () => {
    expect(marked('He runs while others are running.', 'to run')).toEqual(['runs', 'running']);
  });

  it('mark the part of an identifier that matches, or all of it', () => {
    expect(marked('call parseConfigFile()', 'config')).toEqual(['Config']);
    expect(marked('call parseConfigFile()', 'parse config file')).toEqual(['parseConfigFile']);
  });

  it('mark words inside Chinese and Thai sentences', () => {
    expect(marked('我们在北京学习机器学习', '机器', 'zh')).toEqual(['机器']);
    expect(marked('ผมชอบเรียนภาษาไทยมาก', 'ภาษา', 'th')).toEqual(['ภาษา']);
  });

  it('pass over what is a stop word in the language of the text, unless there is nothing else', () => {
    const both = (query: string) =>
      highlight('A quota is a limit.', new Set(query.split(' ')), analyzerFor('en')).map(({ start, end }) => [
        start,
        end,
      ]);
    expect(both('a limit')).toEqual([[13, 18]]);
    expect(both('a')).toEqual([
      [0, 1],
      [11, 12],
    ]);
  });

  it('are none for a query without terms', () => {
    expect(marked('the text', 'the')).toEqual([]);
  });
});

describe('a snippet', () => {
  const filler = 'Nothing of interest is said in this sentence at all. '.repeat(20);

  it('is the whole text when that is short, and the beginning when nothing matched', () => {
    expect(snippet('short', [{ start: 0, end: 5 }])).toEqual({
      text: 'short',
      start: 0,
      end: 5,
      ranges: [{ start: 0, end: 5 }],
    });
    const { text, start } = snippet(filler, [], { maxLength: 60 });
    expect(start).toBe(0);
    expect(text).toBe('Nothing of interest is said in this sentence at all. Nothing');
  });

  it('shows where the most different words match, from the start of the sentence', () => {
    const text = `${filler}A key here. ${filler}To rotate the key, call the command. ${filler}`;
    const analyzer = analyzerFor('en');
    const ranges = highlight(text, new Set(analyzer.terms('rotate key')), analyzer);
    const found = snippet(text, ranges, { maxLength: 80 });
    expect(found.text).toMatch(/^To rotate the key, call the command\./);
    expect(found.ranges.map(({ start, end }) => found.text.slice(start, end))).toEqual(['rotate', 'key']);
  });

  it('never exceeds its length, cuts no surrogate pair, and its ranges lie inside it', () => {
    const text = fc
      .array(fc.constantFrom('key', 'rotate', 'word ', ' ', '. A', '\n', '🚀', '𝒳', '词', '\0', 'x'.repeat(50)))
      .map((x) => x.join(''));
    const analyzer = analyzerFor('en');
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 120 }), (input, maxLength) => {
        const ranges = highlight(input, new Set(analyzer.terms('key rotate')), analyzer);
        const found = snippet(input, ranges, { maxLength });
        expect(found.text).toBe(input.slice(found.start, found.end));
        expect(found.text.length).toBeLessThanOrEqual(maxLength);
        expect(found.text).not.toMatch(/\p{Surrogate}/u);
        for (const { start, end } of found.ranges) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(found.text.length);
        }
        if (ranges.length > 0 && maxLength >= 60) expect(found.ranges.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});
