import { CorruptFileError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import type { AddReport } from '../collection/add-documents.ts';
import { checkAgreement, checkAnalysis, newSettings } from '../collection/agreement.ts';
import { CorpusLease } from '../collection/lease.ts';
import { PIPELINES, storedPipelines, withStored } from '../collection/pipelines.ts';
import { relevanceFor } from '../collection/relevant.ts';
import type { IndexProgress } from '../collection/types.ts';
import { WriterQueue } from '../collection/writer-queue.ts';
import { type IndexingSettings, resolveSettings } from '../corpus/index.ts';
import type { Encoder, TermEncoder, TokenEncoder } from '../encode/encoder.ts';
import { countFacets, type FacetCounts, type SearchResult, searchCorpus } from '../search/index.ts';
import { noSuchDocument } from '../search/similar.ts';
import { openOpfsStore, openRemoteStore, type WorkerStore } from '../store/browser/store.ts';
import { vectorFields } from '../store/local/manifest-types.ts';
import type { CompactReport, StoredCorpus } from '../store/types.ts';
import { loadLanguage } from '../text/index.ts';
import { type Ask, WorkerEncoders } from './encoders.ts';
import type { Calls, EncoderFacts } from './protocol.ts';
import type { BrowserDocument, BrowserInfo } from './types.ts';

/** Whose readers turned content into text: none, pages give text. */
const INGEST = 'browser-1';
/** Largest segment that a merge makes: it lies in memory until it is written. */
const MERGE_BYTES = 64 * 2 ** 20;

/** What a call may be told, and tell, while it lasts. */
export interface CallContext {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: IndexProgress) => void;
}

/** A collection in a worker: what {@link Calls} ask for. */
export class WorkerCollection {
  readonly #stored: WorkerStore;
  readonly #settings: IndexingSettings;
  readonly #encoders: WorkerEncoders;
  /** Whether queries and documents have vectors here. */
  readonly #embeds: boolean;
  #current: CorpusLease | undefined;
  readonly #writers: WriterQueue;

  private constructor(stored: WorkerStore, encoders: WorkerEncoders, embeds: boolean) {
    this.#stored = stored;
    this.#encoders = encoders;
    this.#embeds = embeds;
    this.#writers = new WriterQueue(() => stored.store.writer());
    const { ingest: _, analysis: __, [PIPELINES]: ___, ...options } = stored.store.settings.options;
    this.#settings = resolveSettings(options as Partial<IndexingSettings>);
  }

  /** @throws as `openBrowserCollection`. */
  static async open(
    { source, create, encoder, settings, bm25, weights, cacheBytes, exact }: Calls['open'],
    defaultWeights: string,
    ask: Ask,
  ): Promise<WorkerCollection> {
    const facts = typeof encoder === 'object' ? encoder : undefined;
    const encoders = new WorkerEncoders(facts, weights ?? defaultWeights, ask);
    const stored =
      'url' in source
        ? await openRemoteStore(source.url, { exact, cacheBytes })
        : await openOpfsStore(
            source.name,
            create ? async () => newSettings({ settings, bm25 }, await factsOf(encoder, encoders), INGEST) : undefined,
            cacheBytes,
          );
    const where = 'url' in source ? source.url : source.name;
    checkAnalysis(where, stored.store.settings);
    // `none` of a collection that has an encoder: it is searched by words.
    const wanted = encoder === 'none' || encoder === undefined ? undefined : (facts?.id ?? 'static');
    checkAgreement(where, stored.store.settings, { encoder: wanted, settings, bm25 });
    return new WorkerCollection(stored, encoders, encoder !== 'none');
  }

  async search({ query, options }: Calls['search'], { signal }: CallContext): Promise<SearchResult> {
    return this.#reading((corpus) => searchCorpus(corpus, query, { ...options, signal }, environmentOf(corpus)));
  }

  async facets({ options }: Calls['facets']): Promise<FacetCounts> {
    return this.#reading((corpus) => countFacets(corpus, options, environmentOf(corpus)));
  }

