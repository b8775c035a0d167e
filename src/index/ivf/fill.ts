import type { Vectors } from '../../base/vectors.ts';
import { BATCH, type CodedBatch, type Coder, type Placement } from './code.ts';
import type { ListStore } from './lists.ts';

/** Is told of every code before it is appended. */
export type OnPlaced = (id: number, list: number, position: number) => void;

/** Puts coded vectors into their lists; keeps count of how well the codes fit. */
export class ListFiller {
  /** Sum of squared errors of so many vectors. */
  error = 0;
  count = 0;

  constructor(
    private readonly coder: Coder,
    private readonly store: ListStore,
    private readonly codeSize: number,
  ) {}

  /** @param coded what coding these vectors gave, if that is done already: a batch for every {@link BATCH} of them. */
  add(vectors: Vectors, ids: Uint32Array, placed?: OnPlaced, coded?: readonly CodedBatch[]): void {
    const batches =
      coded ??
      Array.from({ length: Math.ceil(vectors.count / BATCH) }, (_, i) =>
        this.coder.code(vectors.slice(i * BATCH, Math.min(vectors.count, (i + 1) * BATCH))),
      );
    this.#reserve(batches);
    for (const [i, { first, second, error }] of batches.entries()) {
      const numbers = ids.subarray(i * BATCH, (i + 1) * BATCH);
      this.#append(first, numbers, placed);
      if (second !== undefined) this.#append(second, numbers, placed);
      this.error += error;
      this.count += numbers.length;
    }
  }

  /** All lists are known before the first code is placed, so that room is made once. */
  #reserve(batches: readonly CodedBatch[]): void {
    const more = new Uint32Array(this.store.count);
    for (const { first, second } of batches) {
      for (const list of first.lists) more[list]!++;
      if (second !== undefined) for (const list of second.lists) more[list]!++;
    }
    for (let list = 0; list < more.length; list++) this.store.reserve(list, more[list]!);
  }

  #append({ lists, codes, extras }: Placement, ids: Uint32Array, placed: OnPlaced | undefined): void {
    const { store, codeSize } = this;
    for (let i = 0; i < ids.length; i++) {
      const list = lists[i]!;
      placed?.(ids[i]!, list, store.sizes[list]!);
      store.append(list, ids[i]!, codes.subarray(i * codeSize, (i + 1) * codeSize), extras?.[i]);
    }
  }
}
