import { IncompatibleError, NotFoundError } from '../../base/errors.ts';
import type { Change } from '../local/changes.ts';
import type { PendingDocument } from '../local/pending.ts';
import { jsonOf } from './changes.ts';
import { shardOf } from './shards.ts';
import type { Database, Sql, SqlValue } from './sql.ts';
import { type Tables, vectorTables } from './tables.ts';
import { type TermRow, TermRows } from './term-rows.ts';
import { CODES } from './vector-codes.ts';
import { bytesOfVector } from './vectors.ts';

/** Bytes, about, that one statement brings. */
const STATEMENT = 4 << 20;
/** Ids that one statement looks for. */
const IDS = 5_000;
/** Ordinals are `integer` in the tables. */
const MOST_ORDINALS = 2 ** 31 - 1;

/** What a generation begins with. */
export interface Head {
  readonly generation: number;
  readonly nextDocument: number;
  readonly nextPassage: number;
}

/**
 * Writes documents and takes others away, as one generation: on return it survives a crash of everything but the database. Writers of a
 * collection wait for each other here, for as long as their lines are written.
 */
export async function publish(
  database: Database,
  tables: Tables,
  changes: ReadonlyMap<string, Change>,
  shown: string,
): Promise<number> {
  return database.transaction(async (sql) => {
    const head = await lockHead(sql, tables, shown);
    const generation = head.generation + 1;
    const sums = new Sums();
    await retire(sql, tables, [...changes.keys()], generation, sums);
    const documents = [...changes.values()].filter((change) => change !== 'removed');
    const next = await write(sql, tables, documents, { ...head, generation }, sums);
    await sums.write(sql, tables, generation);
    await advance(sql, tables, next);
    return generation;
  });
}

/** Takes the collection's row: whoever else would write waits until this transaction ends. */
export async function lockHead(sql: Sql, tables: Tables, shown: string): Promise<Head> {
  const { schema, collection } = tables;
  const [row] = await sql.rows<{ generation: number; next_document: number; next_passage: number }>(
    `select generation, next_document, next_passage from ${schema}.collections where id = $1 for update`,
    [collection],
  );
  if (row === undefined) {
    throw new NotFoundError(`The collection in ${shown} is gone.`, 'Make it again with `sagitta index PATH --in`.');
  }
  const head = { generation: row.generation, nextDocument: row.next_document, nextPassage: row.next_passage };
  await dropLeftovers(sql, tables, head.generation);
  return head;
}

/**
 * Rows on several servers are not committed at one time: what a server kept of a generation that never came about is taken back before the
 * next one gets its number.
 */
async function dropLeftovers(sql: Sql, tables: Tables, generation: number): Promise<void> {
  const { schema, collection } = tables;
  const [found] = await sql.rows<{ born: boolean; died: boolean }>(
    `select exists (select from ${schema}.documents where collection = $1 and born > $2) as born,
      exists (select from ${schema}.documents where collection = $1 and died > $2) as died`,
    [collection, generation],
  );
  if (found!.born) {
    await sql.rows(
      `delete from ${schema}.passages where collection = $1
        and document in (select ordinal from ${schema}.documents where collection = $1 and born > $2)`,
      [collection, generation],
    );
    for (const table of ['documents', 'terms', ...vectorTables(tables), 'statistics']) {
      await sql.rows(`delete from ${schema}.${table} where collection = $1 and born > $2`, [collection, generation]);
    }
  }
  if (found!.died) {
    for (const table of ['documents', 'terms', ...vectorTables(tables)]) {
      await sql.rows(`update ${schema}.${table} set died = null where collection = $1 and died > $2`, [
        collection,
        generation,
      ]);
    }
    await sql.rows(`delete from ${schema}.statistics where collection = $1 and born > $2`, [collection, generation]);
  }
}

export async function advance(
  sql: Sql,
  { schema, collection }: Tables,
  { generation, nextDocument, nextPassage }: Head,
): Promise<void> {
  await sql.rows(
    `update ${schema}.collections set generation = $2, next_document = $3, next_passage = $4 where id = $1`,
    [collection, generation, nextDocument, nextPassage],
  );
  await sql.rows(`insert into ${schema}.generations (collection, generation) values ($1, $2)`, [
    collection,
    generation,
  ]);
}

/** Has documents with these ids end with a generation. */
async function retire(sql: Sql, tables: Tables, ids: readonly string[], generation: number, sums: Sums): Promise<void> {
  const { schema, collection } = tables;
  for (let from = 0; from < ids.length; from += IDS) {
    const rows = await sql.rows<{
      ordinal: number;
      shard: number;
      language: string;
      first_passage: number;
      passages: number;
      length: number;
    }>(
      `update ${schema}.documents set died = $2 where collection = $1 and died is null and id = any($3::text[])
        returning ordinal, shard, language, first_passage, passages, length`,
      [collection, generation, ids.slice(from, from + IDS)],
    );
    const passages = rows.flatMap((row) => Array.from({ length: row.passages }, (_, i) => row.first_passage + i));
    for (const row of rows) sums.add(row.shard, row.language, -1, -row.passages, -row.length);
    if (passages.length === 0) continue;
    for (const table of vectorTables(tables)) {
      await sql.rows(
        `update ${schema}.${table} set died = $2 where collection = $1 and died is null and passage = any($3::int[])`,
        [collection, generation, passages],
      );
    }
  }
}

