import type { ReadLimits } from '../ingest/index.ts';
import type { IngestFailure, IngestNote, SkippedGroup } from '../ingest/types.ts';
import type { Contribution, Filter, Fusion, QueryWords, StageTrace, WordMatch } from '../search/index.ts';
import type { CompactReport, Metadata } from '../store/types.ts';
import type { Block } from '../text/blocks.ts';

/** How documents become passages and terms. Fixed when a collection is made; recorded in its manifest. */
export interface IndexingSettings {
  /** Most words of a passage. Default 200. */
  readonly passageTokens: number;
  /** Words repeated between two pieces of one long section, at most half a passage. Default 30. */
  readonly passageOverlap: number;
  /** How often an occurrence in the title counts, in comparison with one in the text. Default 1. */
  readonly titleBoost: number;
  /** The same for the headings above a passage. Default 0.5. */
  readonly headingBoost: number;
  /** Language (ISO 639-1) of documents whose language cannot be told, and of all when detection is off. Default `en`. */
  readonly language: string;
  /** Whether to detect each document's language. Default true. */
  readonly detectLanguage: boolean;
}

/** A document given by the program rather than read from a file. */
export interface InputDocument {
  /** Unique within the collection; an existing document with this id is replaced. */
  readonly id: string;
  readonly text: string;
  /** Searched as the text is, so the text may be empty. */
  readonly title?: string;
  readonly path?: string;
  /** Default `text`; `markdown` is split along its headings. */
  readonly format?: string;
  readonly language?: string;
  readonly metadata?: Metadata;
  /** Structure of the text, if known; only what stands in a block is searched. None: paragraphs by blank lines. */
  readonly blocks?: readonly Block[];
}

export interface IndexProgress {
  readonly phase: 'reading' | 'publishing' | 'compacting';
  /** Documents read so far, unchanged ones included. */
  readonly documents: number;
  /** Passages added so far. */
  readonly passages: number;
  /** Documents that are durable and visible to searches. */
  readonly published: number;
  /** What is being read. */
  readonly path?: string;
}

/** Options shared by everything that adds documents. */
export interface AddOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: IndexProgress) => void;
}

/** Options of {@link Collection.index}. */
export interface IndexOptions extends AddOptions, ReadLimits {
  /** Only files that match one of these patterns (`.gitignore` syntax). Default: all. */
  readonly include?: readonly string[];
  /** No files that match one of these. */
  readonly exclude?: readonly string[];
  /** Read what `.gitignore` and the built-in rules would skip (`node_modules`, hidden files). Default false. */
  readonly noIgnore?: boolean;
  /** Largest file, in bytes, for formats that are not read line by line. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Remove documents whose file no longer exists under the given paths. Default true. */
  readonly prune?: boolean;
}

/** What a run of indexing did. */
export interface IndexReport extends IndexOutcome {
  /** What the collection now holds. */
  readonly documents: number;
  readonly passages: number;
}

/** The part of an {@link IndexReport} that the run itself knows. */
export interface IndexOutcome {
  readonly added: number;
  readonly updated: number;
  readonly moved: number;
  readonly unchanged: number;
  readonly removed: number;
  /** Files passed over because they are not text, empty, or made by machines for machines. */
  readonly skipped: number;
  /** The same by reason and extension, the most frequent first. */
  readonly skippedFiles: readonly SkippedGroup[];
  readonly failures: readonly IngestFailure[];
  /** Documents written in which no search can find anything, since they hold no word. */
  readonly unsearchable: number;
  /** Passages written that are longer than the encoder reads and could not be divided: their vectors do not know their ends. */
  readonly cut: number;
  /** What readers left out of files that they read, or repaired; of files read in this run. */
  readonly notes: readonly IngestNote[];
  /** Passages written. */
  readonly passagesAdded: number;
  /** Present when the run merged segments at its end. */
  readonly compaction?: CompactReport;
  readonly tookMs: number;
}

export type RetrieverName = 'bm25' | 'dense' | 'hybrid';

/** Options of {@link Collection.search}. */
export interface SearchOptions {
  /** At most this many hits. Default 10; values above the collection's size return everything that matches. */
  readonly k?: number;
  /** Default `hybrid` when the collection has an encoder, else `bm25`. */
  readonly retriever?: RetrieverName;
  /** Only passages of documents that satisfy this; an expression (see `parseFilter`) or its parsed form. */
  readonly filter?: Filter | string;
  /** At most this many passages of one document. Default: no limit. */
  readonly perDocument?: number;
  /** Language of the query (ISO 639-1). Default: detected, `und` where it cannot be told. */
  readonly language?: string;
  /** How `hybrid` fuses. Default: a convex combination of scores, each divided by the best of its ranking. */
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
   * An embedding of the query made elsewhere, by the collection's encoder. The query may then be empty, and the default
   * retriever is `dense`; with a query too, `hybrid` ranks by the words and by this vector.
   */
  readonly vector?: ArrayLike<number>;
  readonly signal?: AbortSignal;
}

/** Names a passage: its document, and where it starts in the document's text. Default: the document's first passage. */
export interface PassageReference {
  readonly id: string;
  readonly start?: number;
}

/** Options of {@link Collection.similar}. */
export type SimilarOptions = Omit<SearchOptions, 'vector' | 'language'>;

/** A range of UTF-16 code units. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface SearchHit {
  /** From 1. */
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
  /** What matched the query's words, as ranges of `text`. */
  readonly highlights: readonly Range[];
  /** With `explain`: what each stage contributed. */
  readonly contributions?: readonly Contribution[];
  /** With `explain`: how much of the query's words it holds. */
  readonly match?: WordMatch;
}

/** Options of {@link Collection.searchRelevant}: relevance is judged of hybrid search. */
export type RelevantOptions = Omit<SearchOptions, 'retriever' | 'vector' | 'weights' | 'fusion'>;

/** Hits that are probably relevant, perhaps none. */
export interface RelevantResult extends Omit<SearchResult, 'hits' | 'shortfall'> {
  readonly hits: readonly (SearchHit & {
    /** Probability that it is relevant. */
    readonly relevance: number;
  })[];
  readonly relevance: {
    /** Hits of at least this probability are kept. */
    readonly threshold: number;
    /** Hits that were judged, and those kept. */
    readonly judged: number;
    readonly kept: number;
    /** The greatest probability of all hits judged. */
    readonly best: number;
  };
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
  readonly retriever: RetrieverName;
  /** Language of the query, given or detected. */
  readonly language: string;
  readonly tookMs: number;
  readonly hits: readonly SearchHit[];
  /** Passages scored to find them. */
  readonly examined: number;
  /** Present exactly when fewer than `k` hits came. */
  readonly shortfall?: Shortfall;
  /** With `explain`: how many words were looked for, and how many of them are unknown here. */
  readonly words?: QueryWords;
  readonly trace: StageTrace;
}

/** Documents for a query, each by its best passage. */
export interface DocumentRanking {
  readonly retriever: RetrieverName;
  /** Language of the query, given or detected. */
  readonly language: string;
  /** Best first. */
  readonly ids: readonly string[];
  readonly scores: Float64Array;
  /** True when no retriever had a say: the query is in a language that the encoder does not know. */
  readonly abstained: boolean;
  readonly tookMs: number;
}
