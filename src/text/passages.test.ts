import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Block } from './blocks.ts';
import { splitPassages } from './passages.ts';
import { textBlocks } from './text-blocks.ts';
import { countTokens } from './token-count.ts';

/** Lays out parts one after another, a blank line between them, and describes them as blocks. */
function documentOf(parts: readonly { kind: Block['kind']; text: string; level?: number }[]): {
  text: string;
  blocks: Block[];
} {
  let text = '';
  const blocks: Block[] = [];
  for (const { kind, text: part, level } of parts) {
    const start = text.length;
    text += part;
    const named = kind === 'heading' || kind === 'definition';
    blocks.push({
      kind,
      start,
      end: text.length,
      ...(level ? { level } : {}),
      ...(named ? { name: part.slice(0, 20) } : {}),
    });
    text += '\n\n';
  }
  return { text, blocks };
}

const words = (count: number, word = 'word') => Array.from({ length: count }, (_, i) => `${word}${i}`).join(' ');
const sentences = (count: number) =>
  Array.from({ length: count }, (_, i) => `Sentence ${i} has exactly six words.`).join(' ');
const slices = (text: string, passages: readonly { start: number; end: number }[]) =>
  passages.map(({ start, end }) => text.slice(start, end));

describe('passages', () => {
  it('keep a document that fits in one piece, under its title', () => {
    const { text, blocks } = documentOf([
      { kind: 'heading', text: 'Title', level: 1 },
      { kind: 'paragraph', text: words(20) },
      { kind: 'heading', text: 'Part', level: 2 },
      { kind: 'paragraph', text: words(20) },
    ]);
    expect(splitPassages(text, blocks)).toEqual([
      { start: 0, end: text.trimEnd().length, headings: ['Title'], tokens: 42 },
    ]);
  });

  it('do not cross headings of the same level when the sections have some size', () => {
    const { text, blocks } = documentOf([
      { kind: 'heading', text: 'Title', level: 1 },
      { kind: 'heading', text: 'One', level: 2 },
      { kind: 'paragraph', text: words(120) },
      { kind: 'heading', text: 'Two', level: 2 },
      { kind: 'paragraph', text: words(120) },
    ]);
    const passages = splitPassages(text, blocks);
    expect(passages.map(({ headings }) => headings)).toEqual([
      ['Title', 'One'],
      ['Title', 'Two'],
    ]);
    expect(slices(text, passages)[0]).toMatch(/^Title\n\nOne\n\nword0 /);
    expect(slices(text, passages)[1]).toMatch(/^Two\n\nword0 /);
  });

  it('merge tiny neighbouring sections under the section that holds them', () => {
    const { text, blocks } = documentOf([
      { kind: 'heading', text: 'Options', level: 1 },
      { kind: 'paragraph', text: words(180) },
      { kind: 'heading', text: 'a', level: 2 },
      { kind: 'paragraph', text: words(10) },
      { kind: 'heading', text: 'b', level: 2 },
      { kind: 'paragraph', text: words(10) },
      { kind: 'heading', text: 'Other', level: 1 },
      { kind: 'paragraph', text: words(150) },
    ]);
    const passages = splitPassages(text, blocks);
    expect(passages.map(({ headings }) => headings)).toEqual([['Options'], ['Options'], ['Other']]);
    expect(slices(text, passages)[1]).toMatch(/^a\n\n.*\n\nb\n\n/);
  });

  it('cut a long paragraph at sentences, into about equal lengths, each repeating the end of the one before', () => {
    const text = sentences(70);
    const passages = splitPassages(text, textBlocks(text));
    expect(passages.length).toBe(3);
    for (const passage of slices(text, passages)) expect(passage).toMatch(/^Sentence \d+ .* words\.$/);
    for (const [i, passage] of passages.entries()) {
      if (i > 0) expect(passage.start).toBeLessThan(passages[i - 1]!.end);
      expect(passage.tokens).toBeGreaterThan(130);
    }
  });

  it('do not overlap across sections, nor in code', () => {
    const { text, blocks } = documentOf([
      { kind: 'heading', text: 'One', level: 1 },
      { kind: 'paragraph', text: sentences(30) },
      { kind: 'heading', text: 'Two', level: 1 },
      { kind: 'code', text: Array.from({ length: 100 }, (_, i) => `let x${i} = call(argument, other);`).join('\n') },
    ]);
    const passages = splitPassages(text, blocks);
    const second = passages.filter(({ headings }) => headings[0] === 'Two');
    expect(text.slice(second[0]!.start)).toMatch(/^Two/);
    for (const [i, { start, end }] of second.entries()) {
      if (i > 0) expect(start).toBe(second[i - 1]!.end + 1);
      if (i > 0) expect(text.slice(start, end)).toMatch(/^let /);
    }
  });

  it('never leave a heading without the text under it', () => {
    const { text, blocks } = documentOf([
      { kind: 'paragraph', text: words(100) },
      { kind: 'heading', text: 'A heading of five words', level: 1 },
      { kind: 'paragraph', text: `${sentences(32)} ${words(6)}.` },
      { kind: 'paragraph', text: words(150) },
    ]);
    const passages = splitPassages(text, blocks);
    expect(slices(text, passages).filter((passage) => /^A heading of five words$/.test(passage))).toEqual([]);
  });

  it('keep a function whole when it fits, and split a class by its members when it does not', () => {
    const member = (name: string) =>
      `  ${name}() {\n${Array.from({ length: 25 }, (_, i) => `    step${i}(input);`).join('\n')}\n  }`;
    const text = ['class Parser {', member('parse'), member('print'), member('check'), '}'].join('\n');
    const at = (name: string) => text.indexOf(`  ${name}()`);
    const blocks: Block[] = [
      { kind: 'definition', start: 0, end: at('parse'), level: 1, name: 'Parser' },
      { kind: 'definition', start: at('parse'), end: at('print'), level: 2, name: 'Parser.parse' },
      { kind: 'definition', start: at('print'), end: at('check'), level: 2, name: 'Parser.print' },
      { kind: 'definition', start: at('check'), end: text.length, level: 2, name: 'Parser.check' },
    ];
    const passages = splitPassages(text, blocks, { maxTokens: 80 });
    expect(passages.map(({ headings }) => headings)).toEqual([
      ['Parser'],
      ['Parser', 'Parser.print'],
      ['Parser', 'Parser.check'],
    ]);
    expect(splitPassages(text, blocks, { maxTokens: 400 })).toHaveLength(1);
  });

  it('cut Chinese at full stops and within the budget', () => {
    const text = '我们在北京学习机器学习和信息检索。'.repeat(60);
    const passages = splitPassages(text, textBlocks(text), { maxTokens: 100 });
    expect(passages.length).toBeGreaterThan(5);
    for (const passage of slices(text, passages)) expect(passage).toMatch(/。$/);
  });

  it('carry the page on which they start', () => {
    const text = `${sentences(40)}\n\n${sentences(40)}`;
    const blocks = textBlocks(text).map((block, i) => ({ ...block, page: i + 1 }));
    expect(splitPassages(text, blocks).map(({ page }) => page)).toEqual([1, 1, 2]);
  });

  it('take a megabyte on one line in their stride', () => {
    for (const unit of ['word ', 'x', '!', '词', 'ab.cd ', 'One sentence here. ']) {
      const text = unit.repeat(1_000_000 / unit.length);
      const begin = performance.now();
      const passages = splitPassages(text, textBlocks(text));
      expect(passages.length).toBeGreaterThan(100);
      expect(performance.now() - begin).toBeLessThan(5_000);
    }
  });

  it('refuse senseless options with the remedy', () => {
    expect(() => splitPassages('x', [], { maxTokens: 0 })).toThrow(/Set maxTokens to 8 or more/);
    expect(() => splitPassages('x', [], { maxTokens: 100, overlap: 80 })).toThrow(/between 0 and 50/);
  });
});

