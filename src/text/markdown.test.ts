import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markdownBlocks } from './markdown.ts';

const shown = (text: string) =>
  markdownBlocks(text).blocks.map(({ kind, start, end, name, level }) => [
    kind + (level ?? ''),
    name ?? text.slice(start, end),
  ]);

describe('Markdown', () => {
  it('is read into its blocks, with exact places in the original', () => {
    const text = [
      '# Title with *emphasis* and `code`',
      '',
      'A paragraph',
      'of two lines.',
      '',
      '- first',
      '- second',
      '  - nested',
      '',
      '    more of nested',
      '',
      '```js',
      '# not a heading',
      '```',
      '',
      '> quoted',
      '> text',
      '',
      '| a | b |',
      '|---|---|',
      '| 1 | 2 |',
      '',
      'Second',
      '------',
      '',
      '    indented code',
      '',
      '***',
      'last',
      '[ref]: http://example.org',
    ].join('\r\n');
    expect(shown(text)).toEqual([
      ['heading1', 'Title with emphasis and code'],
      ['paragraph', 'A paragraph\r\nof two lines.'],
      ['list-item', '- first'],
      ['list-item', '- second'],
      ['list-item', '- nested'],
      ['list-item', 'more of nested'],
      ['code', '```js\r\n# not a heading\r\n```'],
      ['quote', '> quoted\r\n> text'],
      ['table', '| a | b |\r\n|---|---|\r\n| 1 | 2 |'],
      ['heading2', 'Second'],
      ['code', 'indented code'],
      ['paragraph', 'last\r\n[ref]: http://example.org'],
    ]);
  });

  it('gives its front matter and leaves it out of the blocks', () => {
    const text = '---\ntitle: "A: b"\ntags: [x, y]\n---\n# Heading\n\ntext';
    const { title, frontMatter, blocks } = markdownBlocks(text);
    expect(title).toBe('A: b');
    expect(frontMatter).toEqual({ title: 'A: b', tags: ['x', 'y'] });
    expect(blocks.map(({ start, end }) => text.slice(start, end))).toEqual(['# Heading', 'text']);
  });

  it('reads front matter that is almost right line by line', () => {
    const read = (text: string) => {
      const { title, frontMatter, repaired, blocks } = markdownBlocks(text);
      return { title, frontMatter, repaired, text: blocks.map(({ start, end }) => text.slice(start, end)) };
    };
    expect(read('---\ntitle: Fwd: The weir\ntags: [lock, sluice]\nseen:\n  - may\n  - june\n---\nWater.')).toEqual({
      title: 'Fwd: The weir',
      frontMatter: { title: 'Fwd: The weir', tags: ['lock', 'sluice'], seen: ['may', 'june'] },
      repaired: true,
      text: ['Water.'],
    });
    expect(read('---\ntitle: "Tabs"\nowner:\tus\n\tbad: tab\n---\nWater.')).toMatchObject({
      title: 'Tabs',
      text: ['Water.'],
    });
    expect(read('---\ntitle: @weir keeper\n---\nWater.')).toMatchObject({ title: '@weir keeper', text: ['Water.'] });
    expect(read('---\ntitle: one\ntitle: two\n---\nWater.')).toMatchObject({ title: 'two', text: ['Water.'] });
    expect(read('---\ntext: [broken\n---\nmore')).toMatchObject({ frontMatter: { text: '[broken' }, repaired: true });
  });

  it('reads TOML between plus signs, sound or not', () => {
    const sound = markdownBlocks(
      '+++\ntitle = "Weir"\ndate = 2025-03-04\ntags = ["a", "b"]\n[extra]\nn = 1\n+++\n\n# Other\n',
    );
    expect(sound).toMatchObject({ title: 'Weir', frontMatter: { tags: ['a', 'b'], extra: { n: 1 } } });
    expect(sound.blocks).toHaveLength(1);
    expect(markdownBlocks('+++\ntitle = Weir\nn = 3\n+++\nText')).toMatchObject({
      frontMatter: { title: 'Weir', n: 3 },
      repaired: true,
    });
    expect(markdownBlocks('+++\nnothing of the kind\n+++\nText').frontMatter).toBeUndefined();
  });

  it('does not take a rule for front matter', () => {
    expect(markdownBlocks('---\n# A heading\n---\nmore').frontMatter).toBeUndefined();
    expect(
      shown('---\njust text\n---\nmore')
        .map(([, text]) => text)
        .join(),
    ).toContain('just text');
    expect(markdownBlocks('text\n---\na: 1\n---\n').frontMatter).toBeUndefined();
  });

  it('takes its title from the first heading of level 1, else the first heading', () => {
    expect(markdownBlocks('## Two\n\n# One').title).toBe('One');
    expect(markdownBlocks('## Two\n\ntext').title).toBe('Two');
    expect(markdownBlocks('text')).not.toHaveProperty('title');
  });

  it('leaves out badges, pictures and HTML without words, and keeps HTML with words', () => {
    const text = [
      '<h1 align="center">\n  <img src="logo.svg">\n  Product\n</h1>',
      '<p align="center"><a href="x"><img src="y" alt="z"></a></p>',
      '[![build](a.svg)](b) [![npm](c.svg)](d)\n![logo](e.png)',
      '<!-- a comment with words -->',
      '<details>\n<summary>More words</summary>\n</details>',
      '[link](x) stays',
      '![picture](x) with a caption',
    ].join('\n\n');
    expect(shown(text)).toEqual([
      ['heading1', 'Product'],
      ['paragraph', '<details>\n<summary>More words</summary>\n</details>'],
      ['paragraph', '[link](x) stays'],
      ['paragraph', '![picture](x) with a caption'],
    ]);
  });

  it('keeps words that are nested deeper than anyone writes', () => {
    expect(
      shown(`${'> '.repeat(2_000)}deep`)
        .map(([, text]) => text)
        .join(),
    ).toContain('deep');
    expect(
      shown(`${'- '.repeat(2_000)}deep`)
        .map(([, text]) => text)
        .join(),
    ).toContain('deep');
  });

  it('covers any text with disjoint ascending blocks, and loses no plain word', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '# h',
        '## h',
        '---',
        '- item',
        '1. item',
        '> quote',
        '```',
        '    code',
        '| a | b |',
        '|--|--|',
        '',
        '\t',
        '<div>',
        '===',
        '\0',
        '\ud800',
        '\u202e',
      ),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
    );
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('\n', '\r\n', '\r'), (lines, end) => {
        const text = lines.map((content) => content.replace(/[[<]/g, '')).join(end);
        let last = 0;
        const { blocks } = markdownBlocks(text);
        for (const block of blocks) {
          expect(block.start).toBeGreaterThanOrEqual(last);
          expect(block.end).toBeGreaterThan(block.start);
          last = block.end;
        }
        expect(last).toBeLessThanOrEqual(text.length);
        if (markdownBlocks(text).frontMatter === undefined && !text.startsWith('---')) {
          let outside = '';
          let at = 0;
          for (const { start, end: stop } of blocks) {
            outside += text.slice(at, start);
            at = stop;
          }
          expect(outside + text.slice(at)).not.toMatch(/[\p{L}\p{N}]/u);
        }
      }),
    );
  });

  it('takes hostile and huge files in linear time', () => {
    const hostile = ['[', '*a ', '|a', '> ', '- ', '`', '<a ', '![', '# ', 'word '].map((unit) =>
      unit.repeat(200_000 / unit.length),
    );
    for (const text of [
      ...hostile,
      `# t\n\n${'paragraph of words\n\n'.repeat(300_000)}`,
      `|a|\n|-|\n${'|x|\n'.repeat(50_000)}`,
    ]) {
      const begin = performance.now();
      markdownBlocks(text);
      expect(performance.now() - begin).toBeLessThan(3_000);
    }
  });
});
