import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import type { SectionSink } from '../../base/sections.ts';
import { Vectors } from '../../base/vectors.ts';
import { encodeInt8 } from '../../kernels/index.ts';
import { type CodeBook, learnBook, RowCoder, SAMPLE_PER_CENTROID, STEP } from './residuals.ts';
import { MOST_CENTROIDS, Section, TokenHeader } from './token-format.ts';
import { CodedRows, rotationOf, type TokenPart } from './token-rows.ts';

/** Rows from which on they are coded; fewer are kept as bytes, and scored one by one. */
const LEAST_CODED = 1 << 14;
/** Centroids that rows may have, as a multiple of what is learned for as many. */
const MOST_FOLD = 4;
const COPY_BYTES = 1 << 20;
const SEED = 1234;

/** Rows that follow one another in a part, all of items that are kept. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

interface Source {
  readonly part: TokenPart;
  readonly stretches: readonly Stretch[];
  readonly rows: number;
}

/** See `TokenIndex.merge`. */
export function* mergeTokens(parts: readonly TokenPart[], sink: SectionSink): Generator<void> {
  const dims = [...new Set(parts.map(({ index }) => index.dim))];
  if (dims.length !== 1) {
    throw new InvalidArgumentError(
      `Token vectors of ${dims.join(' and ') || 'no'} components do not mix.`,
      'Pass one or more indexes, all of one dimension.',
    );
  }
  const [dim] = dims as [number];
  const offsets = [0];
  const sources = parts.map((part): Source => sourceOf(part, offsets));
  const total = offsets.at(-1)!;
  const isCoded = parts.some(({ index }) => index.rows instanceof CodedRows);
  const coding =
    isCoded || total >= LEAST_CODED ? yield* codingOf(sources, dim, total) : ({ books: [], coders: [] } as const);
  const centroids = coding.books.reduce((sum, { centroids: { count } }) => sum + count, 0);
  const header = new TokenHeader(dim, offsets.length - 1, total, centroids);
  header.begin(sink, Section.header);
  sink.write(header.encode());
  header.begin(sink, Section.offsets);
  sink.write(new Uint8Array(Uint32Array.from(offsets).buffer));
  if (centroids === 0) yield* copyBytes(sources, header, sink);
  else yield* writeCodes(sources, header, coding as Coding, sink);
}

function sourceOf(part: TokenPart, offsets: number[]): Source {
  const { index, live } = part;
  const kept: { from: number; to: number }[] = [];
  const own = index.offsets;
  let rows = 0;
  for (let item = 0; item < index.count; item++) {
    if (!live.has(item)) continue;
    const [from, to] = [own[item]!, own[item + 1]!];
    offsets.push(offsets.at(-1)! + to - from);
    rows += to - from;
    const last = kept.at(-1);
    if (last?.to === from) last.to = to;
    else kept.push({ from, to });
  }
  return { part, stretches: kept, rows };
}

function* copyBytes(sources: readonly Source[], header: TokenHeader, sink: SectionSink): Generator<void> {
  for (const [name, rowBytes] of [
    [Section.scales, 4],
    [Section.codes, header.dim],
  ] as const) {
    header.begin(sink, name);
    for (const source of sources) yield* copy(source, name, rowBytes, sink);
  }
}

function* copy({ part, stretches }: Source, name: string, rowBytes: number, sink: SectionSink): Generator<void> {
  const most = Math.max(1, Math.floor(COPY_BYTES / rowBytes));
  for (const { from, to } of stretches) {
    for (let row = from; row < to; row += most) {
      const piece = new Uint8Array((Math.min(to, row + most) - row) * rowBytes);
      part.index.source.readInto(name, piece, row * rowBytes);
      sink.write(piece);
      yield;
    }
  }
}

/** How rows are coded. */
interface Coding {
  /** In the order in which their centroids are numbered. */
  readonly books: readonly CodeBook[];
  /** For each source what codes its rows, with the number of its first centroid; no coder where codes are copied as they are. */
  readonly coders: readonly { readonly coder?: RowCoder; readonly first: number }[];
}

