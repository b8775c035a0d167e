import type { BitSet } from '../base/bits.ts';
import type { Hits } from '../base/hits.ts';
import type { Parallel } from '../base/parallel.ts';
import type { Vectors } from '../base/vectors.ts';
import type { Codec } from '../codec/index.ts';
import type { DocumentRecord, PassageRecord, WeightedTerm } from '../content/index.ts';
import type { Corpus, FieldSource, IndexingSettings } from '../corpus/index.ts';
import type { Encoder, TermEncoder, TokenEncoder } from '../encode/encoder.ts';
import type { NumberedField } from '../index/index.ts';
import type { TermNumbers } from '../text/index.ts';

/** What a field that was encoded holds of a passage: one vector, one for each token, or terms with their impacts. */
export type FieldItem = Float32Array | Vectors | readonly WeightedTerm[];

export interface NewPassage extends PassageRecord {
  readonly fields: readonly NumberedField[];
  /** Unit-length vectors by field; a field is absent where its encoder does not know the language, or its source has no text. */
  readonly vectors?: Readonly<Record<string, FieldItem>>;
}

export interface NewDocument extends DocumentRecord {
  readonly text: string;
  readonly passages: readonly NewPassage[];
  /** What the numbers of its passages' fields are of; documents should share one, and have another after each publication. */
  readonly numbers: TermNumbers;
}

/** A field of vectors or of impacts, as a collection's manifest has it. */
export interface VectorFieldSettings {
  /** Letters, digits, `-` and `_`, a letter first, at most 64. */
  readonly name: string;
  readonly kind: 'vector' | 'vectors' | 'impacts';
  readonly of: FieldSource;
  /** `Encoder.id`. */
  readonly encoder: string;
  /** Components of a vector; 1 of impacts, which are a number for each term. */
  readonly dim: number;
}

/** A field that was added to a collection. */
export interface AddedField extends VectorFieldSettings {
  /** Part of the names of its files, 8 hexadecimal digits: no two fields ever have the same. */
  readonly tag: string;
}

/** What every segment of a collection is built with, recorded in the manifest. */
export interface CollectionSettings {
  /** `Encoder.id` of the field `meaning`, or `none` for a lexical collection. */
  readonly encoder: string;
  /** Components of a vector of `meaning`; 0 without an encoder. */
  readonly dim: number;
  /** Fields of vectors besides, in the order in which they were added. */
  readonly fields?: readonly AddedField[];
  readonly bm25: { readonly k1: number; readonly b: number };
  /** Settings of the layers above, kept verbatim (chunking, boosts, default language). */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface LexicalParams {
  /** At most this many hits; at least 1. */
  readonly k: number;
  /** Passage ordinals that may be returned; all live ones when absent. */
  readonly allowed?: BitSet;
}

/** As of `TokenSearchParams`. */
export interface TokenParams extends LexicalParams {
  readonly refine?: number;
  readonly nprobe?: number;
}

export interface DenseParams extends LexicalParams {
  /** A field of one vector for each passage. Default `meaning`. */
  readonly field?: string;
  /**
   * How many candidates of the scan are scored again with full precision, as a multiple of k. Default 4, or what the
   * collection's {@link VectorIndexSettings} say.
   */
  readonly refine?: number;
  /** Lists that are scanned where there is a compressed index. Default: what its settings say. */
  readonly nprobe?: number;
  /** See `VectorSearchParams.earlyStop`. */
  readonly earlyStop?: boolean;
}

/** How lists are searched where a call does not say; see `VectorSearchParams`. */
export interface VectorSearchDefaults {
  readonly nprobe?: number;
  readonly refine?: number;
  readonly earlyStop?: boolean;
}

/** A compressed index of a collection's vectors: one model, and lists in every segment that is large enough. */
export interface VectorIndexSettings {
  /** Index specification in canonical form. */
  readonly spec: string;
  readonly search: VectorSearchDefaults;
}

/** A file that the manifest names with a checksum, besides those of segments: what was learned, and what trained encoders consist of. */
export interface BesideEntry {
  /** What it is for; no two files of a collection have one role. */
  readonly role: string;
  /** Path in the collection's folder, with `/`. */
  readonly file: string;
  readonly bytes: number;
  /** CRC-32 of all of it. */
  readonly checksum: number;
}

/** Roles of what is learned and kept beside the manifest. */
export type LearnedRole = 'relevance' | 'reranker' | 'feedback' | 'compressor';

/** A file beside the segments, as one generation has it. */
export interface BesideFile extends BesideEntry {
  /** All of it. @throws CorruptFileError when it is not what the manifest names. */
  read(): Uint8Array;
}

/**
 * An immutable view of a collection. Passages and documents are named by ordinals that mean something only within this
 * snapshot; dead ones keep their ordinal but are never returned by searches or iterators.
 */
export interface Snapshot {
  /** Counts publications; a larger number is newer. */
  readonly generation: number;
  readonly settings: CollectionSettings;
  /** The compressed index of the vectors of `meaning`; undefined when int8 codes are scanned one by one. */
  readonly vectorIndex: VectorIndexSettings | undefined;
  /** A file beside the segments that the manifest names; undefined when it names none of this role. */
  beside(role: string): BesideFile | undefined;
  /** Live documents and passages. */
  readonly documentCount: number;
  readonly passageCount: number;
  /** Ordinals run from 0 to these (exclusive), dead ones included. */
  readonly documentSpace: number;
  readonly passageSpace: number;

