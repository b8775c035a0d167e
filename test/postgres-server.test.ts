import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openCollection } from 'sagitta-search';
import { serve } from 'sagitta-search/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wellFormed } from '../src/base/byte-order.ts';
import { parsePostgresAddress } from '../src/store/postgres/address.ts';
import { connectPostgres } from '../src/store/postgres/connect.ts';
import { program } from './support/command.ts';
import { noServer, startServer, type TestServer } from './support/postgres.ts';

const skip = noServer();
const folder = mkdtempSync(join(tmpdir(), 'sagitta-postgres-cli-'));
let server: TestServer;

beforeAll(async () => {
  mkdirSync(join(folder, 'docs'));
  writeFileSync(join(folder, 'docs/keys.md'), '# Keys\n\n## Rotation\n\nRotate the signing key every ninety days.\n');
  writeFileSync(join(folder, 'docs/backup.md'), '---\nyear: 2021\n---\n# Backups\n\nCopies are taken every night.\n');
  if (skip === undefined) server = await startServer();
  else console.warn(`skipped: ${skip}`);
}, 120_000);

afterAll(() => {
  server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

function sagitta(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    timeout: 120_000,
  });
  return { code: status, stdout, stderr };
}

async function sql(text: string, database = server.url): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

function open(name: string, parameters = '', create = true) {
  return openCollection(`${server.url}?collection=${name}${parameters}`, { create, encoder: 'none' });
}

