import { CorruptFileError, IncompatibleError, InvalidArgumentError, invariant } from '../../base/errors.ts';
import type { SectionSink, SectionSource } from '../../base/sections.ts';
import { type FileSystem, type Files, readFully, unreadable } from './filesystem.ts';
import { crc32 } from './platform.ts';

/**
 * The file of a segment: named sections behind one another, then a table of contents, then a footer. Integers are
 * little-endian; there is no padding, so that every byte is covered by a checksum or compared with what it must be.
 *
 * ```
 * header    8 magic, u32 version, u32 chunk size
 * sections  the bytes of each, in the order of the table
 * table     u32 sections, then for each: u16 bytes of the name, name (ASCII), u64 bytes of the section;
 *           then the CRC-32 of every chunk of every section (u32 each; the last chunk of a section may be shorter)
 * footer    u64 offset of the table, u64 bytes of the file, u32 bytes of the table,
 *           u32 CRC-32 of header and table, u32 CRC-32 of the footer so far, u32 magic
 * ```
 *
 * Reading verifies the chunks that it touches, every time: 4 KiB cost about 1.5 microseconds, less than the system
 * call that reads them, and a page that was fine once may come back damaged after the system has dropped it.
 */
export const SEGMENT_VERSION = 1;
export const CHUNK_BYTES = 4096;

const MAGIC = Uint8Array.of(0x89, 0x53, 0x41, 0x47, 0x0d, 0x0a, 0x1a, 0x0a); // \x89 S A G \r \n \x1a \n
const END_MAGIC = 0x67617389;
const HEADER_BYTES = 16;
const FOOTER_BYTES = 32;
const WRITE_BUFFER = 1 << 20;
/** A vector lies in one or two. */
const SCRATCH_CHUNKS = 4;

/** What identifies a finished file: its length, and the checksum that covers all its other checksums. */
export interface FileStamp {
  readonly bytes: number;
  readonly checksum: number;
}

/** Writes a container, section after section, without holding more than a buffer of 1 MiB and the checksums. */
export class ContainerWriter implements SectionSink {
  readonly #fs: FileSystem;
  readonly #file: number;
  readonly #header = header();
  readonly #buffer = new Uint8Array(WRITE_BUFFER);
  readonly #sections: { name: string; bytes: number; checksums: number[] }[] = [];
  #used = 0;
  #bytes = 0;
  #closed = false;
  /** Bytes of the current section's unfinished chunk, and their checksum. */
  #chunkUsed = 0;
  #chunkChecksum = 0;

