import { CorruptFileError, IncompatibleError } from '../../base/errors.ts';
import type { SectionSink, SectionSource } from '../../base/sections.ts';

/**
 * The sections of a token index. Items own rows of consecutive numbers, one for each of their vectors. Numbers are little-endian. Rows are
 * bytes with a scale each, or residual codes: which, the header says.
 */
export const Section = {
  /** {@link TokenHeader}: five uint32. */
  header: 'tokens.header',
  /** One uint32 per item and one more: its first row. */
  offsets: 'tokens.offsets',
  /** Bytes: one float32 per row: a component is `code * scale`. */
  scales: 'tokens.scales',
  /** Bytes: `dim` int8 per row. Residual codes: {@link TokenHeader.recordBytes} per row, a scale (float16) and two bits for each component. */
  codes: 'tokens.codes',
  /** Residual codes: `dim` int8 per centroid. */
  centroids: 'tokens.centroids',
  /** Residual codes: two float32 per centroid, the scale of its components and the step of its residuals. */
  steps: 'tokens.steps',
  /** Residual codes: one uint16 per row, its centroid. */
  ids: 'tokens.ids',
} as const;

const VERSION = 2;
const HEADER_BYTES = 20;
/** Numbers of centroids have 16 bits. */
export const MOST_CENTROIDS = 1 << 16;

export class TokenHeader {
  constructor(
    /** Components of a vector. */
    readonly dim: number,
    /** Items, with and without vectors. */
    readonly items: number,
    /** Vectors of all items. */
    readonly rows: number,
    /** Centroids of residual codes; 0 where rows are bytes. */
    readonly centroids = 0,
  ) {}

  /** Bytes with two bits for each component. */
  get groups(): number {
    return Math.ceil(this.dim / 4);
  }

  /** Of a row of residual codes, its centroid's number apart. */
  get recordBytes(): number {
    return 2 + this.groups;
  }

  /** Starts a section, announcing its size. */
  begin(sink: SectionSink, name: string): void {
    sink.begin(name, this.#sizes.get(name)!);
  }

  encode(): Uint8Array {
    return new Uint8Array(Uint32Array.of(VERSION, this.dim, this.items, this.rows, this.centroids).buffer);
  }

  /** Reads the header and holds every section's size to it. @throws CorruptFileError @throws IncompatibleError */
  static read(source: SectionSource): TokenHeader {
    const bytes = source.size(Section.header);
    const words = new Uint32Array(HEADER_BYTES / 4);
    // The version stands first in every format.
    if (bytes >= 4) source.readInto(Section.header, new Uint8Array(words.buffer, 0, Math.min(bytes, HEADER_BYTES)));
    const [version, dim, items, rows, centroids] = words as unknown as [number, number, number, number, number];
    if (bytes >= 4 && version !== VERSION) {
      throw new IncompatibleError(
        `The index of token vectors has format ${version}; this version of Sagitta reads ${VERSION}.`,
        'Take the field away and add it again (`sagitta remove-field`, `sagitta add-field`), or use the version that made it.',
      );
    }
    if (bytes !== HEADER_BYTES) {
      throw new CorruptFileError(Section.header, `it has ${bytes} bytes instead of ${HEADER_BYTES}`);
    }
    if (dim === 0) throw new CorruptFileError(Section.header, 'vectors of 0 components are impossible');
    if (centroids > MOST_CENTROIDS) {
      throw new CorruptFileError(Section.header, `${centroids} centroids are more than ${MOST_CENTROIDS}`);
    }
    const header = new TokenHeader(dim, items, rows, centroids);
    for (const [name, size] of header.#sizes) {
      if (source.size(name) !== size) {
        throw new CorruptFileError(name, `it has ${source.size(name)} bytes instead of ${size}`);
      }
    }
    return header;
  }

  /** Bytes of each section, in the order in which they are written. */
  get #sizes(): ReadonlyMap<string, number> {
    const { dim, rows, centroids } = this;
    return new Map<string, number>([
      [Section.header, HEADER_BYTES],
      [Section.offsets, 4 * (this.items + 1)],
      ...(centroids === 0
        ? ([
            [Section.scales, 4 * rows],
            [Section.codes, dim * rows],
          ] as const)
        : ([
            [Section.centroids, dim * centroids],
            [Section.steps, 8 * centroids],
            [Section.ids, 2 * rows],
            [Section.codes, this.recordBytes * rows],
          ] as const)),
    ]);
  }
}
