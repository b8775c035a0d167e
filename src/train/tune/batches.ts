import { BitSet } from '../../base/bits.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { Random } from '../../base/random.ts';
import type { Vectors } from '../../base/vectors.ts';
import type { Encoder } from '../../encode/encoder.ts';
import { dot } from '../../math/index.ts';
import type { PipelineInput, Retriever } from '../../search/index.ts';
import type { Batch, FitData } from '../../tensor/index.ts';
import { type Consistency, consistentPairs } from '../consistency.ts';
import { type Curriculum, curriculumTemperature, drawNegatives } from '../curriculum.ts';
import { mineNegatives } from '../miner.ts';
import { distinctBatches, type SampledBatch } from '../samplers.ts';
import { passagesFound, rank, type TuneCorpus } from './corpus.ts';
import type { TuneExample } from './examples.ts';
import type { Learner } from './learners.ts';
import { remembered } from './remembered.ts';

/** A query with one of its passages, by their numbers. */
interface Pair {
  readonly query: number;
  readonly positive: number;
}

/** Pairs to train on, with what a batch needs besides. */
export interface TrainingSet {
  readonly pairs: readonly Pair[];
  /** Pairs that were left out. */
  readonly inconsistent: number;
  /** The arrays of a batch of pairs, with `exclude` and, for distillation, `teacher`. @param moment of training, for what is drawn then. */
  batch(learner: Learner, pairs: SampledBatch, moment: Moment): Batch;
}

interface Moment {
  /** From 0 to 1. */
  readonly progress: number;
  readonly random: Random;
}

/** How a training set is made. */
export interface TrainingSetOptions {
  readonly negatives: number;
  readonly mine: 'bm25' | 'dense';
  readonly consistency: Consistency | undefined;
  readonly curriculum: Curriculum | undefined;
  readonly distill: boolean;
  /** What is distilled. */
  readonly teacher: PipelineInput;
  readonly signal: AbortSignal | undefined;
}

/** Pairs below which there is nothing to train on: with the fewest queries that are taken there are as many. */
const FEWEST_PAIRS = 8;
/** Passages of a query that negatives are drawn from. */
const CANDIDATES = 100;

/**
 * Of several passages of a relevant document, the one nearest to the query stands for it.
 * @throws InvalidArgumentError where too few pairs are consistent.
 */
