import { type Codec, ProductQuantizer } from '../../codec/index.ts';
import { type Address, type Arena, pq4TableBytes } from '../../kernels/index.ts';
import type { Coarse } from './coarse.ts';
import type { CodeLayout, ListStore } from './lists.ts';

/** Scores a query against lists: prepared once for the query, then called for list after list. */
export interface ListScanner {
  prepare(query: Float32Array): void;
  /**
   * Offers the list's codes to the heap. Scores are inner products, or, for l2, `q . x - |x|^2 / 2`.
   *
   * @param base the list's own part of it, from {@link Coarse.rank}. @param mask which ids compete; 0: all.
   * @param from the first code looked at, a multiple of 32. @param to the end; default: all codes.
   * @returns how many competed.
   */
  scan(list: number, base: number, mask: Address, heap: Address, from?: number, to?: number): number;
}

/** How a codec's codes lie in lists. */
export function layoutOf(codec: Codec): CodeLayout {
  return codec instanceof ProductQuantizer && codec.bits === 4
    ? { kind: 'blocks', parts: codec.m, codeSize: codec.codeSize }
    : { kind: 'rows', codeSize: codec.codeSize };
}

/** Whether lists must keep `-|x|^2 / 2` of every code, since scores cannot be had from tables alone. */
export function needsExtras(codec: Codec, l2: boolean): boolean {
  return l2 && !(codec instanceof ProductQuantizer);
}

export interface ScannerParts {
  readonly arena: Arena;
  readonly store: ListStore;
  readonly coarse: Coarse;
  readonly codec: Codec;
  readonly residual: boolean;
  readonly l2: boolean;
}

export function scannerOf(parts: ScannerParts): ListScanner {
  return parts.codec instanceof ProductQuantizer ? new TableScanner(parts, parts.codec) : new ScorerScanner(parts);
}

/**
 * Product quantizers: tables in the arena, one kernel call for a list.
 *
 * Inner products split: `q . (c + r) = q . c + q . r`, so that one set of tables serves all lists. So do squared distances of
 * plain codes. Those of residuals need tables for each list, of `(q - c) . r_j - |r_j|^2 / 2`; the last term is had by giving
 * every part of the query one more component, 1, and every centroid `-|r_j|^2 / 2` to go with it.
 */
class TableScanner implements ListScanner {
  readonly #codebooks: Address;
  readonly #starts: Address;
  readonly #query: Address;
  readonly #tables: Address;
  readonly #bytes: Address;
  readonly #meta: Address;
  readonly #perList: boolean;
  #own = new Float32Array(0);
  #scale = 0;
  #bias = 0;

  constructor(
    private readonly parts: ScannerParts,
    private readonly pq: ProductQuantizer,
  ) {
    const { arena, l2, residual } = parts;
    const { m, k, dim } = pq;
    this.#perList = l2 && residual;
    this.#codebooks = arena.put(l2 ? withNorms(pq) : pq.transposed);
    this.#starts = arena.put(l2 ? pq.starts.map((start, j) => start + j) : pq.starts);
    this.#query = arena.allocate(4 * (dim + m), 64);
    this.#tables = arena.allocate(4 * m * k, 64);
    this.#bytes = arena.allocate(pq4TableBytes(m), 64);
    this.#meta = arena.allocate(8);
  }

