import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { searchAnswerSchema } from '../src/api/index.ts';
import { openCollection, queryEmbedding } from '../src/collection/index.ts';
import type { RelevanceParameters } from '../src/search/index.ts';
import { BY_WORDS } from './support/relevance.ts';
import { NOTES, type TestServer, testServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer(NOTES);
}, 60_000);
afterAll(() => server[Symbol.asyncDispose]());

it('is judged by BM25 also where documents were grouped before, without embeddings', async () => {
  await using collection = await openCollection(`${server.directory}-words`, { create: true, encoder: 'none' });
  await collection.add(NOTES);
  await collection.setRelevance({ ...BY_WORDS, encoder: 'none' });
  const relevances = async (pipeline: string) =>
    (await collection.search('signing key', { pipeline })).hits.map(({ id, relevance }) => [id, relevance]);
  const plain = await relevances('words > cut');
  expect(plain).toHaveLength(1);
  expect(plain[0]![1]).toBeGreaterThan(0.5);
  expect(await relevances('words > group > cut')).toEqual(plain);
  expect(await relevances('words > cut(score=0) > group > cut')).toEqual(plain);
});

describe('a collection that was taught what is relevant', () => {
  it('cannot tell before', async () => {
    await using collection = await openCollection(server.directory);
    expect(await collection.judgesRelevance()).toBe(false);
    await expect(collection.searchRelevant('harbour')).rejects.toThrow(/learn-relevance/);
    expect((await server.ask('GET', '/v1/collections')).body.collections[0].capabilities.relevance).toBe(false);
  });

  it('keeps what is probably relevant, and nothing where nothing is', async () => {
    await using collection = await openCollection(server.directory);
    await collection.setRelevance(BY_WORDS);
    const some = await collection.searchRelevant('signing key', { k: 3 });
    expect(some.hits.map(({ id }) => id)).toEqual(['docs/keys.md']);
    expect(some.hits[0]!.relevance).toBeGreaterThan(0.5);
    expect(some.hits[0]!.contributions).toBeUndefined();
    expect(some.relevance).toMatchObject({ threshold: 0.5, judged: 4, kept: 1 });
    const none = await collection.searchRelevant('marzipan recipes');
    expect(none.hits).toEqual([]);
    expect(none.relevance.best).toBeLessThan(0.5);
    expect((await collection.verify()).sound).toBe(true);
    await expect(collection.searchRelevant('key', { retriever: 'bm25' } as object)).rejects.toThrow(
      /hybrid search only/,
    );
  });

  it('finds damage of what it learned', async () => {
    await using collection = await openCollection(server.directory);
    const { file } = (await collection.inspect()).beside[0]!;
    const path = join(server.directory, file);
    const sound = await readFile(path, 'utf8');
    await writeFile(path, '{"weights": [[1');
    expect((await collection.verify()).faults).toMatchObject([{ file }]);
    // A number that is another one, and as sound as the one before.
    await writeFile(path, sound.replace('"threshold":0.5', '"threshold":0.7'));
    expect((await collection.verify()).faults).toMatchObject([{ file }]);
    await using fresh = await openCollection(server.directory);
    expect((await fresh.search('signing key')).hits.length).toBeGreaterThan(0);
    await rm(path);
    expect((await collection.verify()).faults).toMatchObject([{ file, problem: 'it is missing' }]);
    await collection.setRelevance(BY_WORDS);
    expect((await collection.verify()).faults).toEqual([]);
    await collection.setRelevance(undefined);
    expect(await collection.judgesRelevance()).toBe(false);
    expect(await readdir(server.directory)).not.toContain(file);
    await collection.setRelevance(BY_WORDS);
  });

  it("judges by the query's embedding, as long as the encoder stays", async () => {
    await using collection = await openCollection(server.directory);
    const query = 'signing key';
    const vector = (await queryEmbedding((await collection.encoder())!, query, { language: 'en' }))!;
    // One component: how near the query is to the one asked; others are far from it, and lose 20.
    const sum = vector.reduce((total, value) => total + value * value, 0);
    const byQuery: RelevanceParameters = {
      ...BY_WORDS,
      query: {
        encoder: 'hash:64',
        mean: Array.from(vector, () => 0),
        components: [Array.from(vector, (value) => value / sum)],
        hidden: [[10, -9]],
        output: [
          [0, 0],
          [0, 0],
          [0, 0],
          [0, 0],
          [0, 0],
          [20, -15],
        ],
      },
    };
    await collection.setRelevance(byQuery);
    expect((await collection.searchRelevant(query)).hits.map(({ id }) => id)).toEqual(['docs/keys.md']);
    expect((await collection.searchRelevant('lost key')).hits).toEqual([]);
    expect((await collection.verify()).faults).toEqual([]);
    const capabilities = async () => (await server.ask('GET', '/v1/collections/notes')).body.capabilities;
    expect((await capabilities()).relevance).toBe(true);

    await collection.setRelevance({ ...byQuery, query: { ...byQuery.query!, encoder: 'use-lite' } });
    await expect(collection.searchRelevant(query)).rejects.toThrow(/"hash:64".*learn-relevance/);
    expect((await capabilities()).relevance).toBe(false);
    await collection.setRelevance({ ...byQuery, query: { ...byQuery.query!, output: [[0, 0]] } });
    const { file } = (await collection.inspect()).beside[0]!;
    expect((await collection.verify()).faults).toMatchObject([{ file }]);
    await collection.setRelevance(BY_WORDS);
  });

  it('says so over HTTP', async () => {
    expect((await server.ask('GET', '/v1/collections')).body.collections[0].capabilities.relevance).toBe(true);
    const some = await server.ask('POST', '/v1/search', { query: 'signing key', relevant: true, explain: true });
    expect(some.status).toBe(200);
    expect(searchAnswerSchema.parse(some.body).hits.map(({ id }) => id)).toEqual(['docs/keys.md']);
    expect(some.body.hits[0].contributions.length).toBeGreaterThan(0);
    const none = await server.ask('POST', '/v1/search', { query: 'marzipan recipes', relevant: true });
    expect(none.body).toMatchObject({ hits: [], relevance: { kept: 0, judged: 4 } });
    const wrong = await server.ask('POST', '/v1/search', { like: { id: 'harbour' }, relevant: true });
    expect(wrong.status).toBe(400);
    expect(wrong.body.detail).toMatch(/queries in words only/);
  });

  it('gives an agent nothing rather than noise, unless it asks for everything', async () => {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)) as Transport);
    // biome-ignore lint/suspicious/noExplicitAny: tests look into it
    const search = async (args: object): Promise<any> => client.callTool({ name: 'search', arguments: { ...args } });
    const found = ({ content }: { content: { text: string }[] }) =>
      [...content[0]!.text.matchAll(/^\[\d+\] ([^ |]+)/gm)].map(([, id]) => id);
    const none = await search({ query: 'marzipan recipes' });
    expect(none.content[0].text).toMatch(/^Nothing relevant was found: the best of 4 passages/);
    const some = await search({ query: 'signing key' });
    expect(found(some)).toEqual(['docs/keys.md']);
    const all = await search({ query: 'marzipan recipes', relevant: false });
    expect(found(all).length).toBe(4);
    const turned = await search({ query: 'and how often?', turns: ['Tell me of the signing keys.'] });
    expect(turned.content[0].text).toMatch(/\[not judged by relevance: .*`relevant: true`/);
    for (const relevant of [true, false]) {
      const { content } = await search({ query: 'signing key', turns: ['hello'], relevant });
      expect(content[0].text).not.toMatch(/not judged/);
    }
    await client.close();
  });
});
