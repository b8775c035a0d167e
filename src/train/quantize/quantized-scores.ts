import type { Vectors } from '../../base/vectors.ts';
import { Assigner, type ChainCodec, type ProductQuantizer } from '../../codec/index.ts';
import { LinearMap, transpose as transposed } from '../../math/index.ts';
import {
  add,
  affine,
  expandDims,
  given,
  matmul,
  mean,
  Parameters,
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
  topKMask,
  transpose,
  transposeLast,
  type Value,
} from '../../tensor/index.ts';
import { type BalanceOptions, balancedAssignment } from './balanced.ts';
import { RANKING, rankingLoss } from './ranking.ts';

/** Settings of {@link QuantizedScores}. */
export interface ScoreOptions {
  readonly temperature?: number;
  readonly reconstruction?: number;
  /** Weight of the ranking by lists alone. */
  readonly listWeight?: number;
}

/** Codes and lists that documents of a batch have whatever the graph would choose, as one-hot rows. */
export interface Chosen {
  /** `[m, documents, k]`. */
  readonly chosen?: Value;
  /** `[documents, lists]`. */
  readonly list?: Value;
}

/**
 * Scores of queries against documents in coded lists, as a graph: `q' . (c + r)` of the query under its map, the centroid of the document's
 * list and the code of what is left. Without lists `c` is 0, and without residuals it only decides which lists are searched.
 * Choices of lists and codes have the gradient of a softmax over negative squared distances, or, where they are given, none,
 * and then the gradient at a coded vector is passed on to the vector itself. Also the way from and to the codec's own arrays.
 */
export class QuantizedScores {
  readonly parameters = new Parameters();
  readonly #m: number;
  readonly #k: number;
  readonly #dim: number;
  readonly #width: number;
  /** Mean squared errors: of a part of a code, and of a list's centroid. */
  readonly #spread: number;
  readonly #listSpread: number;

