import type { Vectors } from '../base/vectors.ts';

/** What can be searched and asked with. Text for now; images and sounds join as further members. */
export type Content = string;

/** A term of a query. */
export interface WeightedTerm {
  readonly term: string;
  /** Multiplies the term's contribution; 1 for plain queries, its count for repeated terms. */
  readonly weight: number;
}

/** What a query becomes for a field: terms, a vector, or a set of vectors (late interaction). */
export type Representation = readonly WeightedTerm[] | Float32Array | Vectors;

/** What was said before a question. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

/** A question. What refines a query returns another one; a query itself never changes. */
export interface Query {
  readonly content: Content;
  /** ISO 639-1; detected when absent, `und` when that failed. */
  readonly language?: string;
  /** The conversation before it, oldest first. Only steps that rewrite queries look at it. */
  readonly turns?: readonly Turn[];
  /** By field: what is searched there in place of what the field's own analysis or encoder makes of the content. */
  readonly encoded?: ReadonlyMap<string, Representation>;
}
