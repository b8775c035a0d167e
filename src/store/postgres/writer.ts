import { InvalidArgumentError, UnsupportedError } from '../../base/errors.ts';
import { Changes } from '../local/changes.ts';
import { vectorFields } from '../local/manifest-types.ts';
import type {
  CollectionSettings,
  CompactOptions,
  CompactReport,
  NewDocument,
  RebuildReport,
  Writer,
} from '../types.ts';
import { checkStorable } from './changes.ts';
import { compactTables } from './compact.ts';
import { advance, lockHead, publish } from './publish.ts';
import { shardOf } from './shards.ts';
import type { Database } from './sql.ts';
import type { Tables } from './tables.ts';

/** What is not done in PostgreSQL. */
export function unsupported(what: string): UnsupportedError {
  return new UnsupportedError(
    `${what} is not done in PostgreSQL yet.`,
    'Do it in a collection in a folder, or index into a new collection.',
  );
}

/** A writer of a collection in PostgreSQL: any number of them may be at work, and of several changes to one document the last one published counts. */
export class PostgresWriter implements Writer {
  #settings: CollectionSettings;
  readonly #changes = new Changes((id) => this.#hashes.get(id) ?? undefined);
  /** Of stored documents that were asked for since the last publication; null where there is none. */
  readonly #hashes = new Map<string, string | null>();
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly database: Database,
    private readonly tables: Tables,
    private readonly shown: string,
    settings: CollectionSettings,
  ) {
    this.#settings = settings;
  }

  get pending(): Writer['pending'] {
    return this.#changes.pending;
  }

  add(document: NewDocument): void {
    this.#checkOpen();
    checkStorable(document);
    this.#changes.add(document, vectorFields(this.#settings));
  }

  async remove(id: string): Promise<boolean> {
    this.#checkOpen();
    await this.#look(id);
    return this.#changes.remove(id);
  }

  async contentHash(id: string): Promise<string | undefined> {
    this.#checkOpen();
    await this.#look(id);
    return this.#changes.contentHash(id);
  }

  publish(): Promise<number> {
    this.#checkOpen();
    return this.#enqueue(() => this.#publish());
  }

  /** Joins the rows of terms of several publications, and takes rows out for good that no state of the last hour has. */
  compact(options: CompactOptions = {}): Promise<CompactReport> {
    this.#checkOpen();
    return this.#enqueue(async () => {
      await this.#publish();
      return compactTables(this.database, this.tables, this.shown, options);
    });
  }

  async rebuild(): Promise<RebuildReport> {
    throw unsupported('A compressed index of vectors');
  }

  async putBeside(): Promise<number> {
    throw unsupported('Keeping what was learned (relevance, a reranker, feedback)');
  }

  async removeField(): Promise<number> {
    throw unsupported('Taking fields away');
  }

  configure(options: CollectionSettings['options']): Promise<number> {
    this.#checkOpen();
    return this.#enqueue(async () => {
      await this.#publish();
      return this.database.transaction(async (sql) => {
        const head = await lockHead(sql, this.tables, this.shown);
        const settings = { ...this.#settings, options };
        const generation = head.generation + 1;
        await sql.rows(`update ${this.tables.schema}.collections set settings = $2::text::json where id = $1`, [
          this.tables.collection,
          JSON.stringify(settings),
        ]);
        await advance(sql, this.tables, { ...head, generation });
        this.#settings = settings;
        return generation;
      });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue.catch(() => undefined);
  }

  async #publish(): Promise<number> {
    const { schema, collection } = this.tables;
    if (this.#changes.size === 0) {
      const [row] = await this.database.rows<{ generation: number }>(
        `select generation from ${schema}.collections where id = $1`,
        [collection],
      );
      return row?.generation ?? 0;
    }
    const changes = this.#changes.take();
    let generation: number;
    try {
      generation = await publish(this.database, this.tables, changes, this.shown);
    } catch (error) {
      this.#changes.failed();
      throw error;
    }
    this.#changes.published();
    this.#hashes.clear();
    return generation;
  }

  /** Reads the stored hash of a document, unless it is known. */
  async #look(id: string): Promise<void> {
    if (this.#hashes.has(id)) return;
    const { schema, collection, shards } = this.tables;
    const [row] = await this.database.rows<{ hash: string }>(
      `select content_hash as hash from ${schema}.documents where collection = $1 and died is null and shard = $2 and id = $3`,
      [collection, shardOf(id, shards), id],
    );
    this.#hashes.set(id, row?.hash ?? null);
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work, work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  #checkOpen(): void {
    if (this.#closed) throw new InvalidArgumentError('This writer was closed.', 'Open a new one.');
  }
}
