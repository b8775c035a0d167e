import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, NotFoundError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { shellWord } from '../base/shell.ts';
import type { IndexingSettings } from '../corpus/index.ts';
import type { Encoder } from '../encode/encoder.ts';
import { DEFAULT_ENCODER } from '../encode/registry.ts';
import { checkTypedEncoder, openTypedEncoder } from '../encode/typed-spec.ts';
import { INGEST_VERSION } from '../ingest/hashed.ts';
import {
  createLocalStore,
  type Database,
  isPostgresAddress,
  openLocalStore,
  openPostgresStore,
} from '../store/index.ts';
import type { CollectionSettings } from '../store/types.ts';
import { checkThreads } from '../threads/pool.ts';
import { checkAgreement, checkAnalysis, newSettings, type Wanted } from './agreement.ts';
import { checkArgument } from './arguments.ts';
import { Collection } from './collection.ts';
import type { EncoderSources, GivenEncoder } from './encoders.ts';
import { type Extension, joinExtensions } from './extensions.ts';

/** Options of {@link openCollection}. */
export interface OpenOptions {
  /**
   * An encoder, or its specification (`minilm`, `static`, `bert:FOLDER`, `http:URL#MODEL`, `hf:MODEL`, `none`). For a new
   * collection default `minilm`; for an existing one the encoder that made it, and any other is refused.
   */
  readonly encoder?: Encoder | string;
  /** Encoders of one's own that further fields of the collection have, and that no specification opens; the caller disposes of them. */
  readonly encoders?: readonly GivenEncoder[];
  /** Make the collection if there is none. Default false. */
  readonly create?: boolean;
  /** Settings of a new collection; for an existing one they must agree with what it was made with. */
  readonly settings?: Partial<IndexingSettings>;
  /**
   * Opens the encoder that the manifest names, when it is needed first; the collection disposes of it. For hosts that
   * share one model between threads. Default: `openEncoder` of `sagitta-search/encode`.
   */
  readonly openEncoder?: EncoderSources['openSpec'];
  /**
   * Whether the encoder that an existing collection names may contact another machine (`http:`, `hf:`): a collection may come
   * from anywhere. One that is named here by `encoder` may. Default: whether the environment has `SAGITTA_ALLOW_REMOTE=1`.
   */
  readonly allowRemote?: boolean;
  /** What others add: encoders, codecs, readers of files, and rerankers, feedback and operators, which pipelines may name. */
  readonly extensions?: Extension | readonly Extension[];
  /**
   * What a collection in PostgreSQL is reached by, such as connections that a program has already; closed with the collection. Default: the
   * package `pg`.
   */
  readonly connect?: () => Promise<Database>;
  /**
   * Threads that searches run on: 1, the default, is the calling one; of more each is a thread of its own, with the collection open and postings and codes
   * in its memory, while the calling one hands out and encodes. Results are the same. What needs objects of this program (rerankers, feedback, operators,
   * codecs and language models of `extensions`, functions among the options), a model that reranks, and collections in PostgreSQL stay with the calling thread.
   */
  readonly threads?: number;
  /** BM25 parameters of a new collection; default k1 0.9, b 0.4. For an existing one they must agree. */
  readonly bm25?: { readonly k1?: number; readonly b?: number };
}

/** A misspelt encoder would make a collection with another one, for good. */
const OPTIONS = [
  'encoder',
  'encoders',
  'create',
  'settings',
  'openEncoder',
  'allowRemote',
  'extensions',
  'connect',
  'threads',
  'bm25',
];

/**
 * Opens the collection in `directory`, or makes it with `create: true`.
 *
 * @param directory a folder, or the address of one in PostgreSQL (`postgres://USER@HOST:PORT/DATABASE?collection=NAME`).
 * @throws NotFoundError when there is none; IncompatibleError when it was made by another encoder, with other settings
 * or by a newer version; CorruptFileError when its manifest is damaged.
 */
