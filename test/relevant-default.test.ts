import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCollection } from '../src/collection/index.ts';
import { program } from './support/command.ts';
import { type TestServer, testServer } from './support/server.ts';

const DOCUMENTS = [
  { id: 'jam', text: 'Boil the strawberries with sugar and lemon until a drop of the jam sets on a cold plate.' },
  {
    id: 'bicycle',
    text: 'To mend a flat tyre, take out the inner tube, find the hole, roughen the rubber and glue a patch on it.',
  },
  {
    id: 'lighthouse',
    text: 'The keeper of the lighthouse lit the lamp every evening, and wound the clockwork that turned the lens.',
  },
  { id: 'bees', text: 'In winter the bees form a cluster around their queen and live on the honey stored in summer.' },
  {
    id: 'violin',
    text: 'Tune the violin from the A string, by fifths, and turn the pegs gently so that no string breaks.',
  },
  { id: 'tax', text: 'The income tax return is due at the end of July; a late return costs a fee for every month.' },
];
const GIBBERISH = ['xyzzyq', 'qwrtplk vbnmzx', 'zzkjhq', 'flurbgnax wibblotz', 'asdfjkl qqzx'];
const FOREIGN = ['who won the world cup in 1998', 'kubernetes pod restart policy'];
describe.each(['minilm', 'static', 'none'])('a collection with %s that was taught nothing', (encoder) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await testServer(DOCUMENTS, {}, encoder);
  }, 60_000);
  afterAll(() => server[Symbol.asyncDispose]());

  it('finds nothing relevant to gibberish and to foreign questions, in the library', async () => {
    await using collection = await openCollection(server.directory);
    expect(await collection.judgesRelevance()).toBe(true);
    for (const query of [...GIBBERISH, ...FOREIGN]) {
      const { hits, relevance } = await collection.searchRelevant(query);
      expect([query, ...hits.map(({ id }) => id)]).toEqual([query]);
      expect(relevance.best).toBeLessThan(relevance.threshold);
    }
  });

  it('finds what answers', async () => {
    await using collection = await openCollection(server.directory);
    const { hits, words } = await collection.searchRelevant('tune a violin string', { explain: true });
    expect(hits[0]).toMatchObject({ id: 'violin', match: { coverage: 1 } });
    expect(hits[0]!.relevance).toBeGreaterThan(0);
    expect(words).toMatchObject({ count: 3, missing: 0, strange: 0 });
    if (encoder !== 'minilm') return;
    // No word in common but a form of one.
    const paraphrased = await collection.searchRelevant('when must I file my taxes');
    expect(paraphrased.hits.map(({ id }) => id)).toEqual(['tax']);
  });

  it('says so at every door', async () => {
    const { body } = await server.ask('GET', '/v1/collections');
    expect(body.collections[0].capabilities.relevance).toBe(true);
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)) as Transport);
    for (const query of GIBBERISH) {
      const answer = await server.ask('POST', '/v1/search', { query, relevant: true });
      expect(answer.body).toMatchObject({ hits: [], relevance: { kept: 0 } });
      // biome-ignore lint/suspicious/noExplicitAny: tests look into it
      const told: any = await client.callTool({ name: 'search', arguments: { query } });
      expect(told.content[0].text).toMatch(/^Nothing relevant was found/);
    }
    await client.close();
    const explained = await server.ask('POST', '/v1/search', { query: 'xyzzyq honey', explain: true });
    expect(explained.body.words).toMatchObject({ count: 2 });
    expect(explained.body.words.strange).toBeGreaterThan(0.5);
    const told = spawnSync(
      process.execPath,
      [...program, 'search', 'xyzzyq', '--relevant', '--in', server.directory, '--json'],
      { encoding: 'utf8' },
    );
    expect(JSON.parse(told.stdout).hits).toEqual([]);
  });
});

it('drops what another encoder was learned with', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sagitta-relevant-'));
  try {
    await using collection = await openCollection(folder, { create: true, encoder: 'static' });
    await collection.add(DOCUMENTS);
    const before = await collection.searchRelevant('tune a violin string');
    const all = { weights: Array.from({ length: 6 }, () => [...Array(12).fill(0), 9]), threshold: 0.5 };
    await collection.setRelevance({ ...all, encoder: 'minilm' });
    expect((await collection.searchRelevant('tune a violin string')).hits).toEqual(before.hits);
    await collection.setRelevance({ ...all, encoder: 'static' });
    expect((await collection.searchRelevant('xyzzyq')).hits.length).toBeGreaterThan(0);
  } finally {
    await rm(folder, { recursive: true });
  }
});
