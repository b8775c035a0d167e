import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  CorruptFileError,
  IncompatibleError,
  InvalidArgumentError,
  NotFoundError,
  UnsupportedError,
} from '../base/errors.ts';
import { type IndexingSettings, MEANING, passageFields, resolveSettings } from '../corpus/index.ts';
import {
  createLocalStore,
  type Database,
  isPostgresAddress,
  openLocalStore,
  openPostgresStore,
  shownLocation,
} from '../store/index.ts';
import type { CollectionSettings, ListedDocument, NewDocument, Store, StoredCorpus, Writer } from '../store/types.ts';
import { TermNumbers } from '../text/index.ts';
import { checkAnalysis } from './agreement.ts';
import { PIPELINES } from './pipelines.ts';

/** Bytes that may wait for publication. */
const PUBLISH_AT = 48 * 1024 * 1024;
/** Names of documents in a message. */
const SHOWN = 3;

/** Options of {@link copyCollection}. */
export interface CopyOptions {
  readonly signal?: AbortSignal;
  /** Documents copied or compared, of all. */
  readonly onProgress?: (phase: 'copying' | 'comparing', done: number, total: number) => void;
  /** What collections in PostgreSQL are reached by. Default: the package `pg`. */
  readonly connect?: () => Promise<Database>;
}

/** What {@link copyCollection} did. */
export interface CopyReport {
  /** Documents that were written, and those that were there already. */
  readonly copied: number;
  readonly unchanged: number;
  /** What the copy holds, all of it compared with what was copied. */
  readonly documents: number;
  readonly passages: number;
}

/**
 * Copies a collection with its vectors into another place: between folders and PostgreSQL, either way. Nothing is encoded. One state of the source is copied, whatever
 * is written to it meanwhile. What the copy has already is passed over, so that the same call goes on after an interruption. At the end all
 * of it is read back and compared. Pipelines go along; synonyms, descriptions, what was learned (relevance, a reranker, feedback) and compressed indexes do not.
 *
 * @param from, to folders or addresses in PostgreSQL; `to` is made if there is nothing.
 * @throws NotFoundError without a collection in `from`; IncompatibleError where `to` has other settings or documents that `from` lacks;
 * UnsupportedError for fields that were added and trained encoders; CorruptFileError where the copy is not what was copied.
 */
