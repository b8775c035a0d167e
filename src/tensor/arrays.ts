import { InvalidArgumentError } from '../base/errors.ts';
import type { Parameters } from './parameters.ts';
import type { Value } from './session.ts';
import { DoubleBuffer, gatherRows, scatterRows, TouchedRows } from './slots.ts';
import { inputNames, nextName, type StepGraph } from './step.ts';
import type { Batch } from './trainer-options.ts';

/** Rows that a batch names, by table. */
export type Touched = Map<string, TouchedRows>;

/** What a trainer keeps between runs of its models: parameters, the optimizer's arrays, and sums of gradients. */
export class TrainingArrays {
  /** Dense arrays: parameters by name, and `slot:name`. */
  readonly #dense = new Map<string, DoubleBuffer>();
  /** Arrays of tables besides their values, `slot:name`. */
  readonly #tables = new Map<string, Float32Array>();
  readonly #sums = new Map<string, DoubleBuffer>();
  readonly #rowSums = new Map<string, Map<number, Float32Array>>();

  /** @param slots names of the arrays kept per parameter besides its value. */
  constructor(
    private readonly parameters: Parameters,
    private readonly slots: readonly string[],
  ) {}

  /** What any graph needs: the batch, dense parameters, and the rows that the batch names. */
  feeds(compiled: StepGraph, batch: Batch): { feeds: Record<string, Value>; touched: Touched } {
    const { inputs } = compiled.graph;
    const feeds: Record<string, Value> = {};
    for (const [name, value] of Object.entries(batch)) if (inputs.has(name)) feeds[name] = value;
    for (const name of compiled.dense) feeds[inputNames.parameter(name)] = this.#buffer(name, name).current;
    const touched: Touched = new Map();
    for (const { name, shape, ids } of compiled.tables) {
      const rows = new TouchedRows();
      for (const input of ids) {
        const numbers = batch[input]!;
        const places = rows.add(numbers.data, shape[0], (id) => noSuchRow(name, shape[0], input, id));
        feeds[inputNames.places(name, input)] = { data: places, shape: numbers.shape };
      }
      const sums = this.#rowSums.get(name);
      if (ids.size === 0 && sums !== undefined) {
        rows.add([...sums.keys()], shape[0], (id) => noSuchRow(name, shape[0], 'sums', id));
        const data = new Float32Array(rows.ids.length * shape[1]);
        rows.ids.forEach((id, i) => {
          data.set(sums.get(id)!, i * shape[1]);
        });
        feeds[inputNames.gradient(name)] = { data, shape: [rows.ids.length, shape[1]] };
      }
      feeds[inputNames.rows(name)] = gatherRows(this.parameters.get(name).data, rows.ids, shape[1]);
      touched.set(name, rows);
    }
    return { feeds, touched };
  }

