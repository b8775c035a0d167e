import { InvalidArgumentError, UnsupportedError } from '../base/errors.ts';
import { Turns } from '../base/parallel.ts';
import { type IndexingSettings, resolveSettings } from '../corpus/index.ts';
import { INGEST_VERSION } from '../ingest/hashed.ts';
import type { SearchEnvironment } from '../search/index.ts';
import { vectorFields } from '../store/local/manifest-types.ts';
import type { CollectionSettings, Store, StoredCorpus, VectorFieldSettings, Writer } from '../store/types.ts';
import type { BuildContext } from './building.ts';
import { CollectionEncoders, type EncoderSources } from './encoders.ts';
import type { Extension } from './extensions.ts';
import type { EncodedField } from './indexer.ts';
import { CollectionFeedback } from './learned-feedback.ts';
import { CorpusLease } from './lease.ts';
import { withOwn } from './own-parts.ts';
import { PIPELINES, storedPipelines, withStored } from './pipelines.ts';
import { relevanceFor } from './relevant.ts';
import { CollectionReranker } from './reranking.ts';
import { synonymsOf } from './synonyms.ts';
import { type AnswerTo, answerHere, type Given, type QuestionName } from './threads/questions.ts';
import { ReadingThreads, threadsCanRead } from './threads/reading-threads.ts';
import { WriterQueue } from './writer-queue.ts';

/**
 * A collection that is open: work on its newest state, which stays open until the work is done, and writing calls one after the other.
 */
export class Session {
  readonly settings: IndexingSettings;
  readonly encoders: CollectionEncoders;
  readonly #reranker = new CollectionReranker();
  readonly #feedback = new CollectionFeedback();
  readonly #ingestVersion: unknown;
  readonly #allowRemote: boolean;
  #current: CorpusLease | undefined;
  /** One collection object writes one thing at a time. */
  readonly #writers: WriterQueue;
  readonly #threads: ReadingThreads | undefined;
  #closed = false;