  /** BM25 with statistics over the whole snapshot; exact, ties by ascending ordinal. */
  searchLexical(terms: readonly WeightedTerm[], params: LexicalParams): Hits;
  /** Inner product with the passages' vectors, best first, scores at full precision. */
  searchDense(query: Float32Array, params: DenseParams): Hits;
  /** Late interaction with the passages' token vectors in a field of such, best first (`TokenIndex.search`). */
  searchTokens(field: string, query: Vectors, params: TokenParams): Promise<Hits>;
  /** The sum of impacts in a field of such, times the weights of the terms; exact, ties by ascending ordinal. */
  searchImpacts(field: string, terms: readonly WeightedTerm[], params: LexicalParams): Hits;
  /** Scores of {@link Snapshot.searchLexical} of given passages; 0 where no term matches. @param ordinals ascending. */
  scoreLexical(terms: readonly WeightedTerm[], ordinals: Uint32Array): Float32Array;
  /** Scores by a field, default `meaning`, of given passages; NaN for one that has no vector, of impacts 0 for one that has no term of the query. @param ordinals ascending. */
  scoreDense(query: FieldItem, ordinals: Uint32Array, field?: string): Float32Array;
  /**
   * Scores of given passages by the codes of their vectors, as a search with `refine: 0` has them; where codes do not say, as {@link Snapshot.scoreDense}.
   * @param ordinals ascending.
   */
  scoreByCodes(query: Float32Array, ordinals: Uint32Array, field: string): Float32Array;
  /** What {@link Snapshot.scoreDense} does not exceed, from codes in memory alone; infinity where that is not known. @param ordinals ascending. */
  boundDense(query: Float32Array, ordinals: Uint32Array, field: string): Float32Array;
  /** Documents by language, dead ones included until they are compacted away; known without reading documents. */
  readonly languages: ReadonlyMap<string, number>;
  /** Live passages that contain the term. */
  documentFrequency(term: string): number;
  /** Every term of the inverted index, with how many passages hold it, dead ones included until they are compacted away. */
  terms(): Iterable<readonly [term: string, passages: number]>;

  passage(ordinal: number): PassageRecord & { readonly document: number };
  /** Ordinal of a passage's document: what {@link Snapshot.passage} knows, without reading the rest. */
  documentOf(ordinal: number): number;
  passageText(ordinal: number): string;
  /** The passage's embedding, if it has one. */
  passageVector(ordinal: number): Float32Array | undefined;
  /** What a field of vectors holds of the passage, if it holds anything. */
  fieldItem(field: string, ordinal: number): FieldItem | undefined;
  hasVector(ordinal: number): boolean;
  /** Fills `target` with the embeddings of passages that have one, one after the other. @param ordinals ascending. */
  readVectors(ordinals: Uint32Array, target: Float32Array<ArrayBuffer>): void;
  document(ordinal: number): DocumentRecord;
  documentText(ordinal: number): string;
  /** Passage ordinals of a document: `from` (inclusive) to `to` (exclusive). */
  documentPassages(ordinal: number): { readonly from: number; readonly to: number };
  /** Ordinal of the live document with this id. */
  findDocument(id: string): number | undefined;
  /** Ordinals of live documents, ascending. */
  liveDocuments(): Iterable<number>;
  /** Live passages in which these words stand one after the other in one text (`IndexedField.words`); none finds nothing. */
  phrasePassages(words: readonly string[]): BitSet;
  /** Live passages whose document satisfies the predicate; the result has `passageSpace` bits. */
  selectPassages(predicate: (document: DocumentRecord) => boolean): BitSet;

