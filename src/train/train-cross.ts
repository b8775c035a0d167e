import { InvalidArgumentError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Pair, TrainableCross } from '../encode/index.ts';
import {
  type Batch,
  dealt,
  type FitOptions,
  type FitReport,
  fit,
  reshape,
  scale,
  type Tensor,
} from '../tensor/index.ts';
import { lambdaRank, listNet, rankNet } from './objectives/index.ts';

/** What a cross-encoder learns from: a query, passages that are relevant, and some that are not although they rank high. */
export interface CrossExample {
  readonly query: string;
  readonly positives: readonly string[];
  readonly negatives: readonly string[];
}

/**
 * How lists are learned: `listwise`, cross-entropy of the softmax over a list with the relevant passage (Gao et al. 2021, arXiv 2101.08751, localized contrastive
 * estimation); `pairwise`, RankNet (Burges et al. 2005); `lambda`, RankNet weighted by what nDCG would change (LambdaRank).
 */
export type CrossObjective = 'listwise' | 'pairwise' | 'lambda';

/** Options of {@link trainCross}. */
export interface TrainCrossOptions extends Omit<FitOptions, 'learningRate' | 'groups' | 'shapes'> {
  /** Default `listwise`. */
  readonly objective?: CrossObjective;
  /** Passages of a list: one that is relevant, and others drawn anew in each epoch. Default 8. */
  readonly passages?: number;
  /** Lists of a step. Default 4. */
  readonly lists?: number;
  /** Default: what suits the model. */
  readonly learningRate?: number;
}

/** What a target's logit has over the others', so that the softmax is its alone. */
const SURE = 30;

/**
 * Trains a cross-encoder on lists of passages, each with one that is relevant.
 * @throws InvalidArgumentError for fewer examples than a step has, and for lists without anything to tell apart.
 */
export async function trainCross(
  cross: TrainableCross,
  examples: readonly CrossExample[],
  { objective = 'listwise', passages = 8, lists = 4, learningRate, ...options }: TrainCrossOptions,
): Promise<FitReport> {
  const usable = examples.filter(({ positives, negatives }) => positives.length > 0 && negatives.length > 0);
  if (usable.length < lists || passages < 2) {
    throw new InvalidArgumentError(
      `${usable.length} queries with relevant and other passages, in lists of ${passages}, are too few for steps of ${lists}.`,
      'Give more queries, lists of at least two passages, or smaller steps.',
    );
  }
  const relevance = new Float32Array(passages);
  relevance[0] = 1;
  const deal = (random: Random): (readonly Pair[][])[] => {
    const order = random.shuffle([...usable.keys()]);
    return Array.from({ length: Math.floor(order.length / lists) }, (_, step) =>
      order.slice(step * lists, (step + 1) * lists).map((i) => listOf(usable[i]!, passages, random)),
    );
  };
  const loss = (scores: Tensor, wanted: Tensor): Tensor => {
    if (objective === 'pairwise') return rankNet(scores, wanted);
    return objective === 'lambda' ? lambdaRank(scores, wanted) : listNet(scores, scale(wanted, SURE));
  };
  return fit(
    cross,
    // A list at a time: the losses of lists add up, and the memory of a step is that of one of them.
    dealt(
      deal,
      (chosen): Batch[] =>
        chosen.map((list) => ({ ...cross.batch(list), relevance: { data: relevance, shape: [1, passages] } })),
      options.seed,
    ),
    (forward, batch) => loss(reshape(forward(batch), [1, passages]), batch['relevance']!),
    { ...options, learningRate: learningRate ?? cross.learningRate },
  );
}

/** A relevant passage, and others. */
function listOf({ query, positives, negatives }: CrossExample, passages: number, random: Random): Pair[] {
  const others = random.shuffle([...negatives]);
  return Array.from({ length: passages }, (_, i) => [
    query,
    i === 0 ? positives[random.below(positives.length)]! : others[(i - 1) % others.length]!,
  ]);
}
