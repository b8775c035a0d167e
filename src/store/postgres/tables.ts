/** Kinds of rows in `terms`: postings of a term, places of a word. */
export const TERMS = 0;
export const PLACES = 1;

/** Where the tables of a collection are. */
export interface Tables {
  /** The schema, as it is written in statements. */
  readonly schema: string;
  readonly shards: number;
  readonly collection: number;
  /** Whether the collection's vectors are in pgvector's type, rather than bytes. */
  readonly pgvector: boolean;
}
