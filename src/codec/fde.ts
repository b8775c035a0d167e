import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { type VectorSets, Vectors } from '../base/vectors.ts';
import { LinearMap } from '../math/index.ts';
import type { PartSyntax, SpecPart } from '../spec/index.ts';
import { checkVectors } from './check.ts';

/** Settings of {@link FixedDimensionalEncoding}. Query and document side must agree on all of them. */
export interface FdeOptions {
  /** Independent repetitions; the error falls with their root. 1 to 1000, default 20. */
  readonly reps?: number;
  /** Hyperplanes that cut space into `2^bits` regions. 0 to 10, default 4. */
  readonly bits?: number;
  /** Components that vectors are projected to within a region, 1 to the dimension of the tokens; default 8. */
  readonly dim?: number;
  /** Whether a document fills regions that none of its tokens is in with the nearest one. Default true. */
  readonly fill?: boolean;
  /** What a document puts into a region: the mean of its tokens there (default), or their sum, which is worse. */
  readonly pool?: 'mean' | 'sum';
  /** Same seed, same encoding, everywhere. Default 1234. */
  readonly seed?: number;
}

/** Tokens that are projected at a time. */
const BATCH = 8192;

/**
 * MUVERA's fixed-dimensional encoding (Dhulipala et al. 2024, section 2.1; https://arxiv.org/abs/2405.19504): a set of vectors
 * becomes one, so that the inner product of a query's and a document's, divided by `reps`, is about their MaxSim (Chamfer)
 * similarity: the sum over the query's vectors of the greatest inner product with one of the document's. Any index for inner products
 * then finds candidates, and exact MaxSim ranks them.
 *
 * Each repetition cuts space by random hyperplanes, projects by random signs, and gives each region a block of `dim` components: the
 * sum of the query's vectors in it, or the mean of the document's. An encoding has `reps * 2^bits * dim` components.
 */
export class FixedDimensionalEncoding {
  /** `fde(bits=4,dim=8,reps=20)`: what differs from the defaults is named, and sizes always. */
  readonly spec: string;
  /** Components of an encoding. */
  readonly outDim: number;
  readonly reps: number;
  readonly bits: number;
  /** Components of a block. */
  readonly blockDim: number;
  readonly #fill: boolean;
  readonly #pool: 'mean' | 'sum';
  readonly #map: LinearMap;

  /** @param dim components of a token vector. */
  constructor(
    readonly dim: number,
    options: FdeOptions = {},
  ) {
    const { reps = 20, bits = 4, fill = true, pool = 'mean', seed = 1234 } = options;
    const blockDim = options.dim ?? Math.min(8, dim);
    check('reps', reps, 1, 1000);
    check('bits', bits, 0, 10);
    check('dim', blockDim, 1, dim);
    this.reps = reps;
    this.bits = bits;
    this.blockDim = blockDim;
    this.#fill = fill;
    this.#pool = pool;
    this.outDim = reps * 2 ** bits * blockDim;
    const more = [
      ...(fill ? [] : ['fill=0']),
      ...(pool === 'mean' ? [] : ['sum=1']),
      ...(seed === 1234 ? [] : [`seed=${seed}`]),
    ];
    this.spec = `fde(${[`bits=${bits}`, `dim=${blockDim}`, `reps=${reps}`, ...more].join(',')})`;
    this.#map = new LinearMap(this.#matrix(seed), dim);
  }