  close(): void;
}

/** Opens the encoder of a field, which is what its kind needs. */
export type OpenFieldEncoder = (field: VectorFieldSettings) => Promise<Encoder & TokenEncoder & TermEncoder>;

/** A document as one state of a collection holds it: its ordinal, and those of its passages, `from` (inclusive) to `to` (exclusive). */
export interface ListedDocument {
  readonly ordinal: number;
  readonly from: number;
  readonly to: number;
  readonly record: DocumentRecord;
}

/** One published state of a collection, wherever it is kept: what retrieval stands on, and the rest of what is stored. */
export interface StoredCorpus extends Corpus {
  /** Counts publications; a larger number is newer. */
  readonly generation: number;
  readonly settings: CollectionSettings;
  /** A file beside the documents; undefined when there is none of this role. */
  beside(role: string): BesideFile | undefined;
  /** Texts of documents, in the order of the ordinals given. */
  texts(documents: ArrayLike<number>): Promise<readonly string[]>;
  /** Passages that a field of vectors has something of; a set of `passageSpace` bits. */
  holding(field: string): Promise<BitSet>;
  /** All documents, in ascending order of their ordinals. */
  all(): AsyncIterable<ListedDocument>;
  /** Frees what it holds; nothing is asked of it afterwards. */
  close(): void;
}

/** A writer of a collection. Nothing is durable or visible until `publish` resolves. */
export interface Writer {
  /** Adds a document, replacing the live one with the same id. */
  add(document: NewDocument): void;
  /** Removes the document with this id; false when there is none. */
  remove(id: string): boolean | Promise<boolean>;
  /** `contentHash` of the live document with this id, counting what was added and removed since the last publication. */
  contentHash(id: string): string | undefined | Promise<string | undefined>;
  /** Passages waiting for the next publication, and a rough measure of the memory they hold. */
  readonly pending: { readonly documents: number; readonly passages: number; readonly bytes: number };
  /** Writes what is pending as a segment and publishes a new generation; on return it survives a crash. */
  publish(): Promise<number>;
  /**
   * Merges segments where that pays (or all, when `full`), up to `maxSegmentBytes` each. Every merge is published by
   * itself: aborting loses the merge under way, keeps those before, and changes no content either way.
   */
  compact(options?: CompactOptions): Promise<CompactReport>;
  /**
   * Learns a compressed index for the vectors, codes all of them, and publishes that; nothing is embedded again. Segments
   * written later are coded with the same model. Readers are not disturbed. Waits for what is being published.
   *
   * @param index without a specification goes back to scanning int8 codes.
   * @throws InvalidArgumentError for a specification with a mistake, or one that the vectors are too few for.
   */
  rebuild(index: RebuildOptions | Pick<RebuildOptions, 'field'>): Promise<RebuildReport>;
  /** Publishes what is pending, and these options in place of those that the settings have. @returns the generation. */
  configure(options: CollectionSettings['options']): Promise<number>;
  /**
   * Publishes what is pending, and a file beside the segments in place of the one that had its role. It is on stable storage before
   * the manifest names it, and the one before stays until then. @param bytes undefined: the collection has none any more.
   */
  putBeside(role: LearnedRole, bytes: Uint8Array | undefined): Promise<number>;
  /** Publishes what is pending, and the collection without a field that was added. @returns the generation. */
  removeField(name: string): Promise<number>;
  /** Gives the lock back; what was not published is dropped. */
  close(): Promise<void>;
}

/** What a field is made of for one passage. */
export interface FieldText {
  /** Not empty. */
  readonly text: string;
  readonly language: string;
}

/** A field of vectors that is being made, or made anew for another encoder. */
export interface PendingField extends VectorFieldSettings {
  /** ISO 8601. */
  readonly started: string;
}

export interface FieldProgress {
  /** `waiting` for another process that writes; `indexing`: a compressed index is learned again. */
  readonly phase: 'encoding' | 'waiting' | 'indexing';
  /** Passages that need no work any more, of all that are there now. */
  readonly done: number;
  readonly total: number;
}

export interface FieldBuildOptions {
  /**
   * What the field holds of texts in their order, undefined where the encoder does not know the language. Left out: what the field
   * holds stays, and only queries are encoded differently; or there is no such field any more, for the encoder `none`.
   */
  readonly encode?: (texts: readonly FieldText[]) => Promise<readonly (FieldItem | undefined)[]>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FieldProgress) => void;
  /** Passages whose texts `encode` is given at once; each text once. Default 256. */
  readonly batch?: number;
  /** Milliseconds after which vectors are written; a process that is killed loses those it made since. Default 5000. */
  readonly keepAfterMs?: number;
  /** Runs a short piece of work with the write lock. Default: as soon as nobody holds it. */
  readonly writing?: <T>(work: (writer: Writer) => Promise<T>) => Promise<T>;
  /** Called with the collection's settings before they change, with the write lock; may throw to give up. */
  readonly check?: (settings: CollectionSettings) => void;
  /**
   * The files beside the segments that the manifest names from then on, which are on stable storage; called before it is published, with
   * the write lock. Default: those that there are.
   */
  readonly beside?: (before: readonly BesideEntry[], after: CollectionSettings) => Promise<readonly BesideEntry[]>;
}