describe('any document', () => {
  const prose = fc.oneof(
    fc
      .array(
        fc.constantFrom(
          'word',
          'A sentence.',
          'ends. Begins',
          '词语和句子。',
          'ภาษาไทย',
          '🚀',
          '\u202e',
          '\0',
          '\ud800',
          'x'.repeat(300),
          '\n',
          'e.g.',
          'i++;',
          '   ',
          '—',
        ),
        { maxLength: 150 },
      )
      .map((x) => x.join(' ')),
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.nat(60).map(sentences),
  );
  const part = fc.record({
    kind: fc.constantFrom<Block['kind']>('heading', 'paragraph', 'list-item', 'code', 'table', 'quote', 'definition'),
    text: prose,
    level: fc.integer({ min: 1, max: 4 }),
  });
  const budgets = fc.record({
    maxTokens: fc.integer({ min: 8, max: 250 }),
    minTokens: fc.integer({ min: 0, max: 60 }),
  });

  it('is covered, in order, within the budget, and no surrogate pair is cut', () => {
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 8 }),
        budgets,
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (parts, budget, share) => {
          const { text, blocks } = documentOf(parts);
          const passages = splitPassages(text, blocks, { ...budget, overlap: Math.floor(budget.maxTokens * share) });
          const covered = new Uint8Array(text.length);
          let lastStart = -1;
          let lastEnd = 0;
          for (const { start, end, tokens } of passages) {
            expect(start).toBeGreaterThan(lastStart);
            expect(end).toBeGreaterThan(lastEnd);
            [lastStart, lastEnd] = [start, end];
            const slice = text.slice(start, end);
            expect(slice.trim()).not.toBe('');
            expect(tokens).toBeLessThanOrEqual(budget.maxTokens);
            expect(countTokens(slice)).toBeLessThanOrEqual(budget.maxTokens + 1);
            covered.fill(1, start, end);
            for (const edge of [start, end]) {
              expect(/[\ud800-\udbff]$/.test(text.slice(0, edge)) && /^[\udc00-\udfff]/.test(text.slice(edge))).toBe(
                false,
              );
            }
          }
          for (const { start, end } of blocks) {
            for (let i = start; i < end; i++) {
              if (!covered[i]) expect(text[i]).toMatch(/^[\s\p{C}]$/u);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of plain text has paragraphs that cover it', () => {
    fc.assert(
      fc.property(prose, (text) => {
        const blocks = textBlocks(text);
        let last = 0;
        for (const { start, end } of blocks) {
          expect(text.slice(last, start).trim()).toBe('');
          last = end;
        }
        expect(text.slice(last).trim()).toBe('');
      }),
    );
  });
});
