import { EXTRACT_FEATURES, type ExtractModel } from '../answer/index.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import {
  add,
  type Batch,
  dealt,
  divide,
  fit,
  matmul,
  mean,
  multiply,
  Parameters,
  type Runtime,
  reshape,
  type Scope,
  scale,
  softplus,
  square,
  subtract,
  sum,
  type Tensor,
  type Tensors,
  zeros,
} from '../tensor/index.ts';
import type { Extract, ExtractPreference } from './judge-extracts.ts';
import { oddsRatioPreference } from './objectives/preference.ts';

/** Options of {@link learnExtracts}. */
export interface LearnExtractsOptions {
  readonly runtime: Runtime;
  /** What the preference counts beside the likelihood of what is preferred. Default 25; the paper has 2.5, which leaves the likelihood the greater say where a text is a few sentences. 0: likelihood alone. */
  readonly preference?: number;
  /** By how much a pair counts more for each token that the preferred extract is shorter. Default 0.1, as in the paper's code; 0: length has no say beside the choice of pairs. */
  readonly brevity?: number;
  /** Default 20. */
  readonly epochs?: number;
  /** Default 0.1. */
  readonly learningRate?: number;
  /** How far weights are drawn to 0. Default 0.001. */
  readonly shrink?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (step: number, steps: number, loss: number) => void;
}

/** Pairs of a step. */
const SIZE = 16;
/** Pairs that are learned from, at least. */
const FEWEST = 2 * SIZE;
/** Inputs of a sentence: what is known of it, and a constant. */
const WIDTH = EXTRACT_FEATURES + 1;

/**
 * Learns which sentences of a passage stay whatever is asked, from which of two extracts served a reader better (CoLoR, 2025, https://arxiv.org/abs/2412.18232: ORPO with a length regularisation). An extract's log-probability is the mean over the
 * sentences of that of keeping or leaving out each, in the place of a language model's mean over tokens; the odds ratio of a pair is multiplied by `max(1, brevity * tokens saved)`.
 *
 * @param pairs as `judgeExtracts` makes them; at least 32.
 * @throws InvalidArgumentError for fewer.
 */
export async function learnExtracts(
  pairs: readonly ExtractPreference[],
  options: LearnExtractsOptions,
): Promise<ExtractModel> {
  const { preference = 25, brevity = 0.1, epochs = 20, shrink = 1e-3, seed = 1 } = options;
  if (pairs.length < FEWEST) {
    throw new InvalidArgumentError(
      `${pairs.length} passages with a better extract and a worse one are too few to learn from.`,
      `Give questions for at least ${FEWEST}.`,
    );
  }
  const most = Math.max(...pairs.map(({ sentences }) => sentences.length));
  const parameters = new Parameters(seed);
  const weights = (scope: Scope): Tensor => scope.parameter('weights', [WIDTH, 1], zeros);
  const { signal, onProgress } = options;
  await fit(
    {
      parameters,
      forward: (scope, { signals }) => reshape(matmul(signals!, weights(scope)), [SIZE, most]),
    },
    dealt(
      (random) => {
        const order = random.shuffle([...pairs]);
        return Array.from({ length: Math.floor(order.length / SIZE) }, (_, step) =>
          order.slice(step * SIZE, (step + 1) * SIZE),
        );
      },
      (chosen) => batchOf(chosen, most, brevity),
      seed,
    ),
    (forward, batch, scope) => {
      const logits = forward(batch);
      const loss = oddsRatioPreference(
        likelihood(logits, batch['chosen']!, batch),
        likelihood(logits, batch['rejected']!, batch),
        { weight: preference, factors: batch['factors']! },
      );
      return add(loss, scale(mean(square(weights(scope))), shrink * WIDTH));
    },
    {
      runtime: options.runtime,
      threads: 1,
      epochs,
      learningRate: options.learningRate ?? 0.1,
      seed,
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress: ({ step, steps, loss }) => onProgress(step, steps, loss) }),
    },
  );
  return { extract: Array.from(parameters.get('weights').data) };
}

/** Mean over the sentences of the log-probability that each is kept (1) or left out (0). `[pairs]`. */
function likelihood(logits: Tensor, kept: Tensor, { there, count }: Tensors): Tensor {
  // -log p of both outcomes: softplus(z) - y z.
  const missed = subtract(softplus(logits), multiply(kept, logits));
  return scale(divide(sum(multiply(missed, there!), 1), count!), -1);
}

function batchOf(pairs: readonly ExtractPreference[], most: number, brevity: number): Batch {
  const rows = SIZE * most;
  const signals = new Float32Array(rows * WIDTH);
  const [there, chosen, rejected] = [new Float32Array(rows), new Float32Array(rows), new Float32Array(rows)];
  const [count, factors] = [new Float32Array(SIZE), new Float32Array(SIZE)];
  for (const [p, pair] of pairs.entries()) {
    const { features } = pair;
    for (const [i, row] of features.entries()) {
      signals.set([...row, 1], (p * most + i) * WIDTH);
      there[p * most + i] = 1;
    }
    mark(chosen, p * most, pair.chosen);
    mark(rejected, p * most, pair.rejected);
    count[p] = features.length;
    factors[p] = Math.max(1, brevity * (pair.rejected.tokens - pair.chosen.tokens));
  }
  const shape = [SIZE, most];
  return {
    signals: { data: signals, shape: [rows, WIDTH] },
    there: { data: there, shape },
    chosen: { data: chosen, shape },
    rejected: { data: rejected, shape },
    count: { data: count, shape: [SIZE] },
    factors: { data: factors, shape: [SIZE] },
  };
}

function mark(kept: Float32Array, from: number, { sentences }: Extract): void {
  for (const i of sentences) kept[from + i] = 1;
}
