import type { BitSet } from '../../base/bits.ts';
import { CorruptFileError } from '../../base/errors.ts';
import { halfToFloat } from '../../base/half.ts';
import { readSection, type SectionSource } from '../../base/sections.ts';
import { VectorSets, Vectors } from '../../base/vectors.ts';
import { HadamardRotation } from '../../codec/index.ts';
import { MaxSim } from './max-sim.ts';
import { type CodeBook, decodeRows } from './residuals.ts';
import { Section, type TokenHeader } from './token-format.ts';
import { CodeScorer } from './token-lists.ts';

/** A token index as merging sees it. */
export interface TokenSource {
  readonly dim: number;
  readonly count: number;
  readonly source: SectionSource;
  readonly rows: ByteRows | CodedRows;
  /** First row of each item, and the number of rows. */
  readonly offsets: Uint32Array;
}

/** An index to be merged, and which of its items are kept (`count` bits). */
export interface TokenPart {
  readonly index: TokenSource;
  readonly live: BitSet;
}

/** The rows of a token index, wherever they lie. */
interface TokenRows {
  /** Rows as they are scored. */
  read(first: number, end: number): Vectors;
  /** What scores items for a query. */
  scorer(query: Vectors): RowScorer;
}

/** Scores items whose rows follow one another. */
export interface RowScorer {
  /** @param offsets first rows of items, and the end. @returns minus infinity for one without rows. */
  score(offsets: Uint32Array): Float32Array;
}

/** Bytes with a scale for each row. */
export class ByteRows implements TokenRows {
  constructor(
    private readonly source: SectionSource,
    private readonly header: TokenHeader,
  ) {}

  read(first: number, end: number): Vectors {
    const { dim } = this.header;
    const scales = new Float32Array(end - first);
    const codes = new Int8Array((end - first) * dim);
    this.source.readInto(Section.scales, new Uint8Array(scales.buffer), 4 * first);
    this.source.readInto(Section.codes, new Uint8Array(codes.buffer), dim * first);
    const vectors = new Float32Array(codes.length);
    for (let row = 0, i = 0; row < scales.length; row++) {
      const scale = scales[row]!;
      for (const stop = i + dim; i < stop; i++) vectors[i] = codes[i]! * scale;
    }
    return new Vectors(vectors, dim);
  }

  scorer(query: Vectors): RowScorer {
    const exact = new MaxSim(query);
    return {
      score: (offsets) => {
        const first = offsets[0]!;
        const rows = this.read(first, offsets.at(-1)!);
        return exact.score(
          new VectorSets(
            rows,
            offsets.map((row) => row - first),
          ),
        );
      },
    };
  }
}

/** Residual codes. */
export class CodedRows implements TokenRows {
  readonly rotation: HadamardRotation;
  #book: CodeBook | undefined;

  constructor(
    private readonly source: SectionSource,
    private readonly header: TokenHeader,
  ) {
    this.rotation = rotationOf(header.dim);
  }

  get book(): CodeBook {
    this.#book ??= readBook(this.source, this.header);
    return this.#book;
  }

  /** Centroids of rows. @throws CorruptFileError for one that there is not. */
  ids(first: number, end: number): Uint16Array {
    const ids = new Uint16Array(end - first);
    this.source.readInto(Section.ids, new Uint8Array(ids.buffer), 2 * first);
    const { centroids } = this.header;
    for (const id of ids) {
      if (id >= centroids) throw new CorruptFileError(Section.ids, `there is no centroid ${id} of ${centroids}`);
    }
    return ids;
  }

  records(first: number, end: number): Uint8Array {
    const { recordBytes } = this.header;
    const records = new Uint8Array((end - first) * recordBytes);
    this.source.readInto(Section.codes, records, first * recordBytes);
    return records;
  }

  /** Rows as they are coded: rotated. */
  rotated(first: number, end: number): Vectors {
    return decodeRows(this.book, this.ids(first, end), this.records(first, end));
  }

  read(first: number, end: number): Vectors {
    return this.rotation.invert(this.rotated(first, end));
  }

  scorer(query: Vectors): RowScorer {
    const scorer = new CodeScorer(this.book, this.rotation.apply(query));
    const { recordBytes } = this.header;
    return {
      score: (offsets) => {
        const [first, end] = [offsets[0]!, offsets.at(-1)!];
        const ids = this.ids(first, end);
        const records = this.records(first, end);
        const scales = new Float32Array(ids.length);
        for (let row = 0; row < ids.length; row++) {
          const at = row * recordBytes;
          scales[row] = halfToFloat(records[at]! | (records[at + 1]! << 8));
        }
        return Float32Array.from({ length: offsets.length - 1 }, (_, i) => {
          const [from, to] = [offsets[i]! - first, offsets[i + 1]! - first];
          if (from === to) return Number.NEGATIVE_INFINITY;
          return scorer.score(
            ids.subarray(from, to),
            scales.subarray(from, to),
            records.subarray(from * recordBytes, to * recordBytes),
          );
        });
      },
    };
  }
}

const rotations = new Map<number, HadamardRotation>();

/** What spreads rows over their components before they are coded: the same for all indexes, so that codes can be joined. */
export function rotationOf(dim: number): HadamardRotation {
  const rotation = rotations.get(dim) ?? new HadamardRotation(dim);
  rotations.set(dim, rotation);
  return rotation;
}

function readBook(source: SectionSource, { dim, centroids: count }: TokenHeader): CodeBook {
  const bytes = readSection(source, Section.centroids);
  const codes = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pairs = new Float32Array(readSection(source, Section.steps).buffer);
  const steps = new Float32Array(count);
  const data = new Float32Array(count * dim);
  for (let i = 0; i < count; i++) {
    const [scale, step] = [pairs[2 * i]!, pairs[2 * i + 1]!];
    if (!(Number.isFinite(scale) && Number.isFinite(step))) {
      throw new CorruptFileError(Section.steps, `the unit of centroid ${i} is no number`);
    }
    steps[i] = step;
    for (let c = 0; c < dim; c++) data[i * dim + c] = codes[i * dim + c]! * scale;
  }
  return { centroids: new Vectors(data, dim), steps };
}
