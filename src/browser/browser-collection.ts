import { InvalidArgumentError } from '../base/errors.ts';
import type { AddReport } from '../collection/add-documents.ts';
import type { IndexProgress } from '../collection/types.ts';
import type { InputDocument } from '../content/index.ts';
import type { FacetCounts, FacetOptions, SearchOptions, SearchResult } from '../search/index.ts';
import type { CompactReport } from '../store/types.ts';
import type { CallOptions, Link } from './link.ts';
import type { BrowserDocument, BrowserInfo } from './types.ts';

export type { CallOptions };

/**
 * A collection that a worker of this page works on. Searches are what they are elsewhere: the same options, pipelines, hits and errors
 * (docs/search.md). One that lies on a server is only read.
 */
export class BrowserCollection {
  readonly #link: Link;

  /** Use `openBrowserCollection`. */
  constructor(
    /** Its name, or its address. */
    readonly source: string,
    link: Link,
  ) {
    this.#link = link;
  }

  /**
   * Searches. Returns up to `k` passages, best first, or says in `shortfall` why there are fewer.
   * @throws InvalidArgumentError for options with a mistake; IncompatibleError where the encoder is not here; RemoteError when the server is out of
   * reach; CorruptFileError when what lies there is damaged, or is another state than the one that was opened.
   */
  async search(query: string, { signal, ...options }: SearchOptions = {}): Promise<SearchResult> {
    return (await this.#link.call('search', { query, options }, only(signal))) as SearchResult;
  }

  /** How often values of fields occur, over all documents or over those that a query finds. */
  async facets(options: FacetOptions = {}): Promise<FacetCounts> {
    return (await this.#link.call('facets', { options })) as FacetCounts;
  }

  /** The document with this id, with its text. @throws NotFoundError. */
  async document(id: string): Promise<BrowserDocument> {
    return (await this.#link.call('document', { id })) as BrowserDocument;
  }

  /** Ids of documents whose id starts with one of the prefixes (all documents without any), in order of indexing. */
  async ids(prefixes: readonly string[] = ['']): Promise<string[]> {
    return (await this.#link.call('ids', { prefixes })) as string[];
  }

  /** What it holds, as it stands; of one on a server also what was fetched so far. */
  async about(): Promise<BrowserInfo> {
    return (await this.#link.call('about', {})) as BrowserInfo;
  }

  /**
   * Adds documents, replacing those with the same id. On return they are kept, and survive that the page is closed. Unchanged ones cost nothing.
   * @throws InvalidArgumentError for a document that could not be kept as it is given, and for a collection on a server; CollectionLockedError
   * while another tab writes; StorageError when the browser gives no more room.
   */
  async add(documents: Iterable<InputDocument>, options: CallOptions<IndexProgress> = {}): Promise<AddReport> {
    return (await this.#link.call('add', { documents: [...documents] }, options)) as AddReport;
  }

  /** Removes documents by id. @returns how many of them existed. @throws as {@link BrowserCollection.add}. */
  async remove(ids: Iterable<string>): Promise<number> {
    return (await this.#link.call('remove', { ids: [...ids] })) as number;
  }

  /** Merges segments where that pays, which makes room and searches faster after many small additions. */
  async compact(options: Pick<CallOptions, 'signal'> = {}): Promise<CompactReport> {
    return (await this.#link.call('compact', {}, only(options.signal))) as CompactReport;
  }

  /** Waits for what is being written, and ends the worker. */
  async close(): Promise<void> {
    try {
      await this.#link.call('close', {});
    } finally {
      this.#link.end(
        new InvalidArgumentError(
          `The collection ${this.source} is closed.`,
          'Open it again with openBrowserCollection.',
        ),
      );
    }
  }
}

function only(signal: AbortSignal | undefined): CallOptions<never> {
  return signal === undefined ? {} : { signal };
}
