import type { Answer, AskOptions, Context, ContextOptions } from '../answer/index.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import type { DocumentRecord } from '../content/index.ts';
import { type IndexingSettings, queryLanguage } from '../corpus/index.ts';
import type { Encoder } from '../encode/encoder.ts';
import type { Plan } from '../index/index.ts';
import type {
  DocumentRanking,
  FacetCounts,
  FacetOptions,
  PassageReference,
  SearchEnvironment,
  SearchOptions,
  SearchResult,
  SimilarOptions,
  Suggestions,
  SuggestOptions,
} from '../search/index.ts';
import { noSuchDocument } from '../search/similar.ts';
import { SnapshotCorpus } from '../store/corpus.ts';
import type {
  CollectionSettings,
  PendingField,
  Snapshot,
  Store,
  StoredCorpus,
  StoreInfo,
  VerifyReport,
} from '../store/types.ts';
import { checkArgument } from './arguments.ts';
import { type Contexts, contextsOf } from './contexts.ts';
import type { EncoderSources } from './encoders.ts';
import type { Extension } from './extensions.ts';
import type { WithOwnCompressor } from './learned-compressor.ts';
import { type StoredPipelines, storedPipelines } from './pipelines.ts';
import { type CollectionPlanOptions, planSnapshot } from './planning.ts';
import { judgesRelevance, searchRelevant } from './relevant.ts';
import { Session } from './session.ts';
import { type Source, sourcesOf } from './sources.ts';
import { synonymsSource } from './synonyms.ts';
import type { RelevantOptions, RelevantResult } from './types.ts';
import { verifyStore } from './verify.ts';

/** A document as the collection holds it. */
export interface StoredDocument extends DocumentRecord {
  readonly text: string;
  readonly passages: number;
}

/** A query among several, with what is to hold for it alone. */
export interface BatchedQuery extends Omit<SearchOptions, 'signal'> {
  readonly query: string;
}

/** What a collection is asked, none of which changes it. Reads see the newest published state, also what another process published. */
export class CollectionReads {
  /** @internal */
  protected readonly session: Session;

  /** Use `openCollection`. */
  constructor(
    store: Store,
    settings: CollectionSettings,
    encoders: EncoderSources,
    extensions: Extension = {},
    threads = 1,
  ) {
    this.session = new Session(store, settings, encoders, extensions, threads);
  }

  get settings(): IndexingSettings {
    return this.session.settings;
  }

  /** Where it is: the folder, or the address of the database without its password. */
  get directory(): string {
    return this.session.store.location;
  }

  /** Vectors of texts, by the collection's encoder. @throws InvalidArgumentError for a collection without one. */
  async embed(
    texts: readonly string[],
    options: { readonly role?: 'query' | 'document'; readonly signal?: AbortSignal } = {},
  ): Promise<number[][]> {
    checkArgument('embed', 'texts', texts);
    const encoder = await this.encoder();
    if (encoder === undefined) throw noEncoder();
    const vectors = await encoder.encode(texts, options);
    return texts.map((_, i) => Array.from(vectors.row(i)));
  }

  /**
   * Searches. Returns up to `k` passages, best first, or says in `shortfall` why there are fewer.
   * @throws InvalidArgumentError for an empty query, a `k` below 1, or a filter that does not parse or names a field
   * that no document has.
   */
  async search(query: string, options: SearchOptions = {}): Promise<SearchResult> {
    return this.session.ask('search', query, options);
  }

  /**
   * Searches for several queries, all on one state of the collection; on the threads that it was opened with.
   *
   * @param queries texts, or with options of their own beside those of all.
   * @returns results in the order of the queries. @throws what {@link search} throws of one of them; the rest are then left alone.
   */
  async searchAll(
    queries: readonly (string | BatchedQuery)[],
    { signal, ...options }: SearchOptions = {},
  ): Promise<SearchResult[]> {
    checkArgument('searchAll', 'queries', queries);
    const all = queries.map((one): [string, SearchOptions] => {
      if (typeof one === 'string') return [one, options];
      const { query, ...own } = one;
      return [query, { ...options, ...own }];
    });
    return this.session.askAll('search', all, signal);
  }

