import type { BitSet } from '../../base/bits.ts';
import { chooseMerge } from '../local/policy.ts';
import type { CompactOptions, CompactReport } from '../types.ts';
import { decodePlaces, encodePlaces } from './places.ts';
import { decodePostings, encodePostings } from './postings.ts';
import { advance, lockHead, TermWriter } from './publish.ts';
import type { Database, Sql } from './sql.ts';
import { deadPassages } from './state.ts';
import { type Tables, TERMS, vectorTables } from './tables.ts';
import type { TermRow } from './term-rows.ts';

/** Seconds that rows stay after the last state that has them: longer than a search, and a state that is kept, take. */
const GRACE = 3600;
/** Bytes of codes that one merge takes unless all are to be merged: other writers wait that long. */
const MOST_BYTES = 64 << 20;
/** Rows that one statement brings, to begin with. */
const PAGE = 4_000;

/** What one generation wrote of terms. */
interface Batch {
  readonly born: number;
  readonly bytes: number;
}

/**
 * Joins the rows of terms of several publications, by size as segments of a folder are, so that a search reads few rows of a term; then
 * takes out for good what no state of the last hour has. Every merge is a generation of its own.
 * @param grace seconds that rows stay after the last state that has them.
 */
export async function compactTables(
  database: Database,
  tables: Tables,
  shown: string,
  { full = false, maxSegmentBytes = full ? Number.POSITIVE_INFINITY : MOST_BYTES, signal, onProgress }: CompactOptions,
  grace = GRACE,
): Promise<CompactReport> {
  const before = await batchesOf(database, tables);
  let batches = before;
  for (let done = 0; ; ) {
    signal?.throwIfAborted();
    const merged = await database.transaction(async (sql) => {
      const head = await lockHead(sql, tables, shown);
      const current = await batchesOf(sql, tables);
      const candidates = current.map(({ bytes }) => ({ bytes, documents: 1, deadDocuments: 0 }));
      const chosen = chooseMerge(candidates, { full, maxBytes: maxSegmentBytes })?.map(
        (position) => current[position]!,
      );
      if (chosen === undefined) return undefined;
      onProgress?.(done, done + sumOf(chosen));
      const generation = head.generation + 1;
      const dead = await deadPassages(sql, tables.schema, tables.collection, head.generation, head.nextPassage);
      await mergeTerms(sql, tables, chosen, generation, dead, () => signal?.throwIfAborted());
      await foldStatistics(sql, tables, generation);
      await advance(sql, tables, { ...head, generation });
      return chosen;
    });
    batches = await batchesOf(database, tables);
    if (merged === undefined) break;
    done += sumOf(merged);
    onProgress?.(done, done);
  }
  const documentsDropped = await database.transaction((sql) => purge(sql, tables, shown, grace));
  return {
    segmentsBefore: before.length,
    segmentsAfter: batches.length,
    bytesBefore: sumOf(before),
    bytesAfter: sumOf(batches),
    documentsDropped,
  };
}

function sumOf(batches: readonly Batch[]): number {
  return batches.reduce((sum, { bytes }) => sum + bytes, 0);
}

function batchesOf(sql: Sql, { schema, collection }: Tables): Promise<Batch[]> {
  return sql.rows<{ born: number; bytes: number }>(
    `select born, sum(octet_length(data) + 40)::float8 as bytes from ${schema}.terms
      where collection = $1 and died is null group by born order by born`,
    [collection],
  );
}

interface StoredRow extends TermRow {
  readonly born: number;
}

/** Writes the rows of some generations as rows of a new one, without what is dead, and has them end with it. */
async function mergeTerms(
  sql: Sql,
  tables: Tables,
  batches: readonly Batch[],
  generation: number,
  dead: BitSet | undefined,
  step: () => void,
): Promise<void> {
  const { schema, collection } = tables;
  const births = batches.map(({ born }) => born);
  const writer = new TermWriter(sql, tables, generation);
  let last: { kind: number; term: string } = { kind: -1, term: '' };
  for (let limit = PAGE; ; ) {
    step();
    const page = await sql.rows<StoredRow>(
      `select shard, kind, term, born, count, data from ${schema}.terms
        where collection = $1 and died is null and born = any($2::int[]) and (kind, term) > ($3::int, $4)
        order by kind, term, shard limit $5`,
      [collection, births, last.kind, last.term, limit],
    );
    const groups = groupsOf(page);
    // The last term of a full page may have further rows.
    const whole = page.length < limit ? groups : groups.filter(([first]) => !isSame(first!, page.at(-1)!));
    for (const group of whole) {
      const row = merged(group, dead);
      if (row !== undefined) await writer.add(row);
    }
    if (page.length < limit) break;
    const end = whole.at(-1)?.[0];
    if (end === undefined) limit *= 2;
    else last = { kind: end.kind, term: end.term };
  }
  await writer.flush();
  await sql.rows(
    `update ${schema}.terms set died = $3 where collection = $1 and died is null and born = any($2::int[])`,
    [collection, births, generation],
  );
}

