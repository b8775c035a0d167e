import { BitSet } from '../../base/bits.ts';
import { dot } from '../../math/index.ts';
import type { IvfModel } from './model.ts';
import type { IvfReader } from './reader.ts';
import { squaredDistance } from './refine.ts';

const NOWHERE = 0xffff_ffff;

/**
 * Scores of given items by their codes, where their lists are in memory: what no vector needs to be read for. Finds codes by item, which lists
 * themselves cannot: 8 bytes for each item number, twice with `spill=1`.
 */
export class CodeScores {
  /** For each item and copy: list and position, two numbers. */
  readonly #places: Uint32Array;
  readonly #known: BitSet;
  readonly #copies: number;
  readonly #score = new Float32Array(1);

  /** @param count of item numbers. */
  constructor(
    private readonly model: IvfModel,
    private readonly reader: IvfReader,
    count: number,
  ) {
    this.#copies = model.spill ? 2 : 1;
    this.#places = new Uint32Array(2 * this.#copies * count).fill(NOWHERE);
    this.#known = new BitSet(model.lists);
  }

  /** The metric of what codes stand for, of two copies the better; NaN for items of no list that was read so far. @param query checked. */
  of(query: Float32Array, ids: Uint32Array): Float32Array {
    this.#learn();
    const { seen, offset } = this.reader.see(query);
    const { quantizer, coarse } = this.model.parts;
    const l2 = this.model.metric === 'l2';
    const scorer = quantizer.scorer(seen);
    const score = (list: number, position: number): number => {
      const code = this.reader.store.code(list, position);
      const centroid = this.model.residual ? coarse.centroids.row(list) : undefined;
      if (l2) {
        const vector = quantizer.decode(code).row(0);
        return -squaredDistance(seen, centroid === undefined ? vector : vector.map((one, c) => one + centroid[c]!));
      }
      scorer.score(code, 1, this.#score);
      return offset + this.#score[0]! + (centroid === undefined ? 0 : dot(seen, centroid));
    };
    return Float32Array.from(ids, (id) => {
      let best = Number.NaN;
      for (let copy = 0; copy < this.#copies; copy++) {
        const at = 2 * (id * this.#copies + copy);
        const list = this.#places[at];
        if (list === undefined || list === NOWHERE) continue;
        const own = score(list, this.#places[at + 1]!);
        if (!(best >= own)) best = own;
      }
      return best;
    });
  }

  /** Items of lists that were read since the last time. */
  #learn(): void {
    const { store } = this.reader;
    for (let list = 0; list < store.count; list++) {
      if (this.#known.has(list) || !store.isLoaded(list)) continue;
      const ids = store.ids(list);
      for (let position = 0; position < ids.length; position++) {
        const first = 2 * ids[position]! * this.#copies;
        const at = this.#places[first] === NOWHERE ? first : first + 2;
        this.#places[at] = list;
        this.#places[at + 1] = position;
      }
      this.#known.add(list);
    }
  }
}