  /** Per repetition `bits` rows of normal deviates, then `blockDim` rows of signs; the identity where nothing is projected away. */
  #matrix(seed: number): Float32Array {
    const { dim, reps, bits, blockDim } = this;
    const random = new Random(seed);
    const matrix = new Float32Array(reps * (bits + blockDim) * dim);
    const scale = 1 / Math.sqrt(blockDim);
    for (let rep = 0, row = 0; rep < reps; rep++) {
      for (let bit = 0; bit < bits; bit++, row++) {
        for (let c = 0; c < dim; c++) matrix[row * dim + c] = random.normal();
      }
      for (let out = 0; out < blockDim; out++, row++) {
        for (let c = 0; c < dim; c++) {
          if (blockDim === dim) matrix[row * dim + c] = c === out ? 1 : 0;
          else matrix[row * dim + c] = random.next() < 0.5 ? scale : -scale;
        }
      }
    }
    return matrix;
  }

  /** Encodings of queries, one row each; zeros for an empty set. @throws InvalidArgumentError for another dimension. */
  encodeQueries(sets: VectorSets): Vectors {
    return this.#encode(sets, false);
  }

  /** Encodings of documents, one row each; zeros for an empty set. @throws InvalidArgumentError for another dimension. */
  encodeDocuments(sets: VectorSets): Vectors {
    return this.#encode(sets, true);
  }

  #encode(sets: VectorSets, document: boolean): Vectors {
    checkVectors(sets.vectors, this.dim, 'token vectors');
    const result = Vectors.zeros(sets.count, this.outDim);
    const { offsets } = sets;
    for (let from = 0; from < sets.count; ) {
      let to = from + 1;
      while (to < sets.count && offsets[to + 1]! - offsets[from]! <= BATCH) to++;
      const projected = this.#map.apply(sets.vectors.slice(offsets[from]!, offsets[to]!));
      for (let i = from; i < to; i++) {
        const rows = projected.slice(offsets[i]! - offsets[from]!, offsets[i + 1]! - offsets[from]!);
        if (rows.count > 0) this.#encodeSet(rows, result.row(i), document);
      }
      from = to;
    }
    return result;
  }

  #encodeSet(rows: Vectors, out: Float32Array, document: boolean): void {
    const { reps, bits, blockDim } = this;
    const regions = 2 ** bits;
    const region = new Uint32Array(rows.count);
    const sizes = new Uint32Array(regions);
    for (let rep = 0; rep < reps; rep++) {
      const column = rep * (bits + blockDim);
      const base = rep * regions * blockDim;
      sizes.fill(0);
      for (let r = 0; r < rows.count; r++) {
        const at = r * rows.dim + column;
        let code = 0;
        for (let bit = 0; bit < bits; bit++) code = (code << 1) | (rows.data[at + bit]! > 0 ? 1 : 0);
        region[r] = code;
        sizes[code]!++;
        const block = base + code * blockDim;
        for (let c = 0; c < blockDim; c++) out[block + c]! += rows.data[at + bits + c]!;
      }
      if (!document) continue;
      for (let code = 0; code < regions; code++) {
        const block = base + code * blockDim;
        const size = sizes[code]!;
        if (size > 1 && this.#pool === 'mean') for (let c = 0; c < blockDim; c++) out[block + c]! /= size;
        if (size > 0 || !this.#fill) continue;
        const at = closest(region, code) * rows.dim + column + bits;
        for (let c = 0; c < blockDim; c++) out[block + c] = rows.data[at + c]!;
      }
    }
  }
}

/** The first token whose region differs from `code` in the fewest bits. */
function closest(regions: Uint32Array, code: number): number {
  let [best, least] = [0, 33];
  for (let r = 0; r < regions.length && least > 1; r++) {
    let rest = regions[r]! ^ code;
    let distance = 0;
    for (; rest !== 0; rest &= rest - 1) distance++;
    if (distance < least) [best, least] = [r, distance];
  }
  return best;
}

/** How `fde(reps=20,bits=4,dim=8)` is written; all settings are optional, and `dim` is at most that of the tokens. */
export const fdeSyntax = {
  name: 'fde',
  example: 'fde(reps=20)',
  settings: {
    reps: { kind: 'number', default: 20, least: 1, most: 1000, isWhole: true },
    bits: { kind: 'number', default: 4, least: 0, most: 10, isWhole: true },
    dim: { kind: 'number', default: 8, least: 1, isWhole: true },
    fill: { kind: 'number', default: 1, least: 0, most: 1, isWhole: true },
    sum: { kind: 'number', default: 0, least: 0, most: 1, isWhole: true },
    seed: { kind: 'number', default: 1234, least: 0, isWhole: true },
  },
} as const satisfies PartSyntax;

/** The encoding that a part `fde(...)` names. @param dim components of a token vector. @throws InvalidArgumentError for a `dim` above it. */
export function createFde({ settings }: SpecPart, dim: number): FixedDimensionalEncoding {
  const { fill = 1, sum = 0, ...sizes } = settings;
  return new FixedDimensionalEncoding(dim, { ...sizes, fill: fill === 1, pool: sum === 1 ? 'sum' : 'mean' });
}

function check(name: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new InvalidArgumentError(`fde with ${name} ${value}.`, `Give a whole number from ${low} to ${high}.`);
}