  /**
   * What to read for a question, within a budget of tokens: the sentences of passages that bear on it, with their places, ready for a prompt. Empty where nothing is
   * relevant.
   * @throws InvalidArgumentError for an empty question, and options that are not known or out of range.
   */
  async context(question: string, options: WithOwnCompressor<ContextOptions> = {}): Promise<Context> {
    return this.session.ask('context', question, options);
  }

  /**
   * Answers a question with sentences of the documents, word for word and with their places, or says that it is not answered here. `groundedAnswer` of `sagitta-search/answer`
   * has a language model put it in words, from the same context.
   * @throws InvalidArgumentError as {@link Collection.context}.
   */
  async ask(question: string, options: WithOwnCompressor<AskOptions> = {}): Promise<Answer> {
    return this.session.ask('ask', question, options);
  }

  /** The language (ISO 639-1, or `und`) that a search takes a query to be in unless it is told. */
  async queryLanguage(query: string): Promise<string> {
    checkArgument('queryLanguage', 'text', query);
    return this.session.reading(async (corpus) => queryLanguage(query, corpus));
  }

  /**
   * Passages similar to a passage of the collection, a document (without `start`), or several of them, and `unlike` others: nearest by their embeddings, or by BM25 with their own words where they
   * have none. What is given is not among them: of one passage that passage, else the documents. A filter and a limit per document work as in `search`.
   * @throws NotFoundError when there is no such passage; InvalidArgumentError for none, and for `unlike` without embeddings.
   */
  async similar(
    passages: PassageReference | readonly PassageReference[],
    options: SimilarOptions = {},
  ): Promise<SearchResult> {
    checkArgument('similar', 'passages', passages);
    return this.session.ask('similar', passages, options);
  }

  /**
   * How often values of fields occur, over all documents or over those that a query finds.
   * @throws InvalidArgumentError for a filter with a mistake and for fields that no document has.
   */
  async facets(options: FacetOptions = {}): Promise<FacetCounts> {
    return this.session.ask('facets', options);
  }

  /**
   * Suggests values of a field for a text that has none yet, such as tags, a category or who is responsible: the nearest documents that have the
   * field vote for theirs. Empty, with a note, where nothing is near enough.
   * @throws InvalidArgumentError for an empty text, options that are not known or out of range, and a field that no document has.
   */
  async suggestValues(text: string, options: SuggestOptions): Promise<Suggestions> {
    checkArgument('suggestValues', 'options', options);
    return this.session.ask('suggestValues', text, options);
  }

  /** Runs `work` on the newest state, which stays open until it is done: for retrievers and statistics of one's own. */
  async read<T>(work: (corpus: StoredCorpus) => Promise<T>): Promise<T> {
    checkArgument('read', 'work', work);
    return this.session.reading(work);
  }

  /**
   * Up to `k` documents by their best passage, best first, without their texts: what evaluation needs, at a fraction of the
   * cost of {@link search}. Where `search` refuses a dense search in a language that the encoder does not know, this returns
   * nothing and says `abstained`.
   */
  async rank(query: string, options: Omit<SearchOptions, 'perDocument' | 'explain'> = {}): Promise<DocumentRanking> {
    return this.session.ask('rank', query, options);
  }

  /**
   * Searches, and keeps only what is probably relevant, which may be nothing; at most one passage of a document unless `perDocument`
   * says otherwise. What the collection learned from judged queries (`sagitta learn-relevance`) decides, else what comes with the software
   * for `minilm`, for `static`, and for collections without embeddings.
   *
   * @throws NotFoundError when there is neither for its encoder; IncompatibleError when an earlier version learned it; otherwise as
   * {@link search}.
   */
  async searchRelevant(query: string, options: RelevantOptions = {}): Promise<RelevantResult> {
    return this.session.ask('searchRelevant', query, options);
  }

  /** The pipelines that have names here, besides `bm25`, `dense` and `hybrid`, and the one of searches that name none. */
  async pipelines(): Promise<StoredPipelines> {
    return this.session.reading(async ({ settings }) => storedPipelines(settings.options));
  }

  /** Whether {@link searchRelevant} works. */
  async judgesRelevance(): Promise<boolean> {
    return this.session.reading(async (corpus) => judgesRelevance(corpus));
  }

