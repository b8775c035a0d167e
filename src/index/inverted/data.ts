import type { BitSet } from '../../base/bits.ts';
import { CorruptFileError } from '../../base/errors.ts';
import { ownString } from '../../base/recent.ts';
import { RecentSlices } from '../../base/recent-slices.ts';
import type { SectionSource } from '../../base/sections.ts';
import type { Address } from '../../kernels/address.ts';
import { Arena, type KernelBuild } from '../../kernels/arena.ts';
import { CURSOR_BYTES } from '../../kernels/postings.ts';
import { clearWindow, type PostingsQueryRecord, putBitmap, putPostingsQuery } from '../../kernels/postings-records.ts';
import { drainHeap, type Selection } from '../../kernels/select.ts';
import { heapBytes } from '../../kernels/topk.ts';
import { normalization } from './bounds.ts';
import { type LexicalMeta, section } from './format.ts';
import { loadPostings } from './load.ts';

/** What the kernel needs to know of a query; see {@link PostingsQueryRecord}. */
export interface PostingsQuery extends Pick<PostingsQueryRecord, 'terms' | 'weights' | 'frequencies'> {
  readonly averageLength: number;
  readonly k: number;
  /** Only greater scores are wanted; 0: all. */
  readonly above: number;
  readonly live: BitSet | undefined;
  readonly allowed: BitSet | undefined;
}

const KNOWN_TERMS = 8_192;
const LONGEST_KNOWN = 64;

/** The sections of a lexical index in the memory of the kernels. Terms go by their number in the dictionary. */
export class PostingsData {
  readonly arena: Arena;
  /** Whether all term frequencies are whole, and the index so without a codebook. */
  readonly isPlain: boolean;
  readonly #record: Address;
  readonly #termBytes: Address;
  readonly #termOffsets: Address;
  readonly #frequencies: Address;
  readonly #lengths: Address;
  readonly #bounds: Address;
  #boundsFor = Number.NaN;
  /** Of terms that were looked up lately. */
  readonly #numbers = new RecentSlices<number>(KNOWN_TERMS);
  #memory: { readonly u8: Uint8Array; readonly u32: Uint32Array } | undefined;

  /** Reads and checks every section. @throws CorruptFileError */
  constructor(
    readonly meta: LexicalMeta,
    source: SectionSource,
    build?: KernelBuild,
  ) {
    const arena = new Arena(build);
    const loaded = loadPostings(arena, meta, source);
    this.arena = arena;
    this.isPlain = loaded.isPlain;
    this.#termBytes = loaded.termBytes;
    this.#termOffsets = loaded.termOffsets;
    this.#frequencies = loaded.frequencies;
    this.#lengths = loaded.lengths;
    this.#bounds = loaded.bounds;
    this.#record = loaded.record;
  }

