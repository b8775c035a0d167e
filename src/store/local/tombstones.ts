import { BitSet } from '../../base/bits.ts';
import { CorruptFileError } from '../../base/errors.ts';
import type { FileStamp } from './container.ts';
import { type FileSystem, type Files, readWhole, unreadable } from './filesystem.ts';
import { crc32 } from './platform.ts';

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
export function readTombstones(path: string, files: Files, expected: FileStamp, documents: number): BitSet {
  let bytes: Uint8Array;
  try {
    bytes = readWhole(files, path);
  } catch (error) {
    throw unreadable(path, error);
  }
  const size = (documents + 7) >> 3;
  const view = new DataView(bytes.buffer);
  const intact =
    bytes.byteLength === expected.bytes &&
    bytes.byteLength === HEADER_BYTES + size + 4 &&
    MAGIC.every((byte, i) => bytes[i] === byte) &&
    view.getUint32(8, true) === VERSION &&
    view.getUint32(12, true) === documents &&
    view.getUint32(bytes.byteLength - 4, true) === expected.checksum &&
    crc32(bytes.subarray(0, -4)) === expected.checksum;
  if (!intact) throw new CorruptFileError(path, 'it is damaged, or not the file that the manifest names');
  return new BitSet(documents, bytes.slice(HEADER_BYTES, HEADER_BYTES + size));
}
