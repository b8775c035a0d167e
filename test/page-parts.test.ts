import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clustersOf, placesOf } from '../web/src/clusters.ts';
import { pictureSource } from '../web/src/picture-source.ts';
import { type SafeNode, safeTree } from '../web/src/safe.ts';
import { EMPTY, filterOf, readAddress, type ViewState, writeAddress } from '../web/src/state.ts';
import { directionOf, pieces } from '../web/src/text.ts';

function* elements(nodes: readonly SafeNode[]): Generator<Exclude<SafeNode, string>> {
  for (const node of nodes) {
    if (typeof node === 'string') continue;
    yield node;
    yield* elements(node.children);
  }
}

describe('what the page makes of HTML', () => {
  it('keeps structure and drops what can do something', () => {
    const tree = safeTree(
      '<p onclick="x()">a <b style="color:red">bold</b> word</p><script>x()</script><custom>kept</custom>',
    );
    expect(tree).toEqual([
      {
        tag: 'p',
        attributes: {},
        lines: undefined,
        children: ['a ', { tag: 'b', attributes: {}, lines: undefined, children: ['bold'] }, ' word'],
      },
      'kept',
    ]);
  });

  it('follows addresses of harmless kinds alone, however they are written', () => {
    const hrefs = (html: string): (string | undefined)[] =>
      [...elements(safeTree(html))].map(({ attributes }) => attributes['href']);
    expect(
      hrefs('<a href="https://example.org/">a</a><a href="guide.md#x">b</a><a href="mailto:a@b.example">c</a>'),
    ).toEqual(['https://example.org/', 'guide.md#x', 'mailto:a@b.example']);
    for (const address of [
      'javascript:x',
      'JAVASCRIPT:x',
      ' javascript:x',
      'java\nscript:x',
      'java&#x09;script:x',
      '&#106;avascript:x',
      '\u0001javascript:x',
      'javascript&colon;x',
      'vbscript:x',
      'data:text/html,x',
      'blob:https://example.org/1',
      'file:///etc/passwd',
    ]) {
      expect([address, ...hrefs(`<a href="${address}">a</a>`)]).toEqual([address, undefined]);
    }
  });

  it('gives out nothing but what is on its lists, whatever it is given', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<script>',
        '</script>',
        '<svg',
        '<math>',
        '<style>',
        '<!--',
        '-->',
        '<![CDATA[',
        ']]>',
        '<p',
        '>',
        '"',
        "'",
        '/>',
      ),
      fc.constantFrom(
        '<img src=x onerror=alert(1)>',
        '<a href=javascript:1>',
        '<iframe srcdoc="',
        '<form action=',
        '<noscript>',
        '<textarea>',
        '<title>',
      ),
      fc.string({ maxLength: 12 }),
    );
    const allowed = new Set(['title', 'dir', 'href', 'src', 'alt', 'colspan', 'rowspan', 'align', 'start', 'open']);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (parts) => {
        for (const { tag, attributes } of elements(safeTree(parts.join('')))) {
          expect(tag).not.toMatch(
            /^(script|style|svg|math|iframe|object|embed|form|input|textarea|title|noscript|link|meta|base)$/,
          );
          for (const [name, value] of Object.entries(attributes)) {
            expect(allowed.has(name)).toBe(true);
            if (name === 'href') expect(value).not.toMatch(/^\s*(javascript|data|vbscript):/i);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('ends with documents that are nothing but elements inside each other', () => {
    const depth = (nodes: readonly SafeNode[]): number =>
      1 + Math.max(0, ...nodes.map((node) => (typeof node === 'string' ? 0 : depth(node.children))));
    expect(depth(safeTree('<div>'.repeat(20_000)))).toBeLessThanOrEqual(120);
    expect([...elements(safeTree('<b>x</b>'.repeat(100_000)))].length).toBeLessThanOrEqual(50_000);
  });

  it('shows pictures within a text or beside its file alone', () => {
    expect(pictureSource('images/a%20b.png?raw=1')).toEqual({ image: 'images/a b.png' });
    expect(pictureSource('data:image/png;base64,iVBORw0KGgo=')).toEqual({ data: 'data:image/png;base64,iVBORw0KGgo=' });
    for (const source of [
      'https://tracker.example/x.png',
      '//tracker.example/x.png',
      '/etc/passwd.png',
      'data:image/svg+xml;base64,AAAA',
      'data:text/html;base64,AAAA',
      'javascript:alert(1)//.png',
      'page.html',
    ]) {
      expect([source, pictureSource(source)]).toEqual([source, undefined]);
    }
  });
});

describe('what the page says', () => {
  it('reads an address as it wrote it', () => {
    const state: ViewState = {
      ...EMPTY,
      view: 'map',
      collections: ['notes', 'mail'],
      query: 'a & b = "c"',
      pipeline: 'words > group(1)',
      facets: [
        { field: 'kind', value: 'gull' },
        { field: 'year', from: 1990, to: undefined },
      ],
      where: 'path ^= "docs/"',
      sort: 'year desc',
      document: { id: 'x#1', start: 12, collection: 'mail' },
      relevant: true,
      page: 3,
    };
    expect(readAddress(writeAddress(state).slice(1))).toEqual(state);
    expect(writeAddress(EMPTY)).toBe('/');
    expect(readAddress('?page=99999&f=nonsense&doc=a&at=-1')).toMatchObject({
      page: 33,
      facets: [],
      document: { id: 'a' },
    });
    expect(filterOf(state)).toBe('"kind" in ["gull"] and "year" >= 1990 and (path ^= "docs/")');
  });

  it('tells the direction of a text by most of its letters', () => {
    expect(directionOf('Quran نام کتاب مقدس دین اسلام است')).toBe('rtl');
    expect(directionOf('The word کتاب means book')).toBe('ltr');
    expect(directionOf('עברית')).toBe('rtl');
    expect(directionOf('1, 2, 3')).toBe('ltr');
  });

  it('marks ranges of a text and loses nothing of it', () => {
    const marked = pieces('abcdef', [
      { start: 1, end: 3 },
      { start: 5, end: 6 },
    ]);
    expect(marked.map(({ text }) => text).join('')).toBe('abcdef');
    expect(marked.filter((piece) => piece.marked).map(({ text }) => text)).toEqual(['bc', 'f']);
  });
});

describe('the parts of a map', () => {
  it('are found, and named by the words that are their own', () => {
    const words = ['harbour ships anchor', 'bread flour oven', 'violin string bow'];
    const texts: string[] = [];
    const positions = new Float32Array(2 * 90);
    for (let i = 0; i < 90; i++) {
      const part = i % 3;
      texts.push(`everywhere ${words[part]} ${i}`);
      positions[2 * i] = [0, 50, 0][part]! + Math.sin(i) * 2;
      positions[2 * i + 1] = [0, 0, 50][part]! + Math.cos(i * 7) * 2;
    }
    const clusters = clustersOf(positions, texts);
    const labels = clusters.map(({ label }) => label).join(' ');
    expect(clusters.length).toBeGreaterThanOrEqual(3);
    for (const part of words) expect(part.split(' ').some((word) => labels.includes(word))).toBe(true);
    expect(labels).not.toContain('everywhere');
    expect(clustersOf(positions.subarray(0, 10), texts.slice(0, 5))).toEqual([]);
  });

  it('hold what is no point of the map where its neighbours are', () => {
    const points = Float32Array.of(1, 0, 0, 1, 0.9, 0.1);
    const positions = Float32Array.of(10, 10, -10, -10, 12, 10);
    const [same, between] = placesOf(Float32Array.of(1, 0, 0.95, 0.05), points, positions, 2);
    expect(same!.x).toBeCloseTo(10, 3);
    expect(between!.x).toBeGreaterThan(9);
    expect(between!.y).toBeGreaterThan(9);
  });
});