export async function openCollection(directory: string, options: OpenOptions = {}): Promise<Collection> {
  checkArgument('openCollection', 'directory', directory);
  checkArgument('openCollection', 'options', options);
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) {
    const guess = nearest(unknown, OPTIONS);
    throw new InvalidArgumentError(
      `Opening a collection has no option "${unknown}".`,
      guess === undefined ? `Known: ${OPTIONS.join(', ')}.` : `Did you mean "${guess}"?`,
    );
  }
  const { threads = 1 } = options;
  checkThreads(threads);
  const extensions = joinExtensions([options.extensions ?? []].flat());
  if (isPostgresAddress(directory)) return openInPostgres(directory, options, extensions);
  const path = resolve(directory);
  if (!existsSync(`${path}/manifest.json`)) {
    if (options.create !== true) {
      throw new NotFoundError(
        `There is no collection in ${directory}.`,
        `Make one with \`sagitta index PATH --in ${shellWord(directory)}\`, or name another folder.`,
      );
    }
    const wanted = options.encoder ?? DEFAULT_ENCODER;
    const settings = await settingsOf(wanted, options, extensions);
    const store = await createLocalStore(path, settings);
    const sources = sourcesOf({ ...options, encoder: wanted }, extensions);
    return new Collection(store, settings, sources, extensions, threads);
  }
  if (typeof options.encoder === 'string') checkTypedEncoder(options.encoder);
  const store = await openLocalStore(path);
  const { settings } = store;
  checkAnalysis(directory, settings);
  checkAgreement(directory, settings, wantedOf(options));
  return new Collection(store, settings, sourcesOf(options, extensions), extensions, threads);
}

async function openInPostgres(location: string, options: OpenOptions, extensions: Extension): Promise<Collection> {
  const { connect, create, encoder: wanted = DEFAULT_ENCODER } = options;
  const { store, made } = await openPostgresStore(
    location,
    connect === undefined ? {} : { connect },
    create === true ? () => settingsOf(wanted, options, extensions) : undefined,
  );
  if (made)
    return new Collection(store, store.settings, sourcesOf({ ...options, encoder: wanted }, extensions), extensions);
  try {
    checkAnalysis(store.location, store.settings);
    checkAgreement(store.location, store.settings, wantedOf(options));
  } catch (error) {
    await store.close();
    throw error;
  }
  return new Collection(store, store.settings, sourcesOf(options, extensions), extensions);
}

/** What a new collection records. */
async function settingsOf(
  wanted: Encoder | string,
  options: OpenOptions,
  extensions: Extension,
): Promise<CollectionSettings> {
  const { settings, bm25 } = options;
  return newSettings({ settings, bm25 }, await describeEncoder(wanted, extensions), INGEST_VERSION);
}

function sourcesOf(options: OpenOptions, { encoders: kinds = [] }: Extension): EncoderSources {
  const {
    encoder,
    encoders = [],
    openEncoder: openSpec = (spec, how) => openTypedEncoder(spec, { ...how, kinds }),
  } = options;
  return {
    meaning: typeof encoder === 'object' ? encoder : undefined,
    named: encoder !== undefined,
    others: encoders,
    allowRemote: options.allowRemote ?? process.env['SAGITTA_ALLOW_REMOTE'] === '1',
    openSpec,
  };
}

function wantedOf({ encoder, settings, bm25 }: OpenOptions): Wanted {
  return { encoder: typeof encoder === 'object' ? encoder.id : encoder, settings, bm25 };
}

/** What a new collection's manifest records of its encoder. */
async function describeEncoder(
  wanted: Encoder | string,
  { encoders: kinds = [] }: Extension,
): Promise<{ id: string; dim: number }> {
  if (typeof wanted === 'object') return wanted;
  if (wanted === 'none') return { id: 'none', dim: 0 };
  const encoder = await openTypedEncoder(wanted, { kinds });
  const { id, dim } = encoder;
  await encoder.dispose?.();
  return { id, dim };
}
