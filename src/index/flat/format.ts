import { CorruptFileError, IncompatibleError } from '../../base/errors.ts';
import type { SectionSink, SectionSource } from '../../base/sections.ts';

/**
 * The sections of a flat index. Items are numbered 0 to `items - 1`; those that have a vector own a row, in the same
 * order, so that with a vector for every item row and item number are one. All numbers are little-endian.
 */
export const Section = {
  /** {@link FlatHeader}: four uint32. */
  header: 'dense.header',
  /** One bit per item: whether it has a vector. */
  present: 'dense.present',
  /** One float32 per row: a component is about `code * scale`. */
  scales: 'dense.scales',
  /** `dim` int8 per row. */
  codes: 'dense.codes',
  /** `dim` float32 per row, as they were given. */
  vectors: 'dense.vectors',
} as const;

const VERSION = 1;
const HEADER_BYTES = 16;

export class FlatHeader {
  constructor(
    /** Components of a vector. */
    readonly dim: number,
    /** Items, with and without a vector. */
    readonly items: number,
    /** Items with a vector. */
    readonly rows: number,
  ) {}

  /** Bytes of each section, in the order in which they are written. */
  get sizes(): readonly (readonly [name: string, bytes: number])[] {
    return [
      [Section.header, HEADER_BYTES],
      [Section.present, Math.ceil(this.items / 8)],
      [Section.scales, 4 * this.rows],
      [Section.codes, this.dim * this.rows],
      [Section.vectors, 4 * this.dim * this.rows],
    ];
  }

  size(name: string): number {
    return this.sizes.find(([section]) => section === name)![1];
  }

  /** Starts a section, announcing its size. */
  begin(sink: SectionSink, name: string): void {
    sink.begin(name, this.size(name));
  }

  encode(): Uint8Array {
    return new Uint8Array(Uint32Array.of(VERSION, this.dim, this.items, this.rows).buffer);
  }

  /** Reads the header and holds every section's size to it. @throws CorruptFileError @throws IncompatibleError */
  static read(source: SectionSource): FlatHeader {
    if (source.size(Section.header) !== HEADER_BYTES) {
      throw new CorruptFileError(
        Section.header,
        `it has ${source.size(Section.header)} bytes instead of ${HEADER_BYTES}`,
      );
    }
    const words = new Uint32Array(HEADER_BYTES / 4);
    source.readInto(Section.header, new Uint8Array(words.buffer));
    const [version, dim, items, rows] = words as unknown as [number, number, number, number];
    if (version !== VERSION) {
      throw new IncompatibleError(
        `The dense index has format ${version}; this version of Sagitta reads ${VERSION}.`,
        'Upgrade Sagitta, or index again into a new collection.',
      );
    }
    if (dim === 0 || rows > items) {
      throw new CorruptFileError(
        Section.header,
        `${rows} vectors of ${dim} components for ${items} items are impossible`,
      );
    }
    const header = new FlatHeader(dim, items, rows);
    for (const [name, bytes] of header.sizes) {
      if (source.size(name) !== bytes) {
        throw new CorruptFileError(name, `it has ${source.size(name)} bytes instead of ${bytes}`);
      }
    }
    return header;
  }
}
