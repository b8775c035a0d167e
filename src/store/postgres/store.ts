import { IncompatibleError, InvalidArgumentError, NotFoundError } from '../../base/errors.ts';
import { type IndexingSettings, MEANING } from '../../corpus/index.ts';
import { vectorFields } from '../local/manifest-types.ts';
import type {
  CollectionSettings,
  FieldBuild,
  FieldInfo,
  OpenFieldEncoder,
  PendingField,
  SegmentInfo,
  Snapshot,
  Store,
  StoreInfo,
  VerifyReport,
} from '../types.ts';
import { type PostgresAddress, parsePostgresAddress, VECTOR_CODES } from './address.ts';
import { connectPostgres } from './connect.ts';
import { PostgresCorpus } from './corpus.ts';
import { openSchema, SCHEMA_VERSION, withCodes } from './schema.ts';
import type { Database } from './sql.ts';
import { readState } from './state.ts';
import { type Tables, type VectorForm, vectorTables } from './tables.ts';
import { ByteKeeping, CodedKeeping, PgvectorKeeping, type VectorKeeping } from './vectors.ts';
import { verifyTables } from './verify.ts';
import { PostgresWriter, unsupported } from './writer.ts';

/** Options of {@link openPostgresStore}. */
export interface PostgresOptions {
  /** What the database is reached by; closed with the store. Default: the package `pg`. */
  readonly connect?: (address: PostgresAddress) => Promise<Database>;
}

/**
 * A collection in PostgreSQL 13 or newer. Any number of processes read and write: documents are written in short transactions, and of
 * several versions of one the last published counts. What works on files alone is refused: compressed indexes, fields that are added,
 * another encoder, training.
 */
export class PostgresStore implements Store {
  readonly directory = undefined;
  readonly #vectors: VectorKeeping;

  /** Use {@link openPostgresStore}. */
  constructor(
    readonly location: string,
    readonly settings: CollectionSettings,
    private readonly database: Database,
    private readonly tables: Tables,
  ) {
    this.#vectors = keepingOf(tables.vectors);
  }

