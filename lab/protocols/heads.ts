import type { Random } from '../../src/base/random.ts';
import type { Vectors } from '../../src/base/vectors.ts';
import { type AdapterShape, adapter } from '../../src/encode/index.ts';
import { nativeRuntime } from '../../src/encode/runtime.ts';
import {
  type Batch,
  drawn,
  fit,
  mlp,
  Parameters,
  run,
  type Scope,
  type Tensor,
  type Tensors,
  toValue,
  toVectors,
  unitLength,
} from '../../src/tensor/index.ts';
import type { Config } from '../grading/types.ts';

/** What is learned over frozen vectors; the result is scaled to unit length. `frozen` learns nothing. */
export type HeadShape =
  | AdapterShape
  | { readonly form: 'mlp'; readonly widths: readonly number[] }
  | { readonly form: 'frozen' };

/** Applies a head to a tensor of vectors. @param tower which of the heads. */
export type Encode<Tower extends string> = (tower: Tower, x: Tensor) => Tensor;

/** What is trained, on what, and how. */
export interface HeadOptions<Tower extends string> {
  /** Heads by name, e.g. one for queries and a frozen one for documents. The name of another in place of a shape shares its parameters. */
  readonly towers: Readonly<Record<Tower, HeadShape | Tower>>;
  /** The loss of a batch; with the scope it may have parameters of its own, such as a temperature. */
  readonly loss: (encode: Encode<Tower>, batch: Tensors, scope: Scope) => Tensor;
  /** The arrays of a step, of the same shapes every time. @param step from 0. @param progress from 0 to 1. */
  readonly batch: (random: Random, step: number, progress: number) => Batch;
  readonly steps: number;
  /** Highest rate of a schedule that rises over a tenth of the steps and then falls to 0. */
  readonly learningRate: number;
  /** Of parameters and batches. */
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** Heads that were trained. */
export interface TrainedHeads<Tower extends string> {
  readonly parameters: Parameters;
  readonly encode: (tower: Tower, vectors: Vectors) => Promise<Vectors>;
  /** Mean loss of the last tenth of the steps. */
  readonly loss: number;
  readonly seconds: number;
}

/** Trains heads by AdamW with clipping at 1, in one thread, so that it gives the same on every run. */
export async function trainHeads<Tower extends string>(options: HeadOptions<Tower>): Promise<TrainedHeads<Tower>> {
  const { towers, loss, steps, learningRate, seed, signal } = options;
  const apply = (scope: Scope, tower: Tower, x: Tensor): Tensor => {
    const shape = towers[tower];
    return typeof shape === 'string' ? apply(scope, shape as Tower, x) : head(scope.at(tower), x, shape);
  };
  const how = { runtime: await nativeRuntime(), threads: 1 } as const;
  const parameters = new Parameters(seed);
  const report = await fit(
    { parameters, forward: (scope, batch) => apply(scope, Object.keys(batch)[0] as Tower, Object.values(batch)[0]!) },
    drawn(steps, (random, step) => options.batch(random, step, step / Math.max(1, steps - 1))),
    (forward, batch, scope) => loss((tower, x) => forward({ [tower]: x }), batch, scope),
    { ...how, learningRate, seed, ...(signal === undefined ? {} : { signal }) },
  );
  return {
    parameters,
    loss: report.loss,
    seconds: report.tookMs / 1000,
    encode: async (tower, vectors) => {
      const model = (scope: Scope, { given }: Tensors) => apply(scope, tower, given!);
      const { output } = await run(model, { given: toValue(vectors) }, { ...how, parameters });
      return toVectors(output!);
    },
  };
}

function head(scope: Scope, x: Tensor, shape: HeadShape): Tensor {
  if (shape.form === 'frozen') return unitLength(x);
  if (shape.form === 'mlp') return unitLength(mlp(scope, x, shape.widths));
  return adapter(scope, x, shape);
}

/** How heads are trained for a configuration; what is not said is left to {@link fitting}. */
export type Training<Tower extends string> = Omit<HeadOptions<Tower>, 'seed' | 'signal'>;

/** Trains heads for a configuration, as a contestant's `fit` does. */
export type Fit<Tower extends string> = (
  config: Config,
  context: { readonly seed: number; readonly signal: AbortSignal },
) => Promise<TrainedHeads<Tower>>;

/** Trains each configuration once for every seed, however many contestants and claims ask for it. */
export function fitting<Tower extends string>(training: (config: Config) => Training<Tower>): Fit<Tower> {
  const made = new Map<string, Promise<TrainedHeads<Tower>>>();
  return (config, { seed, signal }) => {
    const key = JSON.stringify([config, seed]);
    let heads = made.get(key);
    if (heads === undefined) {
      heads = trainHeads({ ...training(config), seed, signal });
      made.set(key, heads);
      heads.catch(() => made.delete(key));
    }
    return heads;
  };
}
