import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import { type ChainCodec, type Codec, createCodec, ProductQuantizer } from '../../codec/index.ts';
import {
  add,
  affine,
  expandDims,
  given,
  matmul,
  mean,
  Parameters,
  type Runtime,
  reshape,
  type Scope,
  scale,
  softmax,
  square,
  stopGradient,
  straightThrough,
  subtract,
  sum,
  type Tensor,
  type Tensors,
  Trainer,
  topKMask,
  transpose,
  transposeLast,
} from '../../tensor/index.ts';
import { listNet } from '../objectives/index.ts';
import { exactTop } from './exact-top.ts';

/** Settings of {@link distillCodec}. Papers are settings of it. */
export interface DistillOptions {
  readonly runtime: Runtime;
  /** Product quantizer of the result, `pq<M>x8` or `pq<M>x4`; M must divide the dimension. */
  readonly quantizer: string;
  /** Same seed, same threads: same codec. Default 1234. */
  readonly seed?: number;
  /** Updates. Default 600. */
  readonly steps?: number;
  /** Queries of a batch. Default 32. */
  readonly queries?: number;
  /** Documents drawn for each query from the teacher's best; all of a batch are candidates of all its queries. Default 20. */
  readonly candidates?: number;
  /** As deep the teacher's ranking is drawn from; the first half of the candidates are its very best. Default 100. */
  readonly depth?: number;
  /** Of both softmaxes, in units of the inner product; smaller looks more at the top. Default 0.02. */
  readonly temperature?: number;
  /** Default 1e-3, falling linearly to 0. */
  readonly learningRate?: number;
  /** Learn maps of documents and queries as well as codebooks. Default true. */
  readonly maps?: boolean;
  /**
   * `live` (Distill-VQ): codes follow the codebooks in every step, gradients pass straight through. `frozen` (JPQ): codes of
   * documents stay what they are, only what they stand for is learned; documents' map stays too. Default `live`.
   */
  readonly codes?: 'live' | 'frozen';
  /** Weight of the squared error of codes, which holds codebooks to their documents. Default 0. */
  readonly reconstruction?: number;
  /** Threads of matrix products. Default: one per physical core. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** Called with the share that is done and the loss of the latest step. */
  readonly onProgress?: (done: number, loss: number) => void;
}

/**
 * A product quantizer that learns to rank as the vectors themselves do (Xiao et al. 2022, Distill-VQ, https://arxiv.org/abs/2204.00185;
 * Zhan et al. 2021, JPQ, for frozen codes): ListNet between the softmax of exact inner products and that of products with codes, over
 * each query's best documents and those of the other queries in the batch. No judgements are needed, only queries like those to come.
 *
 * It begins as `opq,pq<M>x<bits>` and ends as `dual,pq<M>x<bits>`, which saves, opens, encodes and scores like any codec.
 * Where the paper updates codebooks under a fixed rotation, this learns a map of documents and one of queries as well.
 *
 * @param documents vectors to be coded, or a sample. @param queries training queries; hold others back to see what it is worth.
 * @throws InvalidArgumentError for a quantizer that does not divide the dimension, and for fewer queries than a batch.
 */
