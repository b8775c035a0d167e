import { describe, expect, it } from 'vitest';
import { documentHash } from '../ingest/changes.ts';
import type { Hashed } from '../ingest/hashed.ts';
import { hashOfDocument } from './hash.ts';

const document: Hashed = {
  id: 'a',
  title: 'Größe 😀 \ud800',
  text: 'The lighthouse\0stands.',
  format: 'text',
  metadata: { year: 2024, folder: 'x', tags: ['a', 'b'] },
  blocks: [{ kind: 'paragraph', start: 0, end: 4 }],
};

describe('the hash of a document that a page adds', () => {
  it('is that of Node, so that what is copied out of a page does not count as changed', async () => {
    for (const one of [document, { ...document, path: 'x/a.md', language: 'de' }, { ...document, metadata: {} }]) {
      expect(await hashOfDocument(one)).toBe(documentHash(one));
      expect(documentHash(one)).toMatch(/^[0-9a-f]{32}$/);
    }
    const { tags, ...rest } = document.metadata;
    expect(documentHash({ ...document, metadata: { tags: tags!, ...rest } })).toBe(documentHash(document));
  });

  it.each([
    { id: 'b' },
    { path: 'a' },
    { title: 'a' },
    { text: 'The lighthouse stands.' },
    { format: 'markdown' },
    { language: 'en' },
    { metadata: { ...document.metadata, folder: 'y' } },
    { blocks: [] },
  ])('changes with %o', async (change) => {
    expect(await hashOfDocument({ ...document, ...change })).not.toBe(await hashOfDocument(document));
  });
});
