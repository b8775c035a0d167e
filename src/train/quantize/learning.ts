import {
  type Batch,
  type ParameterGroup,
  type Parameters,
  type Runtime,
  type Scope,
  type Tensor,
  type Tensors,
  Trainer,
} from '../../tensor/index.ts';

/** What the learners of codes and maps are asked for alike. */
export interface LearningOptions {
  readonly runtime: Runtime;
  /** Threads of matrix products. Default: one per physical core. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** Called with the share that is done and the loss of the latest step. */
  readonly onProgress?: (done: number, loss: number) => void;
}

/** A run of {@link learn}. */
export interface Learning {
  /** Trained in place. */
  readonly parameters: Parameters;
  readonly groups?: readonly ParameterGroup[];
  readonly loss: (scope: Scope, inputs: Tensors) => Tensor;
  readonly batch: () => Batch;
  readonly steps: number;
  /** Reached after 20 steps, then falling linearly to 0. */
  readonly learningRate: number;
}

const WARMUP = 20;

/** Trains by Adam without decay, with clipping at 1. */
export async function learn(
  { parameters, groups = [], loss, batch, steps, learningRate }: Learning,
  { runtime, threads, signal, onProgress }: LearningOptions,
): Promise<void> {
  const trainer = new Trainer({
    parameters,
    loss,
    learningRate: (step) => learningRate * Math.min(1, step / WARMUP) * Math.max(0, 1 - (step - 1) / steps),
    clip: 1,
    groups: [...groups, { match: /./, weightDecay: 0 }],
    runtime,
    ...(threads === undefined ? {} : { threads }),
  });
  try {
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      const report = await trainer.step(batch());
      onProgress?.((step + 1) / steps, report.loss);
    }
  } finally {
    await trainer.dispose();
  }
}
