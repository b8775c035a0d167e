import { InvalidArgumentError, UnsupportedError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { IndexingSettings } from '../corpus/index.ts';
import type { Encoder } from '../encode/encoder.ts';
import { BrowserCollection } from './browser-collection.ts';
import { factsOf, Link } from './link.ts';

/** Options of {@link openBrowserCollection}. */
export interface OpenBrowserOptions {
  /** Make the collection in this browser if there is none. Default false. */
  readonly create?: boolean;
  /**
   * `static`, the table of vectors that comes with the package (2.3 MB, fetched when it is needed); `none`: words alone, also of a collection that
   * has vectors; or an encoder that runs in the page, of the id that the collection names. Default: `static` for a new collection, else the one
   * that the collection names, which must be `static`.
   */
  readonly encoder?: 'static' | 'none' | Encoder;
  /** Settings of a new collection; for an existing one they must agree with what it was made with. */
  readonly settings?: Partial<IndexingSettings>;
  /** BM25 parameters of a new collection; default k1 0.9, b 0.4. For an existing one they must agree. */
  readonly bm25?: { readonly k1?: number; readonly b?: number };
  /** The worker's script, `dist/browser/worker.js` of the package, or the worker itself. Default: beside this script. */
  readonly worker?: string | URL | Worker;
  /** Address of the table of `static`. Default: `../models/static.bin` beside the worker's folder, as in the package. */
  readonly weights?: string | URL;
  /** Bytes of files that are kept in memory once they were read. Default 32 MiB. */
  readonly cacheBytes?: number;
  /**
   * Of a collection on a server: rank by the vectors, as elsewhere; every search by meaning then fetches those of its best candidates. Default false:
   * their codes rank, which the first search fetches anyway (`npm run bench -- browser` compares the hits).
   */
  readonly exact?: boolean;
}

const OPTIONS = ['create', 'encoder', 'settings', 'bm25', 'worker', 'weights', 'cacheBytes', 'exact'];

/**
 * Opens a collection in a worker: one that this site keeps in the browser (the origin private file system), by its name, or a folder that
 * `sagitta index` made, on a web server, by its address. Of the latter only what a query needs is fetched, with range requests.
 *
 * @throws NotFoundError when there is none; IncompatibleError when it was made by another encoder, with other settings or by another version;
 * UnsupportedError for a browser without workers or such storage, and for a server without range requests; RemoteError when the server is
 * out of reach or refuses.
 */
export async function openBrowserCollection(
  source: string | { readonly url: string | URL },
  options: OpenBrowserOptions = {},
): Promise<BrowserCollection> {
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) {
    const guess = nearest(unknown, OPTIONS);
    throw new InvalidArgumentError(
      `Opening a collection in a browser has no option "${unknown}".`,
      guess === undefined ? `Known: ${OPTIONS.join(', ')}.` : `Did you mean "${guess}"?`,
    );
  }
  const { create = false, encoder, settings, bm25, weights, cacheBytes, exact } = options;
  const place = typeof source === 'string' ? { name: source } : { url: new URL(source.url, location.href).href };
  if ('url' in place && create) {
    throw new InvalidArgumentError(
      'A collection on a server cannot be made from a page.',
      'Make it with `sagitta index`, or one in this browser by a name.',
    );
  }
  if (!('url' in place) && exact !== undefined) {
    throw new InvalidArgumentError(
      'A collection that this browser keeps is ranked by its vectors in any case.',
      'Leave `exact` out.',
    );
  }
  const link = new Link(startWorker(options.worker), typeof encoder === 'object' ? encoder : undefined);
  try {
    await link.call('open', {
      source: place,
      create,
      encoder: typeof encoder === 'object' ? factsOf(encoder) : encoder,
      settings,
      bm25,
      weights: weights === undefined ? undefined : new URL(weights, location.href).href,
      cacheBytes,
      exact,
    });
  } catch (error) {
    link.end(error as Error);
    throw error;
  }
  return new BrowserCollection('url' in place ? place.url : place.name, link);
}

/**
 * Removes a collection that this site keeps in the browser, with all that it holds.
 * @returns whether there was one. @throws CollectionLockedError while it is being written.
 */
export async function eraseBrowserCollection(
  name: string,
  options: Pick<OpenBrowserOptions, 'worker'> = {},
): Promise<boolean> {
  const link = new Link(startWorker(options.worker));
  try {
    return (await link.call('erase', { name })) as boolean;
  } finally {
    link.end(new InvalidArgumentError('The worker has ended.', 'Open a collection.'));
  }
}

function startWorker(worker: OpenBrowserOptions['worker']): Worker {
  if (typeof Worker === 'undefined') {
    throw new UnsupportedError(
      'There are no workers here, in one of which the collection would be opened.',
      'Call this in a page of a browser; in Node use openCollection.',
    );
  }
  if (typeof worker === 'object' && !(worker instanceof URL)) return worker;
  if (worker === undefined) return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  return new Worker(worker, { type: 'module' });
}