  /** The whole memory. Typed arrays are costly to make, so that these are kept until the memory grows. */
  #views(): { readonly u8: Uint8Array; readonly u32: Uint32Array } {
    if (this.#memory === undefined || this.#memory.u8.length === 0) {
      const bytes = this.arena.u8(0, 0).buffer;
      this.#memory = { u8: new Uint8Array(bytes), u32: new Uint32Array(bytes) };
    }
    return this.#memory;
  }

  /** Number of a term, `NO_TERM` where the dictionary lacks it. */
  numberOf(term: string): number {
    return this.#numbers.get(term, 0, term.length) ?? this.lookup([term])[0]!;
  }

  /** Numbers of terms, `NO_TERM` for those that the dictionary lacks. */
  lookup(terms: readonly string[]): Uint32Array {
    const numbers = new Uint32Array(terms.length);
    const unknown: number[] = [];
    for (let i = 0; i < terms.length; i++) {
      const number = this.#numbers.get(terms[i]!, 0, terms[i]!.length);
      if (number === undefined) unknown.push(i);
      else numbers[i] = number;
    }
    if (unknown.length === 0) return numbers;
    const missing = unknown.map((i) => terms[i]!);
    this.#lookup(missing).forEach((number, j) => {
      numbers[unknown[j]!] = number;
      if (missing[j]!.length <= LONGEST_KNOWN) this.#numbers.set(ownString(missing[j]!), number);
    });
    return numbers;
  }

  #lookup(terms: readonly string[]): Uint32Array {
    const { arena } = this;
    return this.#withScratch(() => {
      let units = 0;
      for (const term of terms) units += term.length;
      const lengths = arena.allocate(4 * terms.length);
      const bytes = arena.allocate(3 * units);
      const { u8, u32 } = this.#views();
      let at = bytes;
      for (let i = 0; i < terms.length; i++) {
        const size = writeUtf8(terms[i]!, u8, at);
        u32[lengths / 4 + i] = size;
        at += size;
      }
      arena.kernels.lookupTerms(this.#record, bytes, lengths, terms.length);
      return u32.slice(lengths / 4, lengths / 4 + terms.length);
    });
  }

  /** Number of the first term that is not below `prefix` in byte order. */
  lowerBound(prefix: string): number {
    const { arena } = this;
    return this.#withScratch(() => {
      const bytes = arena.allocate(3 * prefix.length);
      return arena.kernels.lowerBound(this.#record, bytes, writeUtf8(prefix, this.#views().u8, bytes));
    });
  }

  /** UTF-8 of a term, a copy. */
  termBytes(term: number): Uint8Array {
    const { u8, u32 } = this.#views();
    const at = this.#termOffsets / 4 + term;
    return u8.slice(this.#termBytes + u32[at]!, this.#termBytes + u32[at + 1]!);
  }

  /** Number of postings of a term. */
  frequency(term: number): number {
    return this.#views().u32[this.#frequencies / 4 + term]!;
  }

  /** Length of a document. */
  length(document: number): number {
    return this.arena.f32(this.#lengths + 4 * document, 1)[0]!;
  }

  /** Lengths of all documents: a view, gone when the memory grows. */
  lengths(): Float32Array {
    return this.arena.f32(this.#lengths, this.meta.count);
  }

  /** Sum of the lengths of the documents in `live`. */
  liveLength(live: BitSet): number {
    const lengths = this.lengths();
    let total = 0;
    for (const document of live) total += lengths[document]!;
    return total;
  }

  /**
   * Frequencies of terms in documents, 0 where a term is absent: those of the first term, then those of the second, and so on. Reads only
   * the blocks of postings that may hold one of the documents. @param documents ascending.
   */
  frequenciesIn(terms: readonly number[], documents: Uint32Array): Float32Array {
    const { arena } = this;
    return this.#withScratch(() => {
      const ids = arena.put(documents);
      const found = arena.allocate(4 * terms.length * documents.length);
      const scratch = arena.allocate(CURSOR_BYTES + 528);
      terms.forEach((term, i) => {
        const out = found + 4 * i * documents.length;
        arena.kernels.lookUpPostings(this.#record, term, ids, documents.length, out, scratch);
      });
      return arena.f32(found, terms.length * documents.length).slice();
    });
  }

  /** A term's postings, as copies. */
  read(term: number): { documents: Uint32Array; frequencies: Float32Array } {
    const { arena } = this;
    return this.#withScratch(() => {
      const count = this.frequency(term);
      const room = Math.ceil(count / 128) * 512 + 16;
      const documents = arena.allocate(room);
      const frequencies = arena.allocate(room);
      const scratch = arena.allocate(CURSOR_BYTES);
      arena.kernels.readPostings(this.#record, term, documents, frequencies, scratch);
      return {
        documents: arena.u32(documents, count).slice(),
        frequencies: arena.f32(frequencies, count).slice(),
      };
    });
  }

  /** Number of terms. */
  get terms(): number {
    return this.meta.terms;
  }

  /** A term's documents, a copy. */
  documents(term: number): Uint32Array {
    return this.read(term).documents;
  }

  /** How many of a term's documents are in `live`. */
  count(term: number, live: BitSet): number {
    const { arena } = this;
    return this.#withScratch(() => {
      const bitmap = putBitmap(arena, live.bytes, this.meta.count);
      const scratch = arena.allocate(CURSOR_BYTES + 528);
      return arena.kernels.countPostings(this.#record, term, bitmap, scratch);
    });
  }

  search(query: PostingsQuery): Selection & { examined: number } {
    const { arena, meta } = this;
    const { live = query.allowed, allowed } = query;
    const { constant, slope } = normalization(meta.k1, meta.b, query.averageLength);
    this.#boundFor(query.averageLength);
    return this.#withScratch(() => {
      const capacity = Math.min(query.k, meta.count);
      const heap = arena.allocate(heapBytes(capacity));
      arena.kernels.heapReset(heap, capacity);
      const record = putPostingsQuery(arena, {
        norm0: constant,
        norm1: slope,
        terms: query.terms,
        weights: query.weights,
        frequencies: query.frequencies,
        eligible: live === undefined ? 0 : putBitmap(arena, live.bytes, meta.count),
        also: allowed === undefined || allowed === live ? 0 : putBitmap(arena, allowed.bytes, meta.count),
        heap,
        floor: query.above,
      });
      const examined = arena.kernels.searchPostings(this.#record, record);
      const { ids, scores } = drainHeap(arena, heap, capacity);
      return { ids, scores, examined };
    });
  }

  /**
   * Fills the table of bounds. A stored bound `u = tf / (tf + K)` holds for the index's own average length. Under a greater
   * one K shrinks, by the quotient of the two at most: `K' >= r K` gives `tf / (tf + K') <= u / (u + r (1 - u))`. Where it
   * is 0, so is the length of every document that may be found, and K is the same under both.
   */
  #boundFor(averageLength: number): void {
    if (this.#boundsFor === averageLength) return;
    const own = this.meta.totalLength / this.meta.count;
    const r = averageLength === 0 ? 1 : Math.min(1, own / averageLength);
    const bounds = this.arena.f32(this.#bounds, 256);
    for (let i = 0; i < 256; i++) {
      const u = i / 255;
      bounds[i] = i === 0 ? 0 : u / (u + r * (1 - u));
    }
    this.#boundsFor = averageLength;
  }

  /** Gives back what `run` allocates. Postings that trap a kernel are damaged. */
  #withScratch<T>(run: () => T): T {
    const mark = this.arena.mark();
    try {
      return run();
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      clearWindow(this.arena, this.#record);
      throw new CorruptFileError(section.postings, 'the postings lead out of the index', undefined, { cause: error });
    } finally {
      this.arena.release(mark);
    }
  }
}

const utf8 = new TextEncoder();

/** Writes UTF-8 (at most 3 bytes per code unit) and returns the number of bytes. */
function writeUtf8(text: string, target: Uint8Array, offset: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return utf8.encodeInto(text, target.subarray(offset, offset + 3 * text.length)).written;
    target[offset + i] = unit;
  }
  return text.length;
}
