import { BitSet } from '../../base/bits.ts';
import { wellFormed } from '../../base/byte-order.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import type { Hits } from '../../base/hits.ts';
import type { DocumentRecord, Representation, WeightedTerm } from '../../content/index.ts';
import {
  type CorpusFilters,
  type CorpusPassage,
  checkRepresentation,
  type Field,
  type FieldParams,
  fieldOf,
  type IndexingSettings,
  WORDS,
  WordAnalysis,
} from '../../corpus/index.ts';
import { vectorFields } from '../local/manifest-types.ts';
import type { CollectionSettings, ListedDocument, OpenFieldEncoder, StoredCorpus } from '../types.ts';
import { addScores, bestByWords, distinctTerms, type WordStatistics } from './bm25.ts';
import { termKey } from './changes.ts';
import { PostgresFilters } from './filters.ts';
import { decodePlaces, followingEachOther, type Places } from './places.ts';
import { decodePostings, type Postings } from './postings.ts';
import { PASSAGE_COLUMNS, type PassageRow, passageOf, RECORD_COLUMNS, type RecordRow, recordOf } from './records.ts';
import { shardOf } from './shards.ts';
import type { Sql } from './sql.ts';
import type { StateFacts } from './state.ts';
import { PLACES, type Tables, TERMS } from './tables.ts';
import { scoresOf, type VectorKeeping, type VectorPlace } from './vectors.ts';

/** Rows that one statement brings. */
const PAGE = 2_000;
/** Postings that a state keeps, 12 bytes each. */
const MOST_POSTINGS = 4_000_000;
/** Owners of passages that a state keeps. */
const MOST_OWNERS = 500_000;
/** Documents whose records a state keeps, for one filter after the other. */
const MOST_LISTED = 50_000;
const DEFAULT_REFINE = 4;

/** A row counts in a generation from its birth to its death. */
export const ALIVE = 'born <= $2 and (died is null or died > $2)';

/**
 * One generation of a collection in PostgreSQL. Rows say in which generations they count, so that all statements of a search see the same
 * state, whatever writers do meanwhile and on however many servers the rows lie; no transaction is kept open. BM25 reads the postings of the
 * query's terms, which are kept for the searches after it.
 */
export class PostgresCorpus implements StoredCorpus {
  readonly fields: readonly Field[];
  readonly filters?: CorpusFilters;
  readonly settings: CollectionSettings;
  readonly generation: number;
  readonly passageCount: number;
  readonly documentCount: number;
  readonly passageSpace: number;
  readonly languages: ReadonlyMap<string, number>;
  readonly #statistics: WordStatistics;
  readonly #dead: BitSet | undefined;
  readonly #purged: number;
  readonly #postings = new Map<string, Promise<Postings>>();
  #kept = 0;
  readonly #owners = new Map<number, number>();
  #listed: readonly ListedDocument[] | undefined;

