import { InvalidArgumentError } from '../../base/errors.ts';
import { SectionCollector, type SectionData, type SectionSink } from '../../base/sections.ts';
import type { Vectors } from '../../base/vectors.ts';
import { encodeInt8 } from '../../kernels/index.ts';
import { checkVector } from '../checks.ts';
import { Section, TokenHeader } from './token-format.ts';

/** Token vectors of one item as they are kept. */
export interface TokenCodes {
  /** One for each vector. */
  readonly scales: Float32Array;
  /** `dim` for each vector: a component is `code * scale`. */
  readonly codes: Int8Array;
}

/** @throws InvalidArgumentError for another dimension than `dim`, NaN or an infinity. @param what names them in the message. */
export function tokenCodes(vectors: Vectors, dim: number, what: string): TokenCodes {
  const codes = new Int8Array(vectors.count * dim);
  const scales = new Float32Array(vectors.count);
  for (let row = 0; row < vectors.count; row++) {
    checkVector(vectors.row(row), dim, `vector ${row} of ${what}`);
    scales[row] = encodeInt8(vectors.row(row), codes.subarray(row * dim, (row + 1) * dim));
  }
  return { scales, codes };
}

/** Collects token vectors for a `TokenIndex`. Memory: `dim + 4` bytes a vector. */
export class TokenIndexBuilder {
  readonly #items: TokenCodes[] = [];
  readonly #offsets = [0];
  #bytes = 0;

  /** @param dim components of a vector, at least 1. */
  constructor(readonly dim: number) {
    if (!Number.isInteger(dim) || dim < 1) {
      throw new InvalidArgumentError(`A vector of ${dim} components is impossible.`, 'Pass a positive whole number.');
    }
  }

  /** Items added so far, with and without vectors. */
  get count(): number {
    return this.#offsets.length - 1;
  }

  /** Bytes that the builder holds, about. */
  get bytes(): number {
    return this.#bytes + 4 * this.#offsets.length;
  }

  /**
   * Adds the next item; items are numbered 0, 1, 2, ... in the order of these calls.
   * @param vectors its vectors, or what they are kept as; `undefined` for an item that has none.
   * @throws InvalidArgumentError as {@link tokenCodes}; the item is then not added.
   */
  add(vectors: Vectors | TokenCodes | undefined): void {
    const item =
      vectors === undefined || 'scales' in vectors ? vectors : tokenCodes(vectors, this.dim, `item ${this.count}`);
    this.#offsets.push(this.#offsets.at(-1)! + (item?.scales.length ?? 0));
    if (item === undefined) return;
    this.#items.push(item);
    this.#bytes += item.scales.byteLength + item.codes.byteLength;
  }

  /** The sections of the index, in memory. */
  build(): SectionData {
    const collector = new SectionCollector();
    this.writeTo(collector);
    return collector.sections;
  }

  /** Writes the sections of the index. */
  writeTo(sink: SectionSink): void {
    const header = new TokenHeader(this.dim, this.count, this.#offsets.at(-1)!);
    header.begin(sink, Section.header);
    sink.write(header.encode());
    header.begin(sink, Section.offsets);
    sink.write(new Uint8Array(Uint32Array.from(this.#offsets).buffer));
    header.begin(sink, Section.scales);
    for (const { scales } of this.#items) sink.write(bytesOf(scales));
    header.begin(sink, Section.codes);
    for (const { codes } of this.#items) sink.write(bytesOf(codes));
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