  async corpus(settings: IndexingSettings, open: OpenFieldEncoder): Promise<PostgresCorpus> {
    const { schema, collection } = this.tables;
    const facts = await readState(this.database, schema, collection, this.location);
    return new PostgresCorpus(this.database, this.tables, facts, this.#vectors, settings, open);
  }

  async snapshot(): Promise<Snapshot> {
    throw unsupported('What works on a collection’s files (training, planning, learning an index)');
  }

  async generation(): Promise<number> {
    const { schema, collection } = this.tables;
    const [row] = await this.database.rows<{ generation: number }>(
      `select generation from ${schema}.collections where id = $1`,
      [collection],
    );
    if (row === undefined) throw noCollection(this.location);
    return row.generation;
  }

  async writer(): Promise<PostgresWriter> {
    const { settings } = await this.#head();
    return new PostgresWriter(this.database, this.tables, this.location, settings);
  }

  async buildField(): Promise<FieldBuild> {
    throw unsupported('Adding a field, or changing the encoder,');
  }

  async pendingField(): Promise<PendingField | undefined> {
    return undefined;
  }

  async verify(options: Parameters<Store['verify']>[0] = {}): Promise<VerifyReport> {
    return verifyTables(this.database, this.tables, await this.#head(), options);
  }

  async inspect(): Promise<StoreInfo> {
    const { schema, collection } = this.tables;
    const { settings, generation } = await this.#head();
    const batches = await this.database.rows<{
      born: number;
      documents: number;
      dead: number;
      passages: number;
      bytes: number;
    }>(
      `select born, count(*)::int as documents, count(died)::int as dead, coalesce(sum(passages), 0)::int as passages,
        coalesce(sum(pg_column_size(text) + pg_column_size(metadata)), 0)::float8 as bytes
        from ${schema}.documents where collection = $1 group by born order by born`,
      [collection],
    );
    const sizes = await this.database.rows<{ name: string; bytes: number }>(
      `select 'terms' as name, coalesce(sum(pg_column_size(data) + pg_column_size(term) + 40), 0)::float8 as bytes
        from ${schema}.terms where collection = $1
      union all select 'passages', coalesce(sum(pg_column_size(text) + pg_column_size(headings) + 40), 0)::float8
        from ${schema}.passages where collection = $1`,
      [collection],
    );
    const fields: FieldInfo[] = [];
    for (const field of vectorFields(settings)) {
      let [vectors, bytes] = [0, 0];
      for (const table of vectorTables(this.tables)) {
        const [row] = await this.database.rows<{ vectors: number; bytes: number }>(
          `select count(*)::int as vectors, coalesce(sum(pg_column_size(v.*)), 0)::float8 as bytes
            from ${schema}.${table} v where collection = $1 and field = $2 and died is null`,
          [collection, field.name],
        );
        vectors = row!.vectors;
        bytes += row!.bytes;
      }
      fields.push({ ...field, vectors, bytes });
    }
    const state = await readState(this.database, schema, collection, this.location);
    const total = [...batches, ...sizes, ...fields].reduce((sum, { bytes }) => sum + bytes, 0);
    return {
      directory: this.location,
      formatVersion: SCHEMA_VERSION,
      generation,
      settings,
      documents: state.documents,
      passages: state.passages,
      bytes: total,
      segments: batches.map(
        ({ born, documents, dead, passages, bytes }): SegmentInfo => ({
          name: `g${born}`,
          bytes,
          documents,
          deadDocuments: dead,
          passages,
          sections: [{ name: 'documents', bytes }],
        }),
      ),
      fields,
      beside: [],
    };
  }

  async close(): Promise<void> {
    await this.database.close();
  }

  async #head(): Promise<{ settings: CollectionSettings; generation: number }> {
    const { schema, collection } = this.tables;
    const [row] = await this.database.rows<{ settings: string; generation: number }>(
      `select settings::text as settings, generation from ${schema}.collections where id = $1`,
      [collection],
    );
    if (row === undefined) throw noCollection(this.location);
    return { settings: JSON.parse(row.settings) as CollectionSettings, generation: row.generation };
  }
}

function noCollection(shown: string): NotFoundError {
  return new NotFoundError(
    `There is no collection in ${shown}.`,
    'Make one with `sagitta index PATH --in ADDRESS`, or name another (`?collection=NAME` in the address).',
  );
}

/** See `openPostgresStore`, which loads this file first. */
export async function openStore(
  location: string,
  { connect = connectPostgres }: PostgresOptions = {},
  fresh?: () => Promise<CollectionSettings>,
): Promise<{ readonly store: PostgresStore; readonly made: boolean }> {
  const address = parsePostgresAddress(location);
  const database = await connect(address);
  try {
    const before = await openSchema(database, address.schema, false);
    const known = before === undefined ? undefined : await findCollection(database, address);
    if (before !== undefined && known !== undefined) {
      checkVectors(address, known);
      return { store: storeOf(address, database, before.shards, known), made: false };
    }
    if (fresh === undefined) throw noCollection(address.shown);
    const settings = await fresh();
    checkFields(settings);
    const schema = before ?? (await openSchema(database, address.schema, true))!;
    if (address.vectors !== undefined) await withCodes(database, schema.name, address.vectors);
    await database.rows(
      `insert into ${schema.name}.collections (name, settings, vectors) values ($1, $2::text::json, $3) on conflict do nothing`,
      [address.collection, JSON.stringify(settings), address.vectors ?? (schema.pgvector ? PGVECTOR : BYTES)],
    );
    const made = (await findCollection(database, address))!;
    if (made.settings !== JSON.stringify(settings)) {
      throw new IncompatibleError(
        `Another process has just made the collection in ${address.shown}, with other settings.`,
        'Open it again without settings of your own.',
      );
    }
    checkVectors(address, made);
    return { store: storeOf(address, database, schema.shards, made), made: true };
  } catch (error) {
    await database.close();
    throw error;
  }
}

const PGVECTOR: VectorForm = 'pgvector';
const BYTES: VectorForm = 'bytes';

/** @throws IncompatibleError where an address says how vectors are kept, and they are kept otherwise. */
function checkVectors({ vectors, shown }: PostgresAddress, known: CollectionRow): void {
  if (vectors === undefined || vectors === known.vectors) return;
  const by = VECTOR_CODES.some((code) => code === known.vectors) ? `with vectors=${known.vectors}` : 'without codes';
  throw new IncompatibleError(
    `The collection in ${shown} was made ${by}.`,
    'Leave vectors out of the address, or copy the collection to one of another name (`sagitta copy`).',
  );
}

function keepingOf(form: VectorForm): VectorKeeping {
  if (form === 'bytes') return new ByteKeeping();
  return form === 'pgvector' ? new PgvectorKeeping() : new CodedKeeping(form);
}

interface CollectionRow {
  readonly id: number;
  readonly settings: string;
  readonly vectors: VectorForm;
}

async function findCollection(
  database: Database,
  { schema, collection }: PostgresAddress,
): Promise<CollectionRow | undefined> {
  const [row] = await database.rows<CollectionRow>(
    `select id, settings::text as settings, vectors from ${schema}.collections where name = $1`,
    [collection],
  );
  return row;
}

function storeOf(
  { shown, schema }: PostgresAddress,
  database: Database,
  shards: number,
  { id, settings, vectors }: CollectionRow,
): PostgresStore {
  const tables = { schema, shards, collection: id, vectors };
  return new PostgresStore(shown, JSON.parse(settings) as CollectionSettings, database, tables);
}

function checkFields(settings: CollectionSettings): void {
  const other = vectorFields(settings).find(({ name, kind }) => name !== MEANING || kind !== 'vector');
  if (other === undefined) return;
  throw new InvalidArgumentError(`A field "${other.name}" cannot be kept in PostgreSQL yet.`, 'Leave it out.');
}
