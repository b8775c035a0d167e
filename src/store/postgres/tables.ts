import type { VectorCode } from './address.ts';

/** Kinds of rows in `terms`: postings of a term, places of a word. */
export const TERMS = 0;
export const PLACES = 1;

/** How vectors are kept: as bytes, in pgvector's type, or by codes of pgvector beside bytes that lie in the table `exact`. */
export type VectorForm = 'bytes' | 'pgvector' | VectorCode;

/** Where the tables of a collection are. */
export interface Tables {
  /** The schema, as it is written in statements. */
  readonly schema: string;
  readonly shards: number;
  readonly collection: number;
  readonly vectors: VectorForm;
}

/** Tables of vectors, the rows of which are born and die together. */
export function vectorTables({ vectors }: Pick<Tables, 'vectors'>): readonly string[] {
  return vectors === 'half' || vectors === 'bit' ? ['vectors', 'exact'] : ['vectors'];
}