export interface FieldBuildReport {
  readonly generation: number;
  /** Passages of the collection. */
  readonly passages: number;
  /** Passages whose texts were given to the encoder now; the others were done by runs before this one. */
  readonly encoded: number;
  /** What became of a compressed index of the vectors; absent where there was none. `problem`: why it could not be learned again. */
  readonly index?: { readonly spec: string; readonly problem?: string };
}

/**
 * The making of a field of vectors from what is stored, held by one process at a time: of one that is added, or of `meaning` for another
 * encoder. What is made is kept on disk, and nobody sees it before it is published as one generation.
 */
export interface FieldBuild extends PendingField {
  /** The encoder that the field was to have by a build that was begun before and has given way to this one, with what was done of it. */
  readonly superseded?: string;
  /**
   * Gives every passage what it has in the field, without the write lock: documents may come and go meanwhile. Then publishes all of
   * it, and learns a compressed index again. When it fails, is aborted or killed, the collection is as it was, and running it again
   * does only what is not done. Memory: 16 MiB of vectors.
   */
  run(options?: FieldBuildOptions): Promise<FieldBuildReport>;
  /** Gives up, and removes what was made. */
  abandon(): Promise<void>;
  /** Lets others go on with it. */
  close(): void;
}

export interface RebuildOptions {
  /** A field of one vector for each passage. Default `meaning`. */
  readonly field?: string;
  /** Index specification, such as `ivf1024,apq64x4,refine:full`. With `refine:full` vectors stay on disk. */
  readonly spec: string;
  readonly search?: VectorSearchDefaults;
  /** A trained codec of that specification: nothing else is learned. Lists need `centroids` besides. */
  readonly codec?: Codec;
  /** Centroids of the specification's lists, as the codec's transforms make vectors; `distillIndex` gives both. */
  readonly centroids?: Vectors;
  /** Seed of training. Default 1234. */
  readonly seed?: number;
  /** What training and coding are dealt to; `openThreads` of `sagitta-search/threads`. Default: the calling thread. Same result. */
  readonly threads?: Parallel;
  readonly signal?: AbortSignal;
  readonly onProgress?: (phase: 'sampling' | 'training' | 'coding', done: number) => void;
}

export interface RebuildReport {
  readonly generation: number;
  /** In canonical form; undefined where the index was taken away. */
  readonly spec: string | undefined;
  /** Vectors in lists, and those in segments too small for lists, which are scanned one by one. */
  readonly indexed: number;
  readonly scanned: number;
  /** How many such segments there are. */
  readonly small: number;
  /** Vectors that a segment must have for lists: below, scanning is faster. `compact` makes larger segments, and codes them. */
  readonly least: number;
  /** Bytes of the model and of all lists. */
  readonly bytes: number;
}

