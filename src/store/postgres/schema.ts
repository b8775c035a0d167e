import { IncompatibleError } from '../../base/errors.ts';
import type { Database, Sql } from './sql.ts';

/** Version of the tables; a migration for each step to it. */
export const SCHEMA_VERSION = 1;

/** Parts that every collection of a schema is divided into, by a hash of the documents' ids. Fixed when the tables are made. */
const SHARDS = 8;

/** What is known of the tables that there are. */
export interface Schema {
  /** Of the schema, as it is written in statements. */
  readonly name: string;
  readonly shards: number;
  /** Whether vectors can be kept in pgvector's type. */
  readonly pgvector: boolean;
}

/** Tables that are divided by `shard`, with what the primary key of each part is. */
const DIVIDED = [
  {
    name: 'documents',
    columns: `ordinal integer not null, id text collate "C" not null, born integer not null, died integer,
      first_passage integer not null, passages integer not null, length double precision not null, title text not null, path text, format text not null,
      language text not null, content_hash text not null, metadata json not null, source json, text text not null`,
    key: 'collection, ordinal, shard',
    indexes: ['(collection, id)', '(collection, born)', '(collection, died) where died is not null'],
  },
  {
    name: 'passages',
    columns: `ordinal integer not null, document integer not null, starts integer not null, ends integer not null,
      page integer, headings json not null, text text not null`,
    key: 'collection, ordinal, shard',
    indexes: ['(collection, document)'],
  },
  {
    name: 'terms',
    columns: `kind smallint not null, term text collate "C" not null, born integer not null, died integer,
      count integer not null, data bytea not null`,
    key: 'collection, kind, term, born, shard',
    indexes: ['(collection, born)'],
  },
  {
    name: 'vectors',
    columns: `field text collate "C" not null, passage integer not null, born integer not null, died integer,
      code bytea, vector bytea`,
    key: 'collection, field, passage, shard',
    indexes: ['(collection, born)'],
  },
  {
    name: 'statistics',
    columns: `born integer not null, language text not null, documents integer not null, passages integer not null,
      length double precision not null`,
    key: 'collection, born, language, shard',
    indexes: [],
  },
] as const;

/**
 * Opens the tables, and makes or migrates them where `create` says so, one process at a time.
 * @param name checked by `parsePostgresAddress`, so that it may stand in statements.
 * @returns undefined when there are none.
 * @throws IncompatibleError for tables of a newer version.
 */
export async function openSchema(database: Database, name: string, create: boolean): Promise<Schema | undefined> {
  const before = await readSchema(database, name);
  if (before !== undefined || !create) return before;
  await withPgvector(database);
  await database.transaction(async (sql) => {
    await sql.rows('select pg_advisory_xact_lock(hashtext($1))', [`sagitta ${name}`]);
    // Another process may have made them meanwhile.
    if ((await readSchema(sql, name)) !== undefined) return;
    await makeTables(sql, name);
  });
  return readSchema(database, name);
}

async function readSchema(sql: Sql, name: string): Promise<Schema | undefined> {
  const [found] = await sql.rows<{ there: boolean }>('select to_regclass($1) is not null as there', [`${name}.meta`]);
  if (found?.there !== true) return undefined;
  const rows = await sql.rows<{ name: string; value: string }>(`select name, value from ${name}.meta`);
  const meta = new Map(rows.map((row) => [row.name, row.value]));
  const version = Number(meta.get('version'));
  if (version !== SCHEMA_VERSION) {
    throw new IncompatibleError(
      `The tables in the schema "${name}" have version ${meta.get('version')}; this version of Sagitta works with ${SCHEMA_VERSION}.`,
      'Use the version of Sagitta that made them, or another schema (`schema=NAME` in the address).',
    );
  }
  const [vector] = await sql.rows<{ there: boolean }>(
    `select exists (select from pg_attribute where attrelid = to_regclass($1) and attname = 'embedding') as there`,
    [`${name}.vectors`],
  );
  return { name, shards: Number(meta.get('shards')), pgvector: vector?.there === true };
}

/** Has the extension made where the server has it and the user may. */
async function withPgvector(sql: Sql): Promise<void> {
  const [row] = await sql.rows<{ there: boolean; possible: boolean }>(
    `select exists (select from pg_extension where extname = 'vector') as there,
      exists (select from pg_available_extensions where name = 'vector') as possible`,
  );
  if (row!.there || !row!.possible) return;
  try {
    await sql.rows('create extension if not exists vector');
  } catch {
    // Bytes do as well.
  }
}

async function makeTables(sql: Sql, name: string): Promise<void> {
  await sql.rows(`create schema if not exists ${name}`);
  await sql.rows(`create table ${name}.meta (name text primary key, value text not null)`);
  await sql.rows(`create table ${name}.collections (
    id integer generated always as identity primary key, name text collate "C" not null unique, settings json not null,
    vectors text not null, generation integer not null default 0, next_document integer not null default 0,
    next_passage integer not null default 0, purged integer not null default 0, made timestamptz not null default now())`);
  await sql.rows(`create table ${name}.generations (
    collection integer not null, generation integer not null, at timestamptz not null default clock_timestamp(),
    primary key (collection, generation))`);
  const [vector] = await sql.rows<{ there: boolean }>(
    "select exists (select from pg_extension where extname = 'vector') as there",
  );
  for (const table of DIVIDED) {
    const embedding = table.name === 'vectors' && vector!.there ? ', embedding vector' : '';
    // Partitions may be foreign tables only where the table itself has no unique index: each part has its own primary key.
    await sql.rows(`create table ${name}.${table.name} (collection integer not null, shard smallint not null,
      ${table.columns}${embedding}) partition by list (shard)`);
    for (let shard = 0; shard < SHARDS; shard++) {
      await sql.rows(
        `create table ${name}.${table.name}_${shard} partition of ${name}.${table.name} (primary key (${table.key})) for values in (${shard})`,
      );
    }
    for (const index of table.indexes) await sql.rows(`create index on ${name}.${table.name} ${index}`);
  }
  for (const column of ['code', 'vector']) {
    await sql.rows(`alter table ${name}.vectors alter column ${column} set storage external`);
  }
  for (const [key, value] of [
    ['version', SCHEMA_VERSION],
    ['shards', SHARDS],
  ] as const) {
    await sql.rows(`insert into ${name}.meta (name, value) values ($1, $2)`, [key, String(value)]);
  }
}
