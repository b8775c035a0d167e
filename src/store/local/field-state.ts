import type { VectorFieldSettings, VectorIndexSettings } from '../types.ts';
import { type FileSystem, type Files, onDisk, readWhole, replaceThrough, systemCode } from './filesystem.ts';
import { fromUtf8, join } from './platform.ts';
import { isIntact, sealJson } from './sealed-json.ts';

/** Says beside the manifest which field is being made; absent when none is. */
const FIELD = 'field.json';
const FORMAT = 'sagitta-field';
const FORMAT_VERSION = 1;

/** A field whose making is not finished. */
export interface FieldState {
  readonly field: VectorFieldSettings;
  /** Part of the names of its files, 8 hexadecimal digits: no two makings have the same. */
  readonly tag: string;
  /** When it was begun: ISO 8601. */
  readonly started: string;
  /** The compressed index that is to be learned again, once the field is published. */
  readonly index?: VectorIndexSettings;
}

function statePath(directory: string): string {
  return join(directory, FIELD);
}

/** What a process leaves that is killed while it writes the state. */
export function unfinishedPath(directory: string): string {
  return `${statePath(directory)}.new`;
}

/** @returns undefined when there is none; `damaged` when it cannot be told what it was. */
export function readFieldState(directory: string, files: Files): FieldState | 'damaged' | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readWhole(files, statePath(directory));
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? undefined : 'damaged';
  }
  if (!isIntact(bytes)) return 'damaged';
  const { format, formatVersion, checksum: _, ...state } = JSON.parse(fromUtf8(bytes));
  return format === FORMAT && formatVersion === FORMAT_VERSION ? state : 'damaged';
}

export async function writeFieldState(directory: string, state: FieldState, fileSystem: FileSystem) {
  const bytes = sealJson({ format: FORMAT, formatVersion: FORMAT_VERSION, ...state });
  await replaceThrough(fileSystem, statePath(directory), bytes);
}

export function removeFieldState(directory: string, fileSystem: FileSystem): Promise<void> {
  return onDisk(statePath(directory), () => {
    fileSystem.remove(statePath(directory));
    fileSystem.remove(unfinishedPath(directory));
  });
}

/** Whether a file in `segments/` belongs to the field. */
export function belongsTo(file: string, { tag }: Pick<FieldState, 'tag'>): boolean {
  return file.includes(`.v${tag}.`);
}

/** Name of the file with what a field holds of a whole segment. */
export function fieldFileName(segment: string, { tag }: { readonly tag: string }): string {
  return `${segment}.v${tag}.vectors`;
}

/** Name of a file with the items of a stretch of a segment that begins with the passage `from`. */
export function partName(segment: string, { tag }: FieldState, from: number): string {
  return `${segment}.v${tag}.${from}.part`;
}

/** The segment and the first passage that a file is about; undefined for other files, and for half-written ones. */
export function parseFileName(file: string): { readonly segment: string; readonly from: number } | undefined {
  const match = /^(s\d+)\.v[\da-f]{8}\.(?:vectors|(\d+)\.part)$/.exec(file);
  return match === null ? undefined : { segment: match[1]!, from: Number(match[2] ?? 0) };
}
