import type { Random } from '../base/random.ts';
import type { Tensor } from './graph.ts';
import type { Optimizer } from './optimizer.ts';
import type { Parameters, Scope } from './parameters.ts';
import type { Runtime } from './session.ts';
import type { PartialShape } from './shape.ts';
import type { Objective, ParameterGroup, Tensors } from './step.ts';
import type { Batch, TrainerState } from './trainer-options.ts';

/** What is trained, to the loop that trains it. */
export interface FitModel {
  /** Trained in place; those that the model asks for and that are not there yet are made. */
  readonly parameters: Parameters;
  readonly groups?: readonly ParameterGroup[];
  /** Extents of its inputs that change from batch to batch, as names: see `TrainerOptions.shapes`. */
  readonly shapes?: Readonly<Record<string, PartialShape>>;
  /** What it computes from a batch, or from the part of one that an objective gives it. */
  forward(scope: Scope, batch: Tensors): Tensor;
}

/** The model that is trained, at work on a batch or a part of one. */
export type Forward = (batch: Tensors) => Tensor;

/**
 * What is minimised: the loss of a batch, with scalars to report if wanted; with the scope it may have parameters of its own, such as a
 * temperature. As two functions, representations and their loss, it can judge batches larger than memory (see `FitBatch`).
 */
export type FitObjective =
  | ((forward: Forward, batch: Tensors, scope: Scope) => Tensor | Objective)
  | {
      /** Row by row along the first axis. */
      represent(forward: Forward, batch: Tensors, scope: Scope): Tensors;
      loss(representations: Tensors, scope: Scope): Tensor | Objective;
    };

/**
 * The arrays of a step, or parts of them of which one at a time is in memory. The step then follows the mean gradient of the parts; where the
 * objective tells representations and loss apart, the exact gradient of all of them together (gradient caching, Gao et al. 2021,
 * arXiv 2101.06983).
 */
export type FitBatch = Batch | readonly Batch[];

/** What is trained on, an epoch at a time. */
export interface FitData {
  /** Steps of an epoch. */
  readonly steps: number;
  /**
   * Prepares an epoch, counted from 0. Same random numbers, same epoch: a run that is taken up again sees what it would have seen.
   * @returns what a step of it is given, from 0; asked for in order, perhaps from a later one on.
   */
  epoch(random: Random, epoch: number): (step: number) => FitBatch;
}

/** How much and how fast is learned, and what else happens on the way. */
export interface FitOptions {
  readonly runtime: Runtime;
  /** Threads of matrix products. Default: one per physical core. */
  readonly threads?: number;
  /** Passes over the data. Default 1. */
  readonly epochs?: number;
  /** Highest learning rate. */
  readonly learningRate: number;
  /** How the rate falls from its height: in a line to 0 (default), along half a cosine to 0, or not at all. */
  readonly schedule?: 'linear' | 'cosine' | 'constant';
  /** Steps in which it rises from 0. Default: a tenth of all, none of a constant rate. */
  readonly warmup?: number;
  /** Default `adamW()`. */
  readonly optimizer?: Optimizer;
  /** Further groups of parameters; those of the model count first. */
  readonly groups?: readonly ParameterGroup[];
  /** Extents of what the objective is given beside the model's inputs. */
  readonly shapes?: Readonly<Record<string, PartialShape>>;
  /** Gradients longer than this are scaled down to it. Default 1; `Infinity` for never. */
  readonly clip?: number;
  /** See `TrainerOptions.sharpness`. Default: off. */
  readonly sharpness?: number;
  /** Of the data: an epoch draws from `seed` plus its number. Default 1. */
  readonly seed?: number;
  readonly validation?: FitValidation;
  readonly checkpoint?: FitCheckpoint;
  /** Go on from the checkpoint, if there is one. Default false. */
  readonly resume?: boolean;
  /** Training stops before the next step, after it has written a checkpoint where there is a place for one. */
  readonly signal?: AbortSignal;
  /** Called after each step, and before each validation. */
  readonly onProgress?: (progress: FitProgress) => void;
}

/** How training knows when to stop. The parameters of the best validation are kept. */
export interface FitValidation {
  /** Of the parameters as they are; greater is better. Measured before the first epoch and after each. */
  measure(): Promise<number>;
  /** Validations without improvement after which training stops. Default 3. */
  readonly patience?: number;
}

/** Where a run is kept that may be interrupted. */
export interface FitCheckpoint {
  /** Undefined when there is none. */
  read(): Promise<FitState | undefined>;
  write(state: FitState): Promise<void>;
  /** Epochs after which it is written; also after the last one, and when training is aborted. Default 1. */
  readonly every?: number;
}

/** Everything that an interrupted run needs to go on as if nothing had happened. */
export interface FitState {
  readonly trainer: TrainerState;
  readonly curve: readonly FitPoint[];
  /** Of the best validation; undefined without validations. */
  readonly best: Parameters | undefined;
  readonly bestStep: number;
  /** Of the steps since the last point of the curve. */
  readonly losses: readonly number[];
}

/** How far a run is. */
export interface FitProgress {
  readonly phase: 'training' | 'validating';
  /** Done, of all. */
  readonly step: number;
  readonly steps: number;
  /** Mean of the last 20 steps; NaN before the first. */
  readonly loss: number;
  /** The last; NaN before the first. */
  readonly validation: number;
  /** Estimate of what training takes yet; undefined before it is known. */
  readonly msLeft: number | undefined;
}

/** One validation. */
export interface FitPoint {
  readonly epoch: number;
  readonly step: number;
  /** Mean training loss since the last point; NaN for the first, before training. */
  readonly loss: number;
  readonly validation: number;
}

/** What {@link fit} did. */
export interface FitReport {
  /** Steps done, those before an interruption included. */
  readonly steps: number;
  /** Step of the interrupted run that this one went on from; absent when it started anew. */
  readonly resumedFrom?: number;
  /** Whether training ended before its last epoch, as validation stopped improving. */
  readonly stoppedEarly: boolean;
  /** Step of the parameters that were kept. */
  readonly bestStep: number;
  /** Validations; empty without any. */
  readonly curve: readonly FitPoint[];
  /** Mean loss of the last tenth of the steps; NaN without any. */
  readonly loss: number;
  /** Numbers of the model, frozen ones included. */
  readonly parameters: number;
  readonly tookMs: number;
}
