import {
  type Answer,
  type AskOptions,
  askCorpus,
  type Context,
  type ContextOptions,
  contextOf,
} from '../answer/index.ts';
import { InvalidArgumentError, UnsupportedError } from '../base/errors.ts';
import type { DocumentRecord, InputDocument } from '../content/index.ts';
import { type IndexingSettings, MEANING, queryLanguage, resolveSettings } from '../corpus/index.ts';
import { type CrossWeights, writeCross } from '../encode/cross/weights.ts';
import type { Encoder } from '../encode/encoder.ts';
import type { TunedFiles } from '../encode/tuned/description.ts';
import type { Plan } from '../index/index.ts';
import { INGEST_VERSION } from '../ingest/index.ts';
import {
  countFacets,
  type DocumentRanking,
  documentFilter,
  type FacetCounts,
  type FacetOptions,
  type Filter,
  formatRelevance,
  type PassageReference,
  type PipelineInput,
  type RelevanceParameters,
  rankCorpus,
  type SearchEnvironment,
  type SearchOptions,
  type SearchResult,
  type SimilarOptions,
  searchCorpus,
  similarInCorpus,
} from '../search/index.ts';
import { noSuchDocument } from '../search/searching.ts';
import { SnapshotCorpus } from '../store/corpus.ts';
import { vectorFields } from '../store/local/manifest-types.ts';
import type {
  CollectionSettings,
  CompactOptions,
  CompactReport,
  PendingField,
  RebuildOptions,
  RebuildReport,
  Snapshot,
  Store,
  StoredCorpus,
  StoreInfo,
  VerifyReport,
  Writer,
} from '../store/types.ts';
import { type AddReport, addDocuments } from './add-documents.ts';
import { type AddFieldOptions, type AddFieldReport, addField } from './add-field.ts';
import { type BuildContext, type BuildOptions, type DeployOptions, deployTuned } from './building.ts';
import { type Contexts, contextsOf, saveContext } from './contexts.ts';
import { dropEncoderVersions } from './encoder-versions.ts';
import { CollectionEncoders, type EncoderSources } from './encoders.ts';
import type { Extension } from './extensions.ts';
import { indexPaths } from './index-paths.ts';
import { type EncodedField, Indexer } from './indexer.ts';
import { CorpusLease } from './lease.ts';
import { changedPipelines, PIPELINES, type StoredPipelines, storedPipelines, withStored } from './pipelines.ts';
import { type CollectionPlanOptions, planSnapshot } from './planning.ts';
import { type ReencodeCollectionReport, reencodeCollection } from './reencoding.ts';
import { judgesRelevance, RELEVANCE, relevanceFor, searchRelevant } from './relevant.ts';
import { removeField } from './removing.ts';
import { CollectionReranker, RERANKER, withRerankers } from './reranking.ts';
import { saveSynonyms, synonymsOf, synonymsSource } from './synonyms.ts';
import type { AddOptions, IndexOptions, IndexReport, RelevantOptions, RelevantResult } from './types.ts';
import { verifyStore } from './verify.ts';

/** A document as the collection holds it. */
export interface StoredDocument extends DocumentRecord {
  readonly text: string;
  readonly passages: number;
}

/**
 * A searchable collection of documents, in a folder or in PostgreSQL. Reads see the newest published state, also what another process
 * published. In a folder one process at a time writes; what works on its files alone is refused in PostgreSQL (UnsupportedError).
 */
export class Collection {
  readonly #store: Store;
  readonly #ingestVersion: unknown;
  readonly settings: IndexingSettings;
  readonly #encoders: CollectionEncoders;
  readonly #reranker = new CollectionReranker();
  readonly #extensions: Extension;
  readonly #allowRemote: boolean;
  #current: CorpusLease | undefined;
  /** The end of the queue of writing calls: one collection object writes one thing at a time. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Use `openCollection`. */
  constructor(store: Store, settings: CollectionSettings, encoders: EncoderSources, extensions: Extension = {}) {
    const { ingest, analysis: _, [PIPELINES]: __, ...options } = settings.options;
    this.#extensions = extensions;
    this.#allowRemote = encoders.allowRemote;
    this.#store = store;
    this.#ingestVersion = ingest;
    this.settings = resolveSettings(options as Partial<IndexingSettings>);
    this.#encoders = new CollectionEncoders(store.location, encoders);
  }

