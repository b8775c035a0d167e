import {
  type Batch,
  drawn,
  fit,
  type ParameterGroup,
  type Parameters,
  type Runtime,
  type Scope,
  type Tensor,
  type Tensors,
} from '../../tensor/index.ts';

/** What the learners of codes and maps are asked for alike. */
export interface LearningOptions {
  readonly runtime: Runtime;
  /** Threads of matrix products. Default: one per physical core. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** Called with the share that is done and the loss of the latest steps. */
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

/** Fits codes or maps, which compute their loss themselves: Adam without decay, since what is learned starts from a solution. */
export async function learn(
  { parameters, groups = [], loss, batch, steps, learningRate }: Learning,
  { runtime, threads, signal, onProgress }: LearningOptions,
): Promise<void> {
  await fit({ parameters, groups, forward: loss }, drawn(steps, batch), (forward, inputs) => forward(inputs), {
    runtime,
    learningRate,
    warmup: 20,
    groups: [{ match: /./, weightDecay: 0 }],
    ...(threads === undefined ? {} : { threads }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress: ({ step, steps, loss }) => onProgress(step / steps, loss) }),
  });
}
