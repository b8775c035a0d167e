import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Collection, openCollection } from 'sagitta-search';
import { testEncoder } from 'sagitta-search/encode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { divide, noServer, startServer, TABLES, type TestServer } from './support/postgres.ts';

const skip = noServer();
const encoder = testEncoder({ dim: 16 });
const folder = mkdtempSync(join(tmpdir(), 'sagitta-parts-'));
let near: TestServer;
let far: TestServer;
let collection: Collection;

beforeAll(async () => {
  if (skip !== undefined) return console.warn(`skipped: ${skip}`);
  [near, far] = [await startServer(), await startServer()];
  const address = `${near.url}?collection=divided`;
  await (await openCollection(address, { create: true, encoder })).close();
  await (await openCollection(`${far.url}?collection=unused`, { create: true, encoder })).close();
  await divide(near, far);
  collection = await openCollection(address, { encoder });
}, 120_000);

afterAll(async () => {
  await collection?.close();
  near?.remove();
  far?.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function rowsOn(server: TestServer, table: string): Promise<number> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    const parts = [4, 5, 6, 7].map((shard) => `select count(*)::int as n from sagitta.${table}_${shard}`);
    const { rows } = await client.query(`select sum(n)::int as n from (${parts.join(' union all ')}) as parts`);
    return rows[0].n;
  } finally {
    await client.end();
  }
}

describe.skipIf(skip !== undefined)('a collection whose parts lie on two servers', () => {
  it('answers as one in a folder does', { timeout: 120_000 }, async () => {
    await using local = await openCollection(join(folder, 'local'), { create: true, encoder });
    for (const one of [collection, local]) {
      await one.add(
        Array.from({ length: 60 }, (_, i) => ({
          id: `d${i}`,
          text: `ferry ${i % 7} and lamp ${i % 5}`,
          language: 'en',
          metadata: { part: i % 3, tags: ['x', `t${i % 4}`] },
        })),
      );
      expect(await one.remove(['d3', 'd4', 'd5'])).toBe(3);
      await one.add([{ id: 'd7', text: 'a lamp alone', language: 'en' }]);
    }
    // There is no pgvector: vectors have no codes beside which they lie.
    for (const table of TABLES) if (table !== 'exact') expect(await rowsOn(far, table)).toBeGreaterThan(0);
    await local.compact({ full: true });
    for (const query of ['ferry 3', 'lamp', '"lamp alone"', 'and lamp 2']) {
      for (const retriever of ['bm25', 'dense', 'hybrid'] as const) {
        const shown = async (one: Collection) =>
          (await one.search(query, { retriever, k: 60 })).hits.map(({ id, score }) => [id, score]);
        expect(await shown(collection)).toEqual(await shown(local));
      }
    }
    for (const filter of ['part >= 1 and tags in [t1, t2]', 'not id matches d*3', 'part = 7', 'title contains x']) {
      const shown = async (one: Collection) => {
        const { hits, shortfall } = await one.search('ferry', { retriever: 'bm25', k: 60, filter });
        return [hits.map(({ id, score }) => [id, score]), shortfall];
      };
      expect(await shown(collection), filter).toEqual(await shown(local));
    }
    expect((await collection.verify()).faults).toEqual([]);
  });

  it('fails where a part is gone, rather than finding less, and goes on when it is back', {
    timeout: 120_000,
  }, async () => {
    far.stop('immediate');
    await expect(collection.search('a word that nobody asked for: lamp')).rejects.toMatchObject({ code: 'remote' });
    await expect(
      collection.add(Array.from({ length: 8 }, (_, i) => ({ id: `new${i}`, text: 'never seen', language: 'en' }))),
    ).rejects.toMatchObject({ code: 'remote' });
    await far.start();
    expect((await collection.search('never', { retriever: 'bm25' })).hits).toEqual([]);
    await collection.add([{ id: 'after', text: 'never again', language: 'en' }]);
    expect((await collection.search('never', { retriever: 'bm25' })).hits.map(({ id }) => id)).toEqual(['after']);
    expect((await collection.verify()).faults).toEqual([]);
  });
});
