import type { CompressorModel } from '../answer/index.ts';
import type { InputDocument } from '../content/index.ts';
import { MEANING } from '../corpus/index.ts';
import { type CrossWeights, writeCross } from '../encode/cross/weights.ts';
import type { Encoder } from '../encode/encoder.ts';
import type { TunedFiles } from '../encode/tuned/description.ts';
import { documentHash } from '../ingest/changes.ts';
import {
  documentFilter,
  type Filter,
  formatRelevance,
  type PipelineInput,
  type QueryUpdate,
  type RelevanceParameters,
  writeQueryUpdate,
} from '../search/index.ts';
import { vectorFields } from '../store/local/manifest-types.ts';
import type { CompactOptions, CompactReport, PendingField, RebuildOptions, RebuildReport } from '../store/types.ts';
import { type AddReport, addDocuments } from './add-documents.ts';
import { type AddFieldOptions, type AddFieldReport, addField } from './add-field.ts';
import { answering, COMPRESSOR } from './answering.ts';
import { checkArgument } from './arguments.ts';
import { type BuildOptions, type DeployOptions, deployTuned } from './building.ts';
import { type Contexts, saveContext } from './contexts.ts';
import { deployImpacts } from './deploy-impacts.ts';
import { dropEncoderVersions } from './encoder-versions.ts';
import { Indexer } from './indexer.ts';
import { FEEDBACK } from './learned-feedback.ts';
import { changedPipelines, PIPELINES, storedPipelines } from './pipelines.ts';
import { CollectionReads } from './reads.ts';
import { type ReencodeCollectionReport, reencodeCollection } from './reencoding.ts';
import { RELEVANCE } from './relevant.ts';
import { removeField } from './removing.ts';
import { RERANKER } from './reranking.ts';
import { forgetSources, rememberSources, type Source, sourceRuns } from './sources.ts';
import { saveSynonyms } from './synonyms.ts';
import type { AddOptions, IndexOptions, IndexOutcome, IndexReport } from './types.ts';

/**
 * A searchable collection of documents, in a folder or in PostgreSQL. Reads see the newest published state, also what another process
 * published. In a folder one process at a time writes; what works on its files alone is refused in PostgreSQL (UnsupportedError).
 */
