import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import type { Vectors } from '../../base/vectors.ts';
import { exactTop } from '../../math/index.ts';
import {
  add,
  logSoftmax,
  matmul,
  mean,
  multiply,
  negate,
  scale,
  softmax,
  stopGradient,
  sum,
  type Tensor,
  type Tensors,
  transposeLast,
  type Value,
} from '../../tensor/index.ts';
import { listNet } from '../objectives/index.ts';

/** What codes learn to rank by. */
export interface RankingOptions {
  /** Queries of a batch. Default 32. */
  readonly queries?: number;
  /** Documents drawn for each query from the teacher's best; all of a batch are candidates of all its queries. Default 20. */
  readonly candidates?: number;
  /** As deep the teacher's ranking is drawn from; the first half of the candidates are its very best. Default 100. */
  readonly depth?: number;
  /** Of both softmaxes, in units of the score; smaller looks more at the top. Default 0.02. */
  readonly temperature?: number;
  /**
   * Rows of the documents that are relevant, for each query; where it has some, they are what is to be ranked first, and the
   * teacher's best others are hard negatives (the ranking loss of RepCONC, JPQ and BiDR). Queries without any are passed over.
   * Default: none, everything is learned from the exact ranking (Distill-VQ).
   */
  readonly labels?: readonly ArrayLike<number>[];
  /**
   * How much labels count against the exact ranking, above 0 up to 1. Below 1, half of a batch are queries with labels, which learn
   * the mixture of both, and the other half learn the ranking alone: labels of a part of the documents do not spoil the rest. Default 1.
   */
  readonly labelWeight?: number;
}

export const RANKING = { queries: 32, candidates: 20, depth: 100, temperature: 0.02 } as const;

/** A batch: rows of queries and documents, and what a graph is given of them. */
export interface RankingBatch {
  readonly documents: Uint32Array;
  readonly inputs: Record<string, Value>;
}

/** Draws batches of queries with their candidates, from the teacher's ranking and labels. */
export class RankingBatches {
  readonly #best: readonly Uint32Array[];
  readonly #random: Random;
  readonly #size: number;
  readonly #candidates: number;
  readonly #labels: readonly ReadonlySet<number>[] | undefined;
  /** Queries that are drawn: all, or those with labels. */
  readonly #drawn: Uint32Array;
  readonly #labelWeight: number;

