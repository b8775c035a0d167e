import { dirname, resolve } from 'node:path';
import { given } from '../base/given.ts';
import type { IndexingSettings } from '../corpus/index.ts';
import {
  ChangeTracker,
  createScope,
  type FoundDocument,
  type IngestFailure,
  type IngestNote,
  isLeftOut,
  type KnownDocument,
  type ListEvent,
  listFiles,
  type Reader,
  readDocuments,
  type Scope,
  SkippedFiles,
} from '../ingest/index.ts';
import { isPostgresAddress } from '../store/index.ts';
import type { FieldItem, StoredCorpus, Writer } from '../store/types.ts';
import type { Extension } from './extensions.ts';
import { type EncodedField, Indexer, type KnownItems } from './indexer.ts';
import type { IndexOptions, IndexOutcome } from './types.ts';

/** What a run of indexing works with. */
export interface IndexContext {
  readonly writer: Writer;
  /** The state before the run. */
  readonly corpus: StoredCorpus;
  readonly settings: IndexingSettings;
  /** The fields of vectors that documents get. */
  readonly fields: readonly EncodedField[];
  /** Whether the collection's documents were read by today's readers, so that unchanged files need not be read. */
  readonly trustStamps: boolean;
  /** The collection's own folder, never indexed; undefined where it has none. */
  readonly directory: string | undefined;
  /** Readers of one's own. */
  readonly readers: readonly Reader[];
}

/**
 * Brings the collection up to date with files and folders. Streams: at no time are more documents in memory than wait
 * for the encoder. When interrupted, what was encoded is published before the interruption is passed on.
 */
export async function indexPaths(
  { writer, corpus, settings, fields, trustStamps, directory, readers }: IndexContext,
  paths: readonly string[],
  options: IndexOptions,
): Promise<IndexOutcome> {
  const start = performance.now();
  const scope = scopeOf(directory, paths, options);
  const indexer = new Indexer(writer, fields, settings, options.signal, options.onProgress);
  indexer.begin();
  const tracker = new ChangeTracker(await knownDocuments(corpus), scope);
  const counts = { added: 0, updated: 0, moved: 0, unchanged: 0, removed: 0 };
  const skipped = new SkippedFiles();
  const failures: IngestFailure[] = [];
  const notes: IngestNote[] = [];

  const change = async ({ document, hash, stamp }: FoundDocument): Promise<void> => {
    const outcome = tracker.observe(document.id, hash);
    counts[outcome.kind]++;
    if (outcome.kind === 'unchanged') return indexer.skip(document.path);
    const known = outcome.kind === 'moved' ? await itemsOf(corpus, outcome.from, fields) : undefined;
    if (outcome.kind === 'moved') await writer.remove(outcome.from);
    const { id, title, path, format, metadata } = document;
    const record = { id, title, format, contentHash: hash, metadata };
    await indexer.add(
      {
        ...document,
        record: {
          ...record,
          ...(path === undefined ? {} : { path }),
          ...(stamp === undefined ? {} : { source: stamp }),
        },
      },
      known,
    );
  };

  try {
    const events = readDocuments(scope, {
      ...readingOptions(directory, options),
      readers,
      ...(trustStamps ? { isUnchanged: (file) => tracker.isUnchanged(file) } : {}),
    });
    for await (const event of events) {
      if (event.kind === 'document') await change(event);
      else if (event.kind === 'unchanged') {
        tracker.keep(event.file);
        counts.unchanged++;
        indexer.skip(event.file.path);
      } else if (event.kind === 'failure') {
        tracker.fail(event.failure.path);
        failures.push(event.failure);
      } else if (event.kind === 'note') notes.push(event.note);
      else if (event.kind === 'skipped') {
        const { path, reason } = event.skipped;
        if (isLeftOut(reason) || !scope.roots.some((root) => root.path === path)) skipped.add(event.skipped);
        else {
          tracker.fail(path);
          failures.push({ path, reason: SKIPPED[reason] });
        }
      }
    }
  } catch (error) {
    if (options.signal?.aborted) await indexer.salvage();
    throw error;
  }
  if (options.prune !== false) {
    for (const id of tracker.removed()) if (await writer.remove(id)) counts.removed++;
  }
  const changed = counts.added + counts.updated + counts.moved + counts.removed > 0;
  if (changed) await indexer.finish();
  const compaction = changed ? await indexer.compact() : undefined;
  return {
    ...counts,
    skipped: skipped.count,
    skippedFiles: skipped.groups(),
    failures,
    unsearchable: indexer.unsearchable,
    cut: indexer.cut,
    notes,
    passagesAdded: indexer.passages,
    ...(compaction === undefined ? {} : { compaction }),
    tookMs: performance.now() - start,
  };
}