export async function distillCodec(documents: Vectors, queries: Vectors, options: DistillOptions): Promise<Codec> {
  const { seed = 1234, steps = 600, candidates = 20, depth = 100, learningRate = 1e-3, signal } = options;
  const batch = options.queries ?? 32;
  const { dim } = documents;
  const codec = createCodec(`dual,${options.quantizer}`, dim) as ChainCodec;
  const quantizer = codec.quantizer;
  if (!(quantizer instanceof ProductQuantizer) || dim % quantizer.m !== 0) {
    throw new InvalidArgumentError(
      `${options.quantizer} cannot be distilled for ${dim} components.`,
      'Give a product quantizer, such as pq16x8, whose parts divide the dimension.',
    );
  }
  if (queries.count < batch || documents.count < candidates) {
    throw new InvalidArgumentError(
      `${queries.count} queries and ${documents.count} documents are too few for batches of ${batch} with ${candidates} candidates each.`,
      'Give more of them, or make batches smaller.',
    );
  }
  await codec.train(documents, { seed, ...(signal === undefined ? {} : { signal }) });
  const best = exactTop(documents, queries, Math.min(depth, documents.count));
  const model = new QuantizedScores(codec, quantizer, options, documents);
  const trainer = new Trainer({
    parameters: model.parameters,
    loss: (scope, inputs) => model.loss(scope, inputs),
    learningRate: (step) => learningRate * Math.min(1, step / 20) * Math.max(0, 1 - (step - 1) / steps),
    clip: 1,
    groups: [
      ...(options.maps === false ? [{ match: /^map\//, frozen: true }] : []),
      ...(options.codes === 'frozen' ? [{ match: /^map\/documents$/, frozen: true }] : []),
      { match: /./, weightDecay: 0 },
    ],
    runtime: options.runtime,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  });
  const random = new Random(seed);
  const codes = options.codes === 'frozen' ? quantizer.encode(codec.apply(documents)) : undefined;
  try {
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      const drawn = draw(best, batch, candidates, random);
      const report = await trainer.step({
        queries: { data: gather(queries, drawn.queries).data, shape: [batch, dim] },
        documents: { data: gather(documents, drawn.documents).data, shape: [drawn.documents.length, dim] },
        ...(codes === undefined ? {} : { chosen: model.oneHot(codes, drawn.documents) }),
      });
      options.onProgress?.((step + 1) / steps, report.loss);
    }
  } finally {
    await trainer.dispose();
  }
  codec.restore(model.learned());
  return codec;
}

/** Scores of queries against coded documents, as a graph; and the way from and to the codec's own arrays. */
class QuantizedScores {
  readonly parameters = new Parameters();
  readonly #m: number;
  readonly #k: number;
  readonly #dim: number;
  readonly #width: number;
  readonly #spread: number;

  constructor(
    codec: ChainCodec,
    quantizer: ProductQuantizer,
    private readonly options: DistillOptions,
    documents: Vectors,
  ) {
    const { dim, m, k } = quantizer;
    [this.#m, this.#k, this.#dim, this.#width] = [m, k, dim, dim / m];
    const learned = codec.learned();
    for (const name of ['documents', 'queries'] as const) {
      // Rows of the codec's matrices are outputs; a product from the right wants them as columns.
      this.parameters.set(`map/${name}`, transposed(learned.get(`0.${name}`)!, dim), [dim, dim]);
    }
    this.parameters.set('centroids', this.#fromCodec(learned.get('1.centroids')!), [m, k, dim / m]);
    this.#spread = meanError(codec, documents) / m;
  }

  loss(scope: Scope, { queries, documents, chosen }: Tensors): Tensor {
    const { temperature = 0.02, reconstruction = 0 } = this.options;
    const dim = this.#dim;
    const parameter = (name: string, shape: number[]): Tensor =>
      scope.parameter(name, shape, given(this.parameters.get(name).data));
    const centroids = parameter('centroids', [this.#m, this.#k, this.#width]);
    const mapped = affine(documents!, parameter('map/documents', [dim, dim]));
    const selected = chosen ?? this.#select(this.#parts(mapped), centroids);
    const coded = this.#whole(matmul(selected, centroids));
    const student = matmul(affine(queries!, parameter('map/queries', [dim, dim])), transposeLast(coded));
    const teacher = stopGradient(matmul(queries!, transposeLast(documents!)));
    const ranking = listNet(scale(student, 1 / temperature), scale(teacher, 1 / temperature));
    if (reconstruction === 0) return ranking;
    return add(ranking, scale(mean(sum(square(subtract(coded, mapped)), 1)), reconstruction));
  }

  /** The nearest centroid of each part, as a one-hot row with the gradient of a softmax over negative squared distances. */
  #select(parts: Tensor, centroids: Tensor): Tensor {
    const halves = expandDims(scale(sum(square(centroids), 2), 0.5), 1);
    const nearness = scale(subtract(matmul(parts, transposeLast(centroids)), halves), 2 / this.#spread);
    return straightThrough(topKMask(nearness, 1), softmax(nearness));
  }

  /** `[documents, dim]` to `[m, documents, width]`. */
  #parts(rows: Tensor): Tensor {
    return transpose(reshape(rows, [rows.shape[0]!, this.#m, this.#width]), [1, 0, 2]);
  }

  #whole(parts: Tensor): Tensor {
    return reshape(transpose(parts, [1, 0, 2]), [parts.shape[1]!, this.#dim]);
  }

  /** Codes of the drawn documents as one-hot rows, `[m, documents, k]`. */
  oneHot(codes: Uint8Array, rows: Uint32Array): { data: Float32Array; shape: number[] } {
    const [m, k] = [this.#m, this.#k];
    const size = codes.length / (k === 256 ? m : (m + 1) >> 1);
    const bytes = codes.length / size;
    const data = new Float32Array(m * rows.length * k);
    for (let j = 0; j < m; j++) {
      for (let i = 0; i < rows.length; i++) {
        const at = rows[i]! * bytes;
        const code = k === 256 ? codes[at + j]! : (codes[at + (j >> 1)]! >> (4 * (j & 1))) & 15;
        data[(j * rows.length + i) * k + code] = 1;
      }
    }
    return { data, shape: [m, rows.length, k] };
  }

  learned(): Map<string, Float32Array> {
    const { parameters } = this;
    const dim = this.#dim;
    return new Map([
      ['0.documents', transposed(parameters.get('map/documents').data, dim)],
      ['0.queries', transposed(parameters.get('map/queries').data, dim)],
      ['1.centroids', this.#toCodec(parameters.get('centroids').data)],
    ]);
  }

  /** The codec keeps `[dim, k]`, the graph wants `[m, k, width]`. */
  #fromCodec(columns: Float32Array): Float32Array {
    return this.#reorder((out, component, centroid, at) => {
      out[at] = columns[component * this.#k + centroid]!;
    });
  }

  #toCodec(centroids: Float32Array): Float32Array {
    return this.#reorder((out, component, centroid, at) => {
      out[component * this.#k + centroid] = centroids[at]!;
    });
  }

  #reorder(visit: (out: Float32Array, component: number, centroid: number, at: number) => void): Float32Array {
    const out = new Float32Array(this.#dim * this.#k);
    for (let j = 0, at = 0; j < this.#m; j++) {
      for (let centroid = 0; centroid < this.#k; centroid++) {
        for (let c = 0; c < this.#width; c++, at++) visit(out, j * this.#width + c, centroid, at);
      }
    }
    return out;
  }
}

/** Queries of a batch, and its documents: for each query half from the very top, half from the rest of the depth. */
function draw(
  best: readonly Uint32Array[],
  batch: number,
  candidates: number,
  random: Random,
): { queries: Uint32Array; documents: Uint32Array } {
  const queries = Uint32Array.from({ length: batch }, () => random.below(best.length));
  const documents = new Uint32Array(batch * candidates);
  const sure = candidates >> 1;
  queries.forEach((query, i) => {
    const list = best[query]!;
    for (let c = 0; c < candidates; c++) {
      const rank = c < sure || list.length <= candidates ? c % list.length : sure + random.below(list.length - sure);
      documents[i * candidates + c] = list[rank]!;
    }
  });
  return { queries, documents };
}

function gather(vectors: Vectors, rows: Uint32Array): Vectors {
  const out = Vectors.zeros(rows.length, vectors.dim);
  rows.forEach((row, i) => {
    out.row(i).set(vectors.row(row));
  });
  return out;
}

function transposed(matrix: Float32Array, dim: number): Float32Array {
  const out = new Float32Array(matrix.length);
  for (let r = 0; r < dim; r++) for (let c = 0; c < dim; c++) out[c * dim + r] = matrix[r * dim + c]!;
  return out;
}

function meanError(codec: ChainCodec, documents: Vectors): number {
  const sample = documents.slice(0, Math.min(512, documents.count));
  const mapped = codec.apply(sample);
  const decoded = codec.quantizer.decode(codec.quantizer.encode(mapped));
  let squares = 0;
  for (let i = 0; i < mapped.data.length; i++) squares += (mapped.data[i]! - decoded.data[i]!) ** 2;
  return Math.max(squares / sample.count, 1e-9);
}