  /** @throws InvalidArgumentError for fewer queries than a batch, and for labels that name no document. */
  constructor(
    private readonly documents: Vectors,
    private readonly queries: Vectors,
    options: RankingOptions,
    seed: number,
  ) {
    const { depth = RANKING.depth, labels, labelWeight = 1 } = options;
    this.#size = options.queries ?? RANKING.queries;
    this.#candidates = options.candidates ?? RANKING.candidates;
    if (queries.count < this.#size || documents.count < this.#candidates) {
      throw new InvalidArgumentError(
        `${queries.count} queries and ${documents.count} documents are too few for batches of ${this.#size} with ${this.#candidates} candidates each.`,
        'Give more of them, or make batches smaller.',
      );
    }
    if (!(labelWeight > 0 && labelWeight <= 1)) {
      throw new InvalidArgumentError(`Labels have the weight ${labelWeight}.`, 'Give a number above 0, at most 1.');
    }
    this.#labelWeight = labelWeight;
    if (labels !== undefined) {
      const wrong = labels.findIndex((rows) => Array.from(rows).some((row) => !(row >= 0 && row < documents.count)));
      if (labels.length !== queries.count || wrong >= 0) {
        throw new InvalidArgumentError(
          wrong >= 0
            ? `The labels of query ${wrong} name a document that is not there.`
            : `There are labels of ${labels.length} queries, and ${queries.count} queries.`,
          'Give one list of document rows for each query.',
        );
      }
      this.#labels = labels.map((rows) => new Set(Array.from(rows)));
    }
    this.#drawn = Uint32Array.from({ length: queries.count }, (_, query) => query);
    if (this.#labels !== undefined) this.#drawn = this.#drawn.filter((query) => this.#labels![query]!.size > 0);
    if (this.#drawn.length === 0) throw new InvalidArgumentError('No query has a label.', 'Leave labels out.');
    this.#random = new Random(seed);
    this.#best = exactTop(documents, queries, Math.min(depth, documents.count));
  }

  next(): RankingBatch {
    const random = this.#random;
    const { dim } = this.documents;
    const mixed = this.#labels !== undefined && this.#labelWeight < 1;
    const queries = Uint32Array.from({ length: this.#size }, (_, i) =>
      mixed && i % 2 === 1 ? random.below(this.queries.count) : this.#drawn[random.below(this.#drawn.length)]!,
    );
    const documents = new Uint32Array(this.#size * this.#candidates);
    queries.forEach((query, i) => {
      documents.set(this.#candidatesOf(query), i * this.#candidates);
    });
    return {
      documents,
      inputs: {
        queries: { data: this.queries.pick(queries).data, shape: [queries.length, dim] },
        documents: { data: this.documents.pick(documents).data, shape: [documents.length, dim] },
        ...(this.#labels === undefined ? {} : { target: this.#target(queries, documents) }),
        ...(mixed ? { ranked: this.#ranked(queries) } : {}),
      },
    };
  }

  /** A relevant one if there is any; half from the very top, half from the rest of the depth. */
  #candidatesOf(query: number): Uint32Array {
    const random = this.#random;
    const known = this.#labels?.[query];
    const labels = known === undefined || known.size === 0 ? undefined : known;
    const best = this.#best[query]!;
    const list = labels === undefined ? best : best.filter((row) => !labels.has(row));
    const chosen = new Uint32Array(this.#candidates);
    const first = labels === undefined ? 0 : 1;
    if (first === 1) chosen[0] = [...labels!][random.below(labels!.size)]!;
    const sure = this.#candidates >> 1;
    for (let c = first; c < chosen.length; c++) {
      const rank = c < sure || list.length <= chosen.length ? c % list.length : sure + random.below(list.length - sure);
      chosen[c] = list[rank]!;
    }
    return chosen;
  }

  /** What the exact ranking counts for each query, beside its labels. */
  #ranked(queries: Uint32Array): Value {
    const data = Float32Array.from(queries, (query) => (this.#labels![query]!.size > 0 ? 1 - this.#labelWeight : 1));
    return { data, shape: [queries.length, 1] };
  }

  /** The distribution that scores are to have: even over all relevant documents of the batch. */
  #target(queries: Uint32Array, documents: Uint32Array): Value {
    const data = new Float32Array(queries.length * documents.length);
    queries.forEach((query, i) => {
      const row = data.subarray(i * documents.length, (i + 1) * documents.length);
      let known = 0;
      documents.forEach((document, j) => {
        if (this.#labels![query]!.has(document)) {
          row[j] = 1;
          known++;
        }
      });
      if (known > 0) for (let j = 0; j < row.length; j++) row[j]! *= this.#labelWeight / known;
    });
    return { data, shape: [queries.length, documents.length] };
  }
}

/**
 * ListNet between exact inner products and the student's scores, cross-entropy with a target, or both.
 * @param student `[queries, documents]`. @param target rows of sum 1, or less where the ranking counts as well. @param ranked the rest of each row.
 */
export function rankingLoss(
  student: Tensor,
  { queries, documents, target, ranked }: Tensors,
  temperature: number,
): Tensor {
  const scores = scale(student, 1 / temperature);
  const teacher = scale(stopGradient(matmul(queries!, transposeLast(documents!))), 1 / temperature);
  if (target === undefined) return listNet(scores, teacher);
  const wanted = ranked === undefined ? target : add(target, multiply(softmax(teacher), ranked));
  return negate(mean(sum(multiply(wanted, logSoftmax(scores)), 1)));
}
