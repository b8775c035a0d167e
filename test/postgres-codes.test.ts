import { type Collection, type Database, openCollection } from 'sagitta-search';
import { testEncoder } from 'sagitta-search/encode';
import { afterAll, expect, it } from 'vitest';
import { pglite } from './support/postgres.ts';

const encoder = testEncoder({ dim: 64 });
const withVectors = pglite({ pgvector: true });
const without = pglite({ pgvector: false });
afterAll(async () => {
  await (await withVectors).end();
  await (await without).end();
});

function address(collection: string, vectors?: string, schema = 'sagitta'): string {
  const by = vectors === undefined ? '' : `&vectors=${vectors}`;
  return `postgres://nobody@localhost/none?collection=${collection}&schema=${schema}${by}`;
}

const documents = Array.from({ length: 600 }, (_, i) => ({
  id: `d${i}`,
  text: `ferry ${i % 7} lamp ${i % 11} rope ${i % 13} number ${i}`,
  language: 'en',
}));

async function found(collection: Collection, query: string, k: number): Promise<unknown[]> {
  const { hits } = await collection.search(query, { retriever: 'dense', k });
  return hits.map(({ id, score }) => [id, score]);
}

it.each(['half', 'bit'])(
  'finds by codes of pgvector (%s) what the vectors find',
  { timeout: 120_000 },
  async (code) => {
    const { connect } = await withVectors;
    await using coded = await openCollection(address(code, code), { create: true, encoder, connect });
    await using plain = await openCollection(address(`beside-${code}`), { create: true, encoder, connect });
    for (const one of [coded, plain]) {
      await one.add(documents);
      await one.remove(['d1', 'd20']);
      await one.add([{ id: 'd30', text: 'a lamp and a rope', language: 'en' }]);
    }
    for (const query of ['lamp rope', 'ferry number 17', 'a lamp and a rope']) {
      const [few, more] = [await found(coded, query, 10), await found(coded, query, 40)];
      expect(more.slice(0, 10)).toEqual(few);
      const exact = new Set((await found(plain, query, 10)).map(String));
      const kept = few.filter((hit) => exact.has(String(hit))).length;
      expect(kept, query).toBeGreaterThanOrEqual(code === 'half' ? 10 : 8);
      const allowed = { retriever: 'dense', k: 3, filter: 'id in [d3, d4, d5]' } as const;
      expect((await coded.search(query, allowed)).hits.map(({ id }) => id).sort()).toEqual(['d3', 'd4', 'd5']);
    }
    const sql = await connect();
    const [row] = await sql.rows<{ codes: number; full: number; bytes: number }>(
      `select count(*)::int as codes, count(embedding)::int as full, max(pg_column_size(${code === 'half' ? 'half' : 'bits'}))::int as bytes
      from sagitta.vectors v join sagitta.collections c on c.id = v.collection where c.name = $1 and died is null`,
      [code],
    );
    expect(row).toMatchObject({ codes: 598, full: 0 });
    expect(row!.bytes).toBeLessThanOrEqual(code === 'half' ? 2 * 64 + 8 : 64 / 8 + 8);
    expect((await coded.verify()).faults).toEqual([]);
    expect((await coded.inspect()).fields[0]).toMatchObject({ name: 'meaning', vectors: 598 });
    await sql.rows(
      'delete from sagitta.exact where passage = 7 and collection = (select id from sagitta.collections where name = $1)',
      [code],
    );
    expect((await coded.verify()).faults).toEqual([
      { file: 'sagitta.exact', problem: '1 vectors of meaning have no code, or codes no vector' },
    ]);
  },
);

it('says what codes need, and that a collection was made otherwise', { timeout: 60_000 }, async () => {
  const { connect } = await without;
  const open = (at: string, database: () => Promise<Database> = connect) =>
    openCollection(at, { create: true, encoder, connect: database });
  await expect(open(address('a', 'half'))).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringMatching(
      /vectors=half needs the extension pgvector, 0\.7 or newer; the database has none\. Install/,
    ),
  });
  await expect(open(address('a', 'hlaf'))).rejects.toThrow(/vectors is "hlaf"\. Did you mean vectors=half\?/);
  const other = (await withVectors).connect;
  await (await open(address('plain'), other)).close();
  await expect(open(address('plain', 'bit'), other)).rejects.toThrow(/was made without codes.*Leave vectors out/);
  await (await open(address('halves', 'half'), other)).close();
  await expect(open(address('halves', 'bit'), other)).rejects.toThrow(/was made with vectors=half/);
  await (await open(address('halves'), other)).close();
});

it('makes room for codes in tables of the version before, which go on as they are', { timeout: 60_000 }, async () => {
  const { connect } = await withVectors;
  const sql = await connect();
  const open = (name: string, vectors?: string) =>
    openCollection(address(name, vectors, 'older'), { create: true, encoder, connect });
  await (await open('first')).close();
  // As version 1 made them.
  await sql.rows('drop table older.exact');
  for (const column of ['half', 'bits']) await sql.rows(`alter table older.vectors drop column ${column}`);
  await sql.rows("update older.meta set value = '1' where name = 'version'");
  await using first = await open('first');
  await first.add(documents.slice(0, 20));
  await using second = await open('second', 'half');
  await second.add(documents.slice(0, 20));
  expect(await found(second, 'lamp rope', 5)).toEqual(await found(first, 'lamp rope', 5));
  await first.remove(['d1']);
  for (const one of [first, second]) {
    await one.compact();
    expect((await one.verify()).faults).toEqual([]);
  }
  expect(await sql.rows("select value from older.meta where name = 'version'")).toEqual([{ value: '2' }]);
});