export async function trainingSet(
  corpus: TuneCorpus,
  examples: readonly TuneExample[],
  base: Encoder,
  { negatives: count, mine, consistency, curriculum, distill, teacher: pipeline, signal }: TrainingSetOptions,
): Promise<TrainingSet> {
  const texts = examples.map(({ query }) => query);
  const vectors = await base.encode(texts, { role: 'query', ...given({ signal }) });
  const positives = examples.map(({ relevant }) => new Set(relevant.flatMap((id) => corpus.passagesOf(id))));
  const answers = [...new Set(positives.flatMap((numbers) => [...numbers]))];
  const cosine = (query: number, passage: number) => dot(vectors.row(query), corpus.vectors.row(passage));
  const all = examples.flatMap(({ relevant }, query) =>
    relevant.flatMap((id): Pair[] => {
      const passages = corpus.passagesOf(id);
      if (passages.length === 0) return [];
      return [{ query, positive: passages.reduce((a, b) => (cosine(query, b) > cosine(query, a) ? b : a)) }];
    }),
  );
  const pairs =
    consistency === undefined ? all : consistent(all, corpus, answers, positives, vectors, { ...consistency, signal });
  const mined = await minedFor(corpus, examples, positives, answers, vectors, {
    count: curriculum === undefined || count === 0 ? count : CANDIDATES,
    mine,
    signal,
  });
  const hardness =
    curriculum === undefined ? [] : mined.map((own, query) => own.map((passage) => cosine(query, passage)));
  const teacher = distill ? await teacherScores(corpus, examples, pipeline, base, positives) : undefined;
  const known = examples.map(({ negatives = [] }) => negatives.flatMap((id) => corpus.passagesOf(id).slice(0, 1)));
  const negativesOf = (query: number, { progress, random }: Moment): number[] => {
    const own = known[query]!;
    if (curriculum === undefined) return [...own, ...mined[query]!].slice(0, count);
    const temperature = curriculumTemperature(progress, curriculum);
    const places = drawNegatives(hardness[query]!, count, temperature, random);
    return [...own, ...places.map((place) => mined[query]![place]!)].slice(0, count);
  };
  return {
    pairs,
    inconsistent: all.length - pairs.length,
    batch(learner, chosen, moment) {
      const batch = chosen.map((i) => pairs[i]!);
      const queries = batch.map(({ query }) => query);
      // Every batch has the same number of passages: where one query has fewer negatives, others' stand in twice.
      const extra = queries.flatMap((query) => negativesOf(query, moment));
      const wanted = batch.length * count;
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

/** Epochs of a run: no two pairs of a batch share a query or a passage. */
export function batchesOf(
  set: TrainingSet,
  learner: Learner,
  { size, epochs, seed }: { readonly size: number; readonly epochs: number; readonly seed: number },
): FitData {
  const keys = set.pairs.map(({ query, positive }) => [`q${query}`, `p${positive}`]);
  const { length: steps } = distinctBatches(keys, size, new Random(seed));
  return {
    steps,
    epoch: (random, epoch) => {
      const batches = distinctBatches(keys, size, random);
      const own = random.uint32();
      // Each step has random numbers of its own, so that a run may be taken up at any.
      return (step) =>
        set.batch(learner, batches[step % batches.length]!, {
          progress: (epoch + step / steps) / epochs,
          random: new Random(own + step),
        });
    },
  };
}

/** The pairs that the collection's encoder confirms, among the passages of all documents that answer some query. */
function consistent(
  pairs: readonly Pair[],
  corpus: TuneCorpus,
  answers: readonly number[],
  positives: readonly ReadonlySet<number>[],
  vectors: Vectors,
  options: Consistency & { readonly signal: AbortSignal | undefined },
): Pair[] {
  const rows = new Map(answers.map((number, row) => [number, row]));
  const own = positives.map((numbers) => Array.from(numbers, (number) => rows.get(number)!));
  const { signal, ...conditions } = options;
  const confirmed = consistentPairs(vectors, corpus.vectors.pick(answers), own, {
    ...conditions,
    ...given({ signal }),
  }).map((kept) => new Set(kept));
  const kept = pairs.filter(({ query, positive }) => confirmed[query]!.has(rows.get(positive)!));
  if (kept.length >= FEWEST_PAIRS) return kept;
  throw new InvalidArgumentError(
    `${kept.length} of ${pairs.length} pairs of training are consistent, too few to learn from.`,
    'Allow a greater rank or a smaller score, or train on all pairs.',
  );
}

/**
 * Negatives of each query, the hardest first. Only passages that are relevant to some other query: one that is nothing but a negative
 * throughout would be pushed away from every query, and lost to the queries that come later.
 */
async function minedFor(
  corpus: TuneCorpus,
  examples: readonly TuneExample[],
  positives: readonly ReadonlySet<number>[],
  answers: readonly number[],
  vectors: Vectors,
  { count, mine, signal }: Pick<TrainingSetOptions, 'mine' | 'signal'> & { readonly count: number },
): Promise<number[][]> {
  const mined: number[][] = examples.map(() => []);
  if (count === 0) return mined;
  const allowed = new BitSet(corpus.snapshot.passageSpace);
  for (const number of answers) allowed.add(corpus.ordinals[number]!);
  const dense = mine === 'dense' ? rank(vectors, corpus.vectors.pick(answers), signal) : [];
  let at = 0;
  const retriever: Retriever =
    mine === 'bm25'
      ? (query, params) => corpus.lexical(query, { ...params, allowed })
      : async () => ({
          hits: dense[at++]!.map(({ id, score }) => ({ passage: corpus.ordinals[answers[id]!]!, score })),
          trace: { stage: 'dense', tookMs: 0, examined: answers.length, returned: 0 },
        });
  const queries = examples.map(({ query }, i) => ({
    text: query,
    positives: new Set(Array.from(positives[i]!, (number) => corpus.ordinals[number]!)),
  }));
  const options = {
    retriever,
    count,
    window: { from: 1, to: Math.max(50, count) },
    // Scores of vectors say how near a candidate is to the positive; BM25's do not.
    ...(mine === 'dense' ? { keepBelow: { share: 0.95 } } : {}),
    ...given({ signal }),
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