/** Whose centroids are used, and what is learned. */
function* codingOf(sources: readonly Source[], dim: number, total: number): Generator<void, Coding> {
  const wanted = centroidsFor(total);
  const coded = sources.filter(({ part, rows }) => part.index.rows instanceof CodedRows && rows > 0);
  const books = coded.map(({ part }) => (part.index.rows as CodedRows).book);
  const known = books.reduce((sum, { centroids: { count } }) => sum + count, 0);
  const plain = sources.filter((source) => !coded.includes(source));
  const fresh = plain.reduce((sum, { rows }) => sum + rows, 0);
  const own = fresh >= LEAST_CODED ? centroidsFor(fresh) : 0;
  if (known === 0 || known + own > Math.min(MOST_FOLD * wanted, MOST_CENTROIDS)) {
    const book = yield* learned(sources, dim, wanted, total);
    const coder = new RowCoder(book);
    return { books: [book], coders: sources.map(() => ({ coder, first: 0 })) };
  }
  if (own > 0) books.push(yield* learned(plain, dim, own, fresh));
  const firsts = books.map((_, i) => books.slice(0, i).reduce((sum, { centroids: { count } }) => sum + count, 0));
  // What is too little for centroids of its own takes those that there are.
  const coder = new RowCoder(own > 0 ? books.at(-1)! : joined(books));
  const first = own > 0 ? firsts.at(-1)! : 0;
  return {
    books,
    coders: sources.map((source) => {
      const at = coded.indexOf(source);
      return at < 0 ? { coder, first } : { first: firsts[at]! };
    }),
  };
}

/** A power of two near twice the root of the number of rows, so that a list is about as long as there are lists. */
function centroidsFor(rows: number): number {
  return Math.max(1, Math.min(1 << 13, rows, 2 ** Math.round(Math.log2(2 * Math.sqrt(Math.max(1, rows))))));
}

function joined(books: readonly CodeBook[]): CodeBook {
  return {
    centroids: Vectors.concat(books.map(({ centroids }) => centroids)),
    steps: Float32Array.from(books.flatMap(({ steps }) => [...steps])),
  };
}

function* learned(
  sources: readonly Source[],
  dim: number,
  centroids: number,
  total: number,
): Generator<void, CodeBook> {
  const random = new Random(SEED);
  const share = Math.min(1, (SAMPLE_PER_CENTROID * centroids) / total);
  const rows: Float32Array[] = [];
  for (const source of sources) {
    for (const { from, to } of chunks(source)) {
      const chosen = Array.from({ length: to - from }, (_, i) => from + i).filter(() => random.next() < share);
      if (chosen.length > 0) {
        const read = rotatedRows(source.part, from, to);
        for (const row of chosen) rows.push(read.row(row - from).slice());
      }
      yield;
    }
  }
  // Few rows in all, or bad luck.
  while (rows.length < centroids) rows.push(rows[random.below(Math.max(1, rows.length))] ?? new Float32Array(dim));
  return yield* learnBook(Vectors.fromRows(rows, dim), centroids, random);
}

function rotatedRows({ index }: TokenPart, from: number, to: number): Vectors {
  const { rows } = index;
  return rows instanceof CodedRows ? rows.rotated(from, to) : rotationOf(index.dim).apply(rows.read(from, to));
}

function* chunks({ stretches }: Source): Generator<Stretch> {
  for (const { from, to } of stretches) {
    for (let row = from; row < to; row += STEP) yield { from: row, to: Math.min(to, row + STEP) };
  }
}

function* writeCodes(
  sources: readonly Source[],
  header: TokenHeader,
  { books, coders }: Coding,
  sink: SectionSink,
): Generator<void> {
  const { dim } = header;
  const scales: number[] = [];
  header.begin(sink, Section.centroids);
  for (const { centroids } of books) {
    const codes = new Int8Array(centroids.data.length);
    for (let i = 0; i < centroids.count; i++) {
      scales.push(encodeInt8(centroids.row(i), codes.subarray(i * dim, (i + 1) * dim)));
    }
    sink.write(new Uint8Array(codes.buffer));
  }
  header.begin(sink, Section.steps);
  const steps = books.flatMap((book) => [...book.steps]);
  sink.write(new Uint8Array(Float32Array.from(scales.flatMap((scale, i) => [scale, steps[i]!])).buffer));
  // Sections are written one after the other, so the numbers are kept until the codes are made: 2 bytes a row.
  const kept: Uint16Array[] = [];
  header.begin(sink, Section.ids);
  for (const [i, source] of sources.entries()) {
    const { coder, first } = coders[i]!;
    for (const { from, to } of chunks(source)) {
      const own =
        coder === undefined
          ? (source.part.index.rows as CodedRows).ids(from, to)
          : Uint16Array.from(coder.assign(rotatedRows(source.part, from, to)));
      if (coder !== undefined) kept.push(own.slice());
      for (let row = 0; row < own.length; row++) own[row]! += first;
      sink.write(new Uint8Array(own.buffer));
      yield;
    }
  }
  header.begin(sink, Section.codes);
  let next = 0;
  for (const [i, source] of sources.entries()) {
    const { coder } = coders[i]!;
    if (coder === undefined) {
      yield* copy(source, Section.codes, header.recordBytes, sink);
      continue;
    }
    for (const { from, to } of chunks(source)) {
      const records = new Uint8Array((to - from) * header.recordBytes);
      coder.encode(rotatedRows(source.part, from, to), kept[next++]!, records);
      sink.write(records);
      yield;
    }
  }
}
