import type { Metadata, Turn } from '../content/index.ts';
import type { Filter } from './filter.ts';
import type { Fusion } from './fusions.ts';
import type { PipelineInput } from './pipeline/index.ts';
import type { Sort } from './sort.ts';
import type { Contribution, RelevanceCut, StageTrace } from './types.ts';
import type { QueryWords, WordMatch } from './word-match.ts';

/** Pipelines that every collection has by these names. */
export type RetrieverName = 'bm25' | 'dense' | 'hybrid';

/** Options of {@link Collection.search}. */
export interface SearchOptions {
  /** At most this many hits. Default 10; values above the collection's size return everything that matches. */
  readonly k?: number;
  /**
   * How to search: a text such as `fuse(words, meaning) > group(1) > cut`, the same as data, or built; or the name of a pipeline. Default: the
   * collection's own, else `hybrid` when it has an encoder, else `bm25`.
   */
  readonly pipeline?: PipelineInput;
  /** The pipeline of that name, in place of `pipeline`. */
  readonly retriever?: RetrieverName;
  /** Only passages of documents that satisfy this; an expression (see `parseFilter`) or its parsed form. */
  readonly filter?: Filter | string;
  /** At most this many passages of one document. Default: no limit. */
  readonly perDocument?: number;
  /** Language of the query (ISO 639-1). Default: detected, `und` where it cannot be told. */
  readonly language?: string;
  /** The conversation before the query, oldest first: pipelines with `rewrite` look at it. At most 100 turns of 10,000 characters. */
  readonly turns?: readonly Turn[];
  /** How `hybrid` fuses. Default: a convex combination of scores, each divided by what the query could reach. */
  readonly fusion?: Fusion;
  /**
   * Weights of BM25 and dense in `hybrid`, at least 0, one of them more. Default: those of the collection's encoder. A retriever of weight 0
   * is not asked.
   */
  readonly weights?: readonly [bm25: number, dense: number];
  /**
   * Candidates of BM25 and of dense that `hybrid` ranks together, whatever k is: at least 1, default 50. More cost time and hardly change
   * the first hits.
   */
  readonly candidates?: number;
  /** Candidates of the dense scan scored again at full precision, as a multiple of k. Default 4, or what the index says. */
  readonly refine?: number;
  /** Lists scanned where the vectors have a compressed index. Default: what the index says. */
  readonly nprobe?: number;
  /**
   * Attach each stage's contribution to the hits, and how they match the query's words; say which of these are known. The trace is
   * always there. Default false.
   */
  readonly explain?: boolean;
  /**
   * Whether signs in the query have a meaning: `"exact phrase"`, `+must`, `-not`, `begin*`, `field:value`, `field:>=2020`, `field:1990..1999`, `OR` (`parseQuery` of
   * `sagitta-search/text`). What does not fit is text in any case. Default true; false in `rank`, whose queries are those of test collections.
   */
  readonly syntax?: boolean;
  /**
   * Whether words stand for others as well: those that no document has for what is written alike, begins so, or makes up a compound; all of
   * them for their synonyms, and in German and its like for compounds that end so. Default true.
   */
  readonly variants?: boolean;
  /** Whether the query's last word may be the beginning of a word, for search as one types. Default false. */
  readonly complete?: boolean;
  /**
   * Whether passages that repeat a better one (near-identical texts, two forms of one page) stand with it, as its `repeats`,
   * instead of being hits of their own. The list is then still the head of a longer one. Costs reading the texts of hits. Default false.
   */
  readonly collapse?: boolean;
  /**
   * An embedding of the query made elsewhere, by the collection's encoder. The query may then be empty, and the default
   * retriever is `dense`; with a query too, `hybrid` ranks by the words and by this vector.
   */
  readonly vector?: ArrayLike<number>;
  /**
   * Order hits by fields of their documents, `year desc, title`, instead of by score: the best 1,000 that hold a word of the query, or are
   * kept by relevance; the best 100 where the query has no words. Hits that are alike stay in the order of their scores, and documents
   * without the field come last.
   */
  readonly sort?: Sort;
  /**
   * The page that follows: `next` of the page before, with otherwise the same options (`k` may differ). No hit comes twice, also when documents are
   * added or removed meanwhile; what then ranks higher than before comes at the head of the page. Pages reach the first 1,000 hits.
   */
  readonly cursor?: string;
  readonly signal?: AbortSignal;
}