const COUNTS = [
  'added',
  'updated',
  'moved',
  'unchanged',
  'removed',
  'skipped',
  'unsearchable',
  'cut',
  'passagesAdded',
  'tookMs',
] as const;

/** What several runs did, one after the other. */
export function joinOutcomes(outcomes: readonly IndexOutcome[]): IndexOutcome {
  const skipped = new SkippedFiles();
  for (const { skippedFiles } of outcomes) for (const group of skippedFiles) skipped.addGroup(group);
  const sums = COUNTS.map((name) => [name, outcomes.reduce((sum, one) => sum + one[name], 0)]);
  return {
    ...(Object.fromEntries(sums) as Record<(typeof COUNTS)[number], number>),
    skippedFiles: skipped.groups(),
    failures: outcomes.flatMap(({ failures }) => failures),
    notes: outcomes.flatMap(({ notes }) => notes),
    ...given({ compaction: outcomes.findLast(({ compaction }) => compaction !== undefined)?.compaction }),
  };
}

/** See `listPaths`, which loads this file first. */
export function listFrom(
  location: string,
  paths: readonly string[],
  options: IndexOptions,
  { readers = [] }: Pick<Extension, 'readers'>,
): AsyncGenerator<ListEvent> {
  const folder = isPostgresAddress(location) ? undefined : resolve(location);
  return listFiles(scopeOf(folder, paths, options), { ...readingOptions(folder, options), readers });
}

/** Paths are relative to where the command runs, ids to the folder that holds the collection, or to where it runs if there is none. */
function scopeOf(directory: string | undefined, paths: readonly string[], options: IndexOptions): Scope {
  return createScope(
    paths.map((path) => (path.trim() === '' ? path : resolve(path))),
    { ...pick(options, ['include', 'exclude']), base: directory === undefined ? process.cwd() : dirname(directory) },
  );
}

function readingOptions(directory: string | undefined, options: IndexOptions) {
  return {
    ...pick(options, ['signal', 'maxBytes', 'maxSeconds', 'maxMemory', 'maxText']),
    ...(options.noIgnore === true ? { ignoreFiles: false, hidden: true } : {}),
    skipFolders: directory === undefined ? [] : [directory],
  };
}

/** What is said of a file that is passed over although the caller named it. */
const SKIPPED = {
  binary: 'It is not text, and no format that is read. Convert it to one that is.',
  empty: 'There is no text in it. Leave it out, or check that it was written completely.',
  image: 'It is an image. Install `tesseract.js` and `@tesseract.js-data/eng` to have text in it recognised.',
  generated: 'It is generated. Rename it if it is worth searching.',
  link: 'It is a link that leads elsewhere. Name the file that it leads to.',
  special: 'It is not a regular file. Name a file or a folder.',
} as const;

async function knownDocuments(corpus: StoredCorpus): Promise<KnownDocument[]> {
  const known: KnownDocument[] = [];
  for await (const { record } of corpus.all()) known.push(record);
  return known;
}

/** What fields hold of a document's passages; of its title and metadata, which a move may change, nothing. */
async function itemsOf(
  corpus: StoredCorpus,
  id: string,
  fields: readonly EncodedField[],
): Promise<KnownItems | undefined> {
  const found = await corpus.find(id);
  if (found === undefined) return undefined;
  const passages = Uint32Array.from({ length: found.to - found.from }, (_, i) => found.from + i);
  const items = new Map<string, readonly (FieldItem | undefined)[]>();
  for (const { name, of } of fields) {
    if (of === 'passage' || of === 'text')
      items.set(name, (await corpus.get(name, passages)) as (FieldItem | undefined)[]);
  }
  return items;
}

/** The given options that are there, without the `undefined` ones. */
function pick<T extends object, K extends keyof T>(options: T, names: readonly K[]): Pick<T, K> {
  const picked = {} as Pick<T, K>;
  for (const name of names) if (options[name] !== undefined) picked[name] = options[name];
  return picked;
}