async function write(
  sql: Sql,
  tables: Tables,
  documents: readonly PendingDocument[],
  head: Head,
  sums: Sums,
): Promise<Head> {
  let { nextDocument, nextPassage } = head;
  const terms = new TermRows();
  const records = new Rows(sql, tables, 'documents', DOCUMENT_COLUMNS, head.generation);
  const passages = new Rows(sql, tables, 'passages', PASSAGE_COLUMNS, undefined);
  const vectors = new VectorRows(sql, tables, head.generation);
  for (const document of documents) {
    const { record, text } = document;
    const shard = shardOf(record.id, tables.shards);
    const ordinal = nextDocument++;
    const first = nextPassage;
    if (ordinal >= MOST_ORDINALS || first + document.passages.length > MOST_ORDINALS) {
      throw new IncompatibleError(
        'The collection has had more than two thousand million passages, those that were replaced included.',
        'Index its documents into a new collection.',
      );
    }
    let length = 0;
    for (const passage of document.passages) {
      const own = nextPassage++;
      length += terms.add(shard, own, passage.fields, document.numbers.names);
      const { start, end, headings, page } = passage.record;
      const place = { starts: start, ends: end, page: page ?? null, headings, text: text.slice(start, end) };
      await passages.add({ shard, ordinal: own, document: ordinal, ...place });
      for (const [field, item] of passage.items) await vectors.add(field, shard, own, item as Float32Array);
    }
    const { id, title, path, format, language, contentHash, source, metadata } = record;
    await records.add({
      shard,
      ordinal,
      id,
      first_passage: first,
      passages: document.passages.length,
      length,
      title,
      path: path ?? null,
      format,
      language,
      content_hash: contentHash,
      metadata,
      source: source ?? null,
      text,
    });
    sums.add(shard, language, 1, document.passages.length, length);
  }
  await records.flush();
  await passages.flush();
  await vectors.flush();
  const rows = new TermWriter(sql, tables, head.generation);
  for (const row of terms.rows()) await rows.add(row);
  await rows.flush();
  return { generation: head.generation, nextDocument, nextPassage };
}

const DOCUMENT_COLUMNS = `shard smallint, ordinal int, id text, first_passage int, passages int, length float8, title text,
  path text, format text, language text, content_hash text, metadata json, source json, text text`;
const PASSAGE_COLUMNS =
  'shard smallint, ordinal int, document int, starts int, ends int, page int, headings json, text text';

/** Rows that go to a table as JSON, in statements of some megabytes. */
class Rows {
  #waiting: string[] = [];
  #bytes = 0;

  /** @param generation that they are born in; undefined where rows have none. */
  constructor(
    private readonly sql: Sql,
    private readonly tables: Tables,
    private readonly table: string,
    private readonly columns: string,
    private readonly generation: number | undefined,
  ) {}

  async add(row: object): Promise<void> {
    const json = jsonOf(row);
    this.#waiting.push(json);
    this.#bytes += json.length;
    if (this.#bytes >= STATEMENT) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const names = this.columns.split(',').map((column) => column.trim().split(' ')[0]!);
    const { schema, collection } = this.tables;
    const born = this.generation === undefined ? '' : ', born';
    await this.sql.rows(
      `insert into ${schema}.${this.table} (collection${born}, ${names.join(', ')})
        select $1::int${born === '' ? '' : ', $3::int'}, ${names.map((name) => `x.${name}`).join(', ')}
        from json_to_recordset($2::text::json) as x(${this.columns})`,
      [collection, `[${this.#waiting.join(',')}]`, ...(this.generation === undefined ? [] : [this.generation])],
    );
    this.#waiting = [];
    this.#bytes = 0;
  }
}

/** Vectors that go to their tables, in the collection's form. */
class VectorRows {
  #waiting: {
    readonly field: string;
    readonly shard: number;
    readonly passage: number;
    readonly vector: Float32Array;
  }[] = [];
  #bytes = 0;

  constructor(
    private readonly sql: Sql,
    private readonly tables: Tables,
    private readonly generation: number,
  ) {}