  constructor(
    readonly path: string,
    fileSystem: FileSystem,
  ) {
    this.#fs = fileSystem;
    this.#file = fileSystem.create(path);
    this.#append(this.#header);
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Starts a section; what is written from now on belongs to it. */
  begin(name: string): void {
    invariant(/^[\x21-\x7e]{1,255}$/.test(name), `section name ${JSON.stringify(name)}`);
    invariant(!this.#sections.some((section) => section.name === name), `section ${name} written twice`);
    this.#endChunk();
    this.#sections.push({ name, bytes: 0, checksums: [] });
  }

  write(bytes: Uint8Array): void {
    const section = this.#sections.at(-1);
    invariant(section !== undefined, 'bytes outside of a section');
    for (let done = 0; done < bytes.byteLength; ) {
      const piece = bytes.subarray(done, done + CHUNK_BYTES - this.#chunkUsed);
      this.#chunkChecksum = crc32(piece, this.#chunkChecksum);
      this.#chunkUsed += piece.byteLength;
      done += piece.byteLength;
      if (this.#chunkUsed === CHUNK_BYTES) this.#endChunk();
    }
    section.bytes += bytes.byteLength;
    this.#append(bytes);
  }

  /** A whole section at once. */
  section(name: string, bytes: Uint8Array): void {
    this.begin(name);
    this.write(bytes);
  }

  /** Writes table and footer; on return the bytes are on stable storage (the file's name is not yet). */
  async finish(): Promise<FileStamp> {
    this.#endChunk();
    const table = this.#table();
    const tableOffset = this.#bytes;
    this.#append(table);
    const footer = new DataView(new ArrayBuffer(FOOTER_BYTES));
    const checksum = crc32(table, crc32(this.#header));
    footer.setBigUint64(0, BigInt(tableOffset), true);
    footer.setBigUint64(8, BigInt(this.#bytes + FOOTER_BYTES), true);
    footer.setUint32(16, table.byteLength, true);
    footer.setUint32(20, checksum, true);
    footer.setUint32(24, crc32(new Uint8Array(footer.buffer, 0, 24)), true);
    footer.setUint32(28, END_MAGIC, true);
    this.#append(new Uint8Array(footer.buffer));
    this.#flush();
    await this.#fs.sync(this.#file);
    this.#close();
    return { bytes: this.#bytes, checksum };
  }

  /** Gives up: closes and removes the file, as far as the disk lets it. */
  abandon(): void {
    for (const step of [() => this.#close(), () => this.#fs.remove(this.path)]) {
      try {
        step();
      } catch {
        // The next writer removes leftovers; the error that led here is the one to report.
      }
    }
  }

  /** Once only: the system may give the number to another file. */
  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fs.close(this.#file);
  }

  #endChunk(): void {
    if (this.#chunkUsed === 0) return;
    this.#sections.at(-1)!.checksums.push(this.#chunkChecksum);
    this.#chunkUsed = 0;
    this.#chunkChecksum = 0;
  }

  #append(bytes: Uint8Array): void {
    this.#bytes += bytes.byteLength;
    if (this.#used + bytes.byteLength > WRITE_BUFFER) this.#flush();
    if (bytes.byteLength > WRITE_BUFFER) {
      this.#fs.write(this.#file, bytes);
      return;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.byteLength;
  }

  #flush(): void {
    this.#fs.write(this.#file, this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  #table(): Uint8Array {
    const chunks = this.#sections.reduce((sum, section) => sum + section.checksums.length, 0);
    const names = this.#sections.reduce((sum, section) => sum + 10 + section.name.length, 0);
    const table = new DataView(new ArrayBuffer(4 + names + 4 * chunks));
    table.setUint32(0, this.#sections.length, true);
    let at = 4;
    for (const { name, bytes } of this.#sections) {
      table.setUint16(at, name.length, true);
      for (let i = 0; i < name.length; i++) table.setUint8(at + 2 + i, name.charCodeAt(i));
      table.setBigUint64(at + 2 + name.length, BigInt(bytes), true);
      at += 10 + name.length;
    }
    for (const { checksums } of this.#sections) {
      for (const checksum of checksums) {
        table.setUint32(at, checksum, true);
        at += 4;
      }
    }
    return new Uint8Array(table.buffer);
  }
}

interface Section {
  readonly name: string;
  /** Where it starts in the file. */
  readonly offset: number;
  readonly bytes: number;
  /** Number of its first chunk. */
  readonly firstChunk: number;
}

/**
 * An open container. The file stays open, so that it can be read even after compaction has removed its name.
 * Opening reads header, table and footer: 1/1024 of the file.
 */
export class ContainerReader implements SectionSource {
  readonly stamp: FileStamp;
  readonly #sections: ReadonlyMap<string, Section>;
  readonly #checksums: Uint32Array;
  readonly #scratch = new Uint8Array(SCRATCH_CHUNKS * CHUNK_BYTES);
  #file: number;

  /**
   * @throws CorruptFileError when the file is not what was written, or not the one that `expected` describes.
   * @throws IncompatibleError when a newer version of Sagitta wrote it.
   */
  constructor(
    readonly path: string,
    private readonly files: Files,
    expected?: FileStamp,
  ) {
    this.#file = openForReading(path, files);
    try {
      const { sections, checksums, stamp } = this.#open(expected);
      this.#sections = sections;
      this.#checksums = checksums;
      this.stamp = stamp;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The sections in the order of the file. */
  get sections(): { readonly name: string; readonly bytes: number }[] {
    return [...this.#sections.values()].map(({ name, bytes }) => ({ name, bytes }));
  }

  has(name: string): boolean {
    return this.#sections.has(name);
  }

  size(name: string): number {
    return this.#sections.get(name)?.bytes ?? 0;
  }

  readInto(name: string, target: Uint8Array, offset = 0): void {
    const section = this.#sections.get(name);
    if (section === undefined) throw this.#corrupt(`the section ${name} is missing`);
    const end = offset + target.byteLength;
    if (offset < 0 || end > section.bytes) {
      throw this.#corrupt(`bytes ${offset} to ${end} of the section ${name} do not exist, it has ${section.bytes}`);
    }
    if (this.#readChunks(section, target, offset, end)) return;
    for (let at = offset; at < end; ) {
      const chunk = Math.floor(at / CHUNK_BYTES);
      const whole = Math.floor(end / CHUNK_BYTES) - chunk;
      if (at === chunk * CHUNK_BYTES && whole > 0) {
        // Whole chunks go straight to the caller.
        const run = target.subarray(at - offset, at - offset + whole * CHUNK_BYTES);
        this.#read(run, section.offset + at);
        for (let i = 0; i < whole; i++) {
          this.#check(section, chunk + i, run.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
        }
        at += run.byteLength;
      } else {
        const start = chunk * CHUNK_BYTES;
        const bytes = this.#scratch.subarray(0, Math.min(CHUNK_BYTES, section.bytes - start));
        this.#read(bytes, section.offset + start);
        this.#check(section, chunk, bytes);
        const stop = Math.min(end, start + bytes.byteLength);
        target.set(bytes.subarray(at - start, stop - start), at - offset);
        at = stop;
      }
    }
  }

  /** A stretch of few chunks, which are read at once; false for a longer one. */
  #readChunks(section: Section, target: Uint8Array, offset: number, end: number): boolean {
    const first = Math.floor(offset / CHUNK_BYTES);
    const chunks = Math.ceil(end / CHUNK_BYTES) - first;
    if (chunks > SCRATCH_CHUNKS) return false;
    const start = first * CHUNK_BYTES;
    const bytes = this.#scratch.subarray(0, Math.min((first + chunks) * CHUNK_BYTES, section.bytes) - start);
    this.#read(bytes, section.offset + start);
    for (let i = 0; i < chunks; i++) {
      this.#check(section, first + i, bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
    }
    target.set(bytes.subarray(offset - start, end - start));
    return true;
  }

  /** Reads every byte, a section in steps of at most 1 MiB. @throws CorruptFileError at the first damaged chunk. */
  *verify(): Generator<{ readonly bytes: number }> {
    yield { bytes: this.stamp.bytes - [...this.#sections.values()].reduce((sum, { bytes }) => sum + bytes, 0) };
    const buffer = new Uint8Array(1 << 20);
    for (const { name, bytes } of this.#sections.values()) {
      for (let at = 0; at < bytes; at += buffer.byteLength) {
        const piece = buffer.subarray(0, Math.min(buffer.byteLength, bytes - at));
        this.readInto(name, piece, at);
        yield { bytes: piece.byteLength };
      }
    }
  }

  close(): void {
    if (this.#file < 0) return;
    this.files.close(this.#file);
    this.#file = -1;
  }

  #open(expected: FileStamp | undefined) {
    const size = this.files.size(this.#file);
    if (expected !== undefined && size !== expected.bytes) {
      throw this.#corrupt(`it has ${size} bytes where the manifest says ${expected.bytes}`);
    }
    if (size < HEADER_BYTES + FOOTER_BYTES) throw this.#corrupt(`its ${size} bytes are too few for a segment`);

    const head = new Uint8Array(HEADER_BYTES);
    this.#read(head, 0);
    if (MAGIC.some((byte, i) => head[i] !== byte)) throw this.#corrupt('it does not begin like a segment of Sagitta');
    const footer = new DataView(new ArrayBuffer(FOOTER_BYTES));
    this.#read(new Uint8Array(footer.buffer), size - FOOTER_BYTES);
    const intact =
      footer.getUint32(28, true) === END_MAGIC &&
      footer.getUint32(24, true) === crc32(new Uint8Array(footer.buffer, 0, 24));
    if (!intact) throw this.#corrupt('its end is missing or damaged');

    const tableOffset = Number(footer.getBigUint64(0, true));
    const tableBytes = footer.getUint32(16, true);
    const checksum = footer.getUint32(20, true);
    if (Number(footer.getBigUint64(8, true)) !== size || tableOffset + tableBytes + FOOTER_BYTES !== size) {
      throw this.#corrupt('its length contradicts its footer');
    }
    if (expected !== undefined && checksum !== expected.checksum) {
      throw this.#corrupt('it is not the file that the manifest names');
    }
    const table = new Uint8Array(tableBytes);
    this.#read(table, tableOffset);
    if (crc32(table, crc32(head)) !== checksum) throw this.#corrupt('its table of contents is damaged');
    const version = new DataView(head.buffer).getUint32(8, true);
    const chunkBytes = new DataView(head.buffer).getUint32(12, true);
    if (version !== SEGMENT_VERSION || chunkBytes !== CHUNK_BYTES) {
      throw new IncompatibleError(
        `${this.path} has segment format ${version}; this version of Sagitta reads ${SEGMENT_VERSION}.`,
        'Upgrade Sagitta, or index again into a new collection.',
      );
    }
    return { ...this.#parse(table, tableOffset), stamp: { bytes: size, checksum } };
  }

  #parse(bytes: Uint8Array, tableOffset: number) {
    const table = new DataView(bytes.buffer);
    const sections = new Map<string, Section>();
    let at = 4;
    let offset = HEADER_BYTES;
    let chunks = 0;
    for (let i = table.getUint32(0, true); i > 0; i--) {
      const length = table.getUint16(at, true);
      const name = String.fromCharCode(...bytes.subarray(at + 2, at + 2 + length));
      const size = Number(table.getBigUint64(at + 2 + length, true));
      sections.set(name, { name, offset, bytes: size, firstChunk: chunks });
      at += 10 + length;
      offset += size;
      chunks += Math.ceil(size / CHUNK_BYTES);
    }
    if (offset !== tableOffset || at + 4 * chunks !== bytes.byteLength) {
      throw this.#corrupt('its table of contents contradicts its length');
    }
    const checksums = new Uint32Array(chunks);
    for (let i = 0; i < chunks; i++) checksums[i] = table.getUint32(at + 4 * i, true);
    return { sections, checksums };
  }

  #check(section: Section, chunk: number, bytes: Uint8Array): void {
    if (crc32(bytes) === this.#checksums[section.firstChunk + chunk]) return;
    const at = section.offset + chunk * CHUNK_BYTES;
    throw this.#corrupt(
      `the section ${section.name} is damaged between byte ${at} and ${at + bytes.byteLength} of the file`,
    );
  }

  #read(target: Uint8Array, position: number): void {
    if (this.#file < 0) {
      throw new InvalidArgumentError(`${this.path} was closed.`, 'Take a new snapshot of the collection.');
    }
    readFully(this.files, this.#file, this.path, target, position);
  }

  #corrupt(problem: string): CorruptFileError {
    return new CorruptFileError(this.path, problem);
  }
}

function openForReading(path: string, files: Files): number {
  try {
    return files.open(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function header(): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes.set(MAGIC);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, SEGMENT_VERSION, true);
  view.setUint32(12, CHUNK_BYTES, true);
  return bytes;
}
