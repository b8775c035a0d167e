import { BitSet } from '../../base/bits.ts';
import type { Random } from '../../base/random.ts';
import type { Vectors } from '../../base/vectors.ts';
import type { Encoder } from '../../encode/encoder.ts';
import { dot } from '../../math/index.ts';
import type { PipelineInput, Retriever } from '../../search/index.ts';
import type { Batch } from '../../tensor/index.ts';
import { mineNegatives } from '../miner.ts';
import { distinctBatches, type SampledBatch } from '../samplers.ts';
import { passagesFound, rank, type TuneCorpus } from './corpus.ts';
import type { TuneExample } from './examples.ts';
import type { BatchItem, Learner } from './learners.ts';
import { remembered } from './remembered.ts';

/** Items to train on, with what a batch needs besides. */
export interface TrainingSet {
  readonly items: readonly BatchItem[];
  /** The arrays of a batch of items, with `exclude` and, for distillation, `teacher`. */
  batch(learner: Learner, items: SampledBatch): Batch;
}

/** How a training set is made. */
export interface TrainingSetOptions {
  readonly negatives: number;
  readonly mine: 'bm25' | 'dense';
  readonly distill: boolean;
  /** What is distilled. */
  readonly teacher: PipelineInput;
  readonly signal?: AbortSignal;
}

/** Of several passages of a relevant document, the one nearest to the query stands for it. */
export async function trainingSet(
  corpus: TuneCorpus,
  examples: readonly TuneExample[],
  base: Encoder,
  { negatives, mine, distill, teacher: pipeline, signal }: TrainingSetOptions,
): Promise<TrainingSet> {
  const texts = examples.map(({ query }) => query);
  const vectors = await base.encode(texts, { role: 'query', ...(signal === undefined ? {} : { signal }) });
  const positives = examples.map(({ relevant }) => new Set(relevant.flatMap((id) => corpus.passagesOf(id))));
  const mined = await minedFor(corpus, examples, positives, vectors, negatives, mine, signal);
  const teacher = distill ? await teacherScores(corpus, examples, pipeline, base, positives) : undefined;
  const items = examples.flatMap(({ relevant, negatives: given = [] }, query) =>
    relevant.flatMap((id): BatchItem[] => {
      const passages = corpus.passagesOf(id);
      if (passages.length === 0) return [];
      const positive = passages.reduce((a, b) =>
        dot(vectors.row(query), corpus.vectors.row(b)) > dot(vectors.row(query), corpus.vectors.row(a)) ? b : a,
      );
      const own = [...given.flatMap((other) => corpus.passagesOf(other).slice(0, 1)), ...mined[query]!];
      return [{ query, positive, negatives: own.slice(0, negatives) }];
    }),
  );
  return {
    items,
    batch(learner, chosen) {
      const batch = chosen.map((i) => items[i]!);
      const queries = batch.map(({ query }) => query);
      // Every batch has the same number of passages: where one query has fewer negatives, others' stand in twice.
      const extra = batch.flatMap((item) => item.negatives);
      const wanted = batch.length * negatives;
      const filled = Array.from({ length: extra.length === 0 ? 0 : wanted }, (_, i) => extra[i % extra.length]!);
      const passages = [...batch.map(({ positive }) => positive), ...filled];
      const shape = [queries.length, passages.length];
      const exclude = new Float32Array(shape[0]! * shape[1]!);
      const scores = teacher === undefined ? undefined : new Float32Array(exclude.length);
      const seen = new Map<number, number>();
      passages.forEach((passage, column) => {
        const isCopy = seen.has(passage);
        seen.set(passage, column);
        queries.forEach((query, row) => {
          const at = row * passages.length + column;
          if (isCopy || positives[query]!.has(passage)) exclude[at] = 1;
          if (scores !== undefined) scores[at] = teacher![query]!.get(passage) ?? 0;
        });
      });
      return {
        ...learner.batch(queries, passages),
        exclude: { data: exclude, shape },
        ...(scores === undefined ? {} : { teacher: { data: scores, shape } }),
      };
    },
  };
}

/** An epoch: no two items of a batch share a query or a passage. */
export function batchesOf({ items }: TrainingSet, size: number, random: Random): SampledBatch[] {
  const keys = items.map(({ query, positive }) => [`q${query}`, `p${positive}`]);
  return distinctBatches(keys, size, random);
}

async function minedFor(
  corpus: TuneCorpus,
  examples: readonly TuneExample[],
  positives: readonly ReadonlySet<number>[],
  vectors: Vectors,
  count: number,
  mine: 'bm25' | 'dense',
  signal: AbortSignal | undefined,
): Promise<number[][]> {
  const mined: number[][] = examples.map(() => []);
  if (count === 0) return mined;
  // Only passages that are relevant to some other query: one that is nothing but a negative throughout would be pushed
  // away from every query, and lost to the queries that come later.
  const roles = new Set(positives.flatMap((numbers) => [...numbers]));
  const allowed = new BitSet(corpus.snapshot.passageSpace);
  for (const number of roles) allowed.add(corpus.ordinals[number]!);
  const dense = mine === 'dense' ? rank(vectors, corpus.vectors, signal) : [];
  let at = 0;
  const retriever: Retriever =
    mine === 'bm25'
      ? (query, params) => corpus.lexical(query, { ...params, allowed })
      : async () => ({
          hits: dense[at++]!.filter(({ id }) => roles.has(id)).map(({ id, score }) => ({
            passage: corpus.ordinals[id]!,
            score,
          })),
          trace: { stage: 'dense', tookMs: 0, examined: corpus.count, returned: 0 },
        });
  const queries = examples.map(({ query }, i) => ({
    text: query,
    positives: new Set(Array.from(positives[i]!, (number) => corpus.ordinals[number]!)),
  }));
  const options = {
    retriever,
    count,
    // Scores of vectors say how near a candidate is to the positive; BM25's do not.
    ...(mine === 'dense' ? { keepBelow: { share: 0.95 } } : {}),
    ...(signal === undefined ? {} : { signal }),
  };
  for await (const { query, negatives } of mineNegatives(queries, options)) {
    mined[query] = negatives.flatMap((ordinal) => corpus.numberOf(ordinal) ?? []);
  }
  return mined;
}

/** The pipeline's scores of the passages that it ranks, from 0 for the last to 1 for the first; positives have 1, others are not kept. */
async function teacherScores(
  corpus: TuneCorpus,
  examples: readonly TuneExample[],
  pipeline: PipelineInput,
  base: Encoder,
  positives: readonly ReadonlySet<number>[],
): Promise<Map<number, number>[]> {
  const live = corpus.reencoded(remembered(base), corpus.vectors);
  const queries = examples.map(({ query }) => query);
  const found = await passagesFound(live, pipeline, corpus.environment, queries);
  return found.map((ranking, query) => {
    const best = ranking[0]?.score ?? 1;
    const range = best - (ranking.at(-1)?.score ?? 0) || 1;
    const scores = new Map<number, number>();
    for (const { passage, score } of ranking) {
      const number = corpus.numberOf(passage);
      if (number !== undefined) scores.set(number, 1 - (best - score) / range);
    }
    for (const number of positives[query]!) scores.set(number, 1);
    return scores;
  });
}