export class Collection extends CollectionReads {
  /**
   * Indexes files and folders: adds what is new, replaces what changed, recognises what moved, removes what is gone
   * from under the given paths. A file that cannot be read is listed in the report and keeps its old documents. A collection in a folder remembers
   * the paths, and how their files were chosen ({@link CollectionReads.sources}).
   *
   * @param paths undefined: all that it remembers, chosen as before.
   * @throws InvalidArgumentError for no path, or one without a name; without paths also where none are remembered, where `include`, `exclude`, `noIgnore` or
   * `maxBytes` is given all the same, and in a copy of a collection that remembers paths outside of the folder that holds it.
   */
  async index(paths?: readonly string[], options: IndexOptions = {}): Promise<IndexReport> {
    if (paths !== undefined) checkArgument('index', 'paths', paths);
    // Readers of all formats are loaded when first needed: whoever searches begins the sooner.
    const { indexPaths, joinOutcomes } = await import('./index-paths.ts');
    const { directory } = this.session.store;
    const run = (chosen: readonly string[], options: IndexOptions) =>
      this.session.writingAndReading(async (writer, corpus) => {
        const context = {
          writer,
          corpus,
          settings: this.settings,
          fields: await this.session.fields(corpus),
          trustStamps: this.session.trustsStamps,
          directory,
          readers: this.session.extensions.readers ?? [],
        };
        try {
          return await indexPaths(context, chosen, options);
        } finally {
          if (directory !== undefined && paths !== undefined) await rememberSources(directory, paths, options);
        }
      });
    const outcomes: IndexOutcome[] = [];
    if (paths !== undefined) outcomes.push(await run(paths, options));
    else {
      const runs = sourceRuns(this.session.folder('Paths to index again'), options);
      for (const { paths: again, choice } of runs) outcomes.push(await run(again, { ...options, ...choice }));
    }
    const report = joinOutcomes(outcomes);
    return this.session.reading(async ({ documentCount, passageCount }) => ({
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
    checkArgument('add', 'documents', documents);
    return this.session.writingAndReading(async (writer, corpus) => {
      const fields = await this.session.fields(corpus);
      const indexer = new Indexer(writer, fields, this.settings, options.signal, options.onProgress);
      indexer.begin();
      return addDocuments(indexer, documents, documentHash);
    });
  }

  /** Removes documents by id. @returns how many of them existed. */
  async remove(ids: Iterable<string>): Promise<number> {
    checkArgument('remove', 'ids', ids);
    return this.session.writing(async (writer) => {
      let removed = 0;
      for (const id of ids) if (await writer.remove(id)) removed++;
      if (removed > 0) await writer.publish();
      return removed;
    });
  }

  /** Removes the documents that satisfy a filter. @returns how many. @throws InvalidArgumentError for a filter with a mistake. */
  async removeWhere(filter: Filter | string): Promise<number> {
    const ids = await this.session.reading(async (corpus) => {
      const satisfies = await documentFilter(corpus, filter);
      const found: string[] = [];
      for await (const { record } of corpus.all()) if (satisfies(record)) found.push(record.id);
      return found;
    });
    return ids.length === 0 ? 0 : this.remove(ids);
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
    await this.session.writing((writer) =>
      this.session.reading(async (corpus) => {
        const { options } = corpus.settings;
        const environment = { ...this.environment(corpus), corpus };
        const after = await changedPipelines(storedPipelines(options), name, input, environment);
        await writer.configure({ ...options, [PIPELINES]: after });
      }),
    );
  }

  /**
   * Takes over what was learned of relevance (`learnRelevance` of `sagitta-search/train`). @param parameters undefined: it has learned nothing.
   * @throws CollectionLockedError while another process writes.
   */
  async setRelevance(parameters: RelevanceParameters | undefined): Promise<void> {
    if (parameters !== undefined) checkArgument('setRelevance', 'relevance', parameters);
    const content = parameters === undefined ? undefined : Buffer.from(formatRelevance(parameters));
    await this.session.writing((writer) => writer.putBeside(RELEVANCE, content));
  }

  /**
   * Takes over a cross-encoder (`tuneReranker` of `sagitta-search/train`), which pipelines then name `cross`. @param weights undefined: it has none.
   * @throws CollectionLockedError while another process writes; UnsupportedError in PostgreSQL.
   */
  async setReranker(weights: CrossWeights | undefined): Promise<void> {
    if (weights !== undefined) checkArgument('setReranker', 'reranker', weights);
    const content = weights === undefined ? undefined : writeCross(weights);
    await this.session.writing((writer) => writer.putBeside(RERANKER, content));
  }

  /**
   * Takes over trained feedback (`tuneFeedback` of `sagitta-search/train`), which pipelines then name `feedback(learned)`. @param update undefined: it has none.
   * @throws CollectionLockedError while another process writes; UnsupportedError in PostgreSQL.
   */
  async setFeedback(update: QueryUpdate | undefined): Promise<void> {
    if (update !== undefined) checkArgument('setFeedback', 'feedback', update);
    const content = update === undefined ? undefined : writeQueryUpdate(update);
    await this.session.writing((writer) => writer.putBeside(FEEDBACK, content));
  }

  /**
   * Takes over what was learned of which sentences contexts keep (`learnSentences` or `learnExtracts` of `sagitta-search/train`), which `context` and `ask` then name `learned`.
   * @param model undefined: it has none. @throws CollectionLockedError while another process writes; UnsupportedError in PostgreSQL.
   */
  async setCompressor(model: CompressorModel | undefined): Promise<void> {
    if (model !== undefined) checkArgument('setCompressor', 'compressor', model);
    const content = model === undefined ? undefined : (await answering()).writeCompressor(model);
    await this.session.writing((writer) => writer.putBeside(COMPRESSOR, content));
  }

  /**
   * Words that queries are also searched for, one rule a line (`parseSynonyms` of `sagitta-search/text`); they stand in `synonyms.txt` in the
   * collection's folder. An empty source takes them away. @returns the number of rules.
   * @throws InvalidArgumentError that names the line with a mistake.
   */
  async setSynonyms(source: string): Promise<number> {
    checkArgument('setSynonyms', 'text', source);
    return saveSynonyms(this.session.folder('Synonyms'), source);
  }

  /**
   * Says in a sentence what the collection (`''`) or a folder of it (a beginning of ids, `guides/`) is about; it stands in `contexts.json` in the
   * collection's folder. @param sentence undefined takes it away.
   * @throws InvalidArgumentError for more than 500 characters or line breaks.
   */
  async describe(folder: string, sentence: string | undefined): Promise<Contexts> {
    checkArgument('describe', 'prefix', folder);
    return saveContext(this.session.folder('Descriptions'), folder, sentence);
  }

  /** No longer reads again what lies under a beginning of ids (`docs/`, `''` for all); documents stay. @returns what it was. */
  async forgetSources(prefix: string): Promise<readonly Source[]> {
    checkArgument('forgetSources', 'prefix', prefix);
    const { directory } = this.session.store;
    return directory === undefined ? [] : this.session.writing(async () => forgetSources(directory, prefix));
  }

  /** Merges segments and drops what was deleted, and trained encoders that are no longer in use. */
  async compact(options: CompactOptions = {}): Promise<CompactReport & { readonly encodersDropped: number }> {
    return this.session.writingAndReading(async (writer, { settings }) => {
      const report = await writer.compact(options);
      const pending = await this.session.store.pendingField();
      const used = [...vectorFields(settings), ...(pending === undefined ? [] : [pending])].map(
        ({ encoder }) => encoder,
      );
      const { directory } = this.session.store;
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
    checkArgument('rebuild', 'options', index);
    return this.session.writing((writer) => writer.rebuild(index));
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
    this.session.checkOpen();
    checkArgument('reencode', 'encoder', encoder);
    return reencodeCollection(this.session.building, encoder, options);
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
    checkArgument('addField', 'name', name);
    checkArgument('addField', 'options', options);
    return this.session.reading((corpus) =>
      addField(this.session.building, corpus, this.session.extensions, name, options),
    );
  }

  /**
   * Takes a field away that was added, or gives up one that is being made. Its files go at once.
   * @returns whether it was only being made.
   * @throws InvalidArgumentError for one that was not added, and where a pipeline of the collection searches it.
   */
  async removeField(name: string): Promise<{ readonly pending: boolean }> {
    checkArgument('removeField', 'name', name);
    return this.session.writing((writer) =>
      this.session.reading((corpus) =>
        removeField(writer, this.session.store, corpus.settings, { ...this.environment(corpus), corpus }, name),
      ),
    );
  }

  /**
   * Gives up the change to another encoder that was begun with {@link Collection.reencode}, and removes what was done of it.
   * @returns what it was; undefined when there is none.
   * @throws CollectionLockedError when another process, or another call, is at it.
   */
  async abandonReencode(): Promise<PendingField | undefined> {
    const pending = await this.session.store.pendingField();
    if (pending?.name !== MEANING) return undefined;
    await (await this.session.store.buildField(pending)).abandon();
    return pending;
  }

  /**
   * Puts a trained encoder in place of the one that the collection has. Its files go into `encoders/`, and then the collection is
   * given that encoder as {@link Collection.reencode} does it, unless only queries are encoded differently.
   *
   * @returns the encoder's id in this collection.
   * @throws InvalidArgumentError for anything but a description with its files; IncompatibleError when the collection has another encoder than the one that training started from, or is about to get
   * one.
   */
  async deploy(files: TunedFiles, options: DeployOptions = {}): Promise<string> {
    checkArgument('deploy', 'tuned', files);
    return deployTuned(this.session.building, files, options);
  }

  /**
   * Adds a field of impacts by an encoder that was trained for the collection, or gives it that in place of the one that it has. The encoder's files go into `encoders/`.
   *
   * @returns the encoder's id in this collection.
   * @throws InvalidArgumentError for a name that is taken by something else; as {@link Collection.addField}.
   */
  async deployImpacts(name: string, files: TunedFiles, options: DeployOptions = {}): Promise<string> {
    checkArgument('deployImpacts', 'name', name);
    checkArgument('deployImpacts', 'tuned', files);
    return this.session.reading(({ settings }) =>
      deployImpacts(this.session.building, settings, this.session.extensions, name, files, options),
    );
  }

  /** Waits for writing calls under way, closes files and frees the encoder that the collection loaded itself. */
  async close(): Promise<void> {
    await this.session.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
