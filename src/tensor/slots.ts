import type { ParameterValue } from './parameters.ts';
import type { Value } from './session.ts';

/**
 * An array that a step reads and writes: the model writes to one copy while it reads the other, then they change
 * places. Nothing is allocated after the first step, and a step that went wrong is undone by not changing places.
 */
export class DoubleBuffer {
  #current: ParameterValue;
  #next: ParameterValue | undefined;

  constructor(current: ParameterValue) {
    this.#current = current;
  }

  get current(): ParameterValue {
    return this.#current;
  }

  /** Where the model writes. */
  get next(): ParameterValue {
    this.#next ??= { data: new Float32Array(this.#current.data.length), shape: this.#current.shape };
    return this.#next;
  }

  swap(): void {
    const before = this.#current;
    this.#current = this.next;
    this.#next = before;
  }
}

/** The distinct rows of a table that a batch names. */
export class TouchedRows {
  readonly #places = new Map<number, number>();
  readonly ids: number[] = [];

  /** @param count rows of the table. @returns for each number, where its row stands among those touched. */
  add(numbers: ArrayLike<number | bigint>, count: number, fail: (id: number) => Error): Int32Array {
    return Int32Array.from(numbers as ArrayLike<number>, (number) => {
      const id = Number(number);
      if (!(id >= 0 && id < count)) throw fail(id);
      let place = this.#places.get(id);
      if (place === undefined) {
        place = this.ids.push(id) - 1;
        this.#places.set(id, place);
      }
      return place;
    });
  }
}

/** Copies rows of a table, one after the other. */
export function gatherRows(table: Float32Array, ids: readonly number[], width: number): Value {
  const data = new Float32Array(ids.length * width);
  ids.forEach((id, i) => {
    data.set(table.subarray(id * width, (id + 1) * width), i * width);
  });
  return { data, shape: [ids.length, width] };
}

/** Puts rows back into their table. */
export function scatterRows(table: Float32Array, ids: readonly number[], rows: Float32Array, width: number): void {
  ids.forEach((id, i) => {
    table.set(rows.subarray(i * width, (i + 1) * width), id * width);
  });
}
