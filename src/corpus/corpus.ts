import type { BitSet } from '../base/bits.ts';
import type { Hits } from '../base/hits.ts';
import type { DocumentRecord, Filter, PassageRecord, Representation, Scalar } from '../content/index.ts';
import type { Encoder, TermEncoder, TokenEncoder } from '../encode/encoder.ts';
import type { WordAnalysis } from './query-analysis.ts';

/**
 * What a field is made of: of a passage title, innermost heading and text together, its text, the title of its document, all headings
 * above it, or a metadata field of its document.
 */
export type FieldSource = 'passage' | 'text' | 'title' | 'headings' | `metadata.${string}`;

interface FieldFacts {
  /** Letters, digits, `-` and `_`, a letter first. */
  readonly name: string;
  readonly of: FieldSource;
}

/** Terms, ranked by BM25. */
export interface TermsField extends FieldFacts {
  readonly kind: 'terms';
  readonly analysis: WordAnalysis;
}

/** One vector for each passage, ranked by inner product; none where the encoder does not know the language. */
export interface VectorField extends FieldFacts {
  readonly kind: 'vector';
  readonly dim: number;
  /** Id of its encoder. */
  readonly encoder: string;
  /** Its encoder, opened at the first call. */
  readonly open: () => Promise<Encoder>;
}

/** One vector for each token of a passage, ranked by late interaction. */
export interface VectorsField extends FieldFacts {
  readonly kind: 'vectors';
  readonly dim: number;
  readonly encoder: string;
  readonly open: () => Promise<TokenEncoder>;
}

/** Terms with what each counts in a passage, as an encoder has it, ranked by their sum (learned sparse retrieval). */
export interface ImpactsField extends FieldFacts {
  readonly kind: 'impacts';
  readonly encoder: string;
  readonly open: () => Promise<TermEncoder>;
}

/** A way in which passages are represented, and can be searched. */
export type Field = TermsField | VectorField | VectorsField | ImpactsField;

/** Settings of one search of one field. */
export interface FieldParams {
  /** At most this many hits, at least 1. */
  readonly k: number;
  /** Passages that may be returned, a set of `passageSpace` bits; all when absent. */
  readonly allowed?: BitSet;
  /**
   * How many candidates of a vector scan are scored again with full precision, as a multiple of k. Default 4, or what the index says.
   */
  readonly refine?: number;
  /** Lists that are scanned where vectors have a compressed index. Default: what the index says. */
  readonly nprobe?: number;
}

/** A passage with its text, and the ordinal of its document. */
export interface CorpusPassage extends PassageRecord {
  readonly document: number;
  readonly text: string;
}

/**
 * Filters as a corpus evaluates them itself, where the records of all documents lie too far away to ask each of them. What it says is what
 * asking each of them would: {@link Filter} says how values compare.
 */
export interface CorpusFilters {
  /** Passages of the documents that satisfy a filter; a set of `passageSpace` bits. */
  select(filter: Filter): Promise<BitSet>;
  /** Names of the metadata that documents have, in the order of the documents. */
  fields(): Promise<ReadonlySet<string>>;
  /** Of each filter, whether any document satisfies it, with passages or without. */
  any(filters: readonly Filter[]): Promise<readonly boolean[]>;
  /** Values of a filter's field, those first that occur most often, of equal ones the first; of its first 10,000 different ones. @param most at most so many. */
  values(field: string, most: number): Promise<readonly Scalar[]>;
}

/**
 * What retrieval stands on: passages of documents, represented in fields, wherever they are kept. It is one state and never changes.
 * Passages and documents are named by ordinals that mean something only here; those of deleted ones are not used.
 */
export interface Corpus {
  readonly fields: readonly Field[];
  /** Passages and documents that there are. */
  readonly passageCount: number;
  readonly documentCount: number;
  /** Ordinals of passages are below this. */
  readonly passageSpace: number;
  /** Documents by language. */
  readonly languages: ReadonlyMap<string, number>;

  /**
   * The best passages for what a query became for a field, best first, equal scores in order of ascending ordinal; the first hits
   * of a larger k. BM25 counts passages and lengths of the whole corpus.
   * @throws InvalidArgumentError for a field that is not there, another kind or length of representation, and parameters out of range.
   */
  search(field: string, query: Representation, params: FieldParams): Promise<Hits>;
  /**
   * Scores of given passages, as {@link Corpus.search} has them: of terms and impacts 0 where none matches; of vectors NaN where there is none.
   * @param passages ascending ordinals.
   */
  score(field: string, query: Representation, passages: Uint32Array): Promise<Float32Array>;
  /**
   * What {@link Corpus.score} does not exceed, where that is said with less work; infinity where it is not known. Absent where it is of no field.
   * @param passages ascending ordinals.
   */
  bounds?(field: string, query: Representation, passages: Uint32Array): Promise<Float32Array>;
  /** What the field holds of given passages: a vector, one for each token, or impacts. Terms alone cannot be given back. @param passages ascending. */
  get(field: string, passages: Uint32Array): Promise<readonly (Representation | undefined)[]>;
  /**
   * Passages in which these words stand one after the other in one text of the field. @param words from `phraseWords` of `sagitta-search/text`; none
   * finds nothing. @returns a set of `passageSpace` bits.
   */
  phrase(field: string, words: readonly string[]): Promise<BitSet>;
  /** How many passages each term occurs in. */
  frequencies(field: string, terms: readonly string[]): Promise<Uint32Array>;
  /** Every term of a field with how many passages it occurs in, those of deleted documents included as long as they are kept. */
  terms(field: string): Promise<Iterable<readonly [term: string, passages: number]>>;

  /** In the order of the ordinals given, which may be any. */
  passages(ordinals: ArrayLike<number>): Promise<readonly CorpusPassage[]>;
  /** Ordinals of the documents of passages. */
  documentsOf(passages: ArrayLike<number>): Promise<Uint32Array>;
  documents(ordinals: ArrayLike<number>): Promise<readonly DocumentRecord[]>;
  /** The document with this id: its ordinal, and those of its passages, `from` (inclusive) to `to` (exclusive). */
  find(id: string): Promise<{ readonly document: number; readonly from: number; readonly to: number } | undefined>;
  /** Absent where {@link Corpus.select} is to ask every document. */
  readonly filters?: CorpusFilters;
  /** Passages of the documents that satisfy a condition, which is asked of every document; a set of `passageSpace` bits. */
  select(condition: (document: DocumentRecord) => boolean): Promise<BitSet>;
}
