import type { Pool, PoolClient } from 'pg';
import { IncompatibleError, MissingPackageError } from '../../base/errors.ts';
import type { PostgresAddress } from './address.ts';
import { told } from './failures.ts';
import type { Database, Sql, SqlValue } from './sql.ts';

/** Connections of one open collection: searches and writers of one process wait for each other beyond that. */
const CONNECTIONS = 4;
const CONNECT_MS = 10_000;
/** Milliseconds that a writer waits for another one's publication. */
const LOCK_MS = 30_000;
const OLDEST = 130_000;

/** Connects by the package `pg`. @throws MissingPackageError without it, and named errors for a server that cannot be worked with. */
export async function connectPostgres(address: PostgresAddress): Promise<Database> {
  const { default: pg } = await import('pg').catch((error: unknown) => {
    throw new MissingPackageError('pg', 'A collection in PostgreSQL', { cause: error });
  });
  const pool = new pg.Pool({
    connectionString: address.connection,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: 10_000,
    allowExitOnIdle: true,
    application_name: 'sagitta',
    statement_timeout: address.statementTimeout,
    // A server that is gone without a word: no statement waits for ever.
    query_timeout: address.statementTimeout + CONNECT_MS,
    lock_timeout: LOCK_MS,
    // To compile a filter takes longer than to evaluate it.
    options: '-c jit=off',
    keepAlive: true,
  });
  // A connection that breaks while nobody uses it is replaced by the next one that is needed.
  pool.on('error', () => undefined);
  const database = new PgDatabase(pool, address.shown);
  try {
    const [row] = await database.rows<{ version: number; name: string }>(
      "select current_setting('server_version_num')::int as version, current_setting('server_version') as name",
    );
    if (row!.version < OLDEST) {
      throw new IncompatibleError(
        `The database ${address.shown} is PostgreSQL ${row!.name}.`,
        'Use PostgreSQL 13 or newer.',
      );
    }
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

class PgDatabase implements Database {
  constructor(
    private readonly pool: Pool,
    private readonly shown: string,
  ) {}

  async rows<Row extends object>(text: string, values: readonly SqlValue[] = []): Promise<Row[]> {
    return this.#telling(() => run<Row>(this.pool, text, values));
  }

  async transaction<T>(work: (sql: Sql) => Promise<T>, isolation?: 'repeatable read'): Promise<T> {
    const client = await this.#telling(() => this.pool.connect());
    let broken: Error | undefined;
    // What is told of a connection between two statements; the next one fails by itself.
    const onError = (error: Error): void => {
      broken = error;
    };
    client.on('error', onError);
    try {
      await this.#telling(() => client.query(`begin${isolation === undefined ? '' : ` isolation level ${isolation}`}`));
      const result = await work({ rows: (text, values) => this.#telling(() => run(client, text, values)) });
      await this.#telling(() => client.query('commit'));
      return result;
    } catch (error) {
      await client.query('rollback').catch((failure: Error) => {
        broken = failure;
      });
      throw error;
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    if (!this.pool.ended) await this.pool.end();
  }

  async #telling<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw told(error, this.shown);
    }
  }
}

async function run<Row extends object>(
  on: Pool | PoolClient,
  text: string,
  values: readonly SqlValue[] = [],
): Promise<Row[]> {
  return (await on.query<Row>(text, values as SqlValue[])).rows;
}
