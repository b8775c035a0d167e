import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Collection } from 'sagitta-search';
import { type InputDocument, openCollection } from 'sagitta-search';
import { testEncoder } from 'sagitta-search/encode';
import {
  bm25,
  type Corpus,
  dense,
  type FieldDefinition,
  impacts,
  memoryCorpus,
  type Query,
  type Retriever,
  rankCorpus,
  searchCorpus,
  similarInCorpus,
} from 'sagitta-search/search';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../src/base/random.ts';

const WORDS = 'ferry harbour ice lamp rope tide wind sail gull crane pier storm Straße über cargo anchor buoy'.split(
  ' ',
);
const encoder = testEncoder({ dim: 16, languages: ['en'] });
const other = testEncoder({ dim: 24, seed: 3 });
/** Fields besides words and meaning. */
const ADDED = [
  { name: 'titles', kind: 'vector', of: 'title', encoder: other },
  { name: 'tokens', kind: 'vectors', of: 'passage', encoder },
  { name: 'parts', kind: 'vector', of: 'metadata.part', encoder: other },
  { name: 'sections', kind: 'vectors', of: 'headings', encoder: other },
  { name: 'impact', kind: 'impacts', of: 'passage', encoder },
] as const;
const settings = { passageTokens: 10, passageOverlap: 2, detectLanguage: false };
const folder = mkdtempSync(join(tmpdir(), 'sagitta-corpus-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function someDocuments(random: Random, count: number): InputDocument[] {
  const words = (most: number): string =>
    Array.from(
      { length: random.below(most) },
      () => WORDS[Math.floor(random.next() * random.next() * WORDS.length)],
    ).join(' ');
  return Array.from({ length: count }, () => ({
    id: `d${random.below(count)}`,
    title: words(4),
    text: `${words(30)}\n\n# ${words(3)}\n\n${words(20)}`,
    format: 'markdown',
    language: random.next() < 0.2 ? 'de' : 'en',
    metadata: { part: random.below(3) },
  }));
}

/** The ways in which a corpus is kept; each is to do the same. */
interface Kept {
  readonly corpus: Corpus;
  close(): Promise<void>;
}
let folders = 0;
const KINDS: Readonly<Record<string, (documents: readonly InputDocument[]) => Promise<Kept>>> = {
  memory: async (documents) => {
    const fields: FieldDefinition[] = [
      { name: 'words', kind: 'terms' },
      { name: 'meaning', kind: 'vector', encoder },
      ...ADDED,
    ];
    return { corpus: await memoryCorpus(documents, fields, { settings }), close: async () => undefined };
  },
  // In several segments, with documents that were replaced and removed.
  local: async (documents) => {
    const collection = await openCollection(join(folder, String(folders++)), { create: true, encoder, settings });
    // Fields come when some documents are there, and others still to come; a few segments are merged between.
    const waiting = ADDED.slice();
    for (let from = 0; from < documents.length; from += 7) {
      await collection.add(documents.slice(from, from + 7));
      if (from % 3 === 0) await addFields(collection, waiting.splice(0, 1));
      if (from === 28) await collection.compact({ full: true });
    }
    await addFields(collection, waiting);
    await collection.add([{ id: 'gone', text: 'ferry ferry ferry' }]);
    await collection.remove(['gone']);
    const corpus = await collection.corpus();
    return {
      corpus,
      close: async () => {
        corpus.close();
        await collection.close();
      },
    };
  },
};

async function addFields(collection: Collection, fields: readonly (typeof ADDED)[number][]): Promise<void> {
  // In an empty collection no document lacks metadata.
  for (const { name, ...options } of fields) await collection.addField(name, { ...options, batch: 9 });
}

function byField(corpus: Corpus, name: string): Retriever {
  if (name === 'words') return bm25(corpus);
  return name === 'impact' ? impacts(corpus, name) : dense(corpus, { field: name });
}

describe.each(Object.keys(KINDS))('a corpus in %s', (kind) => {
  const kept = KINDS[kind]!(someDocuments(new Random(4), 60));
  const query: Query = { content: 'harbour ice', language: 'en' };
  afterAll(async () => (await kept).close());

  it('names its fields, and counts what there is', async () => {
    const { corpus } = await kept;
    expect(corpus.fields.map(({ name, kind, of }) => [name, kind, of])).toEqual([
      ['words', 'terms', 'passage'],
      ['meaning', 'vector', 'passage'],
      ['titles', 'vector', 'title'],
      ['tokens', 'vectors', 'passage'],
      ['parts', 'vector', 'metadata.part'],
      ['sections', 'vectors', 'headings'],
      ['impact', 'impacts', 'passage'],
    ]);
    expect(corpus.documentCount).toBeGreaterThan(20);
    expect(corpus.passageCount).toBeGreaterThan(corpus.documentCount);
    expect([...corpus.languages.keys()].sort()).toEqual(['de', 'en']);
  });

  it.each(['words', 'meaning', ...ADDED.map(({ name }) => name)])(
    'scores as it searches, and only adds hits at the end for a larger k (%s)',
    async (name) => {
      const { corpus } = await kept;
      const retriever = byField(corpus, name);
      const { hits } = await retriever(query, { k: 10_000 });
      expect(hits.length).toBeGreaterThan(15);
      for (const k of [1, 10, 15]) expect((await retriever(query, { k })).hits).toEqual(hits.slice(0, k));
      const ascending = Uint32Array.from(hits, ({ passage }) => passage).sort();
      const scores = await retriever.score!(query, ascending);
      for (const { passage, score } of hits) expect(scores[ascending.indexOf(passage)]).toBe(score);
    },
  );

  it('finds only what is allowed', async () => {
    const { corpus } = await kept;
    const allowed = await corpus.select(({ metadata }) => metadata['part'] === 1);
    for (const retriever of [bm25(corpus), dense(corpus), ...ADDED.map(({ name }) => byField(corpus, name))]) {
      const { hits } = await retriever(query, { k: 10_000, allowed });
      const all = (await retriever(query, { k: 10_000 })).hits;
      expect(hits).toEqual(all.filter(({ passage }) => allowed.has(passage)));
      expect(hits.length).toBeGreaterThan(0);
    }
  });

  it('gives vectors, passages, documents and frequencies', async () => {
    const { corpus } = await kept;
    const { hits } = await bm25(corpus)(query, { k: 5 });
    const ordinals = hits.map(({ passage }) => passage);
    const passages = await corpus.passages(ordinals);
    const owners = await corpus.documentsOf(ordinals);
    expect(passages.map(({ document }) => document)).toEqual([...owners]);
    for (const [i, { id, language }] of (await corpus.documents(owners)).entries()) {
      const found = (await corpus.find(id))!;
      expect(found.document).toBe(owners[i]);
      expect(found.from <= ordinals[i]! && ordinals[i]! < found.to).toBe(true);
      const [vector] = await corpus.get('meaning', Uint32Array.of(ordinals[i]!));
      expect(vector === undefined).toBe(language === 'de');
      const [tokens] = await corpus.get('tokens', Uint32Array.of(ordinals[i]!));
      expect(tokens === undefined).toBe(language === 'de');
      const [counted] = await corpus.get('impact', Uint32Array.of(ordinals[i]!));
      expect(counted === undefined).toBe(language === 'de');
      const [part] = await corpus.get('parts', Uint32Array.of(ordinals[i]!));
      const { metadata } = (await corpus.documents([owners[i]!]))[0]!;
      expect(part).toEqual((await other.encode([String(metadata['part'])])).row(0));
    }
    expect(await corpus.find('nowhere')).toBeUndefined();
    const [ferry, never] = await corpus.frequencies('words', ['ferri', 'never']);
    expect(ferry).toBeGreaterThan(5);
    expect(never).toBe(0);
  });

  it('refuses what is not there', async () => {
    const { corpus } = await kept;
    await expect(corpus.search('wrods', [], { k: 1 })).rejects.toThrow('Did you mean "words"?');
    await expect(corpus.search('words', new Float32Array(16), { k: 1 })).rejects.toThrow('holds terms');
    await expect(corpus.search('meaning', [], { k: 1 })).rejects.toThrow('was asked with terms');
    await expect(corpus.search('meaning', new Float32Array(3), { k: 1 })).rejects.toThrow('have 16');
    await expect(corpus.search('words', [], { k: 0 })).rejects.toThrow('at least 1');
    await expect(corpus.get('words', Uint32Array.of(0))).rejects.toThrow('needs a field of one vector');
    expect(() => dense(corpus, { field: 'words' })).toThrow(
      /Dense retrieval needs .* "words" holds terms.*Name meaning or titles or tokens/,
    );
  });

  it('may be empty', async () => {
    const { corpus, close } = await KINDS[kind]!([]);
    const { hits, shortfall } = await searchCorpus(corpus, 'ice');
    expect(hits).toEqual([]);
    expect(shortfall!.reason).toBe('the collection is empty');
    await close();
  });
});

describe('the corpora', () => {
  it('agree on the hits of every search', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 60 }), async (seed, count) => {
        const random = new Random(seed);
        const documents = someDocuments(random, count);
        const memory = await KINDS['memory']!(documents);
        const local = await KINDS['local']!(documents);
        try {
          for (const options of [
            { k: 5 },
            { k: 200, retriever: 'bm25', language: 'en' },
            { k: 30, retriever: 'dense', language: 'en' },
            { k: 20, filter: 'language = de' },
            { k: 8, perDocument: 1, explain: true },
            { k: 20, pipeline: 'titles', language: 'en' },
            { k: 20, pipeline: 'fuse(words, meaning, titles)' },
            { k: 12, pipeline: 'fuse(words, tokens, sections)', filter: 'part != 1' },
            { k: 12, pipeline: 'fuse(meaning, parts) > rerank(tokens, depth=20) > group(1)', language: 'en' },
            { k: 9, pipeline: 'tokens > neighbours(field=titles)', language: 'en' },
            { k: 30, pipeline: 'impact', language: 'en' },
            { k: 12, pipeline: 'fuse(words, meaning, impact) > rerank(impact, depth=9)', filter: 'part != 0' },
          ] as const) {
            const words = `${WORDS[random.below(WORDS.length)]} ${WORDS[random.below(WORDS.length)]}`;
            const { tookMs: _, trace: __, examined: ___, ...one } = await searchCorpus(memory.corpus, words, options);
            const {
              tookMs: ____,
              trace: _____,
              examined: ______,
              ...other
            } = await searchCorpus(local.corpus, words, options);
            expect(one).toEqual(other);
          }
          const ranking = await rankCorpus(memory.corpus, 'ice', { k: 20 });
          expect(await rankCorpus(local.corpus, 'ice', { k: 20 })).toEqual({ ...ranking, tookMs: expect.anything() });
          const { hits } = await similarInCorpus(memory.corpus, { id: documents[0]!.id }).catch(() => ({ hits: [] }));
          const same = await similarInCorpus(local.corpus, { id: documents[0]!.id }).catch(() => ({ hits: [] }));
          expect(same.hits).toEqual(hits);
        } finally {
          await local.close();
        }
      }),
      { numRuns: 12, seed: 7 },
    );
  }, 120_000);

  it('in memory may have further fields: other encoders, titles and metadata', async () => {
    const corpus = await memoryCorpus(
      [
        { id: 'a', title: 'Harbour', text: 'A ferry.', metadata: { by: ['Ann', 'Bo'] } },
        { id: 'b', title: 'Ferry', text: 'A harbour.', metadata: { by: 'Cy' } },
      ],
      [
        { name: 'words', kind: 'terms' },
        { name: 'titles', kind: 'terms', of: 'title' },
        { name: 'authors', kind: 'terms', of: 'metadata.by' },
        { name: 'headline', kind: 'vector', of: 'title', encoder },
      ],
    );
    const first = async (content: string, field: string) => {
      const { hits } = await bm25(corpus, field)({ content }, { k: 3 });
      return (await corpus.documents(await corpus.documentsOf(hits.map(({ passage }) => passage)))).map(({ id }) => id);
    };
    expect(await first('ferry', 'words')).toEqual(['a', 'b']);
    expect(await first('ferry', 'titles')).toEqual(['b']);
    expect(await first('bo', 'authors')).toEqual(['a']);
    const { hits } = await dense(corpus, { field: 'headline' })({ content: 'Harbour' }, { k: 1 });
    expect(hits[0]!.passage).toBe(0);
    await expect(memoryCorpus([], [{ name: '1', kind: 'terms' }])).rejects.toThrow('not a name of a field');
  });
});
