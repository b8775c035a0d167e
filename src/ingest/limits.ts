import { InvalidArgumentError } from '../base/errors.ts';
import type { SourceDocument } from './types.ts';

/** What reading one file may take. A file that takes more is a failure, and the run goes on. */
export interface ReadLimits {
  /**
   * Most seconds for a file, or between two records of one that is read in a stream; such a file as a whole has them for each
   * 8 MiB begun. Default 60. Files that need a long time for good reasons (thousands of scanned pages) want more.
   */
  readonly maxSeconds?: number;
  /**
   * Most bytes of memory of the process that reads. Default 400 MiB, with which a run that reads stays below 600 MB; at least 128 MiB, of which Node itself takes some 60.
   */
  readonly maxMemory?: number;
  /**
   * Most characters (UTF-16 code units) that come out of a file, or of one record of a streamed one: of text and metadata, and 32
   * for each block of its structure; of a streamed file as a whole, for each MiB begun. Default 32 Mi.
   */
  readonly maxText?: number;
}

export const DEFAULT_LIMITS: Required<ReadLimits> = {
  maxSeconds: 60,
  maxMemory: 400 * 1024 * 1024,
  maxText: 32 * 1024 * 1024,
};

const LEAST_MEMORY = 128 * 1024 * 1024;

/** @throws InvalidArgumentError for limits that nothing can keep. */
export function resolveLimits(limits: ReadLimits): Required<ReadLimits> {
  const given = Object.entries(limits).filter(([name, value]) => name in DEFAULT_LIMITS && value !== undefined);
  const resolved = { ...DEFAULT_LIMITS, ...Object.fromEntries(given) };
  for (const [name, value] of Object.entries(resolved)) {
    if (!(value > 0)) throw new InvalidArgumentError(`The limit ${name} is ${value}.`, 'Give a positive number.');
  }
  if (resolved.maxMemory < LEAST_MEMORY) {
    throw new InvalidArgumentError(
      `No file can be read in ${resolved.maxMemory} bytes of memory.`,
      `Give maxMemory at least ${LEAST_MEMORY} bytes.`,
    );
  }
  return resolved;
}

/** Characters that count against {@link ReadLimits.maxText}. */
export function outputSize({ text, blocks, metadata }: SourceDocument): number {
  let size = text.length + 32 * blocks.length;
  for (const [key, value] of Object.entries(metadata)) {
    size += key.length;
    for (const member of Array.isArray(value) ? value : [value]) size += typeof member === 'string' ? member.length : 8;
  }
  return size;
}
