import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CorruptFileError } from '../base/errors.ts';
import { headerLength, LENGTH_BYTES, makeHeader, parseHeader } from '../encode/bert/safetensors-header.ts';
import { replaceFile } from '../store/local/node-files.ts';
import type { Value } from '../tensor/index.ts';

/**
 * Writes named float32 arrays in the safetensors format (https://github.com/huggingface/safetensors), which other tools
 * read, with `metadata` and a checksum of the data in its header. The file is replaced whole or not at all.
 * @throws StorageError when the disk refuses.
 */
export async function writeArrays(
  path: string,
  arrays: ReadonlyMap<string, Value>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const parts = [...arrays.values()].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  await replaceFile(path, [makeHeader(arrays, { ...metadata, sha256: hash.digest('hex') }), ...parts]);
}

/** Reads what {@link writeArrays} wrote. @throws CorruptFileError; a file that is not there is undefined. */
export async function readArrays(
  path: string,
): Promise<{ arrays: Map<string, Value>; metadata: Readonly<Record<string, string>> } | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const broken = (problem: string) => new CorruptFileError(path, problem, 'Remove it, and start again.');
  const length = headerLength(bytes, bytes.byteLength, broken);
  const data = bytes.subarray(LENGTH_BYTES + length);
  const text = bytes.toString('utf8', LENGTH_BYTES, LENGTH_BYTES + length);
  const { tensors, metadata } = parseHeader(text, data.byteLength, broken);
  if (createHash('sha256').update(data).digest('hex') !== metadata['sha256']) {
    throw broken('its checksum does not match');
  }
  const arrays = new Map<string, Value>();
  for (const [name, { shape, start, end }] of tensors) {
    const copy = new Uint8Array(data.subarray(start, end));
    arrays.set(name, { data: new Float32Array(copy.buffer), shape });
  }
  return { arrays, metadata };
}
