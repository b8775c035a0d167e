import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CorruptFileError } from '../base/errors.ts';
import { replaceFile } from '../store/local/filesystem.ts';
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
  const hash = createHash('sha256');
  const header: Record<string, unknown> = {};
  let at = 0;
  const parts: Uint8Array[] = [];
  for (const [name, { data, shape }] of arrays) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + bytes.byteLength] };
    at += bytes.byteLength;
    parts.push(bytes);
    hash.update(bytes);
  }
  header['__metadata__'] = { ...metadata, sha256: hash.digest('hex') };
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.byteLength));
  await replaceFile(path, [length, text, ...parts]);
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
  const length = bytes.byteLength < 8 ? Number.NaN : Number(bytes.readBigUInt64LE());
  if (!(8 + length <= bytes.byteLength)) throw broken('it is cut short');
  let header: Record<string, { shape: number[]; data_offsets: [number, number] }>;
  try {
    header = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  } catch {
    throw broken('its header is not JSON');
  }
  const { __metadata__: metadata, ...entries } = header as typeof header & { __metadata__?: Record<string, string> };
  const data = bytes.subarray(8 + length);
  if (createHash('sha256').update(data).digest('hex') !== metadata?.['sha256']) {
    throw broken('its checksum does not match');
  }
  const arrays = new Map<string, Value>();
  for (const [
    name,
    {
      shape,
      data_offsets: [from, to],
    },
  ] of Object.entries(entries)) {
    const copy = new Uint8Array(data.subarray(from, to));
    arrays.set(name, { data: new Float32Array(copy.buffer), shape });
  }
  return { arrays, metadata };
}