  constructor(
    private readonly sql: Sql,
    private readonly tables: Tables,
    facts: StateFacts,
    private readonly vectors: VectorKeeping,
    settings: IndexingSettings,
    open: OpenFieldEncoder,
  ) {
    this.settings = facts.settings;
    this.generation = facts.generation;
    this.passageSpace = facts.passageSpace;
    this.passageCount = facts.passages;
    this.documentCount = facts.documents;
    this.languages = facts.languages;
    this.#dead = facts.dead;
    this.#purged = facts.purged;
    const { k1, b } = facts.settings.bm25;
    const averageLength = facts.passages === 0 ? 0 : facts.length / facts.passages;
    this.#statistics = { k1, b, count: facts.passages, averageLength };
    if (facts.utf8) {
      const { generation, passageSpace, documentCount } = this;
      const place = { sql, table: this.#table('documents'), collection: tables.collection };
      this.filters = new PostgresFilters({ ...place, generation, passageSpace, documentCount }, this);
    }
    const analysis = new WordAnalysis(settings, this.languages);
    this.fields = [
      { name: WORDS, of: 'passage', kind: 'terms', analysis },
      ...vectorFields(facts.settings).flatMap((field): Field[] =>
        field.kind === 'vector' ? [{ ...field, kind: 'vector', open: () => open(field) }] : [],
      ),
    ];
  }

  /** Files beside the documents are not kept in PostgreSQL. */
  beside(): undefined {
    return undefined;
  }

  async search(name: string, query: Representation, params: FieldParams): Promise<Hits> {
    const field = this.#checked(name, query);
    const { allowed, refine = DEFAULT_REFINE } = params;
    if (!Number.isInteger(params.k) || params.k < 1) {
      throw new InvalidArgumentError(`k is ${params.k}.`, 'Ask for a whole number of hits, at least 1.');
    }
    if (!(refine >= 1)) throw new InvalidArgumentError(`refine is ${refine}.`, 'Pass a number of 1 or more.');
    if (allowed !== undefined && allowed.size !== this.passageSpace) {
      throw new InvalidArgumentError(
        `The allowed passages are a set of ${allowed.size}, this state has room for ${this.passageSpace}.`,
        'Make the set from this corpus.',
      );
    }
    const k = Math.min(params.k, this.passageCount);
    if (k === 0) return { ids: new Uint32Array(0), scores: new Float32Array(0), examined: 0 };
    if (field.kind === 'vector') {
      return this.vectors.search(this.#place(name, field.dim), query as Float32Array, { k, allowed, refine });
    }
    const weights = distinctTerms(query as readonly WeightedTerm[]);
    const postings = await this.#postingsOf([...weights.keys()]);
    return bestByWords(k, this.passageSpace, weights, postings, this.#statistics, allowed);
  }

  async score(name: string, query: Representation, passages: Uint32Array): Promise<Float32Array> {
    const field = this.#checked(name, query);
    if (field.kind === 'vector') {
      return scoresOf(query as Float32Array, await this.vectors.read(this.#place(name, field.dim), passages));
    }
    const weights = distinctTerms(query as readonly WeightedTerm[]);
    const scores = new Float32Array(passages.length);
    const places = new Map(Array.from(passages, (passage, i) => [passage, i]));
    const postings = await this.#postingsOf([...weights.keys()]);
    addScores(scores, weights, postings, this.#statistics, (passage) => places.get(passage) ?? -1);
    return scores;
  }

  async get(name: string, passages: Uint32Array): Promise<(Float32Array | undefined)[]> {
    const { dim } = fieldOf(this, name, ['vector']);
    return this.vectors.read(this.#place(name, dim), passages);
  }

  async phrase(name: string, words: readonly string[]): Promise<BitSet> {
    fieldOf(this, name, ['terms']);
    const found = new BitSet(this.passageSpace);
    if (words.length === 0) return found;
    const rows = await this.#rowsOf(PLACES, words);
    const lists = new Map<string, Places>();
    for (const word of new Set(words)) lists.set(word, decodePlaces(rows.get(termKey(word)) ?? [], this.#dead, word));
    for (const passage of followingEachOther(words.map((word) => lists.get(word)!))) found.add(passage);
    return found;
  }

  async frequencies(name: string, terms: readonly string[]): Promise<Uint32Array> {
    fieldOf(this, name, ['terms']);
    const postings = await this.#postingsOf(terms);
    return Uint32Array.from(terms, (term) => postings.get(term)!.passages.length);
  }

  async terms(name: string): Promise<Iterable<readonly [term: string, passages: number]>> {
    fieldOf(this, name, ['terms']);
    const rows = await this.sql.rows<{ term: string; passages: number }>(
      `select term, sum(count)::int as passages from ${this.#table('terms')}
        where collection = $1 and ${ALIVE} and kind = ${TERMS} group by term`,
      [this.tables.collection, this.generation],
    );
    return rows.map(({ term, passages }) => [term, passages] as const);
  }

  async passages(ordinals: ArrayLike<number>): Promise<CorpusPassage[]> {
    const rows = await this.sql.rows<PassageRow>(
      `select ${PASSAGE_COLUMNS} from ${this.#table('passages')} where collection = $1 and ordinal = any($2::int[])`,
      [this.tables.collection, Array.from(ordinals)],
    );
    const found = new Map(rows.map((row) => [row.ordinal, passageOf(row)]));
    return Array.from(ordinals, (ordinal) => found.get(ordinal) ?? this.#missing('passage', ordinal));
  }

  async documentsOf(passages: ArrayLike<number>): Promise<Uint32Array> {
    const unknown = Array.from(passages).filter((passage) => !this.#owners.has(passage));
    if (unknown.length > 0) {
      const rows = await this.sql.rows<{ ordinal: number; document: number }>(
        `select ordinal, document from ${this.#table('passages')} where collection = $1 and ordinal = any($2::int[])`,
        [this.tables.collection, unknown],
      );
      if (this.#owners.size + rows.length > MOST_OWNERS) this.#owners.clear();
      for (const { ordinal, document } of rows) this.#owners.set(ordinal, document);
    }
    return Uint32Array.from(passages, (passage) => this.#owners.get(passage) ?? this.#missing('passage', passage));
  }

  async documents(ordinals: ArrayLike<number>): Promise<DocumentRecord[]> {
    const rows = await this.sql.rows<RecordRow>(
      `select ${RECORD_COLUMNS} from ${this.#table('documents')} where collection = $1 and ordinal = any($2::int[])`,
      [this.tables.collection, Array.from(ordinals)],
    );
    const found = new Map(rows.map((row) => [row.ordinal, recordOf(row)]));
    return Array.from(ordinals, (ordinal) => found.get(ordinal) ?? this.#missing('document', ordinal));
  }

  async texts(ordinals: ArrayLike<number>): Promise<string[]> {
    const rows = await this.sql.rows<{ ordinal: number; text: string }>(
      `select ordinal, text from ${this.#table('documents')} where collection = $1 and ordinal = any($2::int[])`,
      [this.tables.collection, Array.from(ordinals)],
    );
    const found = new Map(rows.map(({ ordinal, text }) => [ordinal, text]));
    return Array.from(ordinals, (ordinal) => found.get(ordinal) ?? this.#missing('document', ordinal));
  }

  async find(id: string): Promise<{ document: number; from: number; to: number } | undefined> {
    const [row] = await this.sql.rows<{ ordinal: number; first_passage: number; passages: number }>(
      `select ordinal, first_passage, passages from ${this.#table('documents')}
        where collection = $1 and ${ALIVE} and shard = $3 and id = $4`,
      [this.tables.collection, this.generation, shardOf(id, this.tables.shards), wellFormed(id)],
    );
    if (row === undefined) return undefined;
    return { document: row.ordinal, from: row.first_passage, to: row.first_passage + row.passages };
  }

  async select(condition: (document: DocumentRecord) => boolean): Promise<BitSet> {
    const selected = new BitSet(this.passageSpace);
    for await (const { record, from, to } of this.all()) {
      if (condition(record)) selected.addRange(from, to);
    }
    return selected;
  }

  async holding(name: string): Promise<BitSet> {
    fieldOf(this, name, ['vector']);
    const rows = await this.sql.rows<{ passage: number }>(
      `select passage from ${this.#table('vectors')} where collection = $1 and ${ALIVE} and field = $3`,
      [this.tables.collection, this.generation, name],
    );
    const found = new BitSet(this.passageSpace);
    for (const { passage } of rows) found.add(passage);
    return found;
  }

  async *all(): AsyncGenerator<ListedDocument> {
    if (this.#listed !== undefined) return yield* this.#listed;
    const listed: ListedDocument[] | undefined = this.documentCount > MOST_LISTED ? undefined : [];
    for (let last = -1; ; ) {
      const rows = await this.sql.rows<RecordRow & { first_passage: number; passages: number }>(
        `select ${RECORD_COLUMNS}, first_passage, passages from ${this.#table('documents')}
          where collection = $1 and ${ALIVE} and ordinal > $3 order by ordinal limit ${PAGE}`,
        [this.tables.collection, this.generation, last],
      );
      for (const row of rows) {
        const { ordinal, first_passage: from, passages } = row;
        const document = { ordinal, from, to: from + passages, record: recordOf(row) };
        listed?.push(document);
        yield document;
      }
      if (rows.length < PAGE) {
        this.#listed = listed;
        return;
      }
      last = rows.at(-1)!.ordinal;
    }
  }

  /** Nothing is held open. */
  close(): void {}

  #checked(name: string, query: Representation): Exclude<Field, { kind: 'vectors' }> {
    const field = fieldOf(this, name, ['terms', 'vector']);
    checkRepresentation(field, query);
    return field;
  }

  #place(field: string, dim: number): VectorPlace {
    const { sql, generation, passageSpace: space } = this;
    const { collection } = this.tables;
    return {
      sql,
      table: this.#table('vectors'),
      exact: this.#table('exact'),
      collection,
      field,
      dim,
      generation,
      purged: this.#purged,
      space,
      dead: this.#dead,
    };
  }

  #table(name: string): string {
    return `${this.tables.schema}.${name}`;
  }

  #missing(what: string, ordinal: number): never {
    throw new InvalidArgumentError(`This state has no ${what} ${ordinal}.`, 'Take ordinals from its own hits.');
  }

  /** Postings of terms, read together where they are not kept. */
  async #postingsOf(terms: readonly string[]): Promise<Map<string, Postings>> {
    const wanted = new Set(terms);
    const unknown = [...wanted].filter((term) => !this.#postings.has(term));
    if (unknown.length > 0) {
      const read = this.#rowsOf(TERMS, unknown);
      for (const term of unknown) {
        const own = read.then((rows) => decodePostings(rows.get(termKey(term)) ?? [], this.#dead, term));
        this.#postings.set(term, own);
        own.then(
          ({ passages }) => this.#keep(passages.length),
          () => this.#postings.delete(term),
        );
      }
    }
    const all = [...wanted].map(async (term) => [term, await this.#postings.get(term)!] as const);
    return new Map(await Promise.all(all));
  }

  /** Forgets all postings once there are too many: those of the next searches are read anew. */
  #keep(count: number): void {
    this.#kept += count + 16;
    if (this.#kept <= MOST_POSTINGS) return;
    this.#postings.clear();
    this.#kept = 0;
  }

  async #rowsOf(kind: number, terms: readonly string[]): Promise<Map<string, { count: number; data: Uint8Array }[]>> {
    const rows = await this.sql.rows<{ term: string; count: number; data: Uint8Array }>(
      `select term, count, data from ${this.#table('terms')}
        where collection = $1 and ${ALIVE} and kind = $3 and term = any($4::text[])`,
      [this.tables.collection, this.generation, kind, [...new Set(terms.map(termKey))]],
    );
    const found = new Map<string, { count: number; data: Uint8Array }[]>();
    for (const { term, ...row } of rows) {
      const before = found.get(term);
      if (before === undefined) found.set(term, [row]);
      else before.push(row);
    }
    return found;
  }
}
