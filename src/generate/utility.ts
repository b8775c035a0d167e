import type { ScoringModel } from './ngram-model.ts';

/** What candidates are worth to what has to be written. */
export interface Utility {
  /** Loss of the continuation with each candidate, in nats a token: less is better. */
  readonly losses: Float64Array;
  /** Without any. */
  readonly without: number;
  /** Number of the candidate by which it is least; undefined where none makes it less by the margin. */
  readonly best: number | undefined;
}

/** Options of {@link labelUtility}. */
export interface UtilityOptions {
  /** Tells how likely the continuation is, such as `ngramModel`. */
  readonly model: Pick<ScoringModel, 'tokenScores'>;
  /** What each token of the continuation counts. Default: 1. RLCoder has 5 for the first, 3 for identifiers. */
  readonly weight?: (token: number) => number;
  /** By how much a candidate must make the loss less, in nats a token. Default 0. */
  readonly margin?: number;
}

/**
 * Labels candidates without people, by how likely each makes the text that is known to come (RLCoder, Wang et al. 2024, section III-C): each alone stands before the context, and the best one is the label;
 * none, where it helps no more than the context alone does. Learn from that by a softmax over the candidates and one that says "none".
 *
 * @param context what stands before the continuation: a file up to the cursor.
 */
export function labelUtility(
  context: string,
  continuation: string,
  candidates: readonly string[],
  { model, weight = () => 1, margin = 0 }: UtilityOptions,
): Utility {
  const lossOf = (prompt: string): number => {
    const scores = model.tokenScores(prompt, continuation);
    return -scores.reduce((sum, score, i) => sum + weight(i) * score, 0) / Math.max(1, scores.length);
  };
  const without = lossOf(context);
  const losses = Float64Array.from(candidates, (candidate) => lossOf(`${candidate}\n${context}`));
  let best: number | undefined;
  losses.forEach((loss, i) => {
    if (loss < without - margin && (best === undefined || loss < losses[best]!)) best = i;
  });
  return { losses, without, best };
}
