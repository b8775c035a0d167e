import type { Failure } from '../base/failures.ts';
import type { InputDocument } from '../content/index.ts';
import type { IndexingSettings } from '../corpus/index.ts';
import type { FacetOptions, SearchOptions } from '../search/index.ts';

/** What is asked of the worker, by name: what it is given, and what it answers is in `worker-collection.ts`. */
export interface Calls {
  open: OpenCall;
  /** Removes a collection of this site; none needs to be open. */
  erase: { readonly name: string };
  search: { readonly query: string; readonly options: SearchOptions };
  document: { readonly id: string };
  ids: { readonly prefixes: readonly string[] };
  facets: { readonly options: FacetOptions };
  about: object;
  add: { readonly documents: readonly InputDocument[] };
  remove: { readonly ids: readonly string[] };
  compact: object;
  close: object;
}
export type CallName = keyof Calls;

/** An encoder of the page, as its worker knows it. */
export interface EncoderFacts {
  readonly id: string;
  readonly dim: number;
  readonly languages?: readonly string[];
  readonly denseShare?: number;
}

/** How a collection is opened. */
export interface OpenCall {
  readonly source: { readonly name: string } | { readonly url: string };
  readonly create: boolean;
  readonly encoder: 'static' | 'none' | EncoderFacts | undefined;
  readonly settings: Partial<IndexingSettings> | undefined;
  readonly bm25: { readonly k1?: number; readonly b?: number } | undefined;
  readonly weights: string | undefined;
  readonly cacheBytes: number | undefined;
  readonly exact: boolean | undefined;
}

/** From the page to its worker. */
export type Request =
  | { [Name in CallName]: { readonly id: number; readonly call: Name; readonly given: Calls[Name] } }[CallName]
  | { readonly id: number; readonly abort: true }
  /** Vectors that the worker asked for, row by row. */
  | { readonly id: number; readonly vectors: Float32Array }
  | { readonly id: number; readonly failed: Failure };

/** From the worker to its page. */
export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failed: Failure }
  | { readonly id: number; readonly progress: unknown }
  | { readonly id: number; readonly encode: readonly string[]; readonly role: 'query' | 'document' };