  /** @param centroids of lists, as the codec's transforms make vectors. @param residual whether codes are of what these leave. */
  constructor(
    codec: ChainCodec,
    private readonly centroids: Vectors | undefined,
    private readonly residual: boolean,
    private readonly options: ScoreOptions,
    sample: Vectors,
  ) {
    const quantizer = codec.quantizer as ProductQuantizer;
    const { dim, m, k } = quantizer;
    [this.#m, this.#k, this.#dim, this.#width] = [m, k, dim, dim / m];
    const learned = codec.learned();
    for (const name of ['documents', 'queries'] as const) {
      // Rows of the codec's matrices are outputs; a product from the right wants them as columns.
      this.parameters.set(`map/${name}`, transposed(learned.get(`0.${name}`)!, dim), [dim, dim]);
    }
    this.parameters.set('centroids', this.#fromCodec(learned.get('1.centroids')!), [m, k, dim / m]);
    if (centroids !== undefined) this.parameters.set('lists', centroids.data.slice(), [centroids.count, dim]);
    const mapped = codec.apply(sample);
    const nearest = centroids === undefined ? undefined : nearestRows(mapped, centroids);
    if (nearest !== undefined && residual) {
      for (let i = 0; i < mapped.data.length; i++) mapped.data[i]! -= nearest.data[i]!;
    }
    this.#spread = meanError(mapped, quantizer.decode(quantizer.encode(mapped))) / m;
    this.#listSpread = nearest === undefined ? 1 : meanError(codec.apply(sample), nearest);
  }

  loss(scope: Scope, inputs: Tensors): Tensor {
    const { temperature = RANKING.temperature, reconstruction = 0, listWeight = 1 } = this.options;
    const dim = this.#dim;
    const { queries, documents, chosen, list } = inputs;
    const parameter = (name: string, shape: number[]): Tensor =>
      scope.parameter(name, shape, given(this.parameters.get(name).data));
    const centroids = parameter('centroids', [this.#m, this.#k, this.#width]);
    const mapped = affine(documents!, parameter('map/documents', [dim, dim]));
    const asked = affine(queries!, parameter('map/queries', [dim, dim]));
    const score = (vectors: Tensor): Tensor => matmul(asked, transposeLast(vectors));
    const base = this.centroids && this.#base(mapped, parameter('lists', [this.centroids.count, dim]), list);
    const rest = base === undefined || !this.residual ? mapped : subtract(mapped, base);
    const selected = chosen ?? this.#select(this.#parts(rest), centroids);
    let coded = this.#whole(matmul(selected, centroids));
    if (base !== undefined && this.residual) coded = add(coded, base);
    // A given choice has no gradient of its own: the vector takes that of its code (RepCONC, section 4.3).
    const student = chosen === undefined ? coded : add(coded, subtract(mapped, stopGradient(mapped)));
    let loss = rankingLoss(score(student), inputs, temperature);
    if (base !== undefined) loss = add(loss, scale(rankingLoss(score(base), inputs, temperature), listWeight));
    if (reconstruction === 0) return loss;
    return add(loss, scale(mean(sum(square(subtract(coded, mapped)), 1)), reconstruction));
  }

  #base(mapped: Tensor, lists: Tensor, list: Tensor | undefined): Tensor {
    if (list !== undefined) return matmul(list, lists);
    const halves = expandDims(scale(sum(square(lists), 1), 0.5), 0);
    const nearness = scale(subtract(matmul(mapped, transposeLast(lists)), halves), 2 / this.#listSpread);
    return matmul(straightThrough(topKMask(nearness, 1), softmax(nearness)), lists);
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

  /** The balanced choice of lists and codes for a batch, under the parameters as they are. @param documents of the batch. */
  balanced(documents: Vectors, balance: BalanceOptions): Chosen {
    const { data: matrix } = this.parameters.get('map/documents');
    const mapped = rowsTimes(documents, matrix, this.#dim);
    const count = documents.count;
    let list: Value | undefined;
    if (this.centroids !== undefined) {
      const centroids = this.parameters.get('lists').data;
      const lists = this.centroids.count;
      const of = balancedAssignment(distances(mapped, centroids, 0, this.#dim), lists, balance);
      list = { data: new Float32Array(count * lists), shape: [count, lists] };
      for (let i = 0; i < count; i++) {
        (list.data as Float32Array)[i * lists + of[i]!] = 1;
        if (!this.residual) continue;
        const row = mapped.row(i);
        for (let c = 0; c < row.length; c++) row[c]! -= centroids[of[i]! * this.#dim + c]!;
      }
    }
    const [m, k, width] = [this.#m, this.#k, this.#width];
    const data = new Float32Array(m * count * k);
    const centroids = this.parameters.get('centroids').data;
    for (let j = 0; j < m; j++) {
      const part = centroids.subarray(j * k * width, (j + 1) * k * width);
      const codes = balancedAssignment(distances(mapped, part, j * width, width), k, balance);
      for (let i = 0; i < count; i++) data[(j * count + i) * k + codes[i]!] = 1;
    }
    return { chosen: { data, shape: [m, count, k] }, ...(list === undefined ? {} : { list }) };
  }

  /** Codes of documents as one-hot rows. @param codes of all documents. @param rows of those wanted. */
  oneHot(codes: Uint8Array, codeSize: number, rows: Uint32Array): Chosen {
    const [m, k] = [this.#m, this.#k];
    const data = new Float32Array(m * rows.length * k);
    for (let j = 0; j < m; j++) {
      for (let i = 0; i < rows.length; i++) {
        const at = rows[i]! * codeSize;
        const code = k === 256 ? codes[at + j]! : (codes[at + (j >> 1)]! >> (4 * (j & 1))) & 15;
        data[(j * rows.length + i) * k + code] = 1;
      }
    }
    return { chosen: { data, shape: [m, rows.length, k] } };
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

function rowsTimes(vectors: Vectors, matrix: Float32Array, dim: number): Vectors {
  return new LinearMap(transposed(matrix, dim), dim).apply(vectors);
}

function nearestRows(vectors: Vectors, centroids: Vectors): Vectors {
  return centroids.pick(new Assigner(centroids, 'l2').assign(vectors).assignment);
}

/** Mean squared distance of rows. */
function meanError(vectors: Vectors, others: Vectors): number {
  let squares = 0;
  for (let i = 0; i < vectors.data.length; i++) squares += (vectors.data[i]! - others.data[i]!) ** 2;
  return Math.max(squares / vectors.count, 1e-9);
}

/** Squared distances of a stretch of components to centroids of that width, `[rows, centroids]`. */
function distances(vectors: Vectors, centroids: Float32Array, from: number, width: number): Float32Array {
  const k = centroids.length / width;
  const out = new Float32Array(vectors.count * k);
  for (let i = 0, at = 0; i < vectors.count; i++) {
    const start = i * vectors.dim + from;
    for (let c = 0; c < k; c++, at++) {
      let sum = 0;
      for (let d = 0; d < width; d++) sum += (vectors.data[start + d]! - centroids[c * width + d]!) ** 2;
      out[at] = sum;
    }
  }
  return out;
}
