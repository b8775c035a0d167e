import fs from 'node:fs';
import { crc32 } from 'node:zlib';
import { BitSet } from '../../base/bits.ts';
import { CorruptFileError } from '../../base/errors.ts';
import type { FileStamp } from './container.ts';
import { asStorageError, type FileSystem, systemCode } from './filesystem.ts';

/**
 * Which documents of a segment are dead. The file is immutable: a later publication that kills more documents of the
 * same segment writes a new file. 8 magic, u32 version, u32 documents, a bit for each, u32 CRC-32 of all before.
 */
const MAGIC = Uint8Array.of(0x89, 0x53, 0x41, 0x47, 0x44, 0x45, 0x41, 0x44); // \x89 S A G D E A D
const VERSION = 1;
const HEADER_BYTES = 16;

/** Writes the file; on return its bytes are on stable storage (its name is not yet). */
export async function writeTombstones(path: string, dead: BitSet, fileSystem: FileSystem): Promise<FileStamp> {
  const bytes = new Uint8Array(HEADER_BYTES + dead.bytes.byteLength + 4);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, dead.size, true);
  bytes.set(dead.bytes, HEADER_BYTES);
  const checksum = crc32(bytes.subarray(0, -4));
  view.setUint32(bytes.byteLength - 4, checksum, true);
  // What a failed attempt may have left under this name.
  fileSystem.remove(path);
  const file = fileSystem.create(path);
  try {
    fileSystem.write(file, bytes);
    await fileSystem.sync(file);
  } finally {
    fileSystem.close(file);
  }
  return { bytes: bytes.byteLength, checksum };
}

/** @throws CorruptFileError when the file is missing, or not the one that the manifest describes. */
export function readTombstones(path: string, expected: FileStamp, documents: number): BitSet {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw new CorruptFileError(path, 'it is missing', undefined, { cause: error });
    if (systemCode(error) === 'EIO') {
      throw new CorruptFileError(path, 'the disk cannot read it (EIO)', undefined, { cause: error });
    }
    throw asStorageError(path, error, 'read');
  }
  const size = (documents + 7) >> 3;
  const intact =
    bytes.byteLength === expected.bytes &&
    bytes.byteLength === HEADER_BYTES + size + 4 &&
    bytes.subarray(0, 8).equals(MAGIC) &&
    bytes.readUInt32LE(8) === VERSION &&
    bytes.readUInt32LE(12) === documents &&
    bytes.readUInt32LE(bytes.byteLength - 4) === expected.checksum &&
    crc32(bytes.subarray(0, -4)) === expected.checksum;
  if (!intact) throw new CorruptFileError(path, 'it is damaged, or not the file that the manifest names');
  return new BitSet(documents, Uint8Array.from(bytes.subarray(HEADER_BYTES, HEADER_BYTES + size)));
}
