import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { memoryCorpus } from '../corpus/index.ts';
import { searchCorpus } from './index.ts';

const corpus = await memoryCorpus([
  { id: 'a', text: 'Rivers   carry sand. A *river* is long.', title: 'Water', language: 'en' },
  { id: 'b', text: 'Nothing of that.', language: 'en' },
]);

it('has its marks as members like any other, wherever it goes', async () => {
  const { hits } = await searchCorpus(corpus, 'river');
  const hit = hits[0]!;
  const highlights = [
    { start: 0, end: 6 },
    { start: 24, end: 29 },
  ];
  const snippet = {
    text: 'Rivers carry sand. A *river* is long.',
    highlights: [
      { start: 0, end: 6 },
      { start: 22, end: 27 },
    ],
  };
  const expected = { rank: 1, id: 'a', title: 'Water', highlights, snippet };
  expect(hit).toMatchObject(expected);
  expect(Object.keys(hit)).toEqual(expect.arrayContaining(['text', 'highlights', 'snippet']));
  expect(Object.keys(hit)).not.toContain('path');
  expect({ ...hit }).toMatchObject(expected);
  expect(JSON.parse(JSON.stringify(hit))).toMatchObject(expected);
  expect(structuredClone(hit)).toMatchObject(expected);
  expect(inspect(hit, { depth: 5 })).toContain("text: 'Rivers carry sand. A *river* is long.'");
  expect(inspect(hit)).not.toContain('Getter');
});

it('makes its marks once', async () => {
  const { hits } = await searchCorpus(corpus, 'river');
  expect(hits[0]!.snippet).toBe(hits[0]!.snippet);
  expect(hits[0]!.highlights).toBe(hits[0]!.highlights);
});

it('shows no heading twice, unless nothing else matched', async () => {
  const texts = {
    md: '# Spring tide\n\nThe moon pulls.\n\nThe sun helps.',
    setext: 'Spring tide\n===========\n\nThe moon pulls.',
    html: 'Spring tide\n\nThe moon pulls.',
  };
  const books = await memoryCorpus(
    Object.entries(texts).map(([id, text]) => ({
      id,
      text,
      language: 'en',
      format: id === 'html' ? 'html' : 'markdown',
      ...(id === 'html'
        ? {
            blocks: [
              { kind: 'heading' as const, level: 1, name: 'Spring tide', start: 0, end: 11 },
              { kind: 'paragraph' as const, start: 13, end: 28 },
            ],
          }
        : {}),
    })),
  );
  const shown = async (query: string) =>
    (await searchCorpus(books, query)).hits.map(({ snippet: { text, highlights } }) => [
      text,
      ...highlights.map(({ start, end }) => text.slice(start, end)),
    ]);
  const found = await shown('moon');
  expect(found).toHaveLength(3);
  for (const [text, ...marked] of found) {
    expect(text).toMatch(/^The moon pulls\./);
    expect(marked).toEqual(['moon']);
  }
  for (const [text, ...marked] of await shown('spring')) {
    expect(text).toMatch(/Spring tide/);
    expect(marked).toEqual(['Spring']);
  }
});
