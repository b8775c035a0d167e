import type { BitSet } from '../../base/bits.ts';
import { CorruptFileError } from '../../base/errors.ts';
import type { Hits } from '../../base/hits.ts';
import { blockEnds, SettledHits } from '../../index/blocks.ts';
import { Arena, drainHeap, encodeInt8, heapBytes, paddedDim, quantizeQuery } from '../../kernels/index.ts';
import { dot } from '../../math/index.ts';
import type { VectorCode } from './address.ts';
import type { Sql } from './sql.ts';
import { CODES } from './vector-codes.ts';

/** Where the vectors of one field of a collection lie, and which of them count in one state. */
export interface VectorPlace {
  readonly sql: Sql;
  readonly table: string;
  /** The table of the vectors themselves, where the other has codes of pgvector. */
  readonly exact: string;
  readonly collection: number;
  readonly field: string;
  readonly dim: number;
  readonly generation: number;
  /** How often rows were taken out for good: what was read before is read anew. */
  readonly purged: number;
  /** Ordinals of the state's passages are below this. */
  readonly space: number;
  readonly dead: BitSet | undefined;
}

export interface VectorSearch {
  readonly k: number;
  readonly allowed: BitSet | undefined;
  readonly refine: number;
}

/** How vectors are kept in the tables. */
export interface VectorKeeping {
  /** The best passages by inner product, at full precision; equal scores by ascending ordinal. */
  search(place: VectorPlace, query: Float32Array, search: VectorSearch): Promise<Hits>;
  /** Vectors of passages, undefined where there is none. */
  read(place: VectorPlace, passages: Uint32Array): Promise<(Float32Array | undefined)[]>;
}

/** Inner products with vectors, as `FlatIndex` scores its best: summed in float64, rounded to float32; NaN where there is none. */
export function scoresOf(query: Float32Array, vectors: readonly (Float32Array | undefined)[]): Float32Array {
  return Float32Array.from(vectors, (vector) => (vector === undefined ? Number.NaN : dot(query, vector)));
}

/** Rows past `k` that the database's own arithmetic may have ranked differently, and that are scored again. */
const MARGIN = 32;

/** Vectors in the type of pgvector: the database scans them, and what is best is scored again here. */
export class PgvectorKeeping implements VectorKeeping {
  async search(place: VectorPlace, query: Float32Array, { k, allowed }: VectorSearch): Promise<Hits> {
    const { sql, table, collection, field, generation } = place;
    const among = allowed === undefined ? [] : [Array.from(allowed)];
    const rows = await sql.rows<{ passage: number; vector: string }>(
      `select passage, embedding::text as vector from ${table} where collection = $1 and field = $2
        and born <= $3 and (died is null or died > $3) ${allowed === undefined ? '' : 'and passage = any($6::int[])'}
        order by embedding <#> $4::vector, passage limit $5`,
      [collection, field, generation, JSON.stringify(Array.from(query)), k + MARGIN, ...among],
    );
    const passages = rows.map(({ passage }) => passage);
    const scores = scoresOf(
      query,
      rows.map(({ vector }) => parseVector(vector, place)),
    );
    const order = [...passages.keys()].sort((a, b) => scores[b]! - scores[a]! || passages[a]! - passages[b]!);
    const best = order.slice(0, k);
    return {
      ids: Uint32Array.from(best, (i) => passages[i]!),
      scores: Float32Array.from(best, (i) => scores[i]!),
      examined: rows.length,
    };
  }

  async read(place: VectorPlace, passages: Uint32Array): Promise<(Float32Array | undefined)[]> {
    const rows = await rowsOf<{ passage: number; vector: string }>(place, passages, 'embedding::text as vector');
    const found = new Map(rows.map(({ passage, vector }) => [passage, parseVector(vector, place)]));
    return Array.from(passages, (passage) => found.get(passage));
  }
}

function parseVector(text: string, { dim, table }: VectorPlace): Float32Array {
  const vector = Float32Array.from(JSON.parse(text) as number[]);
  if (vector.length !== dim) throw damaged(table, `a vector has ${vector.length} components instead of ${dim}`);
  return vector;
}

function damaged(table: string, problem: string): CorruptFileError {
  return new CorruptFileError(
    table,
    problem,
    'Restore the database from a backup, or index again into a new collection.',
  );
}

function rowsOf<Row extends object>(place: VectorPlace, passages: Uint32Array, columns: string): Promise<Row[]> {
  const { sql, table, collection, field } = place;
  return sql.rows<Row>(
    `select passage, ${columns} from ${table} where collection = $1 and field = $2 and passage = any($3::int[])`,
    [collection, field, Array.from(passages)],
  );
}

