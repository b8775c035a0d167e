import type { Hits } from '../base/hits.ts';

/** How deep the first blocks of a list go; each further one goes twice as deep as the one before. */
const FIRST = [10, 50];

/**
 * Depths at which an approximate search settles what comes before, the last one at least k: 10, 50, 100, 200, 400 and so on. So the
 * result for k is the head of the result for any larger one, although more candidates are looked at for that.
 */
export function blockEnds(k: number): number[] {
  const ends: number[] = [];
  for (let end = FIRST[0]!; ; end = FIRST[ends.length] ?? 2 * end) {
    ends.push(end);
    if (end >= k) return ends;
  }
}

/** A list that is settled block by block. */
export class SettledHits {
  readonly #ids: number[] = [];
  readonly #scores: number[] = [];
  readonly #known = new Set<number>();

  get length(): number {
    return this.#ids.length;
  }

  /**
   * Appends what is new among hits, best first, until there are `end`. Of what comes late a score above the last one is lowered to
   * that, so that scores descend.
   */
  append(ids: ArrayLike<number>, scores: ArrayLike<number>, end: number): void {
    let last = this.#scores.at(-1) ?? Number.POSITIVE_INFINITY;
    for (let i = 0; i < ids.length && this.#ids.length < end; i++) {
      const id = ids[i]!;
      if (this.#known.has(id)) continue;
      this.#known.add(id);
      this.#ids.push(id);
      last = Math.min(last, scores[i]!);
      this.#scores.push(last);
    }
  }

  /** The first k. */
  hits(k: number, examined: number): Hits {
    return {
      ids: Uint32Array.from(this.#ids.slice(0, k)),
      scores: Float32Array.from(this.#scores.slice(0, k)),
      examined,
    };
  }
}

/** What a search finds whose results depend on k: asked for the end of one block after the other. */
export function searchInBlocks(search: (k: number) => Hits, k: number): Hits {
  const settled = new SettledHits();
  let examined = 0;
  for (const end of blockEnds(k)) {
    const found = search(end);
    examined = Math.max(examined, found.examined);
    settled.append(found.ids, found.scores, end);
    if (found.ids.length < end) break;
  }
  return settled.hits(k, examined);
}