/** Names a passage: its document, and where it starts in the document's text. Without `start` the document as a whole. */
export interface PassageReference {
  readonly id: string;
  readonly start?: number;
}

/** Options of {@link Collection.similar}. */
export interface SimilarOptions extends Omit<SearchOptions, 'vector' | 'language'> {
  /** Passages that hits shall be unlike: half of the mean of their vectors is taken away. Needs embeddings. Default: none. */
  readonly unlike?: readonly PassageReference[];
  /**
   * Of several passages: whether hits are near to their `mean`, what they have in common, or to the `nearest` of them, each by itself; the latter by
   * meaning alone, without pages and `sort`. Default `mean`.
   */
  readonly by?: 'mean' | 'nearest';
}

/** A range of UTF-16 code units. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface SearchHit {
  /** From 1, going on from page to page. */
  readonly rank: number;
  readonly score: number;
  /** The document. */
  readonly id: string;
  readonly path?: string;
  readonly title: string;
  /** The passage, and where it stands in the document's text (UTF-16 code units). */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly headings: readonly string[];
  readonly page?: number;
  readonly language: string;
  readonly metadata: Metadata;
  /** What matched the query's words, as ranges of `text`. Made, like the snippet, when it is first read. */
  readonly highlights: readonly Range[];
  /** What of the passage shows the match, at most 320 characters, as plain text: no markup, no line breaks. */
  readonly snippet: { readonly text: string; readonly highlights: readonly Range[] };
  /** With `collapse`: passages that say the same and would have followed, best first. */
  readonly repeats?: readonly Required<PassageReference>[];
  /** With `explain`: what each stage contributed. */
  readonly contributions?: readonly Contribution[];
  /** With `explain`: how much of the query's words it holds. */
  readonly match?: WordMatch;
  /** Where the pipeline cut by relevance: the probability that it is relevant. */
  readonly relevance?: number;
}

/** Why there are fewer hits than asked for. */
export interface Shortfall {
  readonly requested: number;
  readonly returned: number;
  /** Passages that the filter let through (all live passages without one). */
  readonly allowed: number;
  /** One sentence. */
  readonly reason: string;
}

export interface SearchResult {
  readonly query: string;
  /** The pipeline, as it was named or written. */
  readonly retriever: string;
  /** Language of the query, given or detected. */
  readonly language: string;
  readonly tookMs: number;
  readonly hits: readonly SearchHit[];
  /** Passages scored to find them. */
  readonly examined: number;
  /** There when `k` hits came: the `cursor` of the next page, which may turn out to be empty. */
  readonly next?: string;
  /** Present exactly when fewer than `k` hits came. */
  readonly shortfall?: Shortfall;
  /** The query with words that no document has replaced by what was probably meant, where there is such. */
  readonly suggestion?: string;
  /** Where the pipeline cut by relevance: how. */
  readonly relevance?: RelevanceCut;
  /** With `explain`: how many words were looked for, and how many of them are unknown here. */
  readonly words?: QueryWords;
  readonly trace: StageTrace;
}

/** Documents for a query, each by its best passage. */
export interface DocumentRanking {
  /** The pipeline, as it was named or written. */
  readonly retriever: string;
  /** Language of the query, given or detected. */
  readonly language: string;
  /** Best first. */
  readonly ids: readonly string[];
  readonly scores: Float64Array;
  /** True when no retriever had a say: the query is in a language that the encoder does not know. */
  readonly abstained: boolean;
  readonly tookMs: number;
}
