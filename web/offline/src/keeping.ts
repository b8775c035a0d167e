import { type BrowserCollection, eraseBrowserCollection, openBrowserCollection } from '../../../src/browser/index.ts';
import type { SearchResult } from '../../../src/search/index.ts';
import type { NamedFile } from '../../src/dropped.ts';
import { Reading } from './reading.ts';

const NAME = 'documents';
/** Passages that are judged and shown. */
const MOST = 40;

/** What became of a file. */
export interface Outcome {
  readonly name: string;
  readonly documents: number;
  /** Why nothing was kept of it. */
  readonly failure?: string;
  readonly notes: readonly string[];
}

/** The documents of this page, which the browser keeps: all calls of the page go here. */
export class Keeping {
  readonly #reading = new Reading();
  #collection: BrowserCollection;

  private constructor(collection: BrowserCollection) {
    this.#collection = collection;
  }

  /** @throws UnsupportedError where the browser keeps nothing for pages. */
  static async open(): Promise<Keeping> {
    return new Keeping(await openCollection());
  }

  /** Ids of all documents, in order of indexing. */
  ids(): Promise<string[]> {
    return this.#collection.ids();
  }

  document(id: string) {
    return this.#collection.document(id);
  }

  /** What is probably relevant, or with `all` whatever is nearest; the last word may be the beginning of one. */
  search(query: string, all: boolean): Promise<SearchResult> {
    const pipeline = all ? 'hybrid' : 'hybrid > cut';
    return this.#collection.search(query, { k: MOST, pipeline, complete: true });
  }

  /** Reads files and keeps what is in them, in place of what was kept of files of the same names. */
  async add({ name, file }: NamedFile): Promise<Outcome> {
    const { id, documents, notes, failure } = await this.#reading.read({ name, file });
    if (failure !== undefined) return { name, documents: 0, notes, failure };
    try {
      await this.#collection.add(documents);
      const now = new Set(documents.map((document) => document.id));
      const before = await this.#collection.ids([id]);
      const gone = before.filter((one) => (one === id || one.startsWith(`${id}#`)) && !now.has(one));
      if (gone.length > 0) await this.#collection.remove(gone);
      return { name, documents: documents.length, notes };
    } catch (error) {
      return { name, documents: 0, notes, failure: (error as Error).message };
    }
  }

  /** Merges what many additions left. */
  async settle(): Promise<void> {
    await this.#collection.compact();
  }

  async remove(id: string): Promise<void> {
    await this.#collection.remove([id]);
  }

  /** Forgets everything. */
  async clear(): Promise<void> {
    await this.#collection.close();
    await eraseBrowserCollection(NAME);
    this.#collection = await openCollection();
  }
}

function openCollection(): Promise<BrowserCollection> {
  return openBrowserCollection(NAME, { create: true });
}
