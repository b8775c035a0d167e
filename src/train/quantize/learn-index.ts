import { InvalidArgumentError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { Vectors } from '../../base/vectors.ts';
import { type ChainCodec, createCodec } from '../../codec/index.ts';
import { drawn, ownQueries, passagesWithVectors } from '../../collection/planning.ts';
import type { Encoder } from '../../encode/encoder.ts';
import {
  type Comparison,
  compareSystems,
  evaluate,
  type Judgements,
  mean,
  type RankedList,
  splitByDocuments,
} from '../../eval/index.ts';
import { exactTop, greatest, LinearMap } from '../../math/index.ts';
import type { Snapshot } from '../../store/types.ts';
import type { Runtime } from '../../tensor/index.ts';
import { distillCodec } from './distill-codec.ts';

/** Options of {@link learnIndex}. */
export interface LearnIndexOptions {
  readonly runtime: Runtime;
  /** Bytes of a vector's code; must divide its dimension. */
  readonly bytes: number;
  /** Texts that people search for. Default: titles and sentences of the collection itself. */
  readonly queries?: readonly string[];
  /** How many titles and sentences are drawn where no queries are given. Default 4000. */
  readonly queryCount?: number;
  /** Judged queries, for nDCG beside recall: texts by id, and judgements. */
  readonly judged?: {
    readonly queries: ReadonlyMap<string, string>;
    readonly judgements: Judgements;
    /**
     * Learn from them as well: three fifths are labels of a fourth codec, `labelled`, which goes on from the learned one; one fifth
     * chooses among all four by nDCG@10, and nDCG is reported on the last fifth. The three parts share no relevant document, where that is
     * possible: a code can learn by heart which documents are asked for. Default false: they are never learned from.
     */
    readonly learn?: boolean;
  };
  /** Updates of the learned codec. Default 600. */
  readonly steps?: number;
  /** Peak learning rate, greater than 0. Default 0.0003: of those that `distill-vq` tries, the best on `minilm` and near the best elsewhere. */
  readonly learningRate?: number;
  /** Vectors that are learned from and measured on, drawn at random from larger collections. Default 50,000. */
  readonly sample?: number;
  /** Default 1234. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string) => void;
}

/** A codec that was tried. */
export interface CodecTrial {
  /** `PQ`, `OPQ`, `learned` or `labelled`. */
  readonly name: string;
  /** A specification for `rebuild`. */
  readonly spec: string;
  readonly bytes: number;
  /** recall@10 of exact search, on the queries that choose and on those that only confirm. */
  readonly choosing: number;
  readonly confirming: number;
  /** nDCG@10 by the judgements, where there are some; of held-out queries where others are learned from. */
  readonly ndcg?: number;
  /** nDCG@10 on the judged queries that choose, where judgements are learned from. */
  readonly choosingNdcg?: number;
  readonly codec: ChainCodec;
}

/**
 * The specification to deploy a trial by: with `refine`, the best candidates are scored again by the full vectors. Labels teach another
 * order than that of the vectors, which this would undo: `labelled` is deployed as it is.
 */
export function specOf({ name, spec }: Pick<CodecTrial, 'name' | 'spec'>, refine: boolean): string {
  return refine && name !== 'labelled' ? `${spec},refine:full` : spec;
}

/** What {@link learnIndex} found. */
export interface LearnedIndex {
  readonly vectors: number;
  readonly queries: { readonly learning: number; readonly choosing: number; readonly confirming: number };
  readonly trials: readonly CodecTrial[];
  /** Judged queries that labels were of, that chose and that nDCG is of; judged documents that the collection lacks. */
  readonly judged?: {
    readonly learning: number;
    readonly choosing: number;
    readonly confirming: number;
    readonly missingDocuments: number;
    /** Whether labels are of other documents than the queries that choose and confirm. */
    readonly disjoint: boolean;
  };
  /** The trial of greatest recall on the choosing queries, or of greatest nDCG where judgements are learned from. */
  readonly best: CodecTrial;
  /** The learned codec against the better of the others, on the confirming queries. */
  readonly comparison: Comparison;
  /** `labelled` against `learned` by nDCG@10, on the judged queries that only confirm; where judgements are learned from. */
  readonly labelComparison?: Comparison;
  /** nDCG@10 of the vectors themselves, where there are judgements. */
  readonly exactNdcg?: number;
}

const DEFAULTS = { queryCount: 4000, steps: 600, learningRate: 3e-4, sample: 50_000, seed: 1234 } as const;
const TOP = 10;
/** Of labels against the exact ranking. */
const LABEL_WEIGHT = 0.5;
/** Of the judged queries that are labels, that choose and that confirm. */
const SHARES = [0.6, 0.2, 0.2];
const STEP = 4096;
/** Least queries in each of the parts that choose and confirm. */
const LEAST = 50;

/**
 * Learns a product code for a collection's own vectors from the ranking that its full vectors give, and compares it at equal bytes
 * with those learned for reconstruction. Three fifths of the queries are learned from; one fifth chooses the best; the last
 * fifth only confirms, so that the reported figures are of queries that nothing was fitted to. Changes nothing.
 *
 * @throws InvalidArgumentError for a collection without vectors, bytes that do not divide the dimension, and too few queries.
 */
export async function learnIndex(
  snapshot: Snapshot,
  encoder: Encoder,
  options: LearnIndexOptions,
): Promise<LearnedIndex> {
  const { bytes, seed = DEFAULTS.seed, signal, onProgress, runtime } = options;
  const { steps = DEFAULTS.steps, learningRate = DEFAULTS.learningRate } = options;
  const { dim } = snapshot.settings;
  checkBytes(bytes, dim);
  const random = new Random(seed);
  const passages = drawn(passagesWithVectors(snapshot), options.sample ?? DEFAULTS.sample, random);
  onProgress?.(`reading ${passages.length} vectors`);
  const documents = readVectors(snapshot, passages, signal);
  const texts = options.queries ?? ownQueries(snapshot, passages, options.queryCount ?? DEFAULTS.queryCount, random);
  if (texts.length < 5 * LEAST || passages.length < 256) {
    throw new InvalidArgumentError(
      `${texts.length} queries and ${passages.length} vectors are too few to learn from.`,
      `Give at least ${5 * LEAST} queries, and index at least 256 passages.`,
    );
  }
  onProgress?.(`encoding ${texts.length} queries`);
  const encode = (inputs: readonly string[]): Promise<Vectors> =>
    encoder.encode(inputs, { role: 'query', ...(signal === undefined ? {} : { signal }) });
  const queries = await encode(random.shuffle([...texts]));
  const [learning, choosing] = [Math.floor(queries.count * 0.6), Math.floor(queries.count * 0.8)];
  const parts = {
    learning: queries.slice(0, learning),
    choosing: queries.slice(learning, choosing),
    confirming: queries.slice(choosing, queries.count),
  };
  const truth = {
    choosing: exactTop(documents, parts.choosing, TOP),
    confirming: exactTop(documents, parts.confirming, TOP),
  };
  const judged =
    options.judged === undefined
      ? undefined
      : await prepare(snapshot, passages, documents, options.judged, encode, random);

  const trials: CodecTrial[] = [];
  const perQuery = new Map<string, Float64Array>();
  const perJudged = new Map<string, Float64Array>();
  const labels = judged?.labels;
  for (const [name, spec] of [
    ['PQ', `pq${bytes}x8`],
    ['OPQ', `opq,pq${bytes}x8`],
    ['learned', `dual,pq${bytes}x8`],
    ...(labels === undefined ? [] : [['labelled', `dual,pq${bytes}x8`] as const]),
  ] as const) {
    signal?.throwIfAborted();
    onProgress?.(`learning ${spec}`);
    const training = { seed, ...(signal === undefined ? {} : { signal }) };
    let codec = createCodec(spec, dim);
    if (name === 'learned' || name === 'labelled') {
      const from = name === 'learned' ? undefined : labels;
      const report = (done: number): void =>
        onProgress?.(
          `learning ${spec} from ${from === undefined ? 'rankings' : 'labels'}, ${Math.round(100 * done)} %`,
        );
      codec = await distillCodec(
        documents,
        from === undefined ? parts.learning : Vectors.concat([from.queries, parts.learning]),
        {
          ...training,
          runtime,
          quantizer: `pq${bytes}x8`,
          steps,
          learningRate,
          temperature: 0.05,
          onProgress: report,
          ...(from === undefined
            ? {}
            : {
                labels: [...from.rows, ...Array.from({ length: parts.learning.count }, () => [])],
                labelWeight: LABEL_WEIGHT,
                start: trials.at(-1)!.codec,
              }),
        },
      );
    } else await codec.train(documents, training);
    const codes = codec.encode(documents);
    const scores = new Float32Array(documents.count);
    const rank = (query: Float32Array): Float32Array => {
      codec.scorer(query).score(codes, documents.count, scores);
      return scores;
    };
    const recalls = (part: 'choosing' | 'confirming'): Float64Array =>
      Float64Array.from({ length: parts[part].count }, (_, q) => {
        const found = greatest(rank(parts[part].row(q)), TOP);
        return found.filter((row) => truth[part][q]!.includes(row)).length / truth[part][q]!.length;
      });
    const confirming = recalls('confirming');
    perQuery.set(name, confirming);
    if (judged !== undefined) perJudged.set(name, judged.ndcg(rank, 'confirming'));
    trials.push({
      name,
      spec,
      bytes,
      choosing: mean(recalls('choosing')),
      confirming: mean(confirming),
      ...(judged === undefined ? {} : { ndcg: mean(perJudged.get(name)!) }),
      ...(labels === undefined ? {} : { choosingNdcg: mean(judged!.ndcg(rank, 'choosing')) }),
      codec: codec as ChainCodec,
    });
  }
  const others = trials.filter(({ name }) => name === 'PQ' || name === 'OPQ');
  const rival = others.reduce((a, b) => (b.choosing > a.choosing ? b : a));
  const comparison = against(rival.name, 'learned', perQuery, 'recall@10', seed);
  return {
    vectors: documents.count,
    queries: { learning, choosing: choosing - learning, confirming: queries.count - choosing },
    trials,
    best: trials.reduce((a, b) => ((b.choosingNdcg ?? b.choosing) > (a.choosingNdcg ?? a.choosing) ? b : a)),
    comparison,
    ...(labels === undefined ? {} : { labelComparison: against('learned', 'labelled', perJudged, 'ndcg@10', seed) }),
    ...(judged === undefined
      ? {}
      : { exactNdcg: mean(judged.ndcg(exactScores(documents), 'confirming')), judged: judged.counts }),
  };
}

/** A paired test of two trials by their figures query by query. */
function against(
  baseline: string,
  system: string,
  values: ReadonlyMap<string, Float64Array>,
  metric: string,
  seed: number,
): Comparison {
  const queries = Array.from(values.get(system)!, (_, i) => String(i));
  const [comparison] = compareSystems(
    [baseline, system].map((name) => ({ name, queries, values: () => values.get(name)! })),
    { metrics: [metric], seed },
  );
  return comparison!;
}

function readVectors(snapshot: Snapshot, passages: Uint32Array, signal: AbortSignal | undefined): Vectors {
  const vectors = Vectors.zeros(passages.length, snapshot.settings.dim);
  for (let from = 0; from < passages.length; from += STEP) {
    signal?.throwIfAborted();
    const some = passages.subarray(from, from + STEP);
    snapshot.readVectors(some, vectors.slice(from, from + some.length).data as Float32Array<ArrayBuffer>);
  }
  return vectors;
}

/** Inner products with all documents. */
function exactScores(documents: Vectors): (query: Float32Array) => Float32Array {
  const products = new LinearMap(documents.data, documents.dim);
  return (query) => products.apply(new Vectors(query, documents.dim)).data;
}

interface Judged {
  /** nDCG@10 of each judged query that chooses, or that only confirms. */
  ndcg(rank: (query: Float32Array) => Float32Array, part: 'choosing' | 'confirming'): Float64Array;
  /** Queries to learn from, and for each the best passage of every relevant document. */
  readonly labels?: { readonly queries: Vectors; readonly rows: readonly number[][] };
  readonly counts: NonNullable<LearnedIndex['judged']>;
}

/** Encodes judged queries once; documents are ranked by their best passage. */
async function prepare(
  snapshot: Snapshot,
  passages: Uint32Array,
  documents: Vectors,
  { queries, judgements, learn = false }: NonNullable<LearnIndexOptions['judged']>,
  encode: (texts: readonly string[]) => Promise<Vectors>,
  random: Random,
): Promise<Judged> {
  const known = [...queries.keys()].filter((id) => judgements.has(id));
  if (known.length === 0) {
    throw new InvalidArgumentError('None of the queries is judged.', 'Give queries and judgements of the same ids.');
  }
  const owners = Array.from(passages, (passage) => snapshot.document(snapshot.passage(passage).document).id);
  const rowsOf = new Map<string, number[]>();
  owners.forEach((id, row) => {
    const rows = rowsOf.get(id);
    if (rows === undefined) rowsOf.set(id, [row]);
    else rows.push(row);
  });
  const judgedDocuments = new Set(known.flatMap((id) => [...judgements.get(id)!.keys()]));
  const missingDocuments = [...judgedDocuments].filter((id) => snapshot.findDocument(id) === undefined).length;
  if (learn && known.length < 5 * LEAST) {
    throw new InvalidArgumentError(
      `${known.length} judged queries are too few to learn from and to judge by.`,
      `Give at least ${5 * LEAST}, or learn from rankings alone.`,
    );
  }
  if (learn && missingDocuments === judgedDocuments.size) {
    throw new InvalidArgumentError(
      `None of the ${missingDocuments} judged documents is in the collection.`,
      'Give judgements of its own document ids; `sagitta search --json` shows them.',
    );
  }
  const byDocuments = learn ? splitByDocuments(known, judgements, SHARES, random.below(1 << 30)) : [[], [], known];
  const disjoint = !learn || byDocuments.every((part) => part.length >= LEAST);
  const ids = disjoint ? byDocuments.flat() : random.shuffle([...known]);
  const learning = disjoint ? byDocuments[0]!.length : Math.floor(ids.length * 0.6);
  const choosing = disjoint ? learning + byDocuments[1]!.length : Math.floor(ids.length * 0.8);
  const vectors = await encode(ids.map((id) => queries.get(id)!));
  const bounds = { choosing: [learning, choosing], confirming: [choosing, ids.length] } as const;
  const exact = exactScores(documents);
  const rows = ids.slice(0, learning).map((id, q) => {
    const scores = exact(vectors.row(q));
    return [...judgements.get(id)!].flatMap(([document, grade]) => {
      const own = grade > 0 ? rowsOf.get(document) : undefined;
      return own === undefined ? [] : [own.reduce((a, b) => (scores[b]! > scores[a]! ? b : a))];
    });
  });
  return {
    ndcg: (rank, part) => {
      const run = new Map<string, RankedList>();
      const [from, to] = bounds[part];
      for (let i = from; i < to; i++) {
        const scores = rank(vectors.row(i));
        const best = new Map<string, number>();
        for (const row of greatest(scores, 10 * TOP)) {
          if (!best.has(owners[row]!)) best.set(owners[row]!, scores[row]!);
        }
        run.set(ids[i]!, { ids: [...best.keys()], scores: [...best.values()] });
      }
      const asked = new Map([...judgements].filter(([id]) => run.has(id)));
      return evaluate(run, asked, { metrics: ['ndcg@10'], pooled: false }).values('ndcg@10');
    },
    ...(learn ? { labels: { queries: vectors.slice(0, learning), rows } } : {}),
    counts: { learning, choosing: choosing - learning, confirming: ids.length - choosing, missingDocuments, disjoint },
  };
}

function checkBytes(bytes: number, dim: number): void {
  if (dim > 0 && Number.isInteger(bytes) && bytes >= 1 && dim % bytes === 0 && bytes <= dim) return;
  const fitting = [4, 8, 12, 16, 24, 32, 48, 64, 96].filter((size) => dim > 0 && dim % size === 0);
  throw new InvalidArgumentError(
    dim === 0
      ? 'This collection has no embeddings, so there is nothing to learn an index for.'
      : `${bytes} bytes do not divide vectors of ${dim} components.`,
    dim === 0 ? 'Index again into a new collection with an encoder.' : `Give one of ${fitting.join(', ')}.`,
  );
}
