import { IncompatibleError, UnsupportedError } from '../../base/errors.ts';
import type { VectorCode } from './address.ts';
import type { Database, Sql } from './sql.ts';
import { CODES } from './vector-codes.ts';

/** Version of the tables. Those of version 1 have no table `exact` and no columns of codes: {@link withCodes} makes them where a collection needs them. */
export const SCHEMA_VERSION = 2;
const OLDEST_VERSION = 1;

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
    name: 'exact',
    columns: `field text collate "C" not null, passage integer not null, born integer not null, died integer, vector bytea not null`,
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
  if (version < OLDEST_VERSION || version > SCHEMA_VERSION || !Number.isInteger(version)) {
    throw new IncompatibleError(
      `The tables in the schema "${name}" have version ${meta.get('version')}; this version of Sagitta works with ${OLDEST_VERSION} and ${SCHEMA_VERSION}.`,
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
    await makeDivided(sql, name, table, table.name === 'vectors' && vector!.there ? ', embedding vector' : '');
  }
  for (const column of ['code', 'vector']) {
    await sql.rows(`alter table ${name}.vectors alter column ${column} set storage external`);
  }
  await sql.rows(`alter table ${name}.exact alter column vector set storage external`);
  if ((await codesPossible(sql)).possible) await addCodes(sql, name);
  for (const [key, value] of [
    ['version', SCHEMA_VERSION],
    ['shards', SHARDS],
  ] as const) {
    await sql.rows(`insert into ${name}.meta (name, value) values ($1, $2)`, [key, String(value)]);
  }
}

async function makeDivided(sql: Sql, name: string, table: (typeof DIVIDED)[number], further = ''): Promise<void> {
  // Partitions may be foreign tables only where the table itself has no unique index: each part has its own primary key.
  await sql.rows(`create table ${name}.${table.name} (collection integer not null, shard smallint not null,
    ${table.columns}${further}) partition by list (shard)`);
  for (let shard = 0; shard < SHARDS; shard++) {
    await sql.rows(
      `create table ${name}.${table.name}_${shard} partition of ${name}.${table.name} (primary key (${table.key})) for values in (${shard})`,
    );
  }
  for (const index of table.indexes) await sql.rows(`create index on ${name}.${table.name} ${index}`);
}

/** Whether the database has the types of codes, and what it has in their place. */
async function codesPossible(sql: Sql): Promise<{ readonly possible: boolean; readonly version: string | null }> {
  const [row] = await sql.rows<{ possible: boolean; version: string | null }>(
    `select to_regtype('halfvec') is not null as possible, (select extversion from pg_extension where extname = 'vector') as version`,
  );
  return row!;
}

async function addCodes(sql: Sql, name: string): Promise<void> {
  for (const { column, type } of Object.values(CODES)) {
    await sql.rows(`alter table ${name}.vectors add column if not exists ${column} ${type}`);
  }
}

/**
 * Sees to it that the tables can hold codes of vectors, and brings tables of version 1 to the present one.
 * @throws UnsupportedError without pgvector 0.7 or newer; IncompatibleError for older tables of which parts lie on other servers.
 */
export async function withCodes(database: Database, name: string, code: VectorCode): Promise<void> {
  await withPgvector(database);
  const { possible, version } = await codesPossible(database);
  if (!possible) {
    throw new UnsupportedError(
      `vectors=${code} needs the extension pgvector, 0.7 or newer; ${version === null ? 'the database has none' : `the database has ${version}`}.`,
      version === null
        ? 'Install pgvector on the server, or leave vectors out of the address.'
        : 'Install a newer one and run `alter extension vector update`, or leave vectors out of the address.',
    );
  }
  await database.transaction(async (sql) => {
    await sql.rows('select pg_advisory_xact_lock(hashtext($1))', [`sagitta ${name}`]);
    const [found] = await sql.rows<{ exact: boolean; codes: number; foreign: boolean }>(
      `select to_regclass($1) is not null as exact,
        (select count(*)::int from pg_attribute where attrelid = to_regclass($2) and attname = any($3::text[])) as codes,
        exists (select from pg_inherits i join pg_class c on c.oid = i.inhrelid
          where i.inhparent = to_regclass($2) and c.relkind = 'f') as foreign`,
      [`${name}.exact`, `${name}.vectors`, Object.values(CODES).map(({ column }) => column)],
    );
    if (found!.exact && found!.codes === Object.keys(CODES).length) return;
    if (found!.foreign) {
      throw new IncompatibleError(
        `The tables in the schema "${name}" have no room for codes of vectors, and parts of them lie on other servers.`,
        'Use another schema (`schema=NAME` in the address), the tables of which have it from the beginning.',
      );
    }
    if (!found!.exact) {
      await makeDivided(sql, name, DIVIDED.find((table) => table.name === 'exact')!);
      await sql.rows(`alter table ${name}.exact alter column vector set storage external`);
    }
    await addCodes(sql, name);
    await sql.rows(`update ${name}.meta set value = $1 where name = 'version'`, [String(SCHEMA_VERSION)]);
  });
}