  /** What the collection and folders in it are about, for people and agents that decide where to look. */
  descriptions(): Contexts {
    return this.session.store.directory === undefined ? { folders: {} } : contextsOf(this.session.store.directory);
  }

  /** The paths that it was indexed from, which `index` without paths reads again; none in PostgreSQL. */
  sources(): readonly Source[] {
    return this.session.store.directory === undefined ? [] : sourcesOf(this.session.store.directory);
  }

  /** The source of its synonyms; empty without any. */
  synonyms(): string {
    return this.session.store.directory === undefined ? '' : synonymsSource(this.session.store.directory);
  }

  /** The document with this id, with its text. @throws NotFoundError. */
  async document(id: string): Promise<StoredDocument> {
    checkArgument('document', 'id', id);
    return this.session.reading(async (corpus) => {
      const found = await corpus.find(id);
      if (found === undefined) throw noSuchDocument(id);
      const { document, from, to } = found;
      const [record] = await corpus.documents([document]);
      return { ...record!, text: (await corpus.texts([document]))[0]!, passages: to - from };
    });
  }

  /** Ids of documents whose id starts with one of the prefixes (all documents without any), in order of indexing. */
  async ids(prefixes: readonly string[] = ['']): Promise<string[]> {
    checkArgument('ids', 'prefixes', prefixes);
    return this.session.reading(async (corpus) => {
      const ids: string[] = [];
      for await (const { record } of corpus.all()) {
        if (prefixes.some((prefix) => record.id.startsWith(prefix))) ids.push(record.id);
      }
      return ids;
    });
  }

  /** The newest published state, as what retrievers of one's own (`sagitta-search/search`) stand on. The caller closes it. */
  async corpus(): Promise<StoredCorpus> {
    return this.session.corpus();
  }

  /** The newest published state with its files: what is trained and planned from. The caller closes it. @throws UnsupportedError in PostgreSQL. */
  async snapshot(): Promise<Snapshot> {
    return this.session.store.snapshot();
  }

  /** A snapshot, as what retrievers stand on; valid as long as the snapshot is. */
  corpusOf(snapshot: Snapshot): SnapshotCorpus {
    return new SnapshotCorpus(snapshot, this.settings, (field) => this.session.encoders.ofField(field));
  }

  /** What its searches run with beside a corpus: pipelines, extensions, what was learned of relevance, synonyms. */
  environment(corpus: Pick<StoredCorpus, 'settings' | 'beside'>): SearchEnvironment {
    return this.session.environment(corpus);
  }

  /** What the collection consists of: counts, bytes, segments and sections, settings. */
  async inspect(): Promise<StoreInfo> {
    return this.session.store.inspect();
  }

  /** Reads every byte and checks every checksum and cross-reference. Never throws for a damaged collection. */
  async verify(options?: Parameters<Store['verify']>[0]): Promise<VerifyReport> {
    return verifyStore(this.session.store, options);
  }

  /**
   * Finds an index for the vectors that keeps a budget, by trying: see `plan` of `sagitta-search/index`. Changes nothing; `rebuild` with the
   * specification and the search settings of `choice.point` applies it.
   *
   * @throws InvalidArgumentError for a collection without embeddings, no budget, too few queries, and a specification with a mistake.
   */
  async plan(options: CollectionPlanOptions): Promise<Plan> {
    checkArgument('plan', 'options', options);
    const snapshot = await this.session.store.snapshot();
    try {
      return await planSnapshot(snapshot, await this.session.encoders.of(snapshot.settings.encoder), options);
    } finally {
      snapshot.close();
    }
  }

  /** The field that is being made, of one added or of `meaning` for another encoder, and is not finished. */
  async pendingField(): Promise<PendingField | undefined> {
    return this.session.store.pendingField();
  }

  /** The encoder that the collection has, opened; undefined for a lexical one. Disposed of with the collection. */
  async encoder(): Promise<Encoder | undefined> {
    return this.session.reading(({ settings }) => this.session.encoders.of(settings.encoder));
  }
}

function noEncoder(): InvalidArgumentError {
  return new InvalidArgumentError(
    'This collection has no embeddings.',
    'Give it an encoder with `sagitta reencode`, or make another collection.',
  );
}
