import type { Hits } from '../base/hits.ts';
import { Vectors } from '../base/vectors.ts';
import type { Transform } from '../codec/index.ts';
import { type Address, type Arena, heapBytes } from '../kernels/index.ts';
import type { Coarse } from './ivf-coarse.ts';
import { squaredDistance } from './ivf-refine.ts';
import type { ListScanner } from './ivf-scan.ts';

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

/** Ranks lists for a query and scans them, most promising first. */
export class ListSearcher {
  constructor(
    private readonly arena: Arena,
    private readonly transforms: readonly Transform[],
    private readonly coarse: Coarse,
    private readonly scanner: ListScanner,
    private readonly l2: boolean,
  ) {}

  /** The best codes, with scores of the metric. */
  scan(query: Float32Array, request: ScanRequest): Hits {
    const { arena, coarse } = this;
    const { kernels } = arena;
    const { lists } = coarse;
    const { wanted, candidates, nprobe, filter, earlyStop } = request;
    const mark = arena.mark();
    try {
      const { seen, offset } = this.#see(query);
      this.scanner.prepare(seen);
      const heap = arena.allocate(heapBytes(candidates), 8);
      const scratch = arena.allocate(heapBytes(wanted), 8);
      const outIds = arena.allocate(4 * candidates);
      const outScores = arena.allocate(4 * candidates);
      const mask: Address = filter === undefined ? 0 : arena.put(filter);
      kernels.heapReset(heap, candidates);
      const patience = Math.ceil(nprobe / 6);
      let examined = 0;
      let ranked = coarse.rank(seen, nprobe);
      let level = Number.NEGATIVE_INFINITY;
      let changed = 0;
      for (let i = 0; i < lists; i++) {
        if (i === nprobe) {
          if (arena.u32(heap, 2)[1]! >= wanted) break;
          // Fewer hits than wanted: a filter, or empty lists. The rest of the lists has them, if anything has.
          ranked = coarse.rank(seen, lists);
        }
        examined += this.scanner.scan(ranked.lists[i]!, ranked.bases[i]!, mask, heap);
        if (!earlyStop || i % CHECK_EVERY !== 0) continue;
        const now = kernels.heapRank(heap, wanted, level, scratch);
        if (now > level) {
          level = now;
          changed = i;
        } else if (level > Number.NEGATIVE_INFINITY && i - changed >= patience + changed / 3) break;
      }
      const count = kernels.heapDrain(heap, outIds, outScores);
      const ids = arena.u32(outIds, count).slice();
      const scores = arena.f32(outScores, count).slice();
      const shift = this.l2 ? -squaredDistance(seen, new Float32Array(seen.length)) : offset;
      for (let i = 0; i < count; i++) scores[i] = this.l2 ? Math.min(0, 2 * scores[i]! + shift) : scores[i]! + shift;
      return { ...(request.spill ? firstOfEach(ids, scores) : { ids, scores }), examined };
    } finally {
      arena.release(mark);
    }
  }

  /** The query as the lists see it. At l2 it goes through the transforms as vectors do, which keep distances. */
  #see(query: Float32Array): { seen: Float32Array; offset: number } {
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
