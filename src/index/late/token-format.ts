import { CorruptFileError, IncompatibleError } from '../../base/errors.ts';
import type { SectionSink, SectionSource } from '../../base/sections.ts';

/** The sections of a token index. Items own rows of consecutive numbers, one for each of their vectors. Numbers are little-endian. */
export const Section = {
  /** {@link TokenHeader}: four uint32. */
  header: 'tokens.header',
  /** One uint32 per item and one more: its first row. */
  offsets: 'tokens.offsets',
  /** One float32 per row: a component is `code * scale`. */
  scales: 'tokens.scales',
  /** `dim` int8 per row. */
  codes: 'tokens.codes',
} as const;

const VERSION = 1;
const HEADER_BYTES = 16;

export class TokenHeader {
  constructor(
    /** Components of a vector. */
    readonly dim: number,
    /** Items, with and without vectors. */
    readonly items: number,
    /** Vectors of all items. */
    readonly rows: number,
  ) {}

  /** Starts a section, announcing its size. */
  begin(sink: SectionSink, name: string): void {
    sink.begin(name, this.#sizes.get(name)!);
  }

  encode(): Uint8Array {
    return new Uint8Array(Uint32Array.of(VERSION, this.dim, this.items, this.rows).buffer);
  }

  /** Reads the header and holds every section's size to it. @throws CorruptFileError @throws IncompatibleError */
  static read(source: SectionSource): TokenHeader {
    const bytes = source.size(Section.header);
    if (bytes !== HEADER_BYTES) {
      throw new CorruptFileError(Section.header, `it has ${bytes} bytes instead of ${HEADER_BYTES}`);
    }
    const words = new Uint32Array(HEADER_BYTES / 4);
    source.readInto(Section.header, new Uint8Array(words.buffer));
    const [version, dim, items, rows] = words as unknown as [number, number, number, number];
    if (version !== VERSION) {
      throw new IncompatibleError(
        `The index of token vectors has format ${version}; this version of Sagitta reads ${VERSION}.`,
        'Upgrade Sagitta, or index again into a new collection.',
      );
    }
    if (dim === 0) throw new CorruptFileError(Section.header, 'vectors of 0 components are impossible');
    const header = new TokenHeader(dim, items, rows);
    for (const [name, size] of header.#sizes) {
      if (source.size(name) !== size) {
        throw new CorruptFileError(name, `it has ${source.size(name)} bytes instead of ${size}`);
      }
    }
    return header;
  }

  /** Bytes of each section, in the order in which they are written. */
  get #sizes(): ReadonlyMap<string, number> {
    return new Map([
      [Section.header, HEADER_BYTES],
      [Section.offsets, 4 * (this.items + 1)],
      [Section.scales, 4 * this.rows],
      [Section.codes, this.dim * this.rows],
    ]);
  }
}