  constructor(
    readonly store: Store,
    settings: CollectionSettings,
    encoders: EncoderSources,
    readonly extensions: Extension,
    threads = 1,
  ) {
    const { ingest, analysis: _, [PIPELINES]: __, ...options } = settings.options;
    this.#allowRemote = encoders.allowRemote;
    this.#ingestVersion = ingest;
    this.settings = resolveSettings(options as Partial<IndexingSettings>);
    this.encoders = new CollectionEncoders(store.location, encoders);
    this.#writers = new WriterQueue(async () => {
      this.checkOpen();
      return store.writer();
    });
    const { directory } = store;
    if (threads > 1 && directory !== undefined && threadsCanRead(extensions)) {
      const openEncoder = (field: VectorFieldSettings) => this.encoders.ofField(field);
      this.#threads = new ReadingThreads({ directory, allowRemote: encoders.allowRemote, threads, openEncoder });
    }
  }

  /** Where the collection is: the folder, or the address of the database without its password. */
  get location(): string {
    return this.store.location;
  }

  /** Whether files that look as they did when they were read need not be read again. */
  get trustsStamps(): boolean {
    return this.#ingestVersion === INGEST_VERSION;
  }

  /** The newest published state, as what retrievers of one's own (`sagitta-search/search`) stand on. The caller closes it. */
  async corpus(): Promise<StoredCorpus> {
    return this.store.corpus(this.settings, (field) => this.encoders.ofField(field));
  }

  /** What its searches run with beside a corpus: pipelines, extensions, what was learned of relevance, synonyms. */
  environment(corpus: Pick<StoredCorpus, 'settings' | 'beside'>): SearchEnvironment {
    const { directory } = this.store;
    return {
      ...withStored(storedPipelines(corpus.settings.options)),
      extensions: withOwn(this.extensions, {
        rerankers: this.#reranker.of(corpus),
        feedbacks: this.#feedback.of(corpus),
      }),
      allowRemote: this.#allowRemote,
      relevance: async () => relevanceFor(corpus),
      synonyms: directory === undefined ? undefined : () => synonymsOf(directory),
    };
  }

  /** Runs `work` on the newest state, which stays open until it is done, even if a newer one comes meanwhile. */
  async reading<T>(work: (corpus: StoredCorpus) => Promise<T>): Promise<T> {
    this.checkOpen();
    const generation = this.store.generation();
    const newest = typeof generation === 'number' ? generation : await generation;
    if (this.#current === undefined || newest !== this.#current.corpus.generation) {
      const fresh = new CorpusLease(await this.corpus());
      this.#current?.retire();
      this.#current = fresh;
    }
    return this.#current.use(work);
  }

  /** Runs `work` with the writer, when the writing calls before it are done. */
  writing<T>(work: (writer: Writer) => Promise<T>): Promise<T> {
    return this.#writers.run(work);
  }

  writingAndReading<T>(work: (writer: Writer, corpus: StoredCorpus) => Promise<T>): Promise<T> {
    return this.writing((writer) => this.reading((corpus) => work(writer, corpus)));
  }

  /** Answers a question about the newest state: in another thread where there are some that can, else in this one. */
  async ask<Name extends QuestionName>(name: Name, ...given: Given<Name>): Promise<AnswerTo<Name>> {
    return this.reading(async (corpus): Promise<AnswerTo<Name>> => {
      const answer = await this.#threads?.ask(name, given, corpus.generation);
      return answer ?? this.#answer(name, given, corpus);
    });
  }

  /**
   * Answers questions of one kind, all about the newest state that there is now.
   * @returns answers in the order of the questions. @throws what one of them throws; the rest are then left alone.
   */
  async askAll<Name extends QuestionName>(
    name: Name,
    all: readonly Given<Name>[],
    signal: AbortSignal | undefined,
  ): Promise<AnswerTo<Name>[]> {
    return this.reading(async (corpus) => {
      const known = await this.#threads?.askAll(name, all, corpus.generation, signal);
      const turns = new Turns();
      const answers: AnswerTo<Name>[] = [];
      for (const [i, given] of all.entries()) {
        const answer = known?.[i];
        if (answer === undefined) await turns.give(signal);
        answers.push(answer ?? (await this.#answer(name, given, corpus)));
      }
      return answers;
    });
  }

  #answer<Name extends QuestionName>(name: Name, given: Given<Name>, corpus: StoredCorpus): Promise<AnswerTo<Name>> {
    return answerHere(name, { corpus, environment: this.environment(corpus) }, given);
  }

  /** The fields of vectors with their encoders: what documents are indexed by. */
  async fields({ settings }: StoredCorpus): Promise<EncodedField[]> {
    return Promise.all(
      vectorFields(settings).map(async (field) => ({ ...field, encoder: await this.encoders.ofField(field) })),
    );
  }

  /** The folder that something is kept in. @throws UnsupportedError where there is none. */
  folder(what: string): string {
    const { directory } = this.store;
    if (directory !== undefined) return directory;
    throw new UnsupportedError(
      `${what} are kept in a folder, and this collection lies in ${this.location}.`,
      'Keep the collection in a folder for that.',
    );
  }

  /** What making of fields and encoders goes by. */
  get building(): BuildContext {
    return {
      directory: this.location,
      store: this.store,
      encoders: this.encoders,
      settings: this.settings,
      writing: (work) => this.writing(work),
    };
  }

  /** @throws InvalidArgumentError once it was closed. */
  checkOpen(): void {
    if (!this.#closed) return;
    throw new InvalidArgumentError(
      `The collection in ${this.location} is closed.`,
      'Open it again with openCollection.',
    );
  }

  /** Waits for writing calls under way and for what threads answer, closes files and frees the encoder that the collection loaded itself. */
  async close(): Promise<void> {
    await this.#writers.idle();
    this.#closed = true;
    this.#current?.retire();
    this.#current = undefined;
    await this.#threads?.close();
    await this.encoders.dispose();
    await this.#reranker.dispose();
    await this.store.close();
  }
}
