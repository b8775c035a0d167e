import type { Vectors } from '../base/vectors.ts';
import { ProductQuantizer, type Transform } from '../codec/index.ts';
import type { Coarse } from './ivf-coarse.ts';
import type { ListStore } from './ivf-lists.ts';
import type { IvfModel } from './ivf-model.ts';
import { squaredDistance } from './ivf-refine.ts';
import { needsExtras } from './ivf-scan.ts';

/** Vectors that are coded at once: bounds the memory that adding takes. */
const BATCH = 8192;
/** Of each batch added, so many vectors tell the drift. */
const DRIFT_SAMPLE = 256;

/** Codes vectors and puts them into their lists; keeps count of how well the codes fit. */
export class ListFiller {
  /** Sum of squared errors, estimated from a sample, of so many vectors. */
  error = 0;
  count = 0;

  constructor(
    private readonly model: IvfModel,
    private readonly coarse: Coarse,
    private readonly store: ListStore,
  ) {}

  /** @param placed called for every code before it is appended. */
  add(vectors: Vectors, ids: Uint32Array, placed?: (id: number, list: number, position: number) => void): void {
    const { spill } = this.model;
    const first = new Uint32Array(vectors.count);
    const second = spill ? new Uint32Array(vectors.count) : undefined;
    let rows = vectors;
    for (const batch of batches(vectors)) {
      rows = this.#transform(vectors.slice(batch.from, batch.to));
      first.set(this.coarse.assign(rows), batch.from);
      second?.set(this.coarse.spill(rows, first.subarray(batch.from, batch.to)), batch.from);
    }
    // All lists are known before the first code is placed, so that room is made once.
    const more = new Uint32Array(this.model.lists);
    for (const list of first) more[list]!++;
    for (const list of second ?? []) more[list]!++;
    for (let list = 0; list < more.length; list++) this.store.reserve(list, more[list]!);
    for (const { from, to } of batches(vectors)) {
      // One batch is transformed already; of more, keeping all would take as much memory as the vectors.
      if (vectors.count > BATCH) rows = this.#transform(vectors.slice(from, to));
      const numbers = ids.subarray(from, to);
      this.#append(rows, numbers, first.subarray(from, to), true, placed);
      if (second !== undefined) this.#append(rows, numbers, second.subarray(from, to), false, placed);
    }
  }

  #append(
    rows: Vectors,
    ids: Uint32Array,
    assignment: Uint32Array,
    measured: boolean,
    placed: ((id: number, list: number, position: number) => void) | undefined,
  ): void {
    const { model, store } = this;
    const { quantizer } = model.parts;
    const l2 = model.metric === 'l2';
    const residuals = model.residual ? this.coarse.residuals(rows, assignment) : rows;
    const codes =
      quantizer instanceof ProductQuantizer && !l2 ? quantizer.encode(residuals, rows) : quantizer.encode(residuals);
    const size = quantizer.codeSize;
    const extras = needsExtras(quantizer, l2) ? this.#halfNorms(codes, assignment) : undefined;
    for (let i = 0; i < ids.length; i++) {
      const list = assignment[i]!;
      placed?.(ids[i]!, list, store.sizes[list]!);
      store.append(list, ids[i]!, codes.subarray(i * size, (i + 1) * size), extras?.[i]);
    }
    if (!measured) return;
    const step = Math.max(1, Math.floor(ids.length / DRIFT_SAMPLE));
    let error = 0;
    let count = 0;
    for (let i = 0; i < ids.length; i += step, count++) {
      error += squaredDistance(residuals.row(i), quantizer.decode(codes.slice(i * size, (i + 1) * size)).row(0));
    }
    // The sample stands for all vectors of the batch.
    this.error += count === 0 ? 0 : (error / count) * ids.length;
    this.count += ids.length;
  }

  /** `-|x|^2 / 2` of the vectors that the codes stand for. */
  #halfNorms(codes: Uint8Array, assignment: Uint32Array): Float32Array {
    const { quantizer, coarse } = this.model.parts;
    const decoded = quantizer.decode(codes);
    return Float32Array.from({ length: decoded.count }, (_, i) => {
      const row = decoded.row(i);
      const centroid = this.model.residual ? coarse.centroids.row(assignment[i]!) : undefined;
      let sum = 0;
      for (let c = 0; c < row.length; c++) sum += (row[c]! + (centroid?.[c] ?? 0)) ** 2;
      return -sum / 2;
    });
  }

  #transform(vectors: Vectors): Vectors {
    return this.model.parts.transforms.reduce((rows: Vectors, transform: Transform) => transform.apply(rows), vectors);
  }
}

function* batches({ count }: Vectors): Generator<{ readonly from: number; readonly to: number }> {
  for (let from = 0; from < count; from += BATCH) yield { from, to: Math.min(count, from + BATCH) };
}