  /** Where it is: the folder, or the address of the database without its password. */
  get directory(): string {
    return this.#store.location;
  }

  /**
   * Indexes files and folders: adds what is new, replaces what changed, recognises what moved, removes what is gone
   * from under the given paths. A file that cannot be read is listed in the report and keeps its old documents.
   */
  async index(paths: readonly string[], options: IndexOptions = {}): Promise<IndexReport> {
    const report = await this.#writingAndReading(async (writer, corpus) =>
      indexPaths(
        {
          writer,
          corpus,
          settings: this.settings,
          fields: await this.#fields(corpus),
          trustStamps: this.#ingestVersion === INGEST_VERSION,
          directory: this.#store.directory,
          readers: this.#extensions.readers ?? [],
        },
        paths,
        options,
      ),
    );
    return this.#reading(async ({ documentCount, passageCount }) => ({
      ...report,
      documents: documentCount,
      passages: passageCount,
    }));
  }

  /**
   * Adds documents, replacing those with the same id; of several with one id the last one counts. On return they survive a crash.
   * Unchanged ones cost nothing. Title and text are searched alike, so a document may have a title alone.
   * @throws InvalidArgumentError for a document that could not be kept as it is given: an unknown field, metadata that are no
   * scalars or lists of them, blocks out of order. What came before it may have been published.
   */
  async add(
    documents: Iterable<InputDocument> | AsyncIterable<InputDocument>,
    options: AddOptions = {},
  ): Promise<AddReport> {
    return this.#writingAndReading(async (writer, corpus) => {
      const fields = await this.#fields(corpus);
      const indexer = new Indexer(writer, fields, this.settings, options.signal, options.onProgress);
      return addDocuments(indexer, documents);
    });
  }

  /** Removes documents by id. @returns how many of them existed. */
  async remove(ids: Iterable<string>): Promise<number> {
    return this.#writing(async (writer) => {
      let removed = 0;
      for (const id of ids) if (await writer.remove(id)) removed++;
      if (removed > 0) await writer.publish();
      return removed;
    });
  }

  /** Removes the documents that satisfy a filter. @returns how many. @throws InvalidArgumentError for a filter with a mistake. */
  async removeWhere(filter: Filter | string): Promise<number> {
    const ids = await this.#reading(async (corpus) => {
      const satisfies = await documentFilter(corpus, filter);
      const found: string[] = [];
      for await (const { record } of corpus.all()) if (satisfies(record)) found.push(record.id);
      return found;
    });
    return ids.length === 0 ? 0 : this.remove(ids);
  }

  /** Vectors of texts, by the collection's encoder. @throws InvalidArgumentError for a collection without one. */
  async embed(
    texts: readonly string[],
    options: { readonly role?: 'query' | 'document'; readonly signal?: AbortSignal } = {},
  ): Promise<number[][]> {
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
    return this.#searching((corpus, environment) => searchCorpus(corpus, query, options, environment));
  }

  /**
   * What to read for a question, within a budget of tokens: the sentences of passages that bear on it, with their places, ready for a prompt. Empty where nothing is
   * relevant.
   * @throws InvalidArgumentError for an empty question, and options that are not known or out of range.
   */
  async context(question: string, options: ContextOptions = {}): Promise<Context> {
    return this.#searching((corpus, environment) => contextOf(corpus, question, options, environment));
  }

  /**
   * Answers a question with sentences of the documents, word for word and with their places, or says that it is not answered here. `groundedAnswer` of `sagitta-search/answer`
   * has a language model put it in words, from the same context.
   * @throws InvalidArgumentError as {@link Collection.context}.
   */
  async ask(question: string, options: AskOptions = {}): Promise<Answer> {
    return this.#searching((corpus, environment) => askCorpus(corpus, question, options, environment));
  }

  /** The language (ISO 639-1, or `und`) that a search takes a query to be in unless it is told. */
  async queryLanguage(query: string): Promise<string> {
    return this.#searching(async (corpus) => queryLanguage(query, corpus));
  }

  /**
   * Passages similar to a passage of the collection, which is not among them: nearest by its embedding, or by BM25 with
   * its own words where it has none. A filter and a limit per document work as in `search`.
   * @throws NotFoundError when there is no such passage.
   */
  async similar(passage: PassageReference, options: SimilarOptions = {}): Promise<SearchResult> {
    return this.#searching((corpus, environment) => similarInCorpus(corpus, passage, options, environment));
  }

  /**
   * How often values of fields occur, over all documents or over those that a query finds.
   * @throws InvalidArgumentError for a filter with a mistake and for fields that no document has.
   */
  async facets(options: FacetOptions = {}): Promise<FacetCounts> {
    return this.#searching((corpus, environment) => countFacets(corpus, options, environment));
  }

  /** Runs `work` on the newest state, which stays open until it is done: for retrievers and statistics of one's own. */
  async read<T>(work: (corpus: StoredCorpus) => Promise<T>): Promise<T> {
    return this.#reading(work);
  }

  /**
   * Up to `k` documents by their best passage, best first, without their texts: what evaluation needs, at a fraction of the
   * cost of {@link search}. Where `search` refuses a dense search in a language that the encoder does not know, this returns
   * nothing and says `abstained`.
   */
  async rank(query: string, options: Omit<SearchOptions, 'perDocument' | 'explain'> = {}): Promise<DocumentRanking> {
    return this.#searching((corpus, environment) => rankCorpus(corpus, query, options, environment));
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
    return this.#reading((corpus) =>
      searchRelevant(
        (words, wanted) => searchCorpus(corpus, words, wanted, this.environment(corpus)),
        corpus,
        query,
        options,
      ),
    );
  }

  /** The pipelines that have names here, besides `bm25`, `dense` and `hybrid`, and the one of searches that name none. */
  async pipelines(): Promise<StoredPipelines> {
    return this.#reading(async ({ settings }) => storedPipelines(settings.options));
  }

  /**
   * Gives a pipeline a name in this collection: searches, and other pipelines, may use it from now on.
   * @param input undefined takes the name away.
   * @throws InvalidArgumentError for a name that is taken, a pipeline that cannot run here, and where others use what would be gone.
   */
  async namePipeline(name: string, input: PipelineInput | undefined): Promise<void> {
    await this.#changePipelines(name, input);
  }

  /** Sets the pipeline of searches that name none. @param input undefined goes back to `hybrid`, or `bm25` without an encoder. */
  async setDefaultPipeline(input: PipelineInput | undefined): Promise<void> {
    await this.#changePipelines(undefined, input);
  }

  async #changePipelines(name: string | undefined, input: PipelineInput | undefined): Promise<void> {
    await this.#writing((writer) =>
      this.#reading(async (corpus) => {
        const { options } = corpus.settings;
        const environment = { ...this.environment(corpus), corpus };
        const after = await changedPipelines(storedPipelines(options), name, input, environment);
        await writer.configure({ ...options, [PIPELINES]: after });
      }),
    );
  }

  /** Whether {@link searchRelevant} works. */
  async judgesRelevance(): Promise<boolean> {
    return this.#reading(async (corpus) => judgesRelevance(corpus));
  }

  /**
   * Takes over what was learned of relevance (`learnRelevance` of `sagitta-search/train`). @param parameters undefined: it has learned nothing.
   * @throws CollectionLockedError while another process writes.
   */
  async setRelevance(parameters: RelevanceParameters | undefined): Promise<void> {
    const content = parameters === undefined ? undefined : Buffer.from(formatRelevance(parameters));
    await this.#writing((writer) => writer.putBeside(RELEVANCE, content));
  }

  /**
   * Takes over a cross-encoder (`tuneReranker` of `sagitta-search/train`), which pipelines then name `cross`. @param weights undefined: it has none.
   * @throws CollectionLockedError while another process writes; UnsupportedError in PostgreSQL.
   */
  async setReranker(weights: CrossWeights | undefined): Promise<void> {
    const content = weights === undefined ? undefined : writeCross(weights);
    await this.#writing((writer) => writer.putBeside(RERANKER, content));
  }

  /**
   * Words that queries are also searched for, one rule a line (`parseSynonyms` of `sagitta-search/text`); they stand in `synonyms.txt` in the
   * collection's folder. An empty source takes them away. @returns the number of rules.
   * @throws InvalidArgumentError that names the line with a mistake.
   */
  async setSynonyms(source: string): Promise<number> {
    return saveSynonyms(this.#folder('Synonyms'), source);
  }

  /** What the collection and folders in it are about, for people and agents that decide where to look. */
  descriptions(): Contexts {
    return this.#store.directory === undefined ? { folders: {} } : contextsOf(this.#store.directory);
  }

  /**
   * Says in a sentence what the collection (`''`) or a folder of it (a beginning of ids, `guides/`) is about; it stands in `contexts.json` in the
   * collection's folder. @param sentence undefined takes it away.
   * @throws InvalidArgumentError for more than 500 characters or line breaks.
   */
  async describe(folder: string, sentence: string | undefined): Promise<Contexts> {
    return saveContext(this.#folder('Descriptions'), folder, sentence);
  }

  /** The source of its synonyms; empty without any. */
  synonyms(): string {
    return this.#store.directory === undefined ? '' : synonymsSource(this.#store.directory);
  }

  /** The document with this id, with its text. @throws NotFoundError. */
  async document(id: string): Promise<StoredDocument> {
    return this.#reading(async (corpus) => {
      const found = await corpus.find(id);
      if (found === undefined) throw noSuchDocument(id);
      const { document, from, to } = found;
      const [record] = await corpus.documents([document]);
      return { ...record!, text: (await corpus.texts([document]))[0]!, passages: to - from };
    });
  }

  /** Ids of documents whose id starts with one of the prefixes (all documents without any), in order of indexing. */
  async ids(prefixes: readonly string[] = ['']): Promise<string[]> {
    return this.#reading(async (corpus) => {
      const ids: string[] = [];
      for await (const { record } of corpus.all()) {
        if (prefixes.some((prefix) => record.id.startsWith(prefix))) ids.push(record.id);
      }
      return ids;
    });
  }

  /** The newest published state, as what retrievers of one's own (`sagitta-search/search`) stand on. The caller closes it. */
  async corpus(): Promise<StoredCorpus> {
    return this.#store.corpus(this.settings, (field) => this.#encoders.ofField(field));
  }

  /** The newest published state with its files: what is trained and planned from. The caller closes it. @throws UnsupportedError in PostgreSQL. */
  async snapshot(): Promise<Snapshot> {
    return this.#store.snapshot();
  }

  /** A snapshot, as what retrievers stand on; valid as long as the snapshot is. */
  corpusOf(snapshot: Snapshot): SnapshotCorpus {
    return new SnapshotCorpus(snapshot, this.settings, (field) => this.#encoders.ofField(field));
  }

  /** What its searches run with beside a corpus: pipelines, extensions, what was learned of relevance, synonyms. */
  environment(corpus: Pick<StoredCorpus, 'settings' | 'beside'>): SearchEnvironment {
    const { directory } = this.#store;
    return {
      ...withStored(storedPipelines(corpus.settings.options)),
      extensions: withRerankers(this.#extensions, this.#reranker.of(corpus)),
      allowRemote: this.#allowRemote,
      relevance: async () => relevanceFor(corpus),
      synonyms: directory === undefined ? undefined : () => synonymsOf(directory),
    };
  }

  /** What the collection consists of: counts, bytes, segments and sections, settings. */
  async inspect(): Promise<StoreInfo> {
    return this.#store.inspect();
  }

  /** Reads every byte and checks every checksum and cross-reference. Never throws for a damaged collection. */
  async verify(options?: Parameters<Store['verify']>[0]): Promise<VerifyReport> {
    return verifyStore(this.#store, options);
  }

  /** Merges segments and drops what was deleted, and trained encoders that are no longer in use. */
  async compact(options: CompactOptions = {}): Promise<CompactReport & { readonly encodersDropped: number }> {
    return this.#writingAndReading(async (writer, { settings }) => {
      const report = await writer.compact(options);
      const pending = await this.#store.pendingField();
      const used = [...vectorFields(settings), ...(pending === undefined ? [] : [pending])].map(
        ({ encoder }) => encoder,
      );
      const { directory } = this.#store;
      return { ...report, encodersDropped: directory === undefined ? 0 : await dropEncoderVersions(directory, used) };
    });
  }

  /**
   * Learns a compressed index for the vectors and codes all of them; nothing is embedded again, and searches go on. Documents
   * added later are coded with what was learned.
   *
   * @param index without a specification goes back to scanning int8 codes one by one, the state of a new collection.
   * @throws InvalidArgumentError for a specification with a mistake, one that the vectors are too few for, and a field that has none.
   */
  async rebuild(index: RebuildOptions | Pick<RebuildOptions, 'field'>): Promise<RebuildReport> {
    return this.#writing((writer) => writer.rebuild(index));
  }

  /**
   * Finds an index for the vectors that keeps a budget, by trying: see `plan` of `sagitta-search/index`. Changes nothing; `rebuild` with the
   * specification and the search settings of `choice.point` applies it.
   *
   * @throws InvalidArgumentError for a collection without embeddings, no budget, too few queries, and a specification with a mistake.
   */
  async plan(options: CollectionPlanOptions): Promise<Plan> {
    const snapshot = await this.#store.snapshot();
    try {
      return await planSnapshot(snapshot, await this.#encoders.of(snapshot.settings.encoder), options);
    } finally {
      snapshot.close();
    }
  }

  /**
   * Gives the collection another encoder: every passage gets a new vector, while searches and other writing calls go on with the
   * one before, and then all of it changes at once. Passages in languages that the encoder does not know get none. What was done
   * is kept when it fails, is aborted or killed: the same call goes on. A compressed index of the vectors is learned again; what
   * was learned of relevance is dropped.
   *
   * @param encoder an encoder, or its specification; `none` leaves BM25.
   * @throws CollectionLockedError when another process, or another call, is at it.
   */
  async reencode(encoder: Encoder | string, options: BuildOptions = {}): Promise<ReencodeCollectionReport> {
    this.#checkOpen();
    return reencodeCollection(this.#building, encoder, options);
  }

  /**
   * Adds a field of vectors, made from what is stored: of another encoder, of titles, headings or metadata, or of tokens. Searches and other
   * writing calls go on meanwhile; once it is whole, pipelines may name it, and documents that come later have it too. What was done
   * is kept when it fails, is aborted or killed: the same call goes on.
   *
   * @throws InvalidArgumentError for a name that is taken or impossible, a source that no document has, and an unknown encoder;
   * IncompatibleError when the encoder does not give what the field holds, and while another field is being made;
   * CollectionLockedError when another process, or another call, makes one.
   */
  async addField(name: string, options: AddFieldOptions): Promise<AddFieldReport> {
    return this.#reading((corpus) => addField(this.#building, corpus, this.#extensions, name, options));
  }

  /**
   * Takes a field away that was added, or gives up one that is being made. Its files go at once.
   * @returns whether it was only being made.
   * @throws InvalidArgumentError for one that was not added, and where a pipeline of the collection searches it.
   */
  async removeField(name: string): Promise<{ readonly pending: boolean }> {
    return this.#writing((writer) =>
      this.#reading((corpus) =>
        removeField(writer, this.#store, corpus.settings, { ...this.environment(corpus), corpus }, name),
      ),
    );
  }

  /** The field that is being made, of one added or of `meaning` for another encoder, and is not finished. */
  async pendingField(): Promise<PendingField | undefined> {
    return this.#store.pendingField();
  }

  /**
   * Gives up the change to another encoder that was begun with {@link Collection.reencode}, and removes what was done of it.
   * @returns what it was; undefined when there is none.
   * @throws CollectionLockedError when another process, or another call, is at it.
   */
  async abandonReencode(): Promise<PendingField | undefined> {
    const pending = await this.#store.pendingField();
    if (pending?.name !== MEANING) return undefined;
    await (await this.#store.buildField(pending)).abandon();
    return pending;
  }

  /**
   * Puts a trained encoder in place of the one that the collection has. Its files go into `encoders/`, and then the collection is
   * given that encoder as {@link Collection.reencode} does it, unless only queries are encoded differently.
   *
   * @returns the encoder's id in this collection.
   * @throws IncompatibleError when the collection has another encoder than the one that training started from, or is about to get
   * one.
   */
  async deploy(files: TunedFiles, options: DeployOptions = {}): Promise<string> {
    return deployTuned(this.#building, files, options);
  }

  /** The encoder that the collection has, opened; undefined for a lexical one. Disposed of with the collection. */
  async encoder(): Promise<Encoder | undefined> {
    return this.#reading(({ settings }) => this.#encoders.of(settings.encoder));
  }

  /** Waits for writing calls under way, closes files and frees the encoder that the collection loaded itself. */
  async close(): Promise<void> {
    await this.#lastWrite.catch(() => undefined);
    this.#closed = true;
    this.#current?.retire();
    this.#current = undefined;
    await this.#encoders.dispose();
    await this.#reranker.dispose();
    await this.#store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #searching<T>(work: (corpus: StoredCorpus, environment: SearchEnvironment) => Promise<T>): Promise<T> {
    return this.#reading((corpus) => work(corpus, this.environment(corpus)));
  }

  /** The fields of vectors with their encoders: what documents are indexed by. */
  async #fields({ settings }: StoredCorpus): Promise<EncodedField[]> {
    return Promise.all(
      vectorFields(settings).map(async (field) => ({ ...field, encoder: await this.#encoders.ofField(field) })),
    );
  }

  /** The folder that something is kept in. */
  #folder(what: string): string {
    const { directory } = this.#store;
    if (directory !== undefined) return directory;
    throw new UnsupportedError(
      `${what} are kept in a folder, and this collection lies in ${this.directory}.`,
      'Keep the collection in a folder for that.',
    );
  }

  get #building(): BuildContext {
    return {
      directory: this.directory,
      store: this.#store,
      encoders: this.#encoders,
      writing: (work) => this.#writing(work),
    };
  }

  /** Runs `work` on the newest state, which stays open until it is done, even if a newer one comes meanwhile. */
  async #reading<T>(work: (corpus: StoredCorpus) => Promise<T>): Promise<T> {
    this.#checkOpen();
    const generation = this.#store.generation();
    const newest = typeof generation === 'number' ? generation : await generation;
    if (this.#current === undefined || newest !== this.#current.corpus.generation) {
      const fresh = new CorpusLease(await this.corpus());
      this.#current?.retire();
      this.#current = fresh;
    }
    return this.#current.use(work);
  }

  #writingAndReading<T>(work: (writer: Writer, corpus: StoredCorpus) => Promise<T>): Promise<T> {
    return this.#writing((writer) => this.#reading((corpus) => work(writer, corpus)));
  }

  #writing<T>(work: (writer: Writer) => Promise<T>): Promise<T> {
    const turn = this.#lastWrite
      .catch(() => undefined)
      .then(async () => {
        this.#checkOpen();
        const writer = await this.#store.writer();
        try {
          return await work(writer);
        } finally {
          await writer.close();
        }
      });
    this.#lastWrite = turn;
    return turn;
  }

  #checkOpen(): void {
    if (!this.#closed) return;
    throw new InvalidArgumentError(
      `The collection in ${this.directory} is closed.`,
      'Open it again with openCollection.',
    );
  }
}

function noEncoder(): InvalidArgumentError {
  return new InvalidArgumentError(
    'This collection has no embeddings.',
    'Give it an encoder with `sagitta reencode`, or make another collection.',
  );
}