function isSame(a: StoredRow, b: StoredRow): boolean {
  return a.kind === b.kind && a.term === b.term;
}

/** Rows of one term in one part; rows come in that order. */
function groupsOf(rows: readonly StoredRow[]): StoredRow[][] {
  const groups: StoredRow[][] = [];
  for (const row of rows) {
    const before = groups.at(-1);
    if (before !== undefined && isSame(before[0]!, row) && before[0]!.shard === row.shard) before.push(row);
    else groups.push([row]);
  }
  return groups;
}

/** @returns undefined where nothing is left. */
function merged(rows: readonly StoredRow[], dead: BitSet | undefined): TermRow | undefined {
  const { shard, kind, term } = rows[0]!;
  if (kind === TERMS) {
    const postings = decodePostings(rows, dead, term);
    const at = [...postings.passages.keys()].sort((a, b) => postings.passages[a]! - postings.passages[b]!);
    return at.length === 0 ? undefined : { shard, kind, term, count: at.length, data: encodePostings(postings, at) };
  }
  const places = [...decodePlaces(rows, dead, term)].sort(([a], [b]) => a - b);
  return places.length === 0 ? undefined : { shard, kind, term, count: places.length, data: encodePlaces(places) };
}

/** Counts of all generations so far as those of one. */
async function foldStatistics(sql: Sql, { schema, collection }: Tables, generation: number): Promise<void> {
  const sums = await sql.rows<{ shard: number; language: string; documents: number; passages: number; length: number }>(
    `select shard, language, sum(documents)::int as documents, sum(passages)::int as passages, sum(length) as length
      from ${schema}.statistics where collection = $1 group by shard, language`,
    [collection],
  );
  await sql.rows(`delete from ${schema}.statistics where collection = $1`, [collection]);
  await sql.rows(
    `insert into ${schema}.statistics (collection, born, shard, language, documents, passages, length)
      select $1::int, $2::int, x.shard, x.language, x.documents, x.passages, x.length
      from json_to_recordset($3::text::json) as x(shard smallint, language text, documents int, passages int, length float8)`,
    [collection, generation, JSON.stringify(sums)],
  );
}

/** Deletes what died long ago. Documents whose passages rows of terms may still name stay. @returns documents deleted. */
async function purge(sql: Sql, tables: Tables, shown: string, grace: number): Promise<number> {
  const { schema, collection } = tables;
  await lockHead(sql, tables, shown);
  const [past] = await sql.rows<{ generation: number | null; oldest: number | null }>(
    `select (select max(generation) from ${schema}.generations
        where collection = $1 and at <= clock_timestamp() - make_interval(secs => $2)) as generation,
      (select min(born) from ${schema}.terms where collection = $1 and died is null) as oldest`,
    [collection, grace],
  );
  const { generation, oldest } = past!;
  if (generation === null) return 0;
  await sql.rows(`delete from ${schema}.terms where collection = $1 and died <= $2`, [collection, generation]);
  let vectors = 0;
  for (const table of vectorTables(tables)) {
    const gone = await sql.rows(
      `delete from ${schema}.${table} where collection = $1 and died <= $2 returning 1 as one`,
      [collection, generation],
    );
    vectors += gone.length;
  }
  const most = Math.min(generation, oldest === null ? generation : oldest);
  const documents = await sql.rows<{ ordinal: number }>(
    `delete from ${schema}.documents where collection = $1 and died <= $2 returning ordinal`,
    [collection, most],
  );
  if (documents.length > 0) {
    await sql.rows(`delete from ${schema}.passages where collection = $1 and document = any($2::int[])`, [
      collection,
      documents.map(({ ordinal }) => ordinal),
    ]);
  }
  if (vectors > 0) {
    await sql.rows(`update ${schema}.collections set purged = purged + 1 where id = $1`, [collection]);
  }
  await sql.rows(`delete from ${schema}.generations where collection = $1 and generation < $2`, [
    collection,
    generation,
  ]);
  return documents.length;
}
