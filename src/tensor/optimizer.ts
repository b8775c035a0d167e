import type { Tensor } from './graph.ts';
import { add, divide, multiply, scale, sqrt, square, subtract } from './operators/elementwise.ts';

/** What an optimizer is given for one parameter. All tensors but the scalars have its shape. */
export interface UpdateInput {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** The optimizer's state for this parameter, in the order of its `slots`. */
  readonly slots: readonly Tensor[];
  /** Scalar. */
  readonly learningRate: Tensor;
  readonly weightDecay: number;
  readonly scalars: Readonly<Record<string, Tensor>>;
}

/** How parameters follow their gradients, as part of the step's graph. */
export interface Optimizer {
  /** Names of the arrays that it keeps per parameter; they start as zeros. */
  readonly slots: readonly string[];
  /** Decay of parameters for which no group says otherwise. */
  readonly weightDecay: number;
  /** Numbers that change with the step (from 1); inputs of the step's model. */
  scalars(step: number): Readonly<Record<string, number>>;
  update(input: UpdateInput): { readonly parameter: Tensor; readonly slots: readonly Tensor[] };
}

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** Share of the last update that the next one keeps, in [0, 1). Default 0. */
  readonly momentum?: number;
  /** Look ahead along the momentum (Sutskever et al. 2013). Default false. */
  readonly nesterov?: boolean;
  /** Decoupled weight decay. Default 0. */
  readonly weightDecay?: number;
}

/** Stochastic gradient descent: `v = momentum v + g; p = p - rate (v + decay p)`. */
export function sgd({ momentum = 0, nesterov = false, weightDecay = 0 }: SgdOptions = {}): Optimizer {
  return {
    slots: momentum === 0 ? [] : ['momentum'],
    weightDecay,
    scalars: () => ({}),
    update({ parameter, gradient, slots, learningRate, weightDecay: decay }) {
      const shrunk = decayed(parameter, learningRate, decay);
      if (momentum === 0) return { parameter: subtract(shrunk, multiply(gradient, learningRate)), slots };
      const velocity = add(scale(slots[0]!, momentum), gradient);
      const direction = nesterov ? add(gradient, scale(velocity, momentum)) : velocity;
      return { parameter: subtract(shrunk, multiply(direction, learningRate)), slots: [velocity] };
    },
  };
}

/** Options of {@link adamW}. */
export interface AdamWOptions {
  /** Decay of the mean of gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root of the second moment. Default 1e-8. */
  readonly epsilon?: number;
  /** Decoupled weight decay. Default 0.01. */
  readonly weightDecay?: number;
}

/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2): Adam (Kingma and Ba 2015) with weight decay that is not part of the
 * gradient. Rows of tables are updated lazily: one that a batch does not touch keeps its moments and is not decayed.
 */
export function adamW(options: AdamWOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01 } = options;
  return {
    slots: ['first', 'second'],
    weightDecay,
    // Moments start at 0; these factors undo that (Kingma and Ba 2015, section 3).
    scalars: (step) => ({ correction1: 1 / (1 - beta1 ** step), correction2: 1 / Math.sqrt(1 - beta2 ** step) }),
    update({ parameter, gradient, slots, learningRate, weightDecay: decay, scalars }) {
      const first = add(scale(slots[0]!, beta1), scale(gradient, 1 - beta1));
      const second = add(scale(slots[1]!, beta2), scale(square(gradient), 1 - beta2));
      const spread = add(multiply(sqrt(second), scalars['correction2']!), epsilon);
      const step = divide(multiply(first, multiply(learningRate, scalars['correction1']!)), spread);
      return { parameter: subtract(decayed(parameter, learningRate, decay), step), slots: [first, second] };
    },
  };
}

function decayed(parameter: Tensor, learningRate: Tensor, decay: number): Tensor {
  return decay === 0 ? parameter : multiply(parameter, subtract(1, scale(learningRate, decay)));
}
