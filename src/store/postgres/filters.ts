import { BitSet } from '../../base/bits.ts';
import type { DocumentRecord, Filter, Scalar } from '../../content/index.ts';
import type { CorpusFilters } from '../../corpus/index.ts';
import { compileFilter } from '../../search/filter-match.ts';
import { columnsSql, type FieldsAsked, filterSql, membersSql } from './filter-sql.ts';
import type { Sql } from './sql.ts';
import { Values } from './values.ts';

/** Different values of a field that are looked at, as by the engine. */
const MOST_VALUES = 10_000;
/** Records that one statement brings. */
const PAGE = 2_000;

/** Documents of one state. */
export interface DocumentsPlace {
  readonly sql: Sql;
  readonly table: string;
  readonly collection: number;
  readonly generation: number;
  readonly passageSpace: number;
  readonly documentCount: number;
}

/** How records are read where the database cannot tell. */
export interface RecordReader {
  documents(ordinals: ArrayLike<number>): Promise<DocumentRecord[]>;
  select(condition: (document: DocumentRecord) => boolean): Promise<BitSet>;
  all(): AsyncIterable<{ readonly record: DocumentRecord }>;
}

/**
 * Filters evaluated by the database: what comes back are the places of the passages that are allowed. Documents of which it cannot tell are
 * read, and asked by the engine.
 */
export class PostgresFilters implements CorpusFilters {
  #fields: Promise<ReadonlySet<string>> | undefined;

  constructor(
    private readonly place: DocumentsPlace,
    private readonly records: RecordReader,
  ) {}

  async select(filter: Filter): Promise<BitSet> {
    const asked = this.#asked();
    const holds = filterSql(filter, asked);
    if (holds === undefined) return this.records.select(compileFilter(filter));
    // One row of bytes, as rows of their own would weigh several times more.
    const [found] = await this.place.sql.rows<{ allowed: Uint8Array | null; open: Uint8Array | null }>(
      `select string_agg(int4send(first_passage) || int4send(passages), ''::bytea) filter (where holds and passages > 0) as allowed,
        string_agg(int4send(ordinal) || int4send(first_passage) || int4send(passages), ''::bytea) filter (where holds is null) as open
        from (select d.ordinal, d.first_passage, d.passages, ${holds} as holds from ${this.#rows(asked)} offset 0) as asked`,
      asked.values.list,
    );
    const selected = new BitSet(this.place.passageSpace);
    const allowed = integersOf(found!.allowed);
    for (let i = 0; i < allowed.length; i += 2) selected.addRange(allowed[i]!, allowed[i]! + allowed[i + 1]!);
    const open = integersOf(found!.open);
    const unknown = open.length / 3;
    // Records of all are kept for the next such filter, where there are not too many.
    if (2 * unknown > this.place.documentCount) return this.records.select(compileFilter(filter));
    const satisfies = compileFilter(filter);
    for (let from = 0; from < unknown; from += PAGE) {
      const page = Array.from({ length: Math.min(PAGE, unknown - from) }, (_, i) => 3 * (from + i));
      const records = await this.records.documents(page.map((at) => open[at]!));
      page.forEach((at, i) => {
        if (satisfies(records[i]!)) selected.addRange(open[at + 1]!, open[at + 1]! + open[at + 2]!);
      });
    }
    return selected;
  }

