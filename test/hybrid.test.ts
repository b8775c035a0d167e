import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collection, openCollection, type SearchOptions } from 'sagitta-search';
import { type Encoder, testEncoder } from 'sagitta-search/encode';
import { convex, HIT_SCORES, LIST_FEATURES, type RelevanceParameters, rrf } from 'sagitta-search/search';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../src/base/random.ts';

const WORDS =
  'ferry harbour ice lamp rope tide wind sail gull crane pier storm cargo anchor buoy chart deck fog helm keel'.split(
    ' ',
  );
const DOCUMENTS = 700;

let folder: string;
let collection: Collection;
const random = new Random(3);

/** Common words far more often than rare ones. */
function sentence(length: number): string {
  return Array.from({ length }, () => WORDS[Math.floor(random.next() * random.next() * WORDS.length)]).join(' ');
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sagitta-hybrid-'));
  collection = await openCollection(join(folder, 'collection'), {
    create: true,
    encoder: testEncoder({ dim: 32, languages: ['en'] }),
    settings: { passageTokens: 10, passageOverlap: 0, detectLanguage: false },
  });
  const documents = Array.from({ length: DOCUMENTS }, (_, i) => ({
    id: `d${i}`,
    text: sentence(3 + random.below(25)),
    metadata: { part: i % 3 },
    // Some have no vectors.
    language: i % 11 === 0 ? 'de' : 'en',
  }));
  for (let from = 0; from < DOCUMENTS; from += 100) await collection.add(documents.slice(from, from + 100));
  await collection.remove(documents.filter((_, i) => i % 17 === 0).map(({ id }) => id));
});

afterAll(async () => {
  await collection.close();
  rmSync(folder, { recursive: true, force: true });
});

const queries = Array.from({ length: 6 }, () => sentence(1 + random.below(4)));

describe('hybrid search', () => {
  const settings: [string, SearchOptions][] = [
    ['by default', {}],
    ['of few candidates', { candidates: 7 }],
    ['by min-max', { fusion: convex({ normalize: ['max', 'min-max'] }), candidates: 20 }],
    ['with fixed ends', { fusion: convex({ normalize: [{}, { floor: -1 }] }), candidates: 20 }],
    ['by ranks', { fusion: rrf(), candidates: 20 }],
    ['with one passage of a document', { perDocument: 1, candidates: 20 }],
    ['under a filter', { filter: 'part = 1', candidates: 20 }],
    ['of all words', { weights: [1, 0], candidates: 20 }],
    ['of all vectors', { weights: [0, 1], candidates: 20 }],
    ['in a language without vectors', { language: 'de', candidates: 20 }],
    ['with everything', { filter: 'part in [0, 2]', perDocument: 2, explain: true, candidates: 3 }],
  ];

  it.each(settings)('%s only adds hits at the end when more are asked for', async (_, options) => {
    for (const query of queries) {
      const { hits: all } = await collection.search(query, { ...options, k: 10_000 });
      expect(all.length).toBeGreaterThan(10);
      expect(all.map(({ score }) => score)).toEqual(all.map(({ score }) => score).sort((a, b) => b - a));
      for (const k of [1, 10, 50, 150]) {
        const { hits } = await collection.search(query, { ...options, k });
        expect(hits).toEqual(all.slice(0, k));
      }
    }
  });

  it('is the same under a limit of one passage a document, where no document has more', async () => {
    await using own = await openCollection(join(folder, 'single'), { create: true, encoder: testEncoder({ dim: 32 }) });
    await own.add(Array.from({ length: 250 }, (_, i) => ({ id: `s${i}`, text: sentence(3 + random.below(12)) })));
    for (const query of queries) {
      const { hits } = await own.search(query, { k: 20 });
      expect((await own.search(query, { k: 20, perDocument: 1 })).hits).toEqual(hits);
      expect((await own.rank(query, { k: 100 })).ids.slice(0, 20)).toEqual(hits.map(({ id }) => id));
    }
  });

  it('is what evaluation measures', async () => {
    for (const query of queries) {
      const { hits } = await collection.search(query, { k: 10, perDocument: 1 });
      const { ids, scores } = await collection.rank(query, { k: 100 });
      expect(ids.slice(0, 10)).toEqual(hits.map(({ id }) => id));
      expect([...scores.slice(0, 10)]).toEqual(hits.map(({ score }) => score));
    }
  });

  it('finds nothing by a retriever of weight 0, and says what was looked for', async () => {
    await collection.add([{ id: 'rare', text: 'zephyr', language: 'en' }]);
    const words = await collection.search('zephyr', { weights: [1, 0] });
    expect(words.hits.map(({ id }) => id)).toEqual(['rare']);
    expect(words.shortfall!.reason).toMatch(/^1 of \d+ passages contains a word of the query$/);
    const both = await collection.search('zephyr', { k: 3 });
    expect(both.hits.map(({ id }) => id)[0]).toBe('rare');
    expect(both.hits).toHaveLength(3);
    await expect(collection.search('zephyr', { weights: [0, 0] })).rejects.toThrow('at least one of them positive');
    const vectors = await collection.search('zephyr', { weights: [0, 1], k: 10_000 });
    expect(vectors.shortfall!.reason).toMatch(
      /^\d+ of \d+ passages have an embedding in a language that the encoder knows$/,
    );
    await collection.remove(['rare']);
  });

  it('says in its trace how it fused', async () => {
    const { trace, hits } = await collection.search('ferry ice', { k: 3, candidates: 5, explain: true });
    expect(trace.note).toMatch(
      /^5 candidates of each; bm25 from 0 to [\d.]+, \d+ scores looked up; dense from 0 to [\d.]+, \d+ scores looked up$/,
    );
    expect(trace.inputs!.map(({ stage, returned }) => [stage, returned])).toEqual([
      ['bm25', 5],
      ['dense', 5],
    ]);
    for (const { contributions, score } of hits) {
      expect(contributions!.reduce((sum, { share }) => sum + share, 0)).toBe(score);
    }
  });

  it("weighs by the encoder's share", async () => {
    const plain = testEncoder({ dim: 32 });
    for (const [denseShare, id] of [
      [0, 'words'],
      [1, 'vectors'],
    ] as const) {
      const encoder: Encoder = {
        id: `share:${denseShare}`,
        dim: 32,
        denseShare,
        encode: (inputs, options) =>
          plain.encode(inputs.map((text) => (text.includes('quay') ? 'same' : text), options)),
      };
      await using own = await openCollection(join(folder, id), { create: true, encoder });
      await own.add([
        { id: 'words', text: 'tugboat tugboat tugboat crew' },
        { id: 'vectors', text: 'quay walls' },
      ]);
      const vector = (await encoder.encode(['quay'])).row(0);
      expect((await own.search('tugboat', { k: 1, vector })).hits[0]!.id).toBe(id);
    }
  });

  it('ends where relevance ends, however many hits are asked for', async () => {
    // Relevance that grows with BM25 alone.
    const byWords: RelevanceParameters = {
      weights: Array.from({ length: HIT_SCORES + 1 }, (_, row) =>
        Array.from({ length: LIST_FEATURES + 1 }, (_, i) =>
          i < LIST_FEATURES ? 0 : [30, -30, -30, -30, -30, -4][row]!,
        ),
      ),
      threshold: 0.5,
    };
    await collection.setRelevance(byWords);
    for (const query of queries) {
      const { hits: all } = await collection.searchRelevant(query, { k: 500 });
      for (const k of [1, 10, 50, 60, 120]) {
        expect((await collection.searchRelevant(query, { k })).hits).toEqual(all.slice(0, k));
      }
    }
  });
});
