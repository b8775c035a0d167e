import {
  add,
  cast,
  clip,
  deviation,
  diagonal,
  divide,
  greater,
  mean,
  multiply,
  scale,
  softmax,
  stopGradient,
  subtract,
  type Tensor,
  topK,
  where,
} from '../../tensor/index.ts';
import { LEFT_OUT, positives } from './contrastive.ts';

/** Which queries weigh more at which time. */
export type ProgressiveSchedule = keyof typeof SCHEDULES | ((progress: Tensor) => Tensor);

/** Options of {@link progressiveWeights}. */
export interface ProgressiveOptions {
  /** Negatives that make the difficulty of a query: the mean of so many greatest cosines. Default 5. */
  readonly hardest?: number;
  /** Greatest sharpness of the weights. Default 1. */
  readonly pace?: number;
  /**
   * From progress, 0 to 1, to the sign and share of `pace`: above 0 hard queries weigh more, below 0 easy ones. By name, or as a function of
   * the progress. Default `easy to hard`, which is `2 progress - 1`.
   */
  readonly schedule?: ProgressiveSchedule;
  /**
   * Subtract the positive's cosine from the difficulty. Then "hard" means "probably mislabelled": this is here to show that it
   * fails on noisy pairs. Default false.
   */
  readonly relative?: boolean;
  /**
   * After this share of the run, queries whose hardest negatives outscore their positive weigh this many times as much: wrong pairs
   * are mostly among them. Not of the paper. Default: off.
   */
  readonly guard?: { readonly after: number; readonly factor: number };
  /** 1 where a document is no negative of the query, in the shape of the scores. Default: none. */
  readonly exclude?: Tensor;
}

/**
 * Weights of queries by how hard their negatives are, moving from easy to hard (a reconstruction of PEG 2023, arXiv 2311.11691,
 * whose weighting is not published). With `h_i` the mean of the greatest negative cosines of query i, `z` these standardised over the
 * batch and limited to -2 .. 2, and `g` the schedule:
 *
 * `w_i = n softmax_i(pace g(progress) z_i)`
 *
 * and with a guard, `w_i` times its factor where `h_i > s_i+`, scaled to mean 1 again. For `infoNCE`'s option `weights`.
 *
 * @param scores cosines `[queries, documents]`, positives on the diagonal. @param progress `[1]` or a scalar, 0 at the start of
 * training and 1 at its end. @returns `[queries]`, mean 1, without gradient.
 */
export function progressiveWeights(scores: Tensor, progress: Tensor, options: ProgressiveOptions = {}): Tensor {
  const { hardest = 5, pace = 1, schedule = 'easy to hard', relative = false, guard, exclude } = options;
  const share = typeof schedule === 'string' ? SCHEDULES[schedule] : schedule;
  const fixed = stopGradient(scores);
  const foreign = where(positives(scores), LEFT_OUT, fixed);
  const others = exclude === undefined ? foreign : where(greater(exclude, 0.5), LEFT_OUT, foreign);
  const negatives = mean(topK(others, hardest).values, 1);
  const difficulty = relative ? subtract(negatives, diagonal(fixed)) : negatives;
  const standard = clip(divide(subtract(difficulty, mean(difficulty)), deviation(difficulty)), -2, 2);
  const weights = scale(softmax(multiply(standard, scale(share(progress), pace))), scores.shape[0] as number);
  if (guard === undefined) return stopGradient(weights);
  const isBeaten = cast(greater(negatives, diagonal(fixed)), 'float32');
  const isOn = cast(greater(progress, guard.after), 'float32');
  const kept = multiply(weights, add(scale(multiply(isBeaten, isOn), guard.factor - 1), 1));
  return stopGradient(divide(kept, mean(kept)));
}

const always = (sign: number) => (progress: Tensor) => add(scale(progress, 0), sign);

const SCHEDULES = {
  even: always(0),
  'easy to hard': (progress: Tensor) => add(scale(progress, 2), -1),
  'hard to easy': (progress: Tensor) => add(scale(progress, -2), 1),
  'always easy': always(-1),
  'always hard': always(1),
} as const;
