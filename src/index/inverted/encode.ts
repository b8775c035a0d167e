import { InvalidArgumentError } from '../../base/errors.ts';
import type { SectionData } from '../../base/sections.ts';
import { BLOCK_SIZE, bitWidth, blockHeader, packBlock, packedBytes, packStream } from '../../kernels/packing.ts';
import { boundOf, normalization } from './bounds.ts';
import { DictionaryEncoder } from './dictionary.ts';
import { encodeMeta, section } from './format.ts';
import { GrowingBytes } from './growing.ts';
import { encodeLengths } from './lengths.ts';

/** Free parameters of BM25. */
export interface Bm25Parameters {
  /** How slowly repeated terms saturate, 0 or more. Default 0.9. */
  readonly k1?: number;
  /** How much long documents are penalised, 0 (not at all) to 1. Default 0.4. */
  readonly b?: number;
}

/**
 * Sum of lengths, in float64 and in document order: what the average length is taken from, so that building and merging
 * agree to the last bit.
 */
export function sumLengths(lengths: Float32Array): number {
  let total = 0;
  for (let i = 0; i < lengths.length; i++) total += lengths[i]!;
  return total;
}

/** Values of frequency codes for a set of term frequencies: none when all are whole (code `c` then means `c + 1`). */
export function codebookFor(frequencies: Iterable<number>): Float32Array {
  const values = Float32Array.from(frequencies).sort();
  return values.every(isPlain) ? new Float32Array(0) : values;
}

/** Whether a frequency can go without a codebook. */
function isPlain(frequency: number): boolean {
  return frequency >= 1 && frequency < 0x100_0000 && Number.isInteger(frequency);
}

/** Writes the sections of a lexical index, one term after the other in ascending byte order. */
export class PostingsEncoder {
  readonly #lengths: Float32Array;
  readonly #codebook: Float32Array;
  readonly #codes = new Map<number, number>();
  readonly #k1: number;
  readonly #b: number;
  readonly #totalLength: number;
  readonly #constant: number;
  readonly #slope: number;
  readonly #dictionary = new DictionaryEncoder();
  #terms = 0;
  readonly #blockLast = new GrowingBytes();
  #blocks = 0;
  readonly #blockBounds = new GrowingBytes();
  readonly #postings = new GrowingBytes();
  readonly #gaps = new Uint32Array(BLOCK_SIZE);
  readonly #frequencyCodes = new Uint32Array(BLOCK_SIZE);

  /** @param codebook from {@link codebookFor}, of all frequencies to come. */
  constructor(lengths: Float32Array, codebook: Float32Array, parameters: Required<Bm25Parameters>) {
    this.#lengths = lengths;
    this.#codebook = codebook;
    codebook.forEach((value, code) => {
      this.#codes.set(value, code);
    });
    this.#k1 = parameters.k1;
    this.#b = parameters.b;
    this.#totalLength = sumLengths(lengths);
    const { constant, slope } = normalization(this.#k1, this.#b, this.#totalLength / lengths.length);
    this.#constant = constant;
    this.#slope = slope;
  }

  /** Adds a term with its postings `from` (inclusive) to `to` (exclusive): ascending documents, positive frequencies. */
  add(term: Uint8Array, documents: Uint32Array, frequencies: Float32Array, from: number, to: number): void {
    const count = to - from;
    let greatest = 0;
    let previous = -1;
    for (let start = from; start < to; start += BLOCK_SIZE) {
      const size = Math.min(BLOCK_SIZE, to - start);
      if (count > BLOCK_SIZE) {
        this.#blockLast.varint(documents[start + size - 1]! - previous);
        this.#blocks++;
      }
      const bound = this.#block(documents, frequencies, start, size, previous);
      if (count > BLOCK_SIZE) this.#blockBounds.push(bound);
      if (bound > greatest) greatest = bound;
      previous = documents[start + size - 1]!;
    }
    this.#dictionary.add(term, count, greatest);
    this.#terms++;
  }

  #block(documents: Uint32Array, frequencies: Float32Array, start: number, size: number, previous: number): number {
    const gaps = this.#gaps;
    const codes = this.#frequencyCodes;
    const plain = this.#codebook.length === 0;
    let allGaps = 0;
    let allCodes = 0;
    let best = 0;
    for (let i = 0; i < size; i++) {
      const document = documents[start + i]!;
      const frequency = frequencies[start + i]!;
      const gap = document - previous - 1;
      const code = plain ? frequency - 1 : this.#codes.get(frequency)!;
      previous = document;
      gaps[i] = gap;
      codes[i] = code;
      allGaps |= gap;
      allCodes |= code;
      const saturated = frequency / (frequency + (this.#constant + this.#slope * this.#lengths[document]!));
      if (saturated > best) best = saturated;
    }
    const gapBits = bitWidth(allGaps);
    const codeBits = bitWidth(allCodes);
    for (const byte of blockHeader(gapBits, codeBits)) this.#postings.push(byte);
    this.#pack(gaps, size, gapBits);
    this.#pack(codes, size, codeBits);
    return boundOf(best);
  }

  #pack(values: Uint32Array, count: number, bits: number): void {
    const offset = this.#postings.extend(packedBytes(count, bits));
    if (count === BLOCK_SIZE) packBlock(values, bits, this.#postings.bytes, offset);
    else packStream(values, count, bits, this.#postings.bytes, offset);
  }

  finish(): SectionData {
    if (this.#postings.length > 0xffff_ffff || this.#dictionary.termBytes > 0xffff_ffff) {
      throw new InvalidArgumentError(
        `Postings of ${this.#postings.length} bytes do not fit into one lexical index.`,
        'Split the documents over several segments.',
      );
    }
    const { lengths, values } = encodeLengths(this.#lengths);
    return new Map([
      [
        section.meta,
        encodeMeta({
          count: this.#lengths.length,
          terms: this.#terms,
          blocks: this.#blocks,
          k1: this.#k1,
          b: this.#b,
          totalLength: this.#totalLength,
        }),
      ],
      [section.lengths, lengths],
      [section.lengthValues, values],
      [section.terms, this.#dictionary.finish()],
      [section.blockLast, this.#blockLast.finish()],
      [section.blockBounds, this.#blockBounds.finish()],
      [section.postings, this.#postings.finish()],
      [section.codebook, bytesOf(this.#codebook)],
    ]);
  }
}

function bytesOf(array: Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
