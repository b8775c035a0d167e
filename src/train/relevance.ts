import { InvalidArgumentError } from '../base/errors.ts';
import {
  HIT_SCORES,
  hitScores,
  LIST_FEATURES,
  listFeatures,
  type RelevanceParameters,
  relevanceOf,
  type ScoredHit,
} from '../search/index.ts';
import {
  add,
  affine,
  constantly,
  given,
  mean,
  multiply,
  Parameters,
  type Runtime,
  reshape,
  slice,
  softplus,
  square,
  subtract,
  sum,
  Trainer,
} from '../tensor/index.ts';

/** A query's hits, best first, and whether each is relevant. */
export interface JudgedList {
  readonly hits: readonly ScoredHit[];
  readonly relevant: readonly boolean[];
}

/** Options of {@link learnRelevance}. */
export interface RelevanceOptions {
  readonly runtime: Runtime;
  /** Hits of a list that are learned from. Default 20. */
  readonly depth?: number;
  /** Passes over all lists. Default 300. */
  readonly steps?: number;
  readonly learningRate?: number;
  readonly signal?: AbortSignal;
}

/**
 * Learns what relevance is judged by, from judged lists: binary cross-entropy of every hit, lists that the search itself returned, so that
 * what is not relevant is as hard as it will be. The threshold is the one of greatest mean F1 per query on the lists held back, a
 * third of them.
 *
 * @param lists of at least 30 queries. What was not judged counts as not relevant.
 */
export async function learnRelevance(
  lists: readonly JudgedList[],
  options: RelevanceOptions,
): Promise<RelevanceParameters> {
  const { depth = 20, steps = 300, learningRate = 0.05, signal, runtime } = options;
  if (lists.length < 30) {
    throw new InvalidArgumentError(`${lists.length} judged queries are too few to learn from.`, 'Give at least 30.');
  }
  const [learning, choosing] = [lists.filter((_, i) => i % 3 !== 0), lists.filter((_, i) => i % 3 === 0)];
  const weights = await learnWeights(learning, depth, steps, learningRate, runtime, signal);
  return { weights, threshold: bestThreshold(choosing, weights) };
}

async function learnWeights(
  lists: readonly JudgedList[],
  depth: number,
  steps: number,
  learningRate: number,
  runtime: Runtime,
  signal: AbortSignal | undefined,
): Promise<RelevanceParameters['weights']> {
  const count = lists.length;
  const features = new Float32Array(count * LIST_FEATURES);
  const scores = new Float32Array(count * depth * HIT_SCORES);
  const targets = new Float32Array(count * depth);
  const present = new Float32Array(count * depth);
  lists.forEach(({ hits, relevant }, q) => {
    features.set(listFeatures(hits), q * LIST_FEATURES);
    hitScores(hits)
      .slice(0, depth)
      .forEach((values, i) => {
        scores.set(values, (q * depth + i) * HIT_SCORES);
        targets[q * depth + i] = relevant[i] ? 1 : 0;
        present[q * depth + i] = 1;
      });
  });
  const parameters = new Parameters();
  const shape = [LIST_FEATURES, HIT_SCORES + 1];
  const trainer = new Trainer({
    parameters,
    runtime,
    threads: 1,
    learningRate,
    loss: (scope, { features: f, scores: s, targets: t, present: p }) => {
      const maps = affine(
        f!,
        scope.parameter('weights', shape, constantly(0)),
        scope.parameter('constants', [HIT_SCORES + 1], given(START)),
      );
      const column = (i: number) => slice(maps, 1, i, i + 1);
      const byScore = reshape(s!, [count, depth, HIT_SCORES]);
      const part = (i: number) => reshape(slice(byScore, 2, i, i + 1), [count, depth]);
      let logits = column(HIT_SCORES);
      for (let i = 0; i < HIT_SCORES; i++) logits = add(logits, multiply(softplus(column(i)), part(i)));
      // softplus(z) - y z is the cross-entropy of a logit.
      const entropy = subtract(softplus(logits), multiply(t!, logits));
      const decay = multiply(mean(square(scope.parameter('weights', shape, constantly(0)))), 1e-3);
      return add(multiply(sum(multiply(entropy, p!)), 1 / (count * depth)), decay);
    },
  });
  try {
    const batch = {
      features: { data: features, shape: [count, LIST_FEATURES] },
      scores: { data: scores, shape: [count, depth * HIT_SCORES] },
      targets: { data: targets, shape: [count, depth] },
      present: { data: present, shape: [count, depth] },
    };
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      await trainer.step(batch);
    }
  } finally {
    await trainer.dispose();
  }
  const [matrix, constants] = [parameters.get('weights').data, parameters.get('constants').data];
  const row = (i: number): number[] => [
    ...Array.from({ length: LIST_FEATURES }, (_, f) => matrix[f * (HIT_SCORES + 1) + i]!),
    constants[i]!,
  ];
  return Array.from({ length: HIT_SCORES + 1 }, (_, i) => row(i));
}

/** Slopes of about 1, and few hits relevant. */
const START = Float32Array.of(0.5, 0.5, 0.5, -3);

/** The threshold of greatest mean F1 over queries, of a grid. */
function bestThreshold(lists: readonly JudgedList[], weights: RelevanceParameters['weights']): number {
  let [best, least] = [-1, 0.5];
  for (let step = 1; step < 50; step++) {
    const threshold = step / 50;
    const total = lists.reduce((all, list) => {
      const kept = relevanceOf(list.hits, { weights, threshold });
      return (
        all +
        f1(
          list.relevant,
          Array.from(kept, (probability) => probability >= threshold),
        )
      );
    }, 0);
    if (total > best) [best, least] = [total, threshold];
  }
  return least;
}

/** F1 of what is kept of one list: 1 when nothing was to be kept and nothing is. @param missed relevant documents outside the list. */
export function f1(relevant: readonly boolean[], kept: readonly boolean[], missed = 0): number {
  let [both, wanted, returned] = [0, missed, 0];
  relevant.forEach((is, i) => {
    if (is) wanted++;
    if (kept[i]) returned++;
    if (is && kept[i]) both++;
  });
  return wanted + returned === 0 ? 1 : (2 * both) / (wanted + returned);
}
