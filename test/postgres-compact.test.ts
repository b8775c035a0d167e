import { openCollection } from 'sagitta-search';
import { testEncoder } from 'sagitta-search/encode';
import { afterAll, expect, it } from 'vitest';
import { compactTables } from '../src/store/postgres/compact.ts';
import type { Tables } from '../src/store/postgres/tables.ts';
import { pglite } from './support/postgres.ts';

const database = pglite({ pgvector: false });
afterAll(async () => (await database).end());

it('takes out for good what no state of late has, and searches find what they found', { timeout: 60_000 }, async () => {
  const { connect } = await database;
  const encoder = testEncoder({ dim: 8 });
  await using collection = await openCollection('postgres://nobody@localhost/none', { create: true, encoder, connect });
  const sql = await connect();
  const tables: Tables = { schema: 'sagitta', shards: 8, collection: 1, vectors: 'bytes' };
  const counts = async () =>
    (
      await sql.rows<{ documents: number; passages: number; vectors: number; dead: number }>(
        `select (select count(*)::int from sagitta.documents) as documents, (select count(*)::int from sagitta.passages) as passages,
          (select count(*)::int from sagitta.vectors) as vectors, (select count(*)::int from sagitta.terms where died is not null) as dead`,
      )
    )[0];
  await collection.add(Array.from({ length: 20 }, (_, i) => ({ id: `d${i}`, text: `ferry ${i}`, language: 'en' })));
  const shown = async (): Promise<unknown> =>
    (await collection.search('ferry 12', { k: 50 })).hits.map(({ id, score }) => [id, score]);
  await collection.remove(['d1', 'd2', 'd3']);
  const found = await shown();
  // Nothing of the last hour goes; what rows of terms still name does not either.
  expect((await collection.compact()).documentsDropped).toBe(0);
  expect((await compactTables(sql, tables, 'here', {}, 0)).documentsDropped).toBe(0);
  expect(await counts()).toMatchObject({ documents: 20, passages: 20, vectors: 17 });
  expect(await shown()).toEqual(found);
  await collection.add([{ id: 'd20', text: 'a ferry', language: 'en' }]);
  await collection.remove(['d20']);
  expect((await compactTables(sql, tables, 'here', { full: true }, 0)).documentsDropped).toBe(4);
  expect(await counts()).toMatchObject({ documents: 17, passages: 17, vectors: 17, dead: 0 });
  expect(await shown()).toEqual(found);
  expect((await collection.verify()).faults).toEqual([]);
});
