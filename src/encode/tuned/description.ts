import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CorruptFileError, IncompatibleError, NotFoundError } from '../../base/errors.ts';
import type { Files, SavedEncoder } from '../trainable.ts';
import type { EncoderTuning } from '../tuning.ts';

/** What `encoder.json` in the folder of a trained encoder says. */
export interface TunedDescription {
  /** Name of the {@link EncoderForm} that opens it. */
  readonly form: string;
  /** `queries`: documents keep the vectors of `base`, so that a collection need not be encoded again. Default: both sides are its own. */
  readonly of?: 'queries';
  /** Specification of the encoder that training started from. */
  readonly base: string;
  readonly dim: number;
  /** Languages that the encoder knows; absent means any. */
  readonly languages?: readonly string[];
  readonly tuning?: EncoderTuning;
  /** See `Encoder.denseShare`. Default: that of `base`. */
  readonly denseShare?: number;
  /** How it was trained, for people. */
  readonly training?: Readonly<Record<string, unknown>>;
}

/** A description with what was trained. */
export interface TunedFiles {
  readonly description: TunedDescription;
  readonly files: Files;
}

const FORMAT = 'sagitta-encoder';
const FORMAT_VERSION = 3;
/** File of a trained encoder's folder that says what it is. */
export const DESCRIPTION = 'encoder.json';
const TEMPORARY = '.new-';
export const REMEDY = 'Restore the folder, or train again.';

/** Name of a version: form and the beginning of a hash over all that changes vectors or rankings. */
export function versionOf({ description, files }: TunedFiles): string {
  const { form, of = null, base, dim, tuning = null, denseShare = null } = description;
  const hash = createHash('sha256').update(JSON.stringify([form, of, base, dim, tuning, denseShare]));
  for (const [name, bytes] of files) hash.update(name).update(bytes);
  return `${form}-${hash.digest('hex').slice(0, 12)}`;
}

/**
 * Writes an encoder into a folder named after its version, under `folder`. The folder appears complete or not at all; one
 * that exists is left as it is. One process at a time may write into a folder.
 * @returns the version, once it is on stable storage, names included. Errors of the file system are passed on.
 */
export async function saveTuned(folder: string, tuned: TunedFiles): Promise<string> {
  const version = versionOf(tuned);
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
    const folders = new Set([temporary]);
    const stamps: Record<string, string> = {};
    for (const [name, bytes] of tuned.files) {
      const path = join(temporary, name);
      await mkdir(dirname(path), { recursive: true });
      await writeDurably(path, bytes);
      folders.add(dirname(path));
      stamps[name] = sha256(bytes);
    }
    const body = { format: FORMAT, formatVersion: FORMAT_VERSION, ...tuned.description, files: stamps };
    await writeDurably(join(temporary, DESCRIPTION), Buffer.from(signed(body)));
    await syncNames(...folders);
    await rm(target, { recursive: true, force: true });
    await rename(temporary, target);
    await syncNames(folder, dirname(folder));
  } catch (error) {
    for (const left of [temporary, target]) await rm(left, { recursive: true, force: true });
    throw error;
  }
  return version;
}

/** Whether a name beside versions is what {@link saveTuned} has not finished: of a process that was killed, unless one is at it. */
export function isUnfinishedVersion(name: string): boolean {
  return name.startsWith(TEMPORARY);
}

/** Reads what {@link saveTuned} wrote. @throws NotFoundError, IncompatibleError, CorruptFileError */
export async function readTuned(folder: string): Promise<TunedFiles> {
  const { description, stamps } = await readDescribed(folder);
  const files = new Map<string, Uint8Array>();
  for (const [name, stamp] of Object.entries(stamps)) {
    const path = join(folder, name);
    const bytes = await readFile(path).catch((cause) => {
      throw new CorruptFileError(path, `cannot be read (${cause.code})`, REMEDY, { cause });
    });
    if (sha256(bytes) !== stamp) throw new CorruptFileError(path, 'its checksum does not match', REMEDY);
    files.set(name, new Uint8Array(bytes));
  }
  return { description, files };
}

/** What a form is given of a folder. */
export function savedIn(folder: string, { tuning = {}, languages, dim }: TunedDescription): SavedEncoder {
  return { folder, tuning, languages, dim, files: async () => (await readTuned(folder)).files };
}

/** The description alone; the files that it names are neither read nor checked. @throws as {@link readTuned} */
export async function readTunedDescription(folder: string): Promise<TunedDescription> {
  return (await readDescribed(folder)).description;
}

async function readDescribed(
  folder: string,
): Promise<{ description: TunedDescription; stamps: Readonly<Record<string, string>> }> {
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
  let body: Record<string, unknown>;
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
  const { format: _, formatVersion: __, files: stamps, checksum: ___, ...description } = body;
  const { form, base, dim } = description as Partial<TunedDescription>;
  const isSound =
    typeof form === 'string' &&
    typeof base === 'string' &&
    Number.isInteger(dim) &&
    typeof stamps === 'object' &&
    stamps !== null;
  if (!isSound) throw new CorruptFileError(path, 'it does not say form, base, dim and files', REMEDY);
  const { checksum: ____, ...covered } = body;
  if (signed(covered) !== text) throw new CorruptFileError(path, 'its checksum does not match', REMEDY);
  return { description: description as unknown as TunedDescription, stamps: stamps as Record<string, string> };
}

/** A description as text, with a checksum over the rest of it at its end. */
function signed(body: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ ...body, checksum: sha256(Buffer.from(JSON.stringify(body))) }, null, 2)}\n`;
}

/** Whether a specification is `tuned:VERSION`, which names an encoder among others, rather than a folder. */
export function isVersion(spec: string): boolean {
  return versionIn(spec) !== undefined;
}

function versionIn(spec: string): string | undefined {
  return /^tuned:([^/\\]+)$/.exec(spec)?.[1];
}

/** `tuned:VERSION` as the specification of a folder among others, e.g. of a collection; any other one as it is. */
export function locatedSpec(spec: string, folder: string): string {
  const version = versionIn(spec);
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
