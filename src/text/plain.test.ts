import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzerFor } from './analyzer.ts';
import { highlight } from './highlight.ts';
import { plainSnippet, plainText } from './plain.ts';

const shown = (text: string, format = 'markdown'): string => plainText(text, format).text;

describe('plainText of Markdown', () => {
  it.each([
    ['[![build](https://ci.example/x.svg)](https://ci.example/x) Fast **and** small', 'Fast and small'],
    ['## Using the `--force` flag ##', 'Using the --force flag'],
    ['See [the guide](docs/guide.md "Guide") and [others][2].', 'See the guide and others.'],
    ['a [link (with parens)](http://x.example/a_(b)) end', 'a link (with parens) end'],
    ['![A cat](cat.png) sleeps', 'A cat sleeps'],
    ['**bold**, *slanted*, ***both***, __bold__, _slanted_, ~~gone~~', 'bold, slanted, both, bold, slanted, gone'],
    ['[**bold** link](x)', 'bold link'],
    ['2 * 3 * 4, snake_case_name, a*b and __init__.py', '2 * 3 * 4, snake_case_name, a*b and __init__.py'],
    ['`**kwargs` and `a_b_c`', '**kwargs and a_b_c'],
    ['```js\nconst a = b ** c ** d;\n```\nafter', 'const a = b ** c ** d; after'],
    ['const a = **x**;\n```\nthen **this**', 'const a = **x**; then this'],
    ['| Name | Size |\n|---|:--:|\n| a | 1 |', 'Name · Size a · 1'],
    ['Name | Size\n--- | ---\na | 1', 'Name · Size a · 1'],
    ['`cat x | sort` and a || b', 'cat x | sort and a || b'],
    ['- one\n* two\n  - [x] three\n1. four', '• one • two • three 1. four'],
    ['> quoted\n> > twice', 'quoted twice'],
    ['Title\n=====\n\ntext\n\n---\n\nmore', 'Title text more'],
    ['<p align="center"><b>Name</b><br>next</p> Map<string, Key>', 'Name next Map<string, Key>'],
    ['<!-- hidden --> seen &amp; heard &#8212; <https://x.example>', 'seen & heard — https://x.example'],
    ['\\*not slanted\\* and 1\\. not a list', '*not slanted* and 1. not a list'],
    ['[x]: http://x.example\ntext[^1]', 'text'],
    ['guide](docs/guide.md) ends, and [another](http://exam', 'guide ends, and [another'],
    ['an array[i] of [optional] things', 'an array[i] of [optional] things'],
  ])('%j', (text, expected) => expect(shown(text)).toBe(expected));
});

describe('plainText of other markup', () => {
  it.each([
    [
      'rst',
      'Title\n=====\n\nUse ``a*b`` and :func:`open`, see `the site <http://x.example>`_.',
      'Title Use a*b and open, see the site.',
    ],
    [
      'rst',
      '.. note:: Be *careful* with **that**\n\n- one\n\n+---+---+\n| a | b |\n+---+---+',
      'Be careful with that • one a · b',
    ],
    ['rst', 'Like this::\n\n  x = a | b', 'Like this: x = a | b'],
    [
      'asciidoc',
      '== Title\n\nUse *this* `code` and _that_, link:http://x.example[the site].',
      'Title Use this code and that, the site.',
    ],
    ['asciidoc', '[source,js]\n----\na * b * c\n----\n* one\n|===\n| a | b\n|===', 'a * b * c • one a · b'],
    [
      'org',
      '* Title\nUse *this*, =code=, /that/ and [[http://x.example][the site]].',
      'Title Use this, code, that and the site.',
    ],
    ['org', '#+BEGIN_SRC sh\nls /usr/bin\n#+END_SRC\n| a | b |\n|---+---|', 'ls /usr/bin a · b'],
    ['typescript', 'const a = b ** c;\n  // *x*', 'const a = b ** c; // *x*'],
    ['html', 'a | b\n- *c*', 'a · b - *c*'],
  ])('%s: %j', (format, text, expected) => expect(shown(text, format)).toBe(expected));
});

describe('plainText', () => {
  it('moves ranges with their words, and drops those of what went', () => {
    const text = '# The [blue **whale**](whale.md)\n\n![w](whale.png) sings';
    const ranges = highlight(text, new Set(['whale', 'sing']), analyzerFor('en'));
    const { text: plain, ranges: moved } = plainText(text, 'markdown', ranges);
    expect(plain).toBe('The blue whale w sings');
    expect(moved.map(({ start, end }) => plain.slice(start, end))).toEqual(['whale', 'sings']);
  });

  it('leaves words alone and ranges sound, whatever the markup', () => {
    const pieces = fc.constantFrom(
      'word',
      'été',
      '**',
      '*',
      '_',
      '`',
      '```',
      '[',
      '](',
      ')',
      '|',
      '\n',
      ' ',
      '> ',
      '# ',
      '- ',
      '<b>',
      '\\',
      '&amp;',
      '!',
      '😀',
      '~~',
      '::',
      '=',
    );
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 40 }),
        fc.constantFrom('markdown', 'rst', 'asciidoc', 'org', 'text'),
        (parts, format) => {
          const text = parts.join('');
          const ranges = [...text.matchAll(/word|été/g)].map(({ index, 0: word }) => ({
            start: index,
            end: index + word.length,
          }));
          const disjoint = ranges.filter(({ start }, i) => i === 0 || start > ranges[i - 1]!.end);
          const plain = plainText(text, format, disjoint);
          expect(plain.text).not.toMatch(/\s\s|^\s|\s$|[\ue001\ue002]/);
          for (const { start, end } of plain.ranges)
            expect(plain.text.slice(start, end)).toMatch(/^(?:word|été)[\s\S]*/);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('takes time in proportion to its length on hostile markup', () => {
    for (const piece of ['[', '![', '**a', '`', '<!--', '](', '|', '> ', '[a](', '_a', ':a:`', '<<', '[[']) {
      const text = piece.repeat(20_000 / piece.length);
      const start = performance.now();
      for (const format of ['markdown', 'rst', 'asciidoc', 'org']) plainText(text, format);
      expect(performance.now() - start, piece).toBeLessThan(4000);
    }
  });
});

describe('plainSnippet', () => {
  it('cuts around what matched, after the markup has gone', () => {
    const text = `${'[![b](x)](y) '.repeat(30)}\n\n${'filler words go here. '.repeat(40)}The **needle** is [here](z).`;
    const { text: plain, ranges } = plainSnippet(
      text,
      'markdown',
      highlight(text, new Set(['needl']), analyzerFor('en')),
      { maxLength: 80 },
    );
    expect(plain).toContain('The needle is here.');
    expect(plain.length).toBeLessThanOrEqual(80);
    expect(ranges.map(({ start, end }) => plain.slice(start, end))).toEqual(['needle']);
  });

  it('shows what there is where nothing but badges is left', () => {
    expect(plainSnippet('[![build](x)](y)', 'markdown', []).text).not.toBe('');
  });

  it('sets the cells of tables apart by dots, and leaves commands their pipes', () => {
    const text = 'Name | Price\nApple | 3 EUR\nps aux | grep -v root';
    for (const format of ['html', 'docx', 'xlsx'])
      expect(plainText(text, format).text).toBe('Name · Price Apple · 3 EUR ps aux | grep -v root');
    expect(plainText(text, 'text').text).toContain('Name | Price');
  });
});
