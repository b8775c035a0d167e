import type { Hits } from '../../base/hits.ts';
import { Vectors } from '../../base/vectors.ts';
import type { Transform } from '../../codec/index.ts';
import { type Address, type Arena, heapBytes } from '../../kernels/index.ts';
import type { Coarse } from './coarse.ts';
import type { ListStore } from './lists.ts';
import { squaredDistance } from './refine.ts';
import type { ListScanner } from './scan.ts';

/** Lists between two looks at whether the best have changed. */
const CHECK_EVERY = 4;

/** What one scan is asked for. */
export interface ScanRequest {
  /** Hits that must be found while there are lists. */
  readonly wanted: number;
  /** The best so many are returned. */
  readonly candidates: number;
  readonly nprobe: number;
  /** Which ids compete, a bit each; undefined: all. */
  readonly filter: Uint8Array | undefined;
  readonly earlyStop: boolean;
  /** Whether ids may come twice, of which the better is kept. */
  readonly spill: boolean;
}

/** Part `part` of `parts` of the codes in the lists ranked `from` to `to - 1`: every so many slices are one part. */
export interface ScanShare {
  readonly part: number;
  readonly parts: number;
  readonly from: number;
  readonly to: number;
}

/** Codes in a slice; a multiple of 32. */
const SLICE = 1 << 14;

/** What a scan found, best first by the scores of the scan; those of the metric are `factor * score + shift`. */
export class Scan {
  constructor(
    readonly ids: Uint32Array,
    readonly scores: Float32Array,
    readonly factor: number,
    readonly shift: number,
    readonly examined: number,
  ) {}

  /** With scores of the metric. @param spill whether ids may come twice, of which the better is kept. */
  hits(spill: boolean): Hits {
    const { ids, factor, shift, examined } = this;
    const bound = factor === 2 ? 0 : Number.POSITIVE_INFINITY;
    const scores = this.scores.map((score) => Math.min(bound, factor * score + shift));
    return { ...(spill ? firstOfEach(ids, scores) : { ids, scores }), examined };
  }
}

/** The best of what shares of one scan found: what a single scan finds. */
export function mergeScans(scans: readonly Omit<Scan, 'hits'>[], candidates: number): Scan {
  const ids = scans.flatMap((scan) => [...scan.ids]);
  const scores = scans.flatMap((scan) => [...scan.scores]);
  const order = [...ids.keys()].sort((a, b) => scores[b]! - scores[a]! || ids[a]! - ids[b]!).slice(0, candidates);
  return new Scan(
    Uint32Array.from(order, (i) => ids[i]!),
    Float32Array.from(order, (i) => scores[i]!),
    scans[0]!.factor,
    scans[0]!.shift,
    scans.reduce((sum, { examined }) => sum + examined, 0),
  );
}

/** Ranks lists for a query and scans them, most promising first. */
export class ListSearcher {
  constructor(
    private readonly arena: Arena,
    private readonly transforms: readonly Transform[],
    private readonly coarse: Coarse,
    private readonly store: ListStore,
    private readonly scanner: ListScanner,
    private readonly l2: boolean,
  ) {}

  /** The best codes, with scores of the metric. */
  scan(query: Float32Array, request: ScanRequest): Hits {
    return this.#withHeap(query, request, (seen, heap, mask, scratch) => {
      const { kernels } = this.arena;
      const { lists } = this.coarse;
      const { wanted, nprobe, earlyStop } = request;
      const patience = Math.ceil(nprobe / 6);
      let examined = 0;
      let ranked = this.coarse.rank(seen, nprobe);
      let level = Number.NEGATIVE_INFINITY;
      let changed = 0;
      for (let i = 0; i < lists; i++) {
        if (i === nprobe) {
          if (this.arena.u32(heap, 2)[1]! >= wanted) break;
          // Fewer hits than wanted: a filter, or empty lists. The rest of the lists has them, if anything has.
          ranked = this.coarse.rank(seen, lists);
        }
        examined += this.scanner.scan(ranked.lists[i]!, ranked.bases[i]!, mask, heap);
        if (!earlyStop || i % CHECK_EVERY !== 0) continue;
        const now = kernels.heapRank(heap, wanted, level, scratch);
        if (now > level) {
          level = now;
          changed = i;
        } else if (level > Number.NEGATIVE_INFINITY && i - changed >= patience + changed / 3) break;
      }
      return examined;
    }).hits(request.spill);
  }

  /** A share of the work of a scan, without early stop; see {@link mergeScans}. */
  scanShare(query: Float32Array, request: ScanRequest, { part, parts, from, to }: ScanShare): Scan {
    return this.#withHeap(query, request, (seen, heap, mask) => {
      const ranked = this.coarse.rank(seen, to);
      let examined = 0;
      let slice = 0;
      for (let i = from; i < to; i++) {
        const list = ranked.lists[i]!;
        for (let at = 0; at < this.store.sizes[list]!; at += SLICE) {
          if (slice++ % parts !== part) continue;
          examined += this.scanner.scan(list, ranked.bases[i]!, mask, heap, at, at + SLICE);
        }
      }
      return examined;
    });
  }

  #withHeap(
    query: Float32Array,
    { candidates, wanted, filter }: ScanRequest,
    fill: (seen: Float32Array, heap: Address, mask: Address, scratch: Address) => number,
  ): Scan {
    const { arena } = this;
    const { kernels } = arena;
    const mark = arena.mark();
    try {
      const { seen, offset } = this.see(query);
      this.scanner.prepare(seen);
      const heap = arena.allocate(heapBytes(candidates), 8);
      const scratch = arena.allocate(heapBytes(wanted), 8);
      const outIds = arena.allocate(4 * candidates);
      const outScores = arena.allocate(4 * candidates);
      const mask: Address = filter === undefined ? 0 : arena.put(filter);
      kernels.heapReset(heap, candidates);
      const examined = fill(seen, heap, mask, scratch);
      const count = kernels.heapDrain(heap, outIds, outScores);
      return new Scan(
        arena.u32(outIds, count).slice(),
        arena.f32(outScores, count).slice(),
        this.l2 ? 2 : 1,
        this.l2 ? -squaredDistance(seen, new Float32Array(seen.length)) : offset,
        examined,
      );
    } finally {
      arena.release(mark);
    }
  }

  /** The query as the lists see it. At l2 it goes through the transforms as vectors do, which keep distances. */
  see(query: Float32Array): { seen: Float32Array; offset: number } {
    let seen = query;
    let offset = 0;
    for (const transform of this.transforms) {
      if (this.l2) {
        seen = transform.apply(new Vectors(seen, transform.dim)).data;
      } else {
        const projected = transform.project(seen);
        seen = projected.query;
        offset += projected.offset;
      }
    }
    return { seen, offset };
  }
}

/** Keeps the better of two scores of one id; they come best first. */
function firstOfEach(ids: Uint32Array, scores: Float32Array): { ids: Uint32Array; scores: Float32Array } {
  const seen = new Set<number>();
  let kept = 0;
  for (let i = 0; i < ids.length; i++) {
    if (seen.has(ids[i]!)) continue;
    seen.add(ids[i]!);
    ids[kept] = ids[i]!;
    scores[kept++] = scores[i]!;
  }
  return { ids: ids.slice(0, kept), scores: scores.slice(0, kept) };
}