export interface CompactOptions {
  /** Merge everything into as few segments as possible, dropping every dead document. Default false. */
  readonly full?: boolean;
  /** Largest segment that a merge makes, in bytes: bounds the memory of a merge and the time it takes. Default 1 GiB. */
  readonly maxSegmentBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface CompactReport {
  readonly segmentsBefore: number;
  readonly segmentsAfter: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly documentsDropped: number;
}

/** One thing found wrong by `verify`. */
export interface Fault {
  readonly file: string;
  readonly problem: string;
}

export interface VerifyReport {
  readonly sound: boolean;
  readonly faults: readonly Fault[];
  readonly filesChecked: number;
  readonly bytesChecked: number;
  readonly documents: number;
  readonly passages: number;
}

export interface SegmentInfo {
  readonly name: string;
  readonly bytes: number;
  readonly documents: number;
  readonly deadDocuments: number;
  readonly passages: number;
  /** Bytes by section, largest first. */
  readonly sections: readonly { readonly name: string; readonly bytes: number }[];
}

export interface StoreInfo {
  readonly directory: string;
  readonly formatVersion: number;
  readonly generation: number;
  readonly settings: CollectionSettings;
  readonly documents: number;
  readonly passages: number;
  readonly bytes: number;
  readonly segments: readonly SegmentInfo[];
  /** Present when there is a compressed index of the vectors. */
  readonly vectorIndex?: VectorIndexInfo;
  /** Fields of vectors: `meaning`, if there is an encoder, and those that were added. */
  readonly fields: readonly FieldInfo[];
  /** Files beside the segments that the manifest names: what was learned, and trained encoders. */
  readonly beside: readonly BesideEntry[];
  /** Present when a field is being made, or made anew for another encoder, and is not finished. */
  readonly pending?: PendingField;
}

export interface FieldInfo extends VectorFieldSettings {
  /** Passages that it has something of, dead ones included; of a field of token vectors or of impacts, the number of those. */
  readonly vectors: number;
  /** Of impacts: how many have the greatest value there is, since their weights were that or more. */
  readonly full?: number;
  /** Bytes on disk, a compressed index not counted. */
  readonly bytes: number;
}

export interface VectorIndexInfo extends VectorIndexSettings {
  /** As in {@link RebuildReport}. */
  readonly indexed: number;
  readonly scanned: number;
  readonly small: number;
  readonly least: number;
  /** Bytes on disk of the model and of all lists. */
  readonly bytes: number;
  /** Mean error of codes over that of the training sample, over all lists: build the index again above 1.5 or so. */
  readonly drift: number;
}

/**
 * Where a collection lives. Two implementations keep this contract: `local` (a folder) and `postgres`. What one of them does not do it
 * refuses with an UnsupportedError.
 */
export interface Store {
  /** The folder, or the address of the database without its password. */
  readonly location: string;
  /** The folder; undefined for a collection that lies elsewhere. */
  readonly directory: string | undefined;
  /** Of the state that it was opened in. */
  readonly settings: CollectionSettings;
  /** The newest published state. @param settings as passages were made. */
  corpus(settings: IndexingSettings, open: OpenFieldEncoder): Promise<StoredCorpus>;
  /** The newest published generation, for what works on files alone: training, planning, compressed indexes. */
  snapshot(): Promise<Snapshot>;
  /** The newest generation's number, cheaply, to see whether a snapshot is stale. */
  generation(): number | Promise<number>;
  /** Takes the write lock, where there is to be one writer. @throws CollectionLockedError when another writer holds it. */
  writer(): Promise<Writer>;
  /**
   * Begins the making of a field, or goes on with it; of one by yet another encoder that was begun is given up. A field of the name
   * `meaning` and the encoder `none` takes the vectors away.
   * @throws CollectionLockedError when a process is at it; IncompatibleError when another field is being made.
   */
  buildField(target: VectorFieldSettings): Promise<FieldBuild>;
  /** The field whose making was begun and is not finished. */
  pendingField(): Promise<PendingField | undefined>;
  /** Reads everything and checks every checksum and cross-reference. Never throws for a damaged collection. */
  verify(options?: {
    readonly onProgress?: (done: number, total: number) => void;
    readonly signal?: AbortSignal;
  }): Promise<VerifyReport>;
  inspect(): Promise<StoreInfo>;
  /** Ends what is open to it, once nothing is asked of it any more. */
  close(): Promise<void>;
}
