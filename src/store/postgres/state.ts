import { BitSet } from '../../base/bits.ts';
import { NotFoundError } from '../../base/errors.ts';
import type { CollectionSettings } from '../types.ts';
import type { Database, Sql } from './sql.ts';

/** What is known of a generation before anything is searched. */
export interface StateFacts {
  readonly settings: CollectionSettings;
  readonly generation: number;
  /** Whether the database keeps texts in UTF-8, so that it compares them as the engine does. */
  readonly utf8: boolean;
  /** How often rows of vectors were taken out for good. */
  readonly purged: number;
  /** Ordinals of passages are below this. */
  readonly passageSpace: number;
  readonly documents: number;
  readonly passages: number;
  /** Sum of the passages' lengths. */
  readonly length: number;
  /** Documents by language. */
  readonly languages: ReadonlyMap<string, number>;
  /** Passages of documents that are gone, and whose rows are still there; undefined without any. */
  readonly dead: BitSet | undefined;
}

/** Reads the newest state, all of it at one time. @throws NotFoundError for a collection that is gone. */
export async function readState(
  database: Database,
  schema: string,
  collection: number,
  shown: string,
): Promise<StateFacts> {
  return database.transaction(async (sql) => {
    const [head] = await sql.rows<{
      settings: string;
      generation: number;
      next_passage: number;
      purged: number;
      utf8: boolean;
    }>(
      `select settings::text as settings, generation, next_passage, purged, current_setting('server_encoding') = 'UTF8' as utf8 from ${schema}.collections where id = $1`,
      [collection],
    );
    if (head === undefined) {
      throw new NotFoundError(`The collection in ${shown} is gone.`, 'Make it again with `sagitta index PATH --in`.');
    }
    const sums = await sql.rows<{ language: string; documents: number; passages: number; length: number }>(
      `select language, sum(documents)::int as documents, sum(passages)::int as passages, sum(length) as length
        from ${schema}.statistics where collection = $1 and born <= $2 group by language`,
      [collection, head.generation],
    );
    const dead = await deadPassages(sql, schema, collection, head.generation, head.next_passage);
    const sum = (of: (row: (typeof sums)[number]) => number): number => sums.reduce((total, row) => total + of(row), 0);
    return {
      settings: JSON.parse(head.settings) as CollectionSettings,
      generation: head.generation,
      utf8: head.utf8,
      purged: head.purged,
      passageSpace: head.next_passage,
      documents: sum(({ documents }) => documents),
      passages: sum(({ passages }) => passages),
      length: sum(({ length }) => length),
      languages: new Map(sums.filter(({ documents }) => documents > 0).map((row) => [row.language, row.documents])),
      dead,
    };
  }, 'repeatable read');
}

/** Passages of documents that were gone in a generation; undefined without any. */
export async function deadPassages(
  sql: Sql,
  schema: string,
  collection: number,
  generation: number,
  space: number,
): Promise<BitSet | undefined> {
  const gone = await sql.rows<{ first_passage: number; passages: number }>(
    `select first_passage, passages from ${schema}.documents
      where collection = $1 and died is not null and died <= $2 and passages > 0`,
    [collection, generation],
  );
  if (gone.length === 0) return undefined;
  const dead = new BitSet(space);
  for (const { first_passage: first, passages } of gone) dead.addRange(first, first + passages);
  return dead;
}
