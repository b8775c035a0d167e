import fs from 'node:fs';
import { join } from 'node:path';
import type { EncoderTarget, VectorIndexSettings } from '../types.ts';
import { type FileSystem, onDisk, replaceThrough, systemCode } from './filesystem.ts';
import { isIntact, sealJson } from './sealed-json.ts';

/** Says beside the manifest that the collection is about to get another encoder; absent when it is not. */
const REENCODE = 'reencode.json';
const FORMAT = 'sagitta-reencode';
const FORMAT_VERSION = 1;

/** A change to another encoder that is not finished. */
export interface ReencodeState extends EncoderTarget {
  /** Part of the names of its files, 8 hexadecimal digits: no two changes have the same. */
  readonly tag: string;
  /** When it was begun: ISO 8601. */
  readonly started: string;
  /** The compressed index that is to be learned again, once the new vectors are published. */
  readonly index?: VectorIndexSettings;
}

function statePath(directory: string): string {
  return join(directory, REENCODE);
}

/** @returns undefined when there is none; `damaged` when it cannot be told what it was. */
export function readReencodeState(directory: string): ReencodeState | 'damaged' | undefined {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(statePath(directory));
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? undefined : 'damaged';
  }
  if (!isIntact(bytes)) return 'damaged';
  const { format, formatVersion, checksum: _, ...state } = JSON.parse(bytes.toString());
  return format === FORMAT && formatVersion === FORMAT_VERSION ? state : 'damaged';
}

export async function writeReencodeState(directory: string, state: ReencodeState, fileSystem: FileSystem) {
  const bytes = sealJson({ format: FORMAT, formatVersion: FORMAT_VERSION, ...state });
  await replaceThrough(fileSystem, statePath(directory), bytes);
}

export function removeReencodeState(directory: string, fileSystem: FileSystem): Promise<void> {
  return onDisk(statePath(directory), () => fileSystem.remove(statePath(directory)));
}

/** Whether a file in `segments/` belongs to the change. */
export function belongsTo(file: string, { tag }: Pick<ReencodeState, 'tag'>): boolean {
  return file.includes(`.v${tag}.`);
}

/** Name of the file with the vectors of a whole segment. */
export function vectorsName(segment: string, { tag }: ReencodeState): string {
  return `${segment}.v${tag}.vectors`;
}

/** Name of a file with the vectors of a stretch of a segment that begins with the passage `from`. */
export function partName(segment: string, { tag }: ReencodeState, from: number): string {
  return `${segment}.v${tag}.${from}.part`;
}

/** The segment and the first passage that a file is about; undefined for other files, and for half-written ones. */
export function parseVectorsName(file: string): { readonly segment: string; readonly from: number } | undefined {
  const match = /^(s\d+)\.v[\da-f]{8}\.(?:vectors|(\d+)\.part)$/.exec(file);
  return match === null ? undefined : { segment: match[1]!, from: Number(match[2] ?? 0) };
}