  async add(field: string, shard: number, passage: number, vector: Float32Array): Promise<void> {
    // One statement brings vectors of one length.
    if (this.#waiting.length > 0 && this.#waiting[0]!.vector.length !== vector.length) await this.flush();
    this.#waiting.push({ field, shard, passage, vector });
    this.#bytes += 12 * vector.length;
    if (this.#bytes >= STATEMENT) await this.flush();
  }

  async flush(): Promise<void> {
    const rows = this.#waiting;
    if (rows.length === 0) return;
    this.#waiting = [];
    this.#bytes = 0;
    const { schema, collection, vectors: form } = this.tables;
    const common: SqlValue[] = [
      collection,
      this.generation,
      rows.map(({ field }) => field),
      rows.map(({ shard }) => shard),
      rows.map(({ passage }) => passage),
    ];
    if (form !== 'bytes') {
      const [column, code] =
        form === 'pgvector' ? ['embedding', 'x.vector::vector'] : [CODES[form].column, CODES[form].of('x.vector')];
      await this.sql.rows(
        `insert into ${schema}.vectors (collection, born, field, shard, passage, ${column})
          select $1::int, $2::int, x.field, x.shard, x.passage, ${code}
          from unnest($3::text[], $4::int[], $5::int[], $6::text[]) as x(field, shard, passage, vector)`,
        [...common, rows.map(({ vector }) => JSON.stringify(Array.from(vector)))],
      );
    }
    if (form === 'pgvector') return;
    const dim = rows[0]!.vector.length;
    const codes = new Uint8Array(form === 'bytes' ? rows.length * (dim + 4) : 0);
    const vectors = new Uint8Array(rows.length * dim * 4);
    rows.forEach(({ vector }, i) => {
      const { code, full } = bytesOfVector(vector);
      if (form === 'bytes') codes.set(code, i * (dim + 4));
      vectors.set(full, i * dim * 4);
    });
    if (form !== 'bytes') {
      await this.sql.rows(
        `insert into ${schema}.exact (collection, born, field, shard, passage, vector)
          select $1::int, $2::int, x.field, x.shard, x.passage, substring($6::bytea from ((x.n - 1) * $7::int + 1)::int for $7::int)
          from unnest($3::text[], $4::int[], $5::int[]) with ordinality as x(field, shard, passage, n)`,
        [...common, vectors, 4 * dim],
      );
      return;
    }
    await this.sql.rows(
      `insert into ${schema}.vectors (collection, born, field, shard, passage, code, vector)
        select $1::int, $2::int, x.field, x.shard, x.passage,
          substring($6::bytea from ((x.n - 1) * $8::int + 1)::int for $8::int),
          substring($7::bytea from ((x.n - 1) * $9::int + 1)::int for $9::int)
        from unnest($3::text[], $4::int[], $5::int[]) with ordinality as x(field, shard, passage, n)`,
      [...common, codes, vectors, dim + 4, 4 * dim],
    );
  }
}

/** Rows of terms, their codes in one stretch of bytes that is cut apart by the database. */
export class TermWriter {
  #rows: { shard: number; kind: number; term: string; count: number; at: number; size: number }[] = [];
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(
    private readonly sql: Sql,
    private readonly tables: Tables,
    private readonly generation: number,
  ) {}

  async add({ data, ...row }: TermRow): Promise<void> {
    this.#rows.push({ ...row, at: this.#bytes, size: data.length });
    this.#parts.push(data);
    this.#bytes += data.length;
    // The database copies a stretch of bytes once for each part of it that is cut out.
    if (this.#bytes >= STATEMENT / 4 || this.#rows.length >= 20_000) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#rows.length === 0) return;
    const { schema, collection } = this.tables;
    await this.sql.rows(
      `insert into ${schema}.terms (collection, born, shard, kind, term, count, data)
        select $1::int, $2::int, x.shard, x.kind, x.term, x.count, substring($3::bytea from x.at + 1 for x.size)
        from json_to_recordset($4::text::json) as x(shard smallint, kind smallint, term text, count int, at int, size int)`,
      [collection, this.generation, joined(this.#parts, this.#bytes), jsonOf(this.#rows)],
    );
    this.#rows = [];
    this.#parts = [];
    this.#bytes = 0;
  }
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What a generation changes in the counts, by part and language. */
class Sums {
  readonly #sums = new Map<
    string,
    { shard: number; language: string; documents: number; passages: number; length: number }
  >();

  add(shard: number, language: string, documents: number, passages: number, length: number): void {
    const key = `${shard} ${language}`;
    const sum = this.#sums.get(key) ?? { shard, language, documents: 0, passages: 0, length: 0 };
    sum.documents += documents;
    sum.passages += passages;
    sum.length += length;
    this.#sums.set(key, sum);
  }

  async write(sql: Sql, { schema, collection }: Tables, generation: number): Promise<void> {
    if (this.#sums.size === 0) return;
    await sql.rows(
      `insert into ${schema}.statistics (collection, born, shard, language, documents, passages, length)
        select $1::int, $2::int, x.shard, x.language, x.documents, x.passages, x.length
        from json_to_recordset($3::text::json) as x(shard smallint, language text, documents int, passages int, length float8)`,
      [collection, generation, jsonOf([...this.#sums.values()])],
    );
  }
}
