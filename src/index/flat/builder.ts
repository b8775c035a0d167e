import { InvalidArgumentError } from '../../base/errors.ts';
import { SectionCollector, type SectionData, type SectionSink } from '../../base/sections.ts';
import { encodeInt8 } from '../../kernels/index.ts';
import { checkVector } from '../checks.ts';
import { FlatHeader, Section } from './format.ts';

/**
 * Collects vectors for a `FlatIndex`. Memory: 5 bytes per component (an int8 code and the float32 that it came from), in
 * blocks of about 1 MiB, so that growing copies nothing; twice that while `build` joins them, no more in `writeTo`.
 */
export class FlatIndexBuilder {
  readonly #blockRows: number;
  readonly #blocks: Block[] = [];
  #present = new Uint8Array(1024);
  #count = 0;
  #rows = 0;

  /** @param dim components of a vector, at least 1. */
  constructor(readonly dim: number) {
    if (!Number.isInteger(dim) || dim < 1) {
      throw new InvalidArgumentError(`A vector of ${dim} components is impossible.`, 'Pass a positive whole number.');
    }
    this.#blockRows = Math.max(1, Math.floor(BLOCK_BYTES / (4 * dim)));
  }

  /** Items added so far, with and without a vector. */
  get count(): number {
    return this.#count;
  }

  /** Bytes that the builder holds, about. */
  get bytes(): number {
    return this.#blocks.length * this.#blockRows * (5 * this.dim + 4) + this.#present.byteLength;
  }

  /**
   * Adds the next item; items are numbered 0, 1, 2, ... in the order of these calls.
   *
   * @param vector copied; `undefined` for an item that has none, which is never found and costs one bit.
   * @throws InvalidArgumentError for another dimension, NaN or an infinity; the item is then not added.
   */
  add(vector: Float32Array | undefined): void {
    if (vector !== undefined) checkVector(vector, this.dim, `vector of item ${this.#count}`);
    const item = this.#count++;
    if (item >> 3 === this.#present.length) this.#present = doubled(this.#present);
    if (vector === undefined) return;
    this.#present[item >> 3]! |= 1 << (item & 7);
    const row = this.#rows++ % this.#blockRows;
    if (row === 0) this.#blocks.push(new Block(this.#blockRows, this.dim));
    this.#blocks.at(-1)!.set(row, vector);
  }

  /** The sections of the index, in memory. */
  build(): SectionData {
    const collector = new SectionCollector();
    this.writeTo(collector);
    return collector.sections;
  }

  /** Writes the sections of the index, block by block. */
  writeTo(sink: SectionSink): void {
    const header = new FlatHeader(this.dim, this.#count, this.#rows);
    header.begin(sink, Section.header);
    sink.write(header.encode());
    header.begin(sink, Section.present);
    sink.write(this.#present.subarray(0, header.size(Section.present)));
    this.#writeRows(sink, header, Section.scales, (block) => block.scales);
    this.#writeRows(sink, header, Section.codes, (block) => block.codes);
    this.#writeRows(sink, header, Section.vectors, (block) => block.vectors);
  }

  #writeRows(sink: SectionSink, header: FlatHeader, name: string, part: (block: Block) => ArrayBufferView): void {
    header.begin(sink, name);
    let rest = header.size(name);
    for (const block of this.#blocks) {
      const { buffer, byteOffset, byteLength } = part(block);
      const bytes = Math.min(rest, byteLength);
      sink.write(new Uint8Array(buffer, byteOffset, bytes));
      rest -= bytes;
    }
  }
}

const BLOCK_BYTES = 1 << 20;

/** A stretch of rows. */
class Block {
  readonly codes: Int8Array;
  readonly scales: Float32Array;
  readonly vectors: Float32Array;

  constructor(
    rows: number,
    private readonly dim: number,
  ) {
    this.codes = new Int8Array(rows * dim);
    this.scales = new Float32Array(rows);
    this.vectors = new Float32Array(rows * dim);
  }

  set(row: number, vector: Float32Array): void {
    const start = row * this.dim;
    this.scales[row] = encodeInt8(vector, this.codes.subarray(start, start + this.dim));
    this.vectors.set(vector, start);
  }
}

function doubled(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * bytes.length);
  larger.set(bytes);
  return larger;
}