/** A vector's row where there is no pgvector: its int8 code behind the code's scale, and itself, float32. */
export function bytesOfVector(vector: Float32Array): { readonly code: Uint8Array; readonly full: Uint8Array } {
  const code = new Uint8Array(4 + vector.length);
  const scale = encodeInt8(vector, new Int8Array(code.buffer, 4));
  new DataView(code.buffer).setFloat32(0, scale, true);
  return { code, full: new Uint8Array(vector.slice().buffer) };
}

/** Codes of a stretch of passages in the memory of the kernels. */
interface Part {
  readonly passages: Uint32Array;
  readonly arena: Arena;
  readonly codes: number;
  readonly scales: number;
}

/** What was read of the codes of a field, and up to which generation. */
interface Resident {
  readonly purged: number;
  generation: number;
  parts: Part[];
  /** Readings under way are waited for, one after the other. */
  reading: Promise<void>;
}

/** Rows that one statement brings. */
const PAGE = 5_000;
const MOST_PARTS = 16;
/** As of `FlatIndex`. */
const LEAST_CANDIDATES = 32;

/** How many of the best by their codes are scored again for so many hits. */
function candidatesOf(hits: number, refine: number): number {
  return Math.max(Math.ceil(hits * refine), LEAST_CANDIDATES);
}

/** Ranks candidates by the vectors themselves, block by block of hits. @param candidates best first by their codes. */
async function settle(
  query: Float32Array,
  candidates: readonly number[],
  read: (passages: Uint32Array) => Promise<(Float32Array | undefined)[]>,
  ends: readonly number[],
  refine: number,
): Promise<SettledHits> {
  const ascending = Uint32Array.from(candidates).sort();
  const scores = scoresOf(query, await read(ascending));
  const exact = new Map(Array.from(ascending, (passage, i) => [passage, scores[i]!]));
  const ranked = candidates.map((passage, rank) => ({ passage, rank, score: exact.get(passage)! }));
  ranked.sort((a, b) => b.score - a.score || a.passage - b.passage);
  const settled = new SettledHits();
  for (const end of ends) {
    const among = ranked.filter(({ rank }) => rank < candidatesOf(end, refine));
    settled.append(
      among.map(({ passage }) => passage),
      among.map(({ score }) => score),
      end,
    );
  }
  return settled;
}

/**
 * Vectors as codes of pgvector, which the database scans, and as bytes in a table of their own, of which only what is best by its code is read
 * and scored again.
 */
export class CodedKeeping implements VectorKeeping {
  constructor(private readonly code: VectorCode) {}

  async search(place: VectorPlace, query: Float32Array, { k, allowed, refine }: VectorSearch): Promise<Hits> {
    const { sql, table, collection, field, generation } = place;
    const { distance, depth } = CODES[this.code];
    const ends = blockEnds(k);
    const deep = refine * depth;
    const among = allowed === undefined ? [] : [Array.from(allowed)];
    const rows = await sql.rows<{ passage: number }>(
      `select passage from ${table} where collection = $1 and field = $2
        and born <= $3 and (died is null or died > $3) ${allowed === undefined ? '' : 'and passage = any($6::int[])'}
        order by ${distance('$4')}, passage limit $5`,
      [collection, field, generation, JSON.stringify(Array.from(query)), candidatesOf(ends.at(-1)!, deep), ...among],
    );
    const candidates = rows.map(({ passage }) => passage);
    const settled = await settle(query, candidates, (passages) => this.read(place, passages), ends, deep);
    return settled.hits(k, rows.length);
  }

  read(place: VectorPlace, passages: Uint32Array): Promise<(Float32Array | undefined)[]> {
    return readBytes(place, place.exact, passages);
  }
}

async function readBytes(
  place: VectorPlace,
  table: string,
  passages: Uint32Array,
): Promise<(Float32Array | undefined)[]> {
  const rows = await rowsOf<{ passage: number; vector: Uint8Array }>({ ...place, table }, passages, 'vector');
  const found = new Map(rows.map(({ passage, vector }) => [passage, floatsOf(vector, { ...place, table })]));
  return Array.from(passages, (passage) => found.get(passage));
}

/**
 * Vectors as bytes: the codes of a field are read whole at the first search, `dim + 4` bytes each, and kept; later ones read what has come
 * since. The best by their codes are scored again with the vectors themselves.
 */
export class ByteKeeping implements VectorKeeping {
  readonly #resident = new Map<string, Resident>();

  async search(place: VectorPlace, query: Float32Array, { k, allowed, refine }: VectorSearch): Promise<Hits> {
    const parts = await this.#parts(place);
    const count = parts.reduce((sum, { passages }) => sum + passages.length, 0);
    const ends = blockEnds(Math.min(k, count));
    if (count === 0) return { ids: new Uint32Array(0), scores: new Float32Array(0), examined: 0 };
    const most = candidatesOf(ends.at(-1)!, refine);
    const scans = parts.map((part) => scan(part, query, Math.min(most, count), place, allowed));
    const candidates = scans
      .flatMap(({ found }) => found)
      .sort((a, b) => b.score - a.score || a.passage - b.passage)
      .slice(0, most);
    const settled = await settle(
      query,
      candidates.map(({ passage }) => passage),
      (passages) => this.read(place, passages),
      ends,
      refine,
    );
    return settled.hits(
      k,
      scans.reduce((sum, { examined }) => sum + examined, 0),
    );
  }

