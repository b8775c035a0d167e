import { CorruptFileError } from '../../base/errors.ts';
import { vectorFields } from '../local/manifest-types.ts';
import type { CollectionSettings, Fault, Store, VerifyReport } from '../types.ts';
import { decodePlaces } from './places.ts';
import { decodePostings } from './postings.ts';
import type { Database } from './sql.ts';
import { type Tables, TERMS, type VectorForm, vectorTables } from './tables.ts';
import { CODES } from './vector-codes.ts';

/** What vectors of another length than `$4` are told by. */
const WRONG: Readonly<Record<VectorForm, string>> = {
  bytes: 'octet_length(code) is distinct from $4 + 4 or octet_length(vector) is distinct from 4 * $4',
  pgvector: 'vector_dims(embedding) is distinct from $4',
  half: `vector_dims(${CODES.half.column}) is distinct from $4`,
  bit: `bit_length(${CODES.bit.column}) is distinct from $4`,
};

/** Rows that one statement brings. */
const PAGE = 2_000;

/**
 * Reads all rows that count and holds them against each other: counts, the passages of documents, vectors, and every code of terms and words.
 * Rows that disks have damaged are the database's own to tell (`initdb --data-checksums`).
 */
export async function verifyTables(
  database: Database,
  tables: Tables,
  { settings, generation }: { readonly settings: CollectionSettings; readonly generation: number },
  { signal, onProgress }: NonNullable<Parameters<Store['verify']>[0]>,
): Promise<VerifyReport> {
  const { schema, collection, vectors } = tables;
  const faults: Fault[] = [];
  const fault = (table: string, problem: string): void => {
    faults.push({ file: `${schema}.${table}`, problem });
  };
  const alive = `collection = $1 and born <= $2 and (died is null or died > $2)`;
  const at = [collection, generation] as const;
  const [counted] = await database.rows<{ documents: number; passages: number }>(
    `select count(*)::int as documents, coalesce(sum(passages), 0)::int as passages from ${schema}.documents where ${alive}`,
    at,
  );
  const [told] = await database.rows<{ documents: number; passages: number }>(
    `select coalesce(sum(documents), 0)::int as documents, coalesce(sum(passages), 0)::int as passages
      from ${schema}.statistics where collection = $1 and born <= $2`,
    at,
  );
  for (const what of ['documents', 'passages'] as const) {
    if (counted![what] !== told![what])
      fault('statistics', `${told![what]} ${what} are counted, and ${counted![what]} are there`);
  }
  const twice = await database.rows<{ id: string }>(
    `select id from ${schema}.documents where ${alive} group by id having count(*) > 1 limit 10`,
    at,
  );
  for (const { id } of twice) fault('documents', `there are two of ${JSON.stringify(id)}`);
  signal?.throwIfAborted();
  const incomplete = await database.rows<{ id: string; passages: number; found: number }>(
    `select d.id, d.passages, count(p.ordinal)::int as found from ${schema}.documents d
      left join ${schema}.passages p on p.collection = d.collection and p.document = d.ordinal and p.shard = d.shard
        and p.ordinal >= d.first_passage and p.ordinal < d.first_passage + d.passages
      where d.collection = $1 and d.born <= $2 and (d.died is null or d.died > $2)
      group by d.id, d.passages having count(p.ordinal) <> d.passages limit 10`,
    at,
  );
  for (const { id, passages, found } of incomplete) {
    fault('passages', `the document ${JSON.stringify(id)} has ${passages} passages, and ${found} are there`);
  }
  for (const { name, dim } of vectorFields(settings)) {
    for (const table of vectorTables(tables)) {
      const wrong = table === 'exact' ? 'octet_length(vector) is distinct from 4 * $4' : WRONG[vectors];
      const [row] = await database.rows<{ count: number }>(
        `select count(*)::int as count from ${schema}.${table} where ${alive} and field = $3 and (${wrong})`,
        [...at, name, dim],
      );
      if (row!.count > 0) fault(table, `${row!.count} vectors of ${name} do not have ${dim} components`);
    }
    if (vectors !== 'half' && vectors !== 'bit') continue;
    const [lone] = await database.rows<{ count: number }>(
      `select count(*)::int as count from (select passage from ${schema}.vectors where ${alive} and field = $3) as v
        full join (select passage from ${schema}.exact where ${alive} and field = $3) as e using (passage)
        where v.passage is null or e.passage is null`,
      [...at, name],
    );
    if (lone!.count > 0) fault('exact', `${lone!.count} vectors of ${name} have no code, or codes no vector`);
  }
  const { rows, bytes } = await verifyTerms(database, schema, alive, at, fault, (done) => {
    signal?.throwIfAborted();
    onProgress?.(done, done);
  });
  return {
    sound: faults.length === 0,
    faults,
    filesChecked: rows,
    bytesChecked: bytes,
    documents: counted!.documents,
    passages: counted!.passages,
  };
}

/** Decodes every row of terms and words. */
async function verifyTerms(
  database: Database,
  schema: string,
  alive: string,
  at: readonly [number, number],
  fault: (table: string, problem: string) => void,
  step: (bytes: number) => void,
): Promise<{ rows: number; bytes: number }> {
  let rows = 0;
  let bytes = 0;
  for (let last: { kind: number; term: string; born: number; shard: number } | undefined; ; ) {
    const page: { kind: number; term: string; born: number; shard: number; count: number; data: Uint8Array }[] =
      await database.rows(
        `select kind, term, born, shard, count, data from ${schema}.terms where ${alive}
          ${last === undefined ? '' : 'and (kind, term, born, shard) > ($3, $4, $5, $6)'}
          order by kind, term, born, shard limit ${PAGE}`,
        last === undefined ? at : [...at, last.kind, last.term, last.born, last.shard],
      );
    for (const { kind, term, count, data } of page) {
      bytes += data.length;
      try {
        if (kind === TERMS) decodePostings([{ count, data }], undefined, term);
        else decodePlaces([{ count, data }], undefined, term);
      } catch (error) {
        if (!(error instanceof CorruptFileError)) throw error;
        fault('terms', `${error.file}: ${error.problem}`);
      }
    }
    rows += page.length;
    step(bytes);
    if (page.length < PAGE) return { rows, bytes };
    last = page.at(-1);
  }
}
