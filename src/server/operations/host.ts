import { CorruptFileError, NotFoundError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { nearest } from '../../base/nearest.ts';
import type { Collection } from '../../collection/collection.ts';
import { hostExtensions } from '../../collection/host-extensions.ts';
import { openCollection } from '../../collection/open.ts';
import type { OpenEncoder } from '../../encode/registry.ts';
import type { LanguageModel } from '../../generate/index.ts';
import type { ServedCollection } from './types.ts';

export interface HostOptions {
  readonly collections: readonly ServedCollection[];
  /** Refuse everything that writes. Default false. */
  readonly readOnly?: boolean;
  /** What makes the next question between hops, where a request asks for that. Default: nothing does. */
  readonly model?: LanguageModel;
  /** Default: each collection opens its own. */
  readonly openEncoder?: (spec: string, options: { readonly allowRemote: boolean }) => Promise<OpenEncoder>;
}

/**
 * The collections of one thread, opened when first asked for. A collection whose folder is gone is closed and looked for
 * again at the next request, so that it is served as soon as it is back, whatever it then holds.
 */
export class CollectionHost {
  readonly #served: ReadonlyMap<string, ServedCollection>;
  readonly #open = new Map<string, Promise<Collection>>();
  readonly readOnly: boolean;
  /** The language model, once there is one. */
  model: LanguageModel | undefined;

  constructor(private readonly options: HostOptions) {
    this.#served = new Map(options.collections.map((collection) => [collection.name, collection]));
    this.readOnly = options.readOnly === true;
    this.model = options.model;
  }

  /** Names of the collections, in the order given. */
  get names(): readonly string[] {
    return [...this.#served.keys()];
  }

  /** @throws NotFoundError for a name that is not served, or none where one is needed. */
  served(name: string | undefined): ServedCollection {
    const names = [...this.#served.keys()];
    const wanted = name ?? (names.length === 1 ? names[0]! : 'default');
    const found = this.#served.get(wanted);
    if (found !== undefined) return found;
    if (name === undefined) {
      throw new NotFoundError(
        `There are ${names.length} collections, and none is called "default".`,
        `Name one of: ${names.join(', ')}.`,
      );
    }
    const guess = nearest(name, names);
    throw new NotFoundError(
      `There is no collection "${name}".`,
      guess === undefined ? `Name one of: ${names.join(', ')}.` : `Did you mean "${guess}"?`,
    );
  }

  /** Runs `work` on a collection. */
  async use<T>(name: string | undefined, work: (collection: Collection) => Promise<T>): Promise<T> {
    const served = this.served(name);
    let opening = this.#open.get(served.name);
    if (opening === undefined) {
      const { openEncoder } = this.options;
      opening = hostExtensions().then((extensions) =>
        openCollection(served.directory, { extensions, ...given({ openEncoder }) }),
      );
      this.#open.set(served.name, opening);
      opening.catch(() => this.#open.delete(served.name));
    }
    try {
      return await work(await opening);
    } catch (error) {
      if (error instanceof CorruptFileError || (error instanceof NotFoundError && (await isGone(opening)))) {
        if (this.#open.get(served.name) === opening) this.#open.delete(served.name);
        void opening.then((collection) => collection.close()).catch(() => undefined);
      }
      throw error;
    }
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(open.map(async (opening) => (await opening).close()));
  }
}

/** Whether the collection itself cannot be found, rather than something in it. */
async function isGone(opening: Promise<Collection>): Promise<boolean> {
  try {
    await (await opening).inspect();
    return false;
  } catch {
    return true;
  }
}