  read(place: VectorPlace, passages: Uint32Array): Promise<(Float32Array | undefined)[]> {
    return readBytes(place, place.table, passages);
  }

  async #parts(place: VectorPlace): Promise<readonly Part[]> {
    const { field, generation, purged } = place;
    let resident = this.#resident.get(field);
    if (resident === undefined || resident.purged !== purged || resident.parts.length > MOST_PARTS) {
      resident = { purged, generation: -1, parts: [], reading: Promise.resolve() };
      this.#resident.set(field, resident);
    }
    const own = resident;
    const turn = own.reading.then(async () => {
      if (own.generation >= generation) return;
      const part = await readPart(place, own.generation);
      if (part !== undefined) own.parts.push(part);
      own.generation = generation;
    });
    own.reading = turn.catch(() => undefined);
    await turn;
    return own.parts.slice();
  }
}

/** Codes that came after a generation. */
async function readPart(place: VectorPlace, after: number): Promise<Part | undefined> {
  const { sql, table, collection, field, generation, dim } = place;
  const passages: number[] = [];
  const pages: Uint8Array[][] = [];
  for (let last = -1; ; ) {
    const rows = await sql.rows<{ passage: number; code: Uint8Array }>(
      `select passage, code from ${table} where collection = $1 and field = $2 and born > $3 and born <= $4 and passage > $5
        order by passage limit $6`,
      [collection, field, after, generation, last, PAGE],
    );
    for (const { passage, code } of rows) {
      if (code.length !== dim + 4) throw damaged(table, `a code has ${code.length} bytes instead of ${dim + 4}`);
      passages.push(passage);
    }
    pages.push(rows.map(({ code }) => code));
    if (rows.length < PAGE) break;
    last = rows.at(-1)!.passage;
  }
  if (passages.length === 0) return undefined;
  const arena = new Arena();
  const codes = arena.allocate(passages.length * dim + 16, 64);
  const scales = arena.allocate(4 * passages.length, 64);
  const bytes = arena.u8(codes, passages.length * dim);
  const values = arena.f32(scales, passages.length);
  let row = 0;
  for (const page of pages) {
    for (const code of page) {
      values[row] = new DataView(code.buffer, code.byteOffset).getFloat32(0, true);
      bytes.set(code.subarray(4), row * dim);
      row++;
    }
  }
  return { passages: Uint32Array.from(passages), arena, codes, scales };
}

function scan(
  { passages, arena, codes, scales }: Part,
  query: Float32Array,
  most: number,
  { dim, space, dead }: VectorPlace,
  allowed: BitSet | undefined,
): { readonly found: readonly { readonly passage: number; readonly score: number }[]; readonly examined: number } {
  const mark = arena.mark();
  try {
    const wanted = Math.min(most, passages.length);
    const heap = arena.allocate(heapBytes(wanted));
    const padded = paddedDim(dim);
    const quantized = arena.allocate(2 * padded);
    const isWhole = allowed === undefined && dead === undefined && passages.at(-1)! < space;
    const mask = isWhole ? 0 : arena.put(maskOf(passages, space, dead, allowed));
    quantizeQuery(query, arena.i16(quantized, padded));
    arena.kernels.heapReset(heap, wanted);
    const examined = arena.kernels.scanInt8(quantized, codes, scales, passages.length, dim, mask, 0, heap);
    const { ids, scores } = drainHeap(arena, heap, wanted);
    return { found: Array.from(ids, (row, i) => ({ passage: passages[row]!, score: scores[i]! })), examined };
  } finally {
    arena.release(mark);
  }
}

/** Which rows count: one bit each, read in steps of 8 bytes. */
function maskOf(
  passages: Uint32Array,
  space: number,
  dead: BitSet | undefined,
  allowed: BitSet | undefined,
): Uint8Array {
  const mask = new Uint8Array(8 * Math.ceil(passages.length / 64));
  for (let row = 0; row < passages.length; row++) {
    const passage = passages[row]!;
    if (passage >= space || dead?.has(passage) === true || allowed?.has(passage) === false) continue;
    mask[row >> 3]! |= 1 << (row & 7);
  }
  return mask;
}

function floatsOf(bytes: Uint8Array, { dim, table }: VectorPlace): Float32Array {
  if (bytes.length !== 4 * dim) throw damaged(table, `a vector has ${bytes.length} bytes instead of ${4 * dim}`);
  // A copy, as a driver's bytes lie anywhere in a larger stretch.
  return new Float32Array(new Uint8Array(bytes).buffer);
}
