import { InvalidArgumentError, invariant } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import type { ListStore } from './lists.ts';

/** `count` rows, one of each of as many equal stretches; all of them, not copied, if there are no more. */
export function stratified(vectors: Vectors, count: number, random: Random): Vectors {
  if (vectors.count <= count) return vectors;
  const step = vectors.count / count;
  return vectors.pick(Uint32Array.from({ length: count }, (_, i) => Math.floor((i + random.next()) * step)));
}

/** Copies of length 1. @throws InvalidArgumentError for a zero vector. */
export function normalise(vectors: Vectors, what: string): Vectors {
  const { dim, data } = vectors;
  const out = new Float32Array(data.length);
  for (let v = 0, start = 0; start < data.length; v++, start += dim) {
    let most = 0;
    for (let c = start; c < start + dim; c++) most = Math.max(most, Math.abs(data[c]!));
    if (most === 0) {
      throw new InvalidArgumentError(
        vectors.count === 1
          ? `The ${what} is zero and has no direction.`
          : `The ${what} ${v} is zero and has no direction.`,
        'Leave zero vectors out, or use the inner product.',
      );
    }
    let squared = 0;
    for (let c = start; c < start + dim; c++) squared += (data[c]! / most) ** 2;
    const scale = 1 / (most * Math.sqrt(squared));
    for (let c = start; c < start + dim; c++) out[c] = data[c]! * scale;
  }
  return new Vectors(out, dim);
}

/** @throws InvalidArgumentError unless there is one id for each vector, and none twice. */
export function checkIds(ids: Uint32Array, count: number): void {
  if (ids.length !== count) {
    throw new InvalidArgumentError(`There are ${ids.length} ids for ${count} vectors.`, 'Pass one id for each vector.');
  }
  if (new Set(ids).size !== ids.length) {
    const seen = new Set<number>();
    const twice = ids.find((id) => seen.size === seen.add(id).size);
    throw new InvalidArgumentError(`Item ${twice} is named twice.`, 'Pass every id once.');
  }
}

const NOWHERE = 0xffff_ffff;

/** Where the codes of every item are: made at the first removal, and kept up to date from then on. */
export class Positions {
  /** For each item and copy: list and position, two numbers. */
  #places: Uint32Array;
  readonly #copies: number;

  constructor(
    private readonly store: ListStore,
    count: number,
    spill: boolean,
  ) {
    this.#copies = spill ? 2 : 1;
    this.#places = new Uint32Array(2 * this.#copies * count).fill(NOWHERE);
    for (let list = 0; list < store.count; list++) {
      const ids = store.ids(list);
      for (let position = 0; position < ids.length; position++) this.set(ids[position]!, list, position);
    }
  }

  grow(count: number): void {
    const length = 2 * this.#copies * count;
    if (length <= this.#places.length) return;
    const places = new Uint32Array(Math.max(length, Math.ceil(1.25 * this.#places.length))).fill(NOWHERE);
    places.set(this.#places);
    this.#places = places;
  }

  /** Notes another place of the item. */
  set(id: number, list: number, position: number): void {
    const start = 2 * this.#copies * id;
    for (let at = start; at < start + 2 * this.#copies; at += 2) {
      if (this.#places[at] !== NOWHERE) continue;
      this.#places[at] = list;
      this.#places[at + 1] = position;
      return;
    }
    invariant(false, `item ${id} has more places than there are`);
  }

  /** Takes all codes of the item out of their lists. */
  remove(id: number): void {
    const start = 2 * this.#copies * id;
    for (let at = start; at < start + 2 * this.#copies; at += 2) {
      const list = this.#places[at]!;
      if (list === NOWHERE) continue;
      const position = this.#places[at + 1]!;
      const last = this.store.sizes[list]! - 1;
      const moved = this.store.remove(list, position);
      this.#places[at] = NOWHERE;
      this.#places[at + 1] = NOWHERE;
      if (moved >= 0) this.#relocate(moved, list, last, position);
    }
  }

  #relocate(id: number, list: number, from: number, to: number): void {
    const start = 2 * this.#copies * id;
    for (let at = start; at < start + 2 * this.#copies; at += 2) {
      if (this.#places[at] === list && this.#places[at + 1] === from) {
        this.#places[at + 1] = to;
        return;
      }
    }
    invariant(false, `item ${id} is not where it should be`);
  }
}
