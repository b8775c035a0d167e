import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Collection, openCollection } from './index.ts';

const prose = (seed: number, length: number): string =>
  Array.from({ length }, (_, i) => `word${String.fromCharCode(97 + ((i * seed + (i >> 3)) % 26))}${'xyz'[i % 3]}`).join(
    ' ',
  );

describe('passages that repeat others', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sagitta-repeats-'));
  let collection: Collection;
  beforeAll(async () => {
    collection = await openCollection(directory, { create: true, encoder: 'none' });
    const page = `Harbour cranes lift containers. ${prose(5, 60)}`;
    await collection.add([
      { id: 'a.html', path: 'a.html', text: page },
      {
        id: 'a.txt',
        path: 'a.txt',
        text: `${page} Printed from the web site, with a footer of its own that says little.`,
      },
      { id: 'copy.md', format: 'markdown', text: `**Harbour** cranes [lift](x) containers. ${prose(5, 60)}` },
      { id: 'other', text: `Harbour cranes rust. ${prose(7, 60)}` },
      { id: 'n1', text: `Harbour ledger of crane 17. ${prose(11, 60)}` },
      { id: 'n2', text: `Harbour ledger of crane 18. ${prose(11, 60)}` },
    ]);
  });
  afterAll(async () => {
    await collection.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('stand with the best of them, and numbers make a difference', async () => {
    const { hits, shortfall } = await collection.search('harbour', { k: 10, collapse: true });
    expect(hits.map(({ id }) => id).sort()).toEqual(
      [hits.find(({ repeats }) => repeats)!.id, 'n1', 'n2', 'other'].sort(),
    );
    const folded = hits.find(({ repeats }) => repeats !== undefined)!;
    expect([folded.id, ...folded.repeats!.map(({ id }) => id)].sort()).toEqual(['a.html', 'a.txt', 'copy.md']);
    expect(shortfall?.reason).toBe('6 passages matched, but 2 of them repeat others');
  });

  it('are hits of their own unless somebody asks', async () => {
    const { hits } = await collection.search('harbour', { k: 10 });
    expect(hits).toHaveLength(6);
    expect(hits.every(({ repeats }) => repeats === undefined)).toBe(true);
  });

  it('leave the first hits of a longer list what they are', async () => {
    const all = await collection.search('harbour cranes', { k: 10, collapse: true });
    for (let k = 1; k <= 4; k++) {
      const { hits } = await collection.search('harbour cranes', { k, collapse: true });
      expect(hits.map(({ id }) => id)).toEqual(all.hits.slice(0, k).map(({ id }) => id));
    }
  });

  it('come with plain snippets', async () => {
    const { hits } = await collection.search('lift', { k: 5 });
    const { snippet } = hits.find(({ id }) => id === 'copy.md')!;
    expect(snippet.text).toMatch(/^Harbour cranes lift containers\./);
    expect(snippet.highlights.map(({ start, end }) => snippet.text.slice(start, end))).toEqual(['lift']);
  });
});
