import { IncompatibleError } from '../base/errors.ts';
import { embeddingText } from '../corpus/index.ts';
import type { Encoder } from '../encode/encoder.ts';
import { speaks } from '../encode/speaks.ts';
import { isVersion, saveTuned, type TunedFiles, versionOf } from '../encode/tuned/description.ts';
import { onDisk } from '../store/local/filesystem.ts';
import type {
  CollectionSettings,
  PassageToEncode,
  Reencode,
  ReencodeOptions,
  ReencodeReport,
  Store,
  Writer,
} from '../store/types.ts';
import { dropFailedVersion } from './encoder-versions.ts';
import type { CollectionEncoders } from './encoders.ts';
import { dropRelevance } from './relevant.ts';

/** What a change of the encoder needs of the collection. */
export interface ReencodeContext {
  readonly directory: string;
  readonly store: Store;
  readonly encoders: CollectionEncoders;
  /** Runs work with the write lock, after the writing calls that were made before. */
  readonly writing: <T>(work: (writer: Writer) => Promise<T>) => Promise<T>;
}

/** Options of {@link Collection.reencode}. */
export type ReencodeCollectionOptions = Pick<ReencodeOptions, 'signal' | 'onProgress' | 'batch' | 'keepAfterMs'>;

/** What {@link Collection.reencode} did. */
export interface ReencodeCollectionReport extends ReencodeReport {
  /** As the manifest names them; the same when there was nothing to do. */
  readonly before: string;
  readonly encoder: string;
  /** The encoder of a change that was begun before and gave way to this one; `damaged` where that could not be told. */
  readonly superseded?: string;
  /** Whether something was learned of relevance, which went with the encoder that it was learned with. */
  readonly relevanceDropped: boolean;
}

/** Options of {@link Collection.deploy}. */
export interface DeployOptions {
  readonly signal?: AbortSignal;
  /** Passages encoded again, of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** See {@link Collection.reencode}. */
export async function reencodeCollection(
  context: ReencodeContext,
  wanted: Encoder | string,
  options: ReencodeCollectionOptions,
): Promise<ReencodeCollectionReport> {
  const { directory, store, encoders } = context;
  const given = typeof wanted === 'object';
  const encoder = given ? wanted : wanted === 'none' ? undefined : await encoders.open(wanted, true);
  const id = !given && isVersion(wanted) ? wanted : (encoder?.id ?? 'none');
  let kept = given;
  try {
    const { generation, settings, passages } = await store.inspect();
    const before = settings.encoder;
    if (before === id && (await store.pendingReencode())?.encoder !== id) {
      return { generation, passages, encoded: 0, before, encoder: id, relevanceDropped: false };
    }
    encoders.admit(given ? wanted : 'any');
    const change = await store.reencode({ encoder: id, dim: encoder?.dim ?? 0 });
    let relevanceDropped = false;
    const report = await carryOut(context, change, encoder, {
      ...options,
      onPublished: async () => {
        relevanceDropped = await dropRelevance(directory);
      },
    });
    if (!given && encoder !== undefined) encoders.keep(id, encoder);
    kept = true;
    const { superseded } = change;
    return { ...report, before, encoder: id, relevanceDropped, ...(superseded === undefined ? {} : { superseded }) };
  } catch (error) {
    // Unless it failed after it was published.
    if (given && (await store.inspect()).settings.encoder !== id) encoders.dismiss(wanted);
    throw error;
  } finally {
    if (!kept) await encoder?.dispose?.();
  }
}

/** See {@link Collection.deploy}. */
export async function deployTuned(context: ReencodeContext, files: TunedFiles, options: DeployOptions) {
  const { base, of } = files.description;
  const id = `tuned:${versionOf(files)}`;
  const { encoder, change } = await context.writing(() => place(context, files, id));
  const { signal, onProgress } = options;
  let done = 0;
  try {
    await carryOut(context, change, of === 'queries' ? undefined : encoder, {
      ...(signal === undefined ? {} : { signal }),
      onProgress: (progress) => {
        done = progress.done;
        if (progress.phase === 'encoding') onProgress?.(progress.done, progress.total);
      },
      check: (settings) => checkBase(context, settings, base),
      onPublished: async () => void (await dropRelevance(context.directory)),
    });
    return id;
  } catch (error) {
    // With nothing done there is nothing to go on with.
    if (done === 0) await forget(context, change, files).catch(() => undefined);
    throw error;
  } finally {
    await encoder.dispose?.();
  }
}

async function carryOut(
  { writing }: ReencodeContext,
  change: Reencode,
  encoder: Encoder | undefined,
  options: ReencodeOptions,
): Promise<ReencodeReport> {
  const { signal } = options;
  try {
    return await change.run({
      ...options,
      ...(encoder === undefined ? {} : { vectors: (passages) => encodePassages(encoder, passages, signal) }),
      writing,
    });
  } finally {
    change.close();
  }
}

/** Writes the files of a trained encoder and begins the change to it. The caller holds the write lock. */
async function place(context: ReencodeContext, files: TunedFiles, id: string) {
  const { directory, store, encoders } = context;
  const { settings } = await store.inspect();
  const pending = await store.pendingReencode();
  // One to the encoder that the collection has lacks its last steps only.
  if (pending !== undefined && pending.encoder !== id && pending.encoder !== settings.encoder) {
    throw new IncompatibleError(
      `The collection in ${directory} is about to get the encoder "${pending.encoder}".`,
      'Let that be finished first (`sagitta reencode`), or give it up (`sagitta reencode --abandon`).',
    );
  }
  // A process may have been killed when all but the last step was done.
  if (pending === undefined || settings.encoder !== id) checkBase(context, settings, files.description.base);
  await onDisk(encoders.versions, () => saveTuned(encoders.versions, files));
  try {
    const encoder = await encoders.open(id);
    return { encoder, change: await store.reencode({ encoder: id, dim: encoder.dim }) };
  } catch (error) {
    if (pending === undefined) await dropFailedVersion(directory, versionOf(files));
    throw error;
  }
}

/** Leaves no trace of a change that came to nothing, unless it is published all the same. */
async function forget({ directory, store }: ReencodeContext, change: Reencode, files: TunedFiles): Promise<void> {
  if ((await store.inspect()).settings.encoder === change.encoder) return;
  await (await store.reencode(change)).abandon();
  await dropFailedVersion(directory, versionOf(files));
}

function checkBase({ directory }: ReencodeContext, { encoder }: CollectionSettings, base: string): void {
  if (encoder === base) return;
  throw new IncompatibleError(
    `The collection in ${directory} has the encoder "${encoder}"; what is to be deployed was trained from "${base}".`,
    'Train again from the encoder that the collection has now.',
  );
}

/** Vectors of stored passages, undefined where the encoder does not know the language. */
async function encodePassages(
  encoder: Encoder,
  passages: readonly PassageToEncode[],
  signal?: AbortSignal,
): Promise<(Float32Array | undefined)[]> {
  const known = passages.filter(({ language }) => speaks(encoder, language));
  const texts = known.map(({ title, headings, text }) => embeddingText(title, headings, text));
  const vectors = await encoder.encode(texts, { role: 'document', ...(signal === undefined ? {} : { signal }) });
  let row = 0;
  return passages.map(({ language }) => (speaks(encoder, language) ? vectors.row(row++) : undefined));
}
