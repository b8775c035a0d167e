import { IncompatibleError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { type IndexingSettings, MEANING } from '../corpus/index.ts';
import type { OpenEncoder } from '../encode/registry.ts';
import { isVersion, saveTuned, type TunedFiles, versionOf } from '../encode/tuned/description.ts';
import { onDisk } from '../store/local/filesystem.ts';
import { MEANING_FIELD, vectorFields } from '../store/local/manifest-types.ts';
import type {
  BesideEntry,
  CollectionSettings,
  FieldBuild,
  FieldBuildOptions,
  FieldBuildReport,
  PendingField,
  Store,
  VectorFieldSettings,
  Writer,
} from '../store/types.ts';
import { COMPRESSOR } from './answering.ts';
import { encodeTexts } from './encode-texts.ts';
import { dropFailedVersion, encoderFiles } from './encoder-versions.ts';
import { type CollectionEncoders, checkGives, type GivenEncoder } from './encoders.ts';
import { FEEDBACK } from './learned-feedback.ts';
import { RELEVANCE } from './relevant.ts';
import { RERANKER } from './reranking.ts';

/** What the making of a field needs of the collection. */
export interface BuildContext {
  readonly directory: string;
  readonly store: Store;
  readonly encoders: CollectionEncoders;
  /** How documents are analysed. */
  readonly settings: IndexingSettings;
  /** Runs work with the write lock, after the writing calls that were made before. */
  readonly writing: <T>(work: (writer: Writer) => Promise<T>) => Promise<T>;
}

/** How a field is made: what {@link Collection.addField} and {@link Collection.reencode} have in common. */
export type BuildOptions = Pick<FieldBuildOptions, 'signal' | 'onProgress' | 'batch' | 'keepAfterMs'>;

/** What the making of a field did. */
export interface BuildReport extends FieldBuildReport {
  /** As the manifest names it. */
  readonly encoder: string;
  /** The encoder that the field was to have by a call before this one, which gave way; `damaged` where that could not be told. */
  readonly superseded?: string;
  /** Whether something was learned of relevance, which went with the encoder that it was learned with. */
  readonly relevanceDropped: boolean;
}

/** A field to be made. */
export interface BuildTarget extends Omit<VectorFieldSettings, 'encoder' | 'dim'> {
  /** An encoder, or its specification; `none` for `meaning` only. */
  readonly encoder: GivenEncoder | string;
}

/** What a field of a collection is, and what is being made of it. */
interface FieldNow {
  readonly settings: CollectionSettings;
  readonly pending: PendingField | undefined;
}

/** Options that only the callers of {@link buildField} know. */
interface BuildHooks {
  /** Called when it is known what the field is to be, before anything is changed; true when there is nothing to do. */
  readonly begin?: (target: VectorFieldSettings, now: FieldNow) => boolean;
  /** As of {@link FieldBuildOptions}. */
  readonly check?: (settings: CollectionSettings) => void;
}

/**
 * Makes a field from what is stored: adds one, or gives `meaning` another encoder.
 * @returns undefined when `begin` said that there is nothing to do.
 */
export async function buildField(
  context: BuildContext,
  { encoder: wanted, ...rest }: BuildTarget,
  options: BuildOptions,
  { begin, check }: BuildHooks,
): Promise<BuildReport | undefined> {
  const { store, encoders } = context;
  const isGiven = typeof wanted === 'object';
  const encoder = isGiven ? wanted : wanted === 'none' ? undefined : await encoders.open(wanted, true);
  const id = !isGiven && isVersion(wanted) ? wanted : (encoder?.id ?? 'none');
  const target: VectorFieldSettings = { ...rest, encoder: id, dim: dimOf(encoder, rest.kind) };
  let kept = isGiven;
  try {
    if (encoder !== undefined) checkGives(encoder, target.kind, target.name);
    const { settings } = await store.inspect();
    if (begin?.(target, { settings, pending: await store.pendingField() }) === true) return undefined;
    encoders.admit(isGiven ? wanted : 'any');
    const build = await store.buildField(target);
    const { relevanceDropped, ...report } = await carryOut(context, build, encoder, given({ ...options, check }));
    if (!isGiven && encoder !== undefined) encoders.keep(id, encoder as OpenEncoder);
    kept = true;
    return { ...report, encoder: id, relevanceDropped, ...given({ superseded: build.superseded }) };
  } catch (error) {
    // Unless it failed after it was published.
    if (isGiven && !(await hasField(store, target))) encoders.dismiss(wanted);
    throw error;
  } finally {
    if (!kept && encoder !== undefined && 'dispose' in encoder) await encoder.dispose?.();
  }
}

function dimOf(encoder: GivenEncoder | undefined, kind: VectorFieldSettings['kind']): number {
  if (encoder === undefined) return 0;
  return kind !== 'impacts' && 'dim' in encoder ? encoder.dim : 1;
}

async function hasField(store: Store, { name, encoder }: VectorFieldSettings): Promise<boolean> {
  return vectorFields((await store.inspect()).settings).some((one) => one.name === name && one.encoder === encoder);
}

/** Options of {@link Collection.deploy}. */
export interface DeployOptions {
  readonly signal?: AbortSignal;
  /** Passages encoded again, of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** See {@link Collection.deploy}. */
export async function deployTuned(
  context: BuildContext,
  files: TunedFiles,
  { signal, onProgress }: DeployOptions,
): Promise<string> {
  const { base, of } = files.description;
  const id = `tuned:${versionOf(files)}`;
  const { encoder, build } = await context.writing(() => place(context, files, id));
  let done = 0;
  try {
    await carryOut(context, build, of === 'queries' ? undefined : encoder, {
      ...given({ signal }),
      onProgress: (progress) => {
        done = progress.done;
        if (progress.phase === 'encoding') onProgress?.(progress.done, progress.total);
      },
      check: (settings) => checkBase(context, settings, base),
    });
    return id;
  } catch (error) {
    // With nothing done there is nothing to go on with.
    if (done === 0) await forget(context, build, files).catch(() => undefined);
    throw error;
  } finally {
    await encoder.dispose?.();
  }
}

async function carryOut(
  { directory, settings, writing }: BuildContext,
  build: FieldBuild,
  encoder: GivenEncoder | undefined,
  options: FieldBuildOptions,
): Promise<FieldBuildReport & { readonly relevanceDropped: boolean }> {
  let relevanceDropped = false;
  try {
    const report = await build.run({
      ...options,
      ...(encoder === undefined
        ? {}
        : { encode: (texts) => encodeTexts(encoder, build.kind, texts, settings, options.signal) }),
      writing,
      beside: async (before, after) => {
        const ids = vectorFields(after).map((field) => field.encoder);
        const kept = before.filter(
          ({ role }) =>
            [RERANKER, FEEDBACK, COMPRESSOR].includes(role) || (role === RELEVANCE && build.name !== MEANING),
        );
        const learned = (files: readonly BesideEntry[]) => files.some(({ role }) => role === RELEVANCE);
        relevanceDropped = learned(before) && !learned(kept);
        return [...kept, ...(await encoderFiles(directory, ids))] satisfies BesideEntry[];
      },
    });
    return { ...report, relevanceDropped };
  } finally {
    build.close();
  }
}

/** Writes the files of a trained encoder and begins the change to it. The caller holds the write lock. */
async function place(context: BuildContext, files: TunedFiles, id: string) {
  const { directory, store, encoders } = context;
  const { settings } = await store.inspect();
  const pending = await store.pendingField();
  // One to the encoder that the collection has lacks its last steps only.
  if (pending?.name === MEANING && pending.encoder !== id && pending.encoder !== settings.encoder) {
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
    return { encoder, build: await store.buildField({ ...MEANING_FIELD, encoder: id, dim: encoder.dim }) };
  } catch (error) {
    if (pending === undefined) await dropFailedVersion(directory, versionOf(files));
    throw error;
  }
}

/** Leaves no trace of a change that came to nothing, unless it is published all the same. */
async function forget({ directory, store }: BuildContext, build: FieldBuild, files: TunedFiles): Promise<void> {
  if ((await store.inspect()).settings.encoder === build.encoder) return;
  const { name, kind, of, encoder, dim } = build;
  await (await store.buildField({ name, kind, of, encoder, dim })).abandon();
  await dropFailedVersion(directory, versionOf(files));
}

function checkBase({ directory }: BuildContext, { encoder }: CollectionSettings, base: string): void {
  if (encoder === base) return;
  throw new IncompatibleError(
    `The collection in ${directory} has the encoder "${encoder}"; what is to be deployed was trained from "${base}".`,
    'Train again from the encoder that the collection has now.',
  );
}