  prepare(query: Float32Array): void {
    this.#own = query as Float32Array<ArrayBuffer>;
    if (!this.#perList) this.#makeTables(undefined);
  }

  scan(list: number, base: number, mask: Address, heap: Address, from = 0, to = Number.POSITIVE_INFINITY): number {
    const { arena, store, residual } = this.parts;
    const count = Math.min(to, store.sizes[list]!) - from;
    if (count <= 0) return 0;
    store.load(list);
    if (this.#perList) this.#makeTables(list);
    const addresses = store.addresses(list);
    const codes = addresses.codes + store.codeBytes(from);
    const ids = addresses.ids + 4 * from;
    const { m, bits } = this.pq;
    const bias = (residual ? base : 0) + this.#bias;
    return bits === 4
      ? arena.kernels.scanPq4(this.#bytes, codes, count, m, this.#scale, bias, ids, 0, mask, heap)
      : arena.kernels.scanPq8(this.#tables, codes, count, m, bias, ids, 0, mask, heap);
  }

  #makeTables(list: number | undefined): void {
    const { arena, l2, coarse } = this.parts;
    const { m, k, dim, starts, bits } = this.pq;
    const own = this.#own;
    const query = arena.f32(this.#query, dim + m);
    if (!l2) {
      query.set(own);
    } else {
      const centroid = list === undefined ? undefined : coarse.parameters.centroids.row(list);
      for (let j = 0, at = 0; j < m; j++) {
        for (let c = starts[j]!; c < starts[j + 1]!; c++) query[at++] = own[c]! - (centroid?.[c] ?? 0);
        query[at++] = 1;
      }
    }
    arena.kernels.tablesPq(this.#query, this.#codebooks, this.#starts, m, k, this.#tables);
    if (bits === 8) return;
    arena.kernels.quantizePq4(this.#tables, m, this.#bytes, this.#meta);
    const [scale, bias] = arena.f32(this.#meta, 2) as unknown as [number, number];
    this.#scale = scale;
    this.#bias = bias;
  }
}

/** The transposed codebooks with one more row behind every part: `-|r_j|^2 / 2`. */
function withNorms({ m, k, dim, starts, transposed }: ProductQuantizer): Float32Array {
  const out = new Float32Array((dim + m) * k);
  let at = 0;
  for (let j = 0; j < m; j++) {
    const norms = new Float32Array(k);
    for (let c = starts[j]!; c < starts[j + 1]!; c++) {
      for (let i = 0; i < k; i++) {
        const value = transposed[c * k + i]!;
        out[at++] = value;
        norms[i]! -= value ** 2 / 2;
      }
    }
    out.set(norms, at);
    at += k;
  }
  return out;
}

/** Codes scored at once: bounds scratch space. */
const STRETCH = 1 << 16;

/** Any codec, through its own scorer. */
class ScorerScanner implements ListScanner {
  #scorer: ReturnType<Codec['scorer']> | undefined;
  #scores = new Float32Array(0);

  constructor(private readonly parts: ScannerParts) {}

  prepare(query: Float32Array): void {
    this.#scorer = this.parts.codec.scorer(query);
  }

  scan(list: number, base: number, mask: Address, heap: Address, from = 0, to = Number.POSITIVE_INFINITY): number {
    const end = Math.min(to, this.parts.store.sizes[list]!);
    let competed = 0;
    for (let at = from; at < end; at += STRETCH) {
      competed += this.#stretch(list, base, mask, heap, at, Math.min(end, at + STRETCH));
    }
    return competed;
  }

  #stretch(list: number, base: number, mask: Address, heap: Address, from: number, to: number): number {
    const { arena, store, residual, coarse, l2, codec } = this.parts;
    const count = to - from;
    if (this.#scores.length < count) this.#scores = new Float32Array(Math.min(STRETCH, 2 * count));
    const scores = this.#scores.subarray(0, count);
    this.#scorer!.score(store.codes(list).subarray(from * codec.codeSize, to * codec.codeSize), count, scores);
    // What lists keep of a code holds all of |c + r|^2, so that of the base only the inner product is wanted.
    const inner = residual ? base + (l2 ? coarse.halfNorms[list]! : 0) : 0;
    const mark = arena.mark();
    try {
      const at = arena.allocate(4 * count);
      const out = arena.f32(at, count);
      if (l2) {
        const extras = store.extras(list).subarray(from, to);
        for (let i = 0; i < count; i++) out[i] = scores[i]! + inner + extras[i]!;
      } else {
        for (let i = 0; i < count; i++) out[i] = scores[i]! + inner;
      }
      return arena.kernels.heapOfferIds(heap, at, store.addresses(list).ids + 4 * from, count, mask);
    } finally {
      arena.release(mark);
    }
  }
}
