import type { Tensor } from './graph.ts';
import type { Optimizer } from './optimizer.ts';
import type { Parameters, Scope } from './parameters.ts';
import type { Schedule } from './schedule.ts';
import type { Runtime, Value } from './session.ts';
import type { PartialShape } from './shape.ts';
import type { Objective, ParameterGroup, Tensors } from './step.ts';

/** Arrays by name: what a step is given. */
export type Batch = Readonly<Record<string, Value>>;

/** Options of `Trainer`. */
export interface TrainerOptions {
  /** What is trained. Parameters that the model asks for and that are not there yet are made. */
  readonly parameters: Parameters;
  /** The loss of a batch, a scalar; with scalars to report, if wanted. Called once per shape of batch, to write it down. */
  readonly loss: (scope: Scope, batch: Tensors) => Tensor | Objective;
  /**
   * Computes representations, item by item along the first axis, which then are what `loss` gets. Given this, batches
   * larger than memory can be trained on: see `Trainer.cachedStep`.
   */
  readonly encode?: (scope: Scope, batch: Tensors) => Tensors;
  /** Default `adamW()`. */
  readonly optimizer?: Optimizer;
  /** Default 1e-3. */
  readonly learningRate?: number | Schedule;
  readonly groups?: readonly ParameterGroup[];
  /** Gradients longer than this, over all parameters together, are scaled down to it. Default: never. */
  readonly clip?: number;
  /**
   * Sharpness-aware minimisation (Foret et al. 2021, arXiv 2010.01412): steps follow the gradient at the worst point at
   * this distance. Doubles the cost of a step. Default: off.
   */
  readonly sharpness?: number;
  /** Keep an exponential moving average of the parameters with this decay, e.g. 0.999: see `Trainer.average`. */
  readonly average?: number;
  /**
   * Extents of inputs that change from batch to batch, as names: `{ tokens: [null, 'length'] }`. Where there is null, and
   * for inputs not listed, a model is made and kept per extent of batch, which is best when there are few.
   */
  readonly shapes?: Readonly<Record<string, PartialShape>>;
  readonly runtime: Runtime;
  /** Threads of matrix products. Default: one per physical core. */
  readonly threads?: number;
}

/** What a step did. */
export interface StepReport {
  /** From 1. */
  readonly step: number;
  readonly loss: number;
  /** Length of the gradient before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Everything that a trainer has to remember between steps. */
export interface TrainerState {
  readonly step: number;
  /** Parameters by name, the optimizer's arrays as `slot:name`. */
  readonly arrays: ReadonlyMap<string, Value>;
}
