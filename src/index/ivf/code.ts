import type { Work } from '../../base/parallel.ts';
import { MemorySections, type SectionData } from '../../base/sections.ts';
import { Vectors } from '../../base/vectors.ts';
import { ProductQuantizer, type Transform } from '../../codec/index.ts';
import { Arena, type KernelBuild } from '../../kernels/index.ts';
import { Coarse } from './coarse.ts';
import { IvfModel } from './model.ts';
import { squaredDistance } from './refine.ts';
import { needsExtras } from './scan.ts';

/** Vectors that are coded at once: bounds the memory that it takes, and is a piece of the work that threads share. */
export const BATCH = 8192;
/** Of each batch, so many vectors tell the drift. */
const DRIFT_SAMPLE = 256;

/** One code for each vector of a batch, and the list that it goes to. */
export interface Placement {
  readonly lists: Uint32Array;
  readonly codes: Uint8Array;
  /** One number for each code, where lists have them. */
  readonly extras: Float32Array | undefined;
}

/** What becomes of a batch of vectors: everything but their ids. */
export interface CodedBatch {
  readonly first: Placement;
  /** Where every vector is in two lists. */
  readonly second: Placement | undefined;
  /** Sum of squared errors of the first codes, estimated from a sample. */
  readonly error: number;
}

/** Codes vectors for their lists. */
export class Coder {
  /** @param coarse of the same model. */
  constructor(
    private readonly model: IvfModel,
    private readonly coarse: Coarse,
  ) {}

  /** @param vectors at most {@link BATCH}, or memory suffers; normalised for cosine. */
  code(vectors: Vectors): CodedBatch {
    const rows = this.model.parts.transforms.reduce(
      (rows: Vectors, transform: Transform) => transform.apply(rows),
      vectors,
    );
    const lists = this.coarse.assign(rows);
    const residuals = this.#residuals(rows, lists);
    const first = this.#place(rows, residuals, lists);
    const others = this.model.spill ? this.coarse.spill(rows, lists) : undefined;
    return {
      first,
      second: others && this.#place(rows, this.#residuals(rows, others), others),
      error: this.#error(residuals, first.codes),
    };
  }

  #residuals(rows: Vectors, lists: Uint32Array): Vectors {
    return this.model.residual ? this.coarse.residuals(rows, lists) : rows;
  }

  #place(rows: Vectors, residuals: Vectors, lists: Uint32Array): Placement {
    const { quantizer } = this.model.parts;
    const l2 = this.model.metric === 'l2';
    const codes =
      quantizer instanceof ProductQuantizer && !l2 ? quantizer.encode(residuals, rows) : quantizer.encode(residuals);
    return { lists, codes, extras: needsExtras(quantizer, l2) ? this.#halfNorms(codes, lists) : undefined };
  }

  #error(residuals: Vectors, codes: Uint8Array): number {
    const { quantizer } = this.model.parts;
    const size = quantizer.codeSize;
    const step = Math.max(1, Math.floor(residuals.count / DRIFT_SAMPLE));
    let error = 0;
    let count = 0;
    for (let i = 0; i < residuals.count; i += step, count++) {
      error += squaredDistance(residuals.row(i), quantizer.decode(codes.slice(i * size, (i + 1) * size)).row(0));
    }
    // The sample stands for all vectors of the batch.
    return count === 0 ? 0 : (error / count) * residuals.count;
  }

  /** `-|x|^2 / 2` of the vectors that the codes stand for. */
  #halfNorms(codes: Uint8Array, lists: Uint32Array): Float32Array {
    const { quantizer, coarse } = this.model.parts;
    const decoded = quantizer.decode(codes);
    return Float32Array.from({ length: decoded.count }, (_, i) => {
      const row = decoded.row(i);
      const centroid = this.model.residual ? coarse.centroids.row(lists[i]!) : undefined;
      let sum = 0;
      for (let c = 0; c < row.length; c++) sum += (row[c]! + (centroid?.[c] ?? 0)) ** 2;
      return -sum / 2;
    });
  }
}

export interface CodeSetup {
  readonly model: SectionData;
  readonly build: KernelBuild;
}

/** Codes one batch. */
export const codeWork: Work<CodeSetup, Float32Array, CodedBatch> = {
  name: 'index.code',
  prepare: ({ model, build }) => {
    const opened = IvfModel.open(new MemorySections(model));
    const coder = new Coder(opened, new Coarse(opened.parts.coarse, opened.metric === 'l2', new Arena(build)));
    return (rows) => coder.code(new Vectors(rows, opened.dim));
  },
};