  async document({ id }: Calls['document']): Promise<BrowserDocument> {
    return this.#reading(async (corpus) => {
      const found = await corpus.find(id);
      if (found === undefined) throw noSuchDocument(id);
      const [record] = await corpus.documents([found.document]);
      const [text] = await corpus.texts([found.document]);
      return { ...record!, text: text!, passages: found.to - found.from };
    });
  }

  async ids({ prefixes }: Calls['ids']): Promise<string[]> {
    return this.#reading(async (corpus) => {
      const ids: string[] = [];
      for await (const { record } of corpus.all()) {
        if (prefixes.some((prefix) => record.id.startsWith(prefix))) ids.push(record.id);
      }
      return ids;
    });
  }

  async about(): Promise<BrowserInfo> {
    const { writable, traffic } = this.#stored;
    return this.#reading(async (corpus) => ({
      documents: corpus.documentCount,
      passages: corpus.passageCount,
      encoder: corpus.settings.encoder,
      fields: corpus.fields.map(({ name }) => name),
      languages: Object.fromEntries(corpus.languages),
      pipelines: storedPipelines(corpus.settings.options).named,
      generation: corpus.generation,
      writable,
      ...given({ fetched: traffic?.() }),
    }));
  }

  async add({ documents }: Calls['add'], { signal, onProgress }: CallContext): Promise<AddReport> {
    const { addDocuments, hashOfDocument, Indexer, withLanguages } = await import('./adding.ts');
    return this.#writers.run((writer) =>
      this.#reading(async (corpus) => {
        const fields = await Promise.all(
          vectorFields(corpus.settings).map(async (field) => ({
            ...field,
            encoder: (await this.#encoders.of(field.encoder, field.name)) as Encoder & TokenEncoder & TermEncoder,
          })),
        );
        const indexer = new Indexer(writer, fields, this.#settings, signal, onProgress);
        indexer.begin();
        return addDocuments(indexer, withLanguages(documents, this.#settings), hashOfDocument);
      }),
    );
  }

  async remove({ ids }: Calls['remove']): Promise<number> {
    return this.#writers.run(async (writer) => {
      let removed = 0;
      for (const id of ids) if (await writer.remove(id)) removed++;
      if (removed > 0) await writer.publish();
      return removed;
    });
  }

  async compact(_: object, { signal }: CallContext): Promise<CompactReport> {
    return this.#writers.run((writer) => writer.compact({ signal, maxSegmentBytes: MERGE_BYTES }));
  }

  async close(): Promise<void> {
    await this.#writers.idle();
    this.#current?.retire();
    this.#current = undefined;
    await this.#stored.store.close();
  }

  /** Runs `work` on the newest state; once more where another tab has replaced files of it meanwhile. */
  async #reading<T>(work: (corpus: StoredCorpus) => Promise<T>): Promise<T> {
    const newest = await this.#stored.generation();
    try {
      return await this.#lease(newest).then((lease) => lease.use(work));
    } catch (error) {
      const now = error instanceof CorruptFileError ? await this.#stored.generation() : newest;
      if (now === newest) throw error;
      return this.#lease(now).then((lease) => lease.use(work));
    }
  }

  async #lease(generation: number): Promise<CorpusLease> {
    if (this.#current?.corpus.generation === generation) return this.#current;
    const open = (field: { readonly encoder: string; readonly name: string }) =>
      this.#encoders.of(field.encoder, field.name) as Promise<Encoder & TokenEncoder & TermEncoder>;
    const fresh = new CorpusLease(await this.#stored.store.corpus(this.#settings, this.#embeds ? open : undefined));
    // What queries and passages are analysed with, which Node would load at the first word.
    const languages = new Set([...fresh.corpus.languages.keys(), this.#settings.language]);
    await Promise.all(Array.from(languages, loadLanguage));
    this.#current?.retire();
    this.#current = fresh;
    return fresh;
  }
}

/** What searches run with beside a state. */
function environmentOf(corpus: StoredCorpus) {
  return {
    ...withStored(storedPipelines(corpus.settings.options)),
    relevance: async () => relevanceFor(corpus),
    allowRemote: false,
  };
}

/** What a new collection records of its encoder. */
async function factsOf(
  encoder: Calls['open']['encoder'],
  encoders: WorkerEncoders,
): Promise<Pick<EncoderFacts, 'id' | 'dim'>> {
  if (encoder === 'none') return { id: 'none', dim: 0 };
  if (typeof encoder === 'object') return encoder;
  return encoders.of('static', 'meaning');
}