describe.skipIf(skip !== undefined)('a collection on a PostgreSQL server', () => {
  it('is indexed, searched, read and cleared from the command line', { timeout: 240_000 }, () => {
    const at = ['--in', `${server.url}?collection=cli`];
    const indexed = sagitta('index', 'docs', '--encoder', 'hash:64', ...at);
    expect(indexed.code, indexed.stderr).toBe(0);
    expect(indexed.stdout).toMatch(/indexed: 2 documents added/);
    expect(sagitta('index', 'docs', ...at).stdout).toMatch(/2 unchanged/);
    const found = JSON.parse(sagitta('search', 'rotate the key', '-k', '1', '--json', ...at).stdout);
    expect(found.hits[0]).toMatchObject({ id: 'docs/keys.md', path: 'docs/keys.md', title: 'Keys' });
    expect(sagitta('get', './docs/keys.md', ...at).stdout).toContain('every ninety days');
    expect(sagitta('inspect', ...at).stdout).toMatch(/2 documents/);
    expect(sagitta('verify', ...at).stdout).toMatch(/^sound/);
    const copied = sagitta('copy', `${server.url}?collection=cli`, 'copy');
    expect(copied.stdout, copied.stderr).toMatch(
      /^copied 2 documents; copy holds 2 documents, 2 passages, all compared/,
    );
    expect(sagitta('copy', 'copy', `${server.url}?collection=cli`).stdout).toMatch(/2 were there already/);
    const removed = sagitta('remove', 'docs/keys.md', ...at);
    expect(removed.stdout).toMatch(/removed 1 document/);
    expect(JSON.parse(sagitta('search', 'rotate the key', '--json', '--retriever', 'bm25', ...at).stdout).hits).toEqual(
      [],
    );
    const refused = sagitta('rebuild', '--spec', 'ivf2,sq8', ...at);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/not done in PostgreSQL yet/);
    expect(sagitta('search', 'x', '--in', `${server.url}?collection=nowhere`).code).toBe(3);
  });

  it('is served over HTTP, and what one server adds another finds', { timeout: 240_000 }, async () => {
    const directory = `${server.url}?collection=served`;
    await (await openCollection(directory, { create: true, encoder: 'hash:64' })).close();
    const [one, other] = [
      await serve({ collections: [{ name: 'notes', directory }], port: 0, threads: 1 }),
      await serve({ collections: [{ name: 'notes', directory }], port: 0, threads: 1 }),
    ];
    try {
      const ask = async (url: string, path: string, body: unknown) =>
        (
          await fetch(`${url}${path}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          })
        ).json();
      const documents = [
        { id: 'a', title: 'Ferries', text: 'They leave from the harbour.', metadata: { year: 2020 } },
        { id: 'b', text: 'No ferry stops here.' },
      ];
      expect(await ask(one.url, '/v1/documents', { documents })).toMatchObject({ added: 2 });
      const { hits } = await ask(other.url, '/v1/search', { query: 'harbour', filter: 'year = 2020' });
      expect(hits.map(({ id }: { id: string }) => id)).toEqual(['a']);
      const info = await (await fetch(`${other.url}/v1/collections/notes`)).json();
      expect(info).toMatchObject({ documents: 2, encoder: 'hash:64' });
    } finally {
      await Promise.all([one.stop(0), other.stop(0)]);
    }
  });

  it('says what is wrong with the database, and what to do', { timeout: 60_000 }, async () => {
    await (await open('faults')).close();
    const refusal = (url: string) =>
      openCollection(url, { encoder: 'none' }).then(
        () => undefined,
        (error: unknown) => error,
      );
    const away = 'postgres://sagitta:secret@127.0.0.1:1/none';
    expect(await refusal(away)).toMatchObject({
      code: 'remote',
      message: expect.stringMatching(/did not answer: ECONNREFUSED.*try again\.$/),
    });
    expect(String(await refusal(away))).not.toContain('secret');
    expect(await refusal(server.url.replace(/postgres$/, 'nothing'))).toMatchObject({ code: 'not-found' });
    expect(await refusal(`${server.url}?schema=no%20schema`)).toMatchObject({ code: 'invalid-argument' });
    expect(await refusal(`${server.url}?schema=drop%20table`)).toMatchObject({ code: 'invalid-argument' });
    await sql("update sagitta.meta set value = '99' where name = 'version'");
    expect(await refusal(`${server.url}?collection=faults`)).toMatchObject({ code: 'incompatible' });
    await sql("update sagitta.meta set value = '2' where name = 'version'");
    await sql('create database frozen');
    const frozen = server.url.replace(/postgres$/, 'frozen');
    await sql('alter database frozen set default_transaction_read_only = on');
    await expect(openCollection(frozen, { create: true, encoder: 'none' })).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('read-only'),
    });
  });

  it('has statements run without compiling them, unless the address says otherwise', async () => {
    for (const [options, jit] of [
      ['', 'off'],
      ['?options=-c%20jit%3Don', 'on'],
    ] as const) {
      const database = await connectPostgres(parsePostgresAddress(`${server.url}${options}`));
      expect(await database.rows('show jit')).toEqual([{ jit }]);
      await database.close();
    }
  });

  it('gives a statement so much time and no more', { timeout: 60_000 }, async () => {
    await using collection = await open('slow', '&statement_timeout=300');
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    try {
      await client.query('begin');
      await client.query("select 1 from sagitta.collections where name = 'slow' for update");
      await expect(collection.add([{ id: 'a', text: 'ice' }])).rejects.toMatchObject({
        code: 'remote',
        message: expect.stringContaining('statement_timeout'),
      });
      await client.query('rollback');
      expect((await collection.add([{ id: 'a', text: 'ice' }])).added).toBe(1);
    } finally {
      await client.end();
    }
  });

  it('keeps what was acknowledged when the server is killed, and is there again when it is', {
    timeout: 120_000,
  }, async () => {
    await using collection = await open('killed');
    const acknowledged: string[] = [];
    const writing = (async () => {
      for (let i = 0; i < 200; i++) {
        await collection.add([{ id: `d${i}`, text: `ferry number ${i}`, language: 'en' }]);
        acknowledged.push(`d${i}`);
      }
    })().catch((error: unknown) => error);
    while (acknowledged.length < 5) await new Promise((next) => setTimeout(next, 5));
    server.stop('immediate');
    expect(await writing).toMatchObject({ code: 'remote' });
    await server.start();
    const held = await collection.ids();
    expect(held).toEqual(expect.arrayContaining(acknowledged));
    expect(held.length - acknowledged.length).toBeLessThanOrEqual(1);
    expect((await collection.verify()).faults).toEqual([]);
    expect((await collection.search('ferry', { k: 500 })).hits).toHaveLength(held.length);
  });

  it('takes texts of statements for texts', { timeout: 60_000 }, async () => {
    const evil = [
      "'; drop schema sagitta cascade; --",
      '$1',
      '\\',
      '"',
      "\\'; select 1",
      '{a,b}',
      'null',
      '%',
      '\ud800',
      '👁',
    ];
    await using collection = await open('evil');
    await collection.add(
      evil.map((text, i) => ({
        id: text + i,
        title: text,
        text: `harbour ${text}`,
        metadata: { [text]: text, list: [text] },
      })),
    );
    for (const [i, text] of evil.entries()) {
      const id = wellFormed(text + i);
      expect((await collection.document(id)).text).toBe(wellFormed(`harbour ${text}`));
      const { hits } = await collection.search(`harbour`, {
        filter: { field: 'list', op: '=', value: wellFormed(text) },
      });
      expect(hits.map((hit) => hit.id)).toEqual([id]);
      await collection
        .search(text, { syntax: false })
        .catch((error: Error) => expect(error.message).toContain('empty'));
    }
    expect(await collection.remove(evil.map((text, i) => text + i))).toBe(evil.length);
    const name = "o'brien";
    await expect(open(encodeURIComponent(`${name}; --`))).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});
