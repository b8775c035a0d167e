import { CorruptFileError, InvalidArgumentError } from '../../base/errors.ts';
import { readSection, type SectionSource } from '../../base/sections.ts';
import { BlockCache, type BlockList } from './block-cache.ts';
import type { ContainerWriter } from './container.ts';
import { deflate, fromUtf8, fromUtf16, inflate, toUtf8, toUtf16 } from './platform.ts';

/**
 * The texts of a segment's documents behind one another, as one long string addressed in UTF-16 code units. It is cut
 * into chunks of 16,384 units, each compressed alone, so that a passage costs one or two of them and its offset names
 * its chunk without a search. `texts.chunks` holds the chunks, `texts.index` a u32 for each: its compressed bytes, and
 * in the top bit its encoding.
 *
 * A chunk is UTF-8 where that is lossless, otherwise UTF-16LE: a lone surrogate (JSON and JavaScript allow them) must
 * come back as it was, and a pair may be cut in two by a chunk's end.
 */
export const TEXT_CHUNK = 16_384;
const UTF16 = 0x8000_0000;
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Offsets are kept in 32 bits. */
const MOST_UNITS = 2 ** 32 - 1;

/** Writes the texts; nothing else may be written to the container until `finish`. */
export class TextsWriter {
  readonly #index: number[] = [];
  #rest = '';
  #units = 0;

  constructor(readonly container: ContainerWriter) {
    container.begin('texts.chunks');
  }

  /** Code units written so far: where the next text will start. */
  get units(): number {
    return this.#units;
  }

  /** Appends a text, or a piece of one. */
  add(piece: string): void {
    this.#units += piece.length;
    if (this.#units > MOST_UNITS) {
      throw new InvalidArgumentError(
        `The texts of one publication have more than ${MOST_UNITS} characters.`,
        'Publish more often.',
      );
    }
    let from = 0;
    if (this.#rest.length + piece.length >= TEXT_CHUNK) {
      from = TEXT_CHUNK - this.#rest.length;
      this.#chunk(this.#rest + piece.slice(0, from));
      this.#rest = '';
      for (; piece.length - from >= TEXT_CHUNK; from += TEXT_CHUNK) this.#chunk(piece.slice(from, from + TEXT_CHUNK));
    }
    this.#rest += piece.slice(from);
  }

  finish(): void {
    if (this.#rest !== '') this.#chunk(this.#rest);
    this.container.section('texts.index', new Uint8Array(Uint32Array.from(this.#index).buffer));
  }

  #chunk(text: string): void {
    const lossless = !LONE_SURROGATE.test(text);
    const bytes = deflate(lossless ? toUtf8(text) : toUtf16(text));
    this.container.write(bytes);
    this.#index.push(lossless ? bytes.byteLength : (bytes.byteLength | UTF16) >>> 0);
  }
}

/** Reads stretches of the texts; the index (4 bytes a chunk) is read at the first use. */
export class Texts {
  #chunks: { readonly offsets: Float64Array; readonly utf16: Uint8Array } | undefined;
  readonly #cache: BlockList<string>;

  /** @param path for messages. @param cache keeps unpacked chunks. */
  constructor(
    readonly source: SectionSource,
    readonly path: string,
    cache = new BlockCache(),
  ) {
    this.#cache = cache.list();
  }

  /** Frees what is kept of it. */
  close(): void {
    this.#cache.forget();
  }

  /** Code units `from` (inclusive) to `to` (exclusive). */
  slice(from: number, to: number): string {
    const chunk = Math.floor(from / TEXT_CHUNK);
    const start = chunk * TEXT_CHUNK;
    // Most stretches lie within one.
    if (from < to && to <= start + TEXT_CHUNK) {
      const kept = this.#cache.get(chunk, () => this.#chunk(chunk));
      if (kept.length >= to - start) return kept.slice(from - start, to - start);
    }
    let text = '';
    for (const piece of this.pieces(from, to)) text += piece;
    return text;
  }

  /** The same, at most a chunk at a time. */
  *pieces(from: number, to: number): Generator<string> {
    for (let at = from; at < to; ) {
      const chunk = Math.floor(at / TEXT_CHUNK);
      const text = this.#cache.get(chunk, () => this.#chunk(chunk));
      const start = chunk * TEXT_CHUNK;
      const piece = text.slice(at - start, to - start);
      if (piece === '') throw this.#corrupt(`end at character ${start + text.length}, before ${to}`);
      yield piece;
      at += piece.length;
      if (at < to && text.length < TEXT_CHUNK) throw this.#corrupt(`end at character ${at}, before ${to}`);
    }
  }

  /** Number of code units in all. */
  units(): number {
    const chunks = this.#index().utf16.length;
    return chunks === 0
      ? 0
      : (chunks - 1) * TEXT_CHUNK + this.#cache.get(chunks - 1, () => this.#chunk(chunks - 1)).length;
  }

  #index() {
    if (this.#chunks !== undefined) return this.#chunks;
    const bytes = readSection(this.source, 'texts.index');
    if (bytes.byteLength % 4 !== 0) throw this.#corrupt('have an index of odd length');
    const index = new Uint32Array(bytes.buffer);
    const offsets = new Float64Array(index.length + 1);
    const utf16 = new Uint8Array(index.length);
    for (let i = 0; i < index.length; i++) {
      offsets[i + 1] = offsets[i]! + (index[i]! & ~UTF16);
      utf16[i] = index[i]! >>> 31;
    }
    if (offsets[index.length] !== this.source.size('texts.chunks')) throw this.#corrupt('contradict their index');
    this.#chunks = { offsets, utf16 };
    return this.#chunks;
  }

  #chunk(chunk: number): string {
    const { offsets, utf16 } = this.#index();
    if (chunk >= utf16.length) throw this.#corrupt(`have ${utf16.length} chunks; number ${chunk} was asked for`);
    const compressed = new Uint8Array(offsets[chunk + 1]! - offsets[chunk]!);
    this.source.readInto('texts.chunks', compressed, offsets[chunk]!);
    let bytes: Uint8Array;
    try {
      bytes = inflate(compressed, 3 * TEXT_CHUNK);
    } catch (error) {
      throw this.#corrupt(`cannot be unpacked (chunk ${chunk})`, error);
    }
    const text = utf16[chunk] === 1 ? fromUtf16(bytes) : fromUtf8(bytes);
    const last = chunk === utf16.length - 1;
    if (last ? text.length === 0 || text.length > TEXT_CHUNK : text.length !== TEXT_CHUNK) {
      throw this.#corrupt(`have a chunk of ${text.length} characters (chunk ${chunk})`);
    }
    return text;
  }

  #corrupt(problem: string, cause?: unknown): CorruptFileError {
    return new CorruptFileError(this.path, `the texts ${problem}`, undefined, { cause });
  }
}
