import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CorruptFileError, IncompatibleError, NotFoundError } from '../../base/errors.ts';
import type { UseLiteTuning } from '../use-lite/graph.ts';

/**
 * How vectors are made. Every form but `use-lite` and `static` starts from the vectors of `base`.
 *
 * - `use-lite`: the weights in `model.onnx`, for queries and documents
 * - `use-lite-query`: the weights in `model.onnx` for queries, `base` for documents
 * - `adapter`: `base`, then `model.onnx` for queries
 * - `static`: the token table in `model.onnx`
 */
export type TunedForm = 'use-lite' | 'use-lite-query' | 'adapter' | 'static';

/** Whether documents keep the vectors of `base`, so that a collection need not be encoded again. */
export function keepsDocuments(form: TunedForm): boolean {
  return form === 'use-lite-query' || form === 'adapter';
}

/** What `encoder.json` in the folder of a trained encoder says. */
export interface TunedDescription {
  readonly form: TunedForm;
  /** Specification of the encoder that training started from. */
  readonly base: string;
  readonly dim: number;
  /** Languages that the encoder knows; absent means any. */
  readonly languages?: readonly string[];
  readonly tuning?: UseLiteTuning;
  /** How it was trained, for people. */
  readonly training?: Readonly<Record<string, unknown>>;
}

/** A description with its model. */
export interface TunedFiles {
  readonly description: TunedDescription;
  /** ONNX. */
  readonly model: Uint8Array;
}

const FORMAT = 'sagitta-encoder';
const FORMAT_VERSION = 1;
const DESCRIPTION = 'encoder.json';
const MODEL = 'model.onnx';
const TEMPORARY = '.new-';
const REMEDY = 'Restore the folder, or train again.';

/** Name of a version: form and the beginning of a hash over all that changes vectors. */
export function versionOf({ description, model }: TunedFiles): string {
  const { form, base, dim, tuning } = description;
  const hash = createHash('sha256')
    .update(JSON.stringify([form, base, dim, tuning ?? null]))
    .update(model);
  return `${form}-${hash.digest('hex').slice(0, 12)}`;
}

/**
 * Writes an encoder into a folder named after its version, under `folder`. The folder appears complete or not at all; one
 * that exists is left as it is. One process at a time may write into a folder.
 * @returns the version, once it is on stable storage, names included. Errors of the file system are passed on.
 */
export async function saveTuned(folder: string, files: TunedFiles): Promise<string> {
  const version = versionOf(files);
  const target = join(folder, version);
  await mkdir(folder, { recursive: true });
  if (existsSync(join(target, DESCRIPTION))) {
    // It may be there, and not yet for good: its own last step may have failed.
    await syncNames(target, folder, dirname(folder));
    return version;
  }
  // A process that was killed while it saved left its own behind.
  for (const name of await readdir(folder)) {
    if (name.startsWith(TEMPORARY)) await rm(join(folder, name), { recursive: true, force: true });
  }
  const temporary = await mkdtemp(join(folder, TEMPORARY));
  try {
    const body = {
      format: FORMAT,
      formatVersion: FORMAT_VERSION,
      ...files.description,
      model: { bytes: files.model.byteLength, sha256: sha256(files.model) },
    };
    await writeDurably(join(temporary, MODEL), files.model);
    await writeDurably(join(temporary, DESCRIPTION), Buffer.from(`${JSON.stringify(body, null, 2)}\n`));
    await syncNames(temporary);
    await rm(target, { recursive: true, force: true });
    await rename(temporary, target);
    await syncNames(folder, dirname(folder));
  } catch (error) {
    for (const left of [temporary, target]) await rm(left, { recursive: true, force: true });
    throw error;
  }
  return version;
}

/** Reads what {@link saveTuned} wrote. @throws NotFoundError, IncompatibleError, CorruptFileError */
export async function readTuned(folder: string): Promise<TunedFiles> {
  const path = join(folder, DESCRIPTION);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new NotFoundError(
      `There is no trained encoder in ${folder}.`,
      `Name a folder that holds ${DESCRIPTION}, as \`sagitta tune\` makes it.`,
      { cause },
    );
  }
  let body: Record<string, unknown> & { model?: { sha256?: string } };
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new CorruptFileError(path, 'it is not JSON', REMEDY, { cause });
  }
  if (body['format'] !== FORMAT || body['formatVersion'] !== FORMAT_VERSION) {
    throw new IncompatibleError(
      `${path} is of format ${body['format']} ${body['formatVersion']}; this version reads ${FORMAT} ${FORMAT_VERSION}.`,
      'Use the version that wrote it, or train again.',
    );
  }
  const { format: _, formatVersion: __, model: stamp, ...description } = body;
  const model = await readFile(join(folder, MODEL)).catch((cause) => {
    throw new CorruptFileError(join(folder, MODEL), `cannot be read (${cause.code})`, REMEDY, { cause });
  });
  if (sha256(model) !== stamp?.sha256)
    throw new CorruptFileError(join(folder, MODEL), 'its checksum does not match', REMEDY);
  const files = { description: description as unknown as TunedDescription, model: new Uint8Array(model) };
  const { form, base, dim } = files.description;
  const known: readonly unknown[] = ['use-lite', 'use-lite-query', 'adapter', 'static'] satisfies TunedForm[];
  if (!known.includes(form) || typeof base !== 'string' || !Number.isInteger(dim)) {
    throw new CorruptFileError(path, 'it does not say form, base and dim', REMEDY);
  }
  return files;
}

/** `tuned:VERSION` as the specification of a folder among others, e.g. of a collection; any other one as it is. */
export function locatedSpec(spec: string, folder: string): string {
  const version = /^tuned:([^/\\]+)$/.exec(spec)?.[1];
  return version === undefined ? spec : `tuned:${versionFolder(folder, version)}`;
}

/** Folder of a version beside others, e.g. in a collection. */
export function versionFolder(folder: string, version: string): string {
  return join(folder, basename(version));
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Returns when the names in these folders are on stable storage. */
async function syncNames(...folders: readonly string[]): Promise<void> {
  // Windows cannot open a folder; its file systems journal names by themselves.
  if (process.platform === 'win32') return;
  for (const folder of folders) {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
