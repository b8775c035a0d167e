import type { RetrieverName } from './common.ts';
import type { PresentableHit } from './present.ts';

/** A hit of a {@link SearchSource}. */
export interface SourceHit extends PresentableHit {
  readonly path?: string | undefined;
  readonly end: number;
  readonly language: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * What adapters for other libraries search: a collection of this process (`openCollection`) or of a server
 * (`createClient`). Both fit as they are.
 */
export interface SearchSource {
  search(
    query: string,
    options?: {
      readonly k?: number;
      // biome-ignore lint/suspicious/noExplicitAny: an expression, or the parsed form that each source calls by another name
      readonly filter?: any;
      readonly retriever?: RetrieverName;
      /** A text such as `fuse(words, meaning) > group(1)`, or the name of a pipeline. */
      readonly pipeline?: string;
      readonly perDocument?: number;
      readonly collapse?: boolean;
      readonly vector?: ArrayLike<number>;
      readonly signal?: AbortSignal;
    },
  ): Promise<{
    readonly hits: readonly SourceHit[];
    readonly shortfall?: { readonly requested: number; readonly returned: number; readonly reason: string } | undefined;
  }>;
  /** Vectors of texts, by the encoder of the collection. @throws where it has none. */
  embed(
    texts: readonly string[],
    options?: { readonly role?: 'query' | 'document'; readonly signal?: AbortSignal },
  ): Promise<number[][]>;
}

/** What gives contexts: a collection, or a client of a server. */
export interface ContextSource {
  context(
    question: string,
    options?: {
      readonly tokens?: number;
      readonly hops?: number;
      // biome-ignore lint/suspicious/noExplicitAny: as of a search
      readonly filter?: any;
      readonly signal?: AbortSignal;
    },
  ): Promise<{
    readonly text: string;
    readonly note?: string | undefined;
    readonly passages: readonly SourcePassage[];
  }>;
}

/** What of a passage stands in a context. */
export interface SourcePassage {
  readonly number: number;
  readonly id: string;
  readonly title: string;
  readonly headings: readonly string[];
  readonly page?: number | undefined;
  readonly parts: readonly { readonly start: number; readonly end: number; readonly text: string }[];
  readonly relevance?: number | undefined;
}

/** A source that can be written to as well. */
export interface WritableSource extends SearchSource {
  add(
    documents: {
      readonly id: string;
      readonly text: string;
      readonly title?: string;
      // biome-ignore lint/suspicious/noExplicitAny: checked by the source
      readonly metadata?: any;
    }[],
  ): Promise<unknown>;
  remove(ids: string[]): Promise<number>;
  // biome-ignore lint/suspicious/noExplicitAny: as in `search`
  removeWhere(filter: any): Promise<number>;
}
