import { CorruptFileError } from '../../base/errors.ts';
import type { BesideEntry, BesideFile, LearnedRole } from '../types.ts';
import { type FileSystem, type Files, readFully, replaceThrough, unreadable } from './filesystem.ts';
import { crc32, join } from './platform.ts';

/** Folder in a collection of the encoders that were trained for it. */
export const ENCODERS = 'encoders';

/**
 * Files in a collection's folder that are not of its segments, and count all the same: what was learned of relevance, and what trained
 * encoders consist of. The manifest names each with its length and checksum. None is ever changed: what takes the place of one has
 * another name, so that a crash leaves the manifest with the file that it names.
 */
export class BesideHandle implements BesideFile {
  readonly role: string;
  readonly file: string;
  readonly bytes: number;
  readonly checksum: number;
  readonly #path: string;
  #descriptor = -1;
  /** Why it could not be opened: only what needs it fails. */
  readonly #problem: unknown;

  constructor(
    directory: string,
    private readonly files: Files,
    { role, file, bytes, checksum }: BesideEntry,
  ) {
    this.role = role;
    this.file = file;
    this.bytes = bytes;
    this.checksum = checksum;
    this.#path = join(directory, file);
    try {
      this.#descriptor = files.open(this.#path);
    } catch (error) {
      this.#problem = unreadable(this.#path, error);
    }
  }

  get isOpen(): boolean {
    return this.#descriptor >= 0;
  }

  read(): Uint8Array {
    if (this.#problem !== undefined) throw this.#problem;
    const size = this.files.size(this.#descriptor);
    if (size !== this.bytes) {
      throw new CorruptFileError(this.#path, `it has ${size} bytes where the manifest says ${this.bytes}`);
    }
    const content = new Uint8Array(size);
    readFully(this.files, this.#descriptor, this.#path, content, 0);
    if (crc32(content) !== this.checksum) {
      throw new CorruptFileError(this.#path, 'it is damaged, or not the file that the manifest names');
    }
    return content;
  }

  close(): void {
    if (this.#descriptor < 0) return;
    this.files.close(this.#descriptor);
    this.#descriptor = -1;
  }
}

/** What the manifest is to say of a file with these bytes. @param file its path in the collection's folder. */
export function besideEntry(role: string, file: string, content: Uint8Array): BesideEntry {
  return { role, file, bytes: content.byteLength, checksum: crc32(content) };
}

/** Writes a file in the collection's folder; on return its bytes and its name are on stable storage. */
export async function writeBeside(
  directory: string,
  role: LearnedRole,
  content: Uint8Array,
  fileSystem: FileSystem,
): Promise<BesideEntry> {
  const name = `${role}-${crc32(content).toString(16).padStart(8, '0')}.${EXTENSIONS[role]}`;
  await replaceThrough(fileSystem, join(directory, name), content);
  return besideEntry(role, name, content);
}

/** Of what was learned, by its role: `relevance` is read by people too. */
const EXTENSIONS: Readonly<Record<LearnedRole, string>> = {
  relevance: 'json',
  reranker: 'bin',
  feedback: 'bin',
  compressor: 'bin',
};
const NAMES = Object.entries(EXTENSIONS).map(([role, extension]) => `${role}-[\\da-f]{8}\\.${extension}`);
const BESIDE = new RegExp(`^(${NAMES.join('|')})(\\.new)?$`);

/** Whether the name is one that {@link writeBeside} gives to what was learned, finished or not. */
export function isBeside(name: string): boolean {
  return BESIDE.test(name);
}