export async function copyCollection(from: string, to: string, options: CopyOptions = {}): Promise<CopyReport> {
  if (from === to || (!isPostgresAddress(from) && !isPostgresAddress(to) && resolve(from) === resolve(to))) {
    throw new InvalidArgumentError('A collection is to be copied onto itself.', 'Name another folder or address.');
  }
  const source = await openStore(from, options);
  try {
    const { settings } = source;
    checkAnalysis(source.location, settings);
    checkCopied(source.location, settings);
    const target = await openTarget(to, settings, options);
    try {
      return await copyStore(source, target, options);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function openStore(location: string, { connect }: CopyOptions): Promise<Store> {
  if (!isPostgresAddress(location)) return openLocalStore(location);
  return (await openPostgresStore(location, connect === undefined ? {} : { connect })).store;
}

async function openTarget(location: string, settings: CollectionSettings, { connect }: CopyOptions): Promise<Store> {
  let target: Store;
  if (isPostgresAddress(location)) {
    const how = connect === undefined ? {} : { connect };
    target = (await openPostgresStore(location, how, async () => settings)).store;
  } else if (existsSync(`${location}/manifest.json`)) target = await openLocalStore(location);
  else target = await createLocalStore(location, settings);
  if (sameDocuments(target.settings, settings)) return target;
  await target.close();
  throw new IncompatibleError(
    `The collection in ${shownLocation(location)} has another encoder or other settings.`,
    'Copy into a new one.',
  );
}

/** Whether two collections make the same of a document. */
function sameDocuments(a: CollectionSettings, b: CollectionSettings): boolean {
  const facts = ({ encoder, dim, bm25, fields = [], options }: CollectionSettings): string => {
    const { [PIPELINES]: _, ...indexing } = options;
    const sorted = Object.entries(indexing).sort(([x], [y]) => (x < y ? -1 : 1));
    return JSON.stringify([encoder, dim, bm25.k1, bm25.b, fields, sorted]);
  };
  return facts(a) === facts(b);
}

function checkCopied(location: string, { encoder, fields = [] }: CollectionSettings): void {
  const [field] = fields;
  if (field !== undefined) {
    throw new UnsupportedError(
      `The collection in ${location} has the field "${field.name}", which is not copied yet.`,
      `Take it away first (\`sagitta remove-field ${field.name}\`), or index into a new collection.`,
    );
  }
  if (encoder.startsWith('tuned:')) {
    throw new UnsupportedError(
      `The collection in ${location} has an encoder of its own, whose files are not copied yet.`,
      'Copy its folder, or index into a new collection.',
    );
  }
}

async function copyStore(source: Store, target: Store, options: CopyOptions): Promise<CopyReport> {
  const { ingest: _, analysis: __, [PIPELINES]: ___, ...given } = source.settings.options;
  const settings = resolveSettings(given as Partial<IndexingSettings>);
  const open = async (): Promise<never> => {
    throw new InvalidArgumentError('A copy encodes nothing.', 'Open the collection to search it.');
  };
  const corpus = await source.corpus(settings, open);
  try {
    await checkOthers(corpus, await target.corpus(settings, open), target.location);
    const counts = await copyDocuments(corpus, target, settings, options);
    const copy = await target.corpus(settings, open);
    try {
      await compare(corpus, copy, target.location, options);
      return { ...counts, documents: copy.documentCount, passages: copy.passageCount };
    } finally {
      copy.close();
    }
  } finally {
    corpus.close();
  }
}

/** @throws IncompatibleError where the target holds what the source does not: a copy takes nothing away. */
async function checkOthers(source: StoredCorpus, target: StoredCorpus, location: string): Promise<void> {
  try {
    const others: string[] = [];
    for await (const { record } of target.all()) {
      if ((await source.find(record.id)) === undefined && others.push(record.id) === SHOWN) break;
    }
    if (others.length === 0) return;
    throw new IncompatibleError(
      `The collection in ${location} holds documents that are not to be copied, such as ${others.map((id) => JSON.stringify(id)).join(', ')}.`,
      'Copy into a new one, or remove them first.',
    );
  } finally {
    target.close();
  }
}

async function copyDocuments(
  corpus: StoredCorpus,
  target: Store,
  settings: IndexingSettings,
  { signal, onProgress }: CopyOptions,
): Promise<Pick<CopyReport, 'copied' | 'unchanged'>> {
  const writer: Writer = await target.writer();
  let numbers = new TermNumbers();
  let copied = 0;
  let unchanged = 0;
  try {
    for await (const listed of corpus.all()) {
      signal?.throwIfAborted();
      const { id, contentHash } = listed.record;
      if ((await writer.contentHash(id)) === contentHash) unchanged++;
      else {
        writer.add(await documentOf(corpus, listed, settings, numbers));
        copied++;
        if (writer.pending.bytes >= PUBLISH_AT) {
          await writer.publish();
          numbers = new TermNumbers();
        }
      }
      onProgress?.('copying', copied + unchanged, corpus.documentCount);
    }
    await writer.publish();
    const { [PIPELINES]: pipelines } = corpus.settings.options;
    const { [PIPELINES]: before, ...others } = target.settings.options;
    if (JSON.stringify(pipelines) !== JSON.stringify(before)) {
      await writer.configure(pipelines === undefined ? others : { ...others, [PIPELINES]: pipelines });
    }
    await writer.compact(signal === undefined ? {} : { signal });
  } finally {
    await writer.close();
  }
  return { copied, unchanged };
}

/** A stored document as it was when it was added. */
async function documentOf(
  corpus: StoredCorpus,
  { ordinal, from, to, record }: ListedDocument,
  settings: IndexingSettings,
  numbers: TermNumbers,
): Promise<NewDocument> {
  const ordinals = range(from, to);
  const [text] = await corpus.texts([ordinal]);
  const passages = await corpus.passages(ordinals);
  const vectors = await vectorsOf(corpus, ordinals);
  return {
    ...record,
    text: text!,
    numbers,
    passages: passages.map(({ document: _, text: own, ...place }, i) => ({
      ...place,
      fields: passageFields(
        { title: record.title, headings: place.headings, text: own },
        record.language,
        settings,
        numbers,
      ),
      ...(vectors[i] === undefined ? {} : { vectors: { [MEANING]: vectors[i] } }),
    })),
  };
}

function range(from: number, to: number): Uint32Array {
  return Uint32Array.from({ length: to - from }, (_, i) => from + i);
}

async function vectorsOf(corpus: StoredCorpus, ordinals: Uint32Array): Promise<readonly (Float32Array | undefined)[]> {
  if (corpus.settings.dim === 0) return [];
  return (await corpus.get(MEANING, ordinals)) as readonly (Float32Array | undefined)[];
}

/** Reads the copy back. @throws CorruptFileError where it differs; NotFoundError where a document is gone again. */
async function compare(
  source: StoredCorpus,
  copy: StoredCorpus,
  location: string,
  { signal, onProgress }: CopyOptions,
): Promise<void> {
  let done = 0;
  for await (const { ordinal, from, to, record } of source.all()) {
    signal?.throwIfAborted();
    const found = await copy.find(record.id);
    if (found === undefined) {
      throw new NotFoundError(
        `The document ${JSON.stringify(record.id)} is not in ${location} any more.`,
        'Let nobody write to the copy, and copy again.',
      );
    }
    const whole = async (corpus: StoredCorpus, document: number, first: number, end: number): Promise<unknown[]> => {
      const ordinals = range(first, end);
      const passages = (await corpus.passages(ordinals)).map(({ document: _, ...passage }) => passage);
      const vectors = await vectorsOf(corpus, ordinals);
      return [await corpus.documents([document]), await corpus.texts([document]), passages, vectors];
    };
    const [a, b] = [await whole(source, ordinal, from, to), await whole(copy, found.document, found.from, found.to)];
    if (!isDeepStrictEqual(a, b)) {
      throw new CorruptFileError(
        location,
        `the copy of the document ${JSON.stringify(record.id)} is not what was copied`,
        'Remove the document there, and copy again; tell us if it stays so.',
      );
    }
    onProgress?.('comparing', ++done, source.documentCount);
  }
  if (copy.documentCount === source.documentCount && copy.passageCount === source.passageCount) return;
  throw new CorruptFileError(
    location,
    `the copy counts ${copy.documentCount} documents and ${copy.passageCount} passages instead of ${source.documentCount} and ${source.passageCount}`,
    'Let nobody write to the copy, and copy again.',
  );
}
