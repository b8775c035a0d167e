import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import pg from 'pg';
import type { Database, Sql, SqlValue } from 'sagitta-search';

/** PostgreSQL within this process; what it keeps is gone with it. Closing one opened store leaves it open for the others. */
export async function pglite(options: {
  readonly pgvector: boolean;
}): Promise<{ connect(): Promise<Database>; end(): Promise<void> }> {
  const db = await PGlite.create(options.pgvector ? { extensions: { vector } } : {});
  const run =
    (on: Pick<PGlite, 'query'>): Sql['rows'] =>
    async (text, values = []) =>
      (await on.query(text, values as SqlValue[])).rows as never;
  const database: Database = {
    rows: run(db),
    transaction: (work, isolation) =>
      db.transaction(async (sql) => {
        if (isolation !== undefined) await sql.query(`set transaction isolation level ${isolation}`);
        return work({ rows: run(sql as never) });
      }),
    close: async () => undefined,
  };
  return { connect: async () => database, end: () => db.close() };
}

/** What came over a connection. */
export interface Counted {
  /** Of rows, written as JSON. */
  bytes: number;
  /** Records of documents. */
  records: number;
}

/** A database that counts what it is asked for outside transactions. */
export function counting(database: Database, counted: Counted): Database {
  const rows: Database['rows'] = async (text, values) => {
    const found = await database.rows<never>(text, values);
    for (const row of found) counted.bytes += JSON.stringify(row).length;
    if (/\bcontent_hash\b/.test(text)) counted.records += found.length;
    return found;
  };
  return { rows, transaction: (...given) => database.transaction(...given), close: () => database.close() };
}

/** A server of this machine's PostgreSQL on a free port of the loopback, in a folder of its own. */
export interface TestServer {
  /** `postgres://sagitta@127.0.0.1:PORT/postgres` */
  readonly url: string;
  readonly port: number;
  /** As `pg_ctl` stops it; `immediate` is a crash. */
  stop(mode?: 'fast' | 'immediate'): void;
  start(): Promise<void>;
  remove(): void;
}

/** Why there is no server to test against; undefined when there is one. */
export function noServer(): string | undefined {
  return binaries() === undefined ? 'PostgreSQL is not installed (apt-get install postgresql)' : undefined;
}

export async function startServer(): Promise<TestServer> {
  const bin = binaries()!;
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-postgres-'));
  // PostgreSQL refuses to run as root.
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  if ('uid' in user) chownSync(folder, user.uid!, user.gid!);
  const data = join(folder, 'data');
  const run = (name: string, args: readonly string[]): void => {
    execFileSync(join(bin, name), args, { ...user, stdio: 'pipe', cwd: folder });
  };
  run('initdb', ['-D', data, '-U', 'sagitta', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']);
  const port = await freePort();
  const settings = `-h 127.0.0.1 -p ${port} -k ${folder} -c fsync=on -c shared_buffers=32MB -c max_connections=40`;
  const server: TestServer = {
    url: `postgres://sagitta@127.0.0.1:${port}/postgres`,
    port,
    stop: (mode = 'fast') => run('pg_ctl', ['-D', data, '-m', mode, '-w', '-t', '60', 'stop']),
    start: () =>
      new Promise((done, fail) => {
        // Without inherited pipes, which the server would hold open.
        const args = ['-D', data, '-l', join(folder, 'log'), '-w', '-t', '60', '-o', settings, 'start'];
        spawn(join(bin, 'pg_ctl'), args, { ...user, stdio: 'ignore', cwd: folder }).on('exit', (code) =>
          code === 0 ? done() : fail(new Error(`pg_ctl start ended with ${code}`)),
        );
      }),
    remove: () => {
      try {
        server.stop('immediate');
      } catch {
        // It runs no more.
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

function binaries(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(':'),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'pg_ctl')));
}

async function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });
}

/** Tables that are divided by parts. */
export const TABLES = ['documents', 'passages', 'terms', 'vectors', 'exact', 'statistics'];

/** Has the second server keep parts 4 to 7 of every table: they become foreign tables of the first. */
export async function divide(first: TestServer, second: TestServer): Promise<void> {
  const client = new pg.Client({ connectionString: first.url });
  await client.connect();
  try {
    await client.query('create extension postgres_fdw');
    await client.query(
      `create server far foreign data wrapper postgres_fdw options (host '127.0.0.1', port '${second.port}', dbname 'postgres', batch_size '1000')`,
    );
    await client.query("create user mapping for sagitta server far options (user 'sagitta')");
    for (const table of TABLES) {
      for (let shard = 4; shard < 8; shard++) {
        const part = `${table}_${shard}`;
        await client.query(`drop table sagitta.${part}`);
        await client.query(
          `create foreign table sagitta.${part} partition of sagitta.${table} for values in (${shard}) server far options (schema_name 'sagitta', table_name '${part}')`,
        );
      }
    }
  } finally {
    await client.end();
  }
}