  fields(): Promise<ReadonlySet<string>> {
    this.#fields ??= this.#readFields().catch((error: unknown) => {
      this.#fields = undefined;
      throw error;
    });
    return this.#fields;
  }

  async any(filters: readonly Filter[]): Promise<boolean[]> {
    const met = await this.#met(filters);
    const open = filters.filter((_, i) => met[i] === undefined);
    if (open.length === 0) return met.map((one) => one === true);
    const tests = open.map(compileFilter);
    const found = new Set<Filter>();
    for await (const { record } of this.records.all()) {
      open.forEach((filter, i) => {
        if (!found.has(filter) && tests[i]!(record)) found.add(filter);
      });
    }
    return filters.map((filter, i) => met[i] ?? found.has(filter));
  }

  async values(field: string, most: number): Promise<Scalar[]> {
    const values = this.#values();
    const members = membersSql(field, values);
    if (members === undefined) return [];
    // A value that a document has by two names counts once; one that a list has twice counts twice.
    const rows = await this.place.sql.rows<{ t: string; kind: string }>(
      `select t, kind from (
        select m.t, m.kind, sum(m.times) as times, min(d.ordinal * 4294967296::bigint + m.first) as first
        ${this.#from(`cross join lateral (
          select t, kind, case when max(max(source)) over () > min(min(source)) over () then 1 else count(*) end as times,
            min(source * 2147483648::bigint + place) as first
          from (${members}) as v group by t, kind) as m`)}
        group by m.t, m.kind order by first limit ${MOST_VALUES}) as counted
      order by times desc, first limit ${values.add(most, 'int')}`,
      values.list,
    );
    return rows.map(({ t, kind }) => (kind === 'number' ? Number(t) : kind === 'boolean' ? t === 'true' : t));
  }

  /** Whether any document satisfies each filter; undefined where the database cannot tell. */
  async #met(filters: readonly Filter[]): Promise<(boolean | undefined)[]> {
    const asked = this.#asked();
    // Together: too many conditions for one statement are too many.
    if (filterSql({ and: filters }, this.#asked()) === undefined || filters.length === 0)
      return filters.map(() => undefined);
    const each = filters.map((filter) => filterSql(filter, asked)!);
    const [found] = await this.place.sql.rows<{ met: string }>(
      `select to_json(array[${each.map(
        (_, i) => `case when bool_or(holds[${i + 1}]) then true
        when bool_or(holds[${i + 1}] is null) then null else false end`,
      )}])::text as met
        from (select array[${each}] as holds from ${this.#rows(asked)} offset 0) as asked`,
      asked.values.list,
    );
    return (JSON.parse(found!.met) as (boolean | null)[]).map((one) => one ?? undefined);
  }

  async #readFields(): Promise<ReadonlySet<string>> {
    const values = this.#values();
    const rows = await this.place.sql.rows<{ name: string; document: string }>(
      `select name, (first / 4294967296)::text as document from (
        select k.name, min(d.ordinal * 4294967296::bigint + k.place) as first
        ${this.#from('cross join lateral json_object_keys(d.metadata) with ordinality as k(name, place)')}
        group by k.name) as named order by first`,
      values.list,
    );
    const byDocument = new Map<string, [name: string, place: number][]>();
    for (const { name, document } of rows) {
      const names = byDocument.get(document) ?? [];
      byDocument.set(document, names);
      names.push([name, names.length]);
    }
    // Objects give names that are whole numbers first.
    return new Set([...byDocument.values()].flatMap((names) => Object.keys(Object.fromEntries(names))));
  }

  #values(): Values {
    const values = new Values();
    values.add(this.place.collection, 'int');
    values.add(this.place.generation, 'int');
    return values;
  }

  #asked(): FieldsAsked {
    return { values: this.#values(), columns: new Map() };
  }

  /** Documents with the columns that filters need, each made once: `offset 0` keeps the planner from making them wherever they are used. */
  #rows(asked: FieldsAsked): string {
    return `(select d.ordinal, d.first_passage, d.passages, d.id, d.title, d.path, d.format, d.language${columnsSql(asked)} ${this.#from()} offset 0) as d`;
  }

  #from(further = ''): string {
    return `from ${this.place.table} d ${further} where d.collection = $1 and d.born <= $2 and (d.died is null or d.died > $2)`;
  }
}

function integersOf(bytes: Uint8Array | null): Int32Array {
  if (bytes === null) return new Int32Array(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i));
}