  /**
   * Adds what an update reads besides the batch to `feeds`. @returns where its dense results go, and what takes the results
   * over, once they are known to be finite.
   */
  forUpdate(
    compiled: StepGraph,
    feeds: Record<string, Value>,
    touched: Touched,
  ): { into: Record<string, Value>; keep: (outputs: Readonly<Record<string, Value>>) => void } {
    const into: Record<string, Value> = {};
    const buffers: DoubleBuffer[] = [];
    for (const name of compiled.dense) {
      for (const key of [name, ...this.slots.map((slot) => inputNames.slot(slot, name))]) {
        const buffer = this.#buffer(key, name);
        const input = key === name ? inputNames.parameter(name) : key;
        feeds[input] = buffer.current;
        into[nextName(input)] = buffer.next;
        buffers.push(buffer);
      }
    }
    for (const { name, shape } of compiled.tables) {
      for (const slot of this.slots) {
        const key = inputNames.slot(slot, name);
        feeds[key] = gatherRows(this.#table(key, slot, name), touched.get(name)!.ids, shape[1]);
      }
    }
    const keep = (outputs: Readonly<Record<string, Value>>) => {
      for (const buffer of buffers) buffer.swap();
      for (const name of compiled.dense) {
        const { data, shape } = this.#dense.get(name)!.current;
        this.parameters.set(name, data, shape);
      }
      for (const { name, shape } of compiled.tables) {
        const { ids } = touched.get(name)!;
        const put = (table: Float32Array, output: string) =>
          scatterRows(table, ids, outputs[nextName(output)]!.data as Float32Array, shape[1]);
        put(this.parameters.get(name).data, inputNames.rows(name));
        for (const slot of this.slots) {
          const key = inputNames.slot(slot, name);
          put(this.#table(key, slot, name), key);
        }
      }
    };
    return { into, keep };
  }

  /** What a graph that adds to sums reads, and where the dense sums go. */
  forSums(
    compiled: StepGraph,
    batch: Batch,
  ): { feeds: Record<string, Value>; into: Record<string, Value>; touched: Touched } {
    const { feeds, touched } = this.feeds(compiled, batch);
    const into: Record<string, Value> = {};
    for (const name of compiled.dense) {
      const { current, next } = this.#sum(name);
      feeds[inputNames.sum(name)] = current;
      into[nextName(inputNames.sum(name))] = next;
    }
    return { feeds, into, touched };
  }

  /** Takes over the sums that such a graph computed. */
  addUp(compiled: StepGraph, outputs: Readonly<Record<string, Value>>, touched: Touched): void {
    for (const name of compiled.dense) this.#sum(name).swap();
    for (const { name, shape } of compiled.tables) {
      const rows = outputs[inputNames.gradient(name)]!.data as Float32Array;
      const sums = this.#rowSums.get(name) ?? new Map<number, Float32Array>();
      this.#rowSums.set(name, sums);
      touched.get(name)!.ids.forEach((id, i) => {
        const row = rows.subarray(i * shape[1], (i + 1) * shape[1]);
        const before = sums.get(id);
        if (before === undefined) sums.set(id, row.slice());
        else for (let d = 0; d < row.length; d++) before[d]! += row[d]!;
      });
    }
  }

  sumOf(name: string): Value {
    return this.#sum(name).current;
  }

  dropSums(): void {
    this.#sums.clear();
    this.#rowSums.clear();
  }

  /** The moving averages in place of the parameters, as a copy. */
  average(): Parameters {
    const copy = this.parameters.clone();
    for (const name of copy.names) {
      const key = inputNames.slot('average', name);
      const data = this.#dense.get(key)?.current.data ?? this.#tables.get(key);
      if (data !== undefined) copy.set(name, data.slice(), copy.get(name).shape);
    }
    return copy;
  }

  /** Every array: parameters by name, others as `slot:name`. */
  all(): Map<string, Value> {
    const arrays = new Map<string, Value>();
    for (const name of this.parameters.names) arrays.set(name, this.parameters.get(name));
    for (const [key, { current }] of this.#dense) if (!this.parameters.has(key)) arrays.set(key, current);
    for (const [key, data] of this.#tables) arrays.set(key, { data, shape: [data.length] });
    return arrays;
  }

  /** Takes copies of arrays that {@link all} gave. */
  restore(arrays: ReadonlyMap<string, Value>): void {
    this.#dense.clear();
    this.#tables.clear();
    this.dropSums();
    for (const [key, { data, shape }] of arrays) {
      const slot = this.slots.find((name) => key.startsWith(`${name}:`));
      const copy = (data as Float32Array).slice();
      if (slot === undefined) this.parameters.set(key, copy, shape);
      else if (shape.join() === this.parameters.get(key.slice(slot.length + 1)).shape.join()) {
        this.#dense.set(key, new DoubleBuffer({ data: copy, shape }));
      } else this.#tables.set(key, copy);
    }
  }

  #sum(name: string): DoubleBuffer {
    let found = this.#sums.get(name);
    if (found === undefined) {
      const { data, shape } = this.parameters.get(name);
      found = new DoubleBuffer({ data: new Float32Array(data.length), shape });
      this.#sums.set(name, found);
    }
    return found;
  }

  #buffer(key: string, name: string): DoubleBuffer {
    const value = this.parameters.get(name);
    let found = this.#dense.get(key);
    if (found === undefined || (key === name && found.current.data !== value.data)) {
      // A parameter that was set from outside takes the place of the one trained so far.
      const isAverage = key === inputNames.slot('average', name);
      const data = key === name ? value.data : isAverage ? value.data.slice() : new Float32Array(value.data.length);
      found = new DoubleBuffer({ data, shape: value.shape });
      this.#dense.set(key, found);
    }
    return found;
  }

  #table(key: string, slot: string, name: string): Float32Array {
    let found = this.#tables.get(key);
    if (found === undefined) {
      const { data } = this.parameters.get(name);
      found = slot === 'average' ? data.slice() : new Float32Array(data.length);
      this.#tables.set(key, found);
    }
    return found;
  }
}

function noSuchRow(table: string, count: number, input: string, id: number): InvalidArgumentError {
  return new InvalidArgumentError(
    `The input "${input}" names row ${id} of the table "${table}", which has rows 0 to ${count - 1}.`,
    'Give numbers of rows that exist.',
  );
}
