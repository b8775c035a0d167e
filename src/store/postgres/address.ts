import { InvalidArgumentError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';

/** Codes of vectors that the database scans in place of the vectors themselves: 2 bytes a component, or one bit. */
export const VECTOR_CODES = ['half', 'bit'] as const;
export type VectorCode = (typeof VECTOR_CODES)[number];

/** Where a collection in PostgreSQL is, as its address says. */
export interface PostgresAddress {
  /** For the driver: the address without what is Sagitta's own. */
  readonly connection: string;
  /** For people: without a password. */
  readonly shown: string;
  /** Default `default`. */
  readonly collection: string;
  /** The schema that the tables lie in. Default `sagitta`. */
  readonly schema: string;
  /** Milliseconds that one statement may take. Default 60,000. */
  readonly statementTimeout: number;
  /** How vectors of a collection that is made are scanned. Default: as pgvector or the engine does without a code. */
  readonly vectors: VectorCode | undefined;
}

const SCHEME = /^postgres(ql)?:\/\//i;
const OWN = ['collection', 'schema', 'statement_timeout', 'vectors'] as const;

/** Whether a text that names a collection names one in PostgreSQL, rather than a folder. */
export function isPostgresAddress(location: string): boolean {
  return SCHEME.test(location);
}

/**
 * Reads `postgres://user:password@host:port/database?collection=NAME&schema=NAME&statement_timeout=MS&vectors=half`; other parameters (`sslmode`) are
 * for the driver.
 * @throws InvalidArgumentError for an address with a mistake, without showing its password.
 */
export function parsePostgresAddress(location: string): PostgresAddress {
  let url: URL;
  try {
    url = new URL(location);
  } catch {
    throw new InvalidArgumentError(
      'The address of the database is no URL.',
      'Write postgres://USER@HOST:PORT/DATABASE?collection=NAME, with special characters of a password as %XX.',
    );
  }
  const twice = OWN.find((name) => url.searchParams.getAll(name).length > 1);
  if (twice !== undefined) {
    const said = url.searchParams.getAll(twice).join('" and "');
    throw new InvalidArgumentError(`The address of the database says ${twice} twice: "${said}".`, 'Keep one of them.');
  }
  const [collection, schema, timeout, vectors] = OWN.map((name) => url.searchParams.get(name));
  const own = {
    collection: collection ?? 'default',
    schema: schema ?? 'sagitta',
    statementTimeout: timeout == null ? 60_000 : Number(timeout),
    vectors: VECTOR_CODES.find((code) => code === vectors),
  };
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u.test(own.collection)) {
    throw new InvalidArgumentError(
      `"${own.collection.slice(0, 120)}" is not a name of a collection.`,
      'Use letters, digits, spaces, ".", "_" and "-", at most 100, a letter or digit first.',
    );
  }
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(own.schema) || own.schema.startsWith('pg_')) {
    throw new InvalidArgumentError(
      `"${own.schema.slice(0, 80)}" is not a name of a schema.`,
      'Use small letters, digits and "_", a letter first, at most 63.',
    );
  }
  if (!(Number.isInteger(own.statementTimeout) && own.statementTimeout >= 1 && own.statementTimeout <= 86_400_000)) {
    throw new InvalidArgumentError(`statement_timeout is ${timeout}.`, 'Give whole milliseconds, from 1 to 86400000.');
  }
  if (vectors !== null && vectors !== undefined && own.vectors === undefined) {
    const guess = nearest(vectors, VECTOR_CODES);
    throw new InvalidArgumentError(
      `vectors is "${vectors.slice(0, 80)}".`,
      guess === undefined ? 'Write vectors=half or vectors=bit, or leave it out.' : `Did you mean vectors=${guess}?`,
    );
  }
  const shown = new URL(url);
  shown.password = '';
  for (const name of [...shown.searchParams.keys()]) if (!isOwn(name)) shown.searchParams.delete(name);
  for (const name of OWN) url.searchParams.delete(name);
  return { ...own, connection: url.href, shown: shown.href };
}

function isOwn(name: string): boolean {
  return (OWN as readonly string[]).includes(name);
}
