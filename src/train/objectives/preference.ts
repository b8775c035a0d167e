import { add, exp, log, mean, minimum, multiply, scale, softplus, subtract, type Tensor } from '../../tensor/index.ts';

/** Options of {@link oddsRatioPreference}. */
export interface OddsRatioOptions {
  /** What the odds ratio counts beside the likelihood. Default 2.5; 0: likelihood alone. */
  readonly weight?: number;
  /** `[pairs]`: what the log odds ratio of each pair is multiplied by; above 0. Default 1. */
  readonly factors?: Tensor;
}

/** Nearest to 0 that a log-probability counts, so that its odds are finite. */
const LEAST = -1e-5;

/**
 * Odds ratio preference optimisation (ORPO, Hong et al. 2024, https://arxiv.org/abs/2403.07691; with factors of pairs by CoLoR, 2025, https://arxiv.org/abs/2412.18232): `mean(-l_w) + weight * mean(-log sigmoid(factor * o))` with
 * `o = log odds(l_w) - log odds(l_l)` and `log odds(l) = l - log(1 - exp(l))`. No reference model is needed.
 * @param chosen `[pairs]`, mean log-probabilities of what is preferred, below 0. @param rejected `[pairs]`, of what is not.
 */
export function oddsRatioPreference(
  chosen: Tensor,
  rejected: Tensor,
  { weight = 2.5, factors }: OddsRatioOptions = {},
): Tensor {
  const likelihood = scale(mean(chosen), -1);
  if (weight === 0) return likelihood;
  const ratio = subtract(logOdds(chosen), logOdds(rejected));
  const weighed = factors === undefined ? ratio : multiply(ratio, factors);
  return add(likelihood, scale(mean(softplus(scale(weighed, -1))), weight));
}

function logOdds(logProbability: Tensor): Tensor {
  const l = minimum(logProbability, LEAST);
  return subtract(l, log(subtract(1, exp(l))));
}
