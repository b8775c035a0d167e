import { InvalidArgumentError } from '../../base/errors.ts';
import type { VectorSets, Vectors } from '../../base/vectors.ts';
import { LinearMap } from '../../math/index.ts';

/**
 * Late interaction (Khattab & Zaharia 2020, ColBERT): the sum over the query's vectors of the greatest inner product with one of the
 * document's. Prepared once for a query; documents are scored by matrix products.
 */
export class MaxSim {
  readonly #map: LinearMap;
  readonly #tokens: number;

  /** @param query token vectors, at least one. */
  constructor(private readonly query: Vectors) {
    if (query.count === 0) throw new InvalidArgumentError('The query has no tokens.', 'Ask for at least one word.');
    this.#tokens = query.count;
    this.#map = new LinearMap(query.data, query.dim);
  }

  /** Score of each item; minus infinity for one without vectors. @param items which; default all. */
  score(documents: VectorSets, items?: ArrayLike<number>): Float32Array {
    const best = this.matches(documents, items);
    const tokens = this.#tokens;
    return Float32Array.from({ length: best.length / tokens }, (_, i) => {
      let sum = 0;
      for (let t = i * tokens; t < (i + 1) * tokens; t++) sum += best[t]!;
      return sum;
    });
  }

  /** For each item and query vector, in this order, the greatest inner product: what the score is the sum of. */
  matches(documents: VectorSets, items?: ArrayLike<number>): Float32Array {
    if (documents.vectors.dim !== this.query.dim) {
      throw new InvalidArgumentError(
        `Query tokens have ${this.query.dim} components, document tokens ${documents.vectors.dim}.`,
        'Use one encoder for both.',
      );
    }
    const count = items === undefined ? documents.count : items.length;
    const best = new Float32Array(count * this.#tokens).fill(Number.NEGATIVE_INFINITY);
    if (items === undefined) this.#matchRange(documents, 0, documents.count, best);
    else {
      for (let i = 0; i < items.length; i++) {
        this.#matchRange(documents, items[i]!, items[i]! + 1, best.subarray(i * this.#tokens));
      }
    }
    return best;
  }

  #matchRange({ vectors, offsets }: VectorSets, from: number, to: number, best: Float32Array): void {
    const tokens = this.#tokens;
    for (let item = from; item < to; ) {
      let end = item + 1;
      while (end < to && offsets[end + 1]! - offsets[item]! <= BATCH) end++;
      const products = this.#map.apply(vectors.slice(offsets[item]!, offsets[end]!)).data;
      let p = 0;
      for (; item < end; item++) {
        const at = (item - from) * tokens;
        for (let row = offsets[item]!; row < offsets[item + 1]!; row++) {
          for (let t = at; t < at + tokens; t++, p++) if (products[p]! > best[t]!) best[t] = products[p]!;
        }
      }
    }
  }
}

/** Document vectors that are multiplied at a time. */
const BATCH = 4096;
