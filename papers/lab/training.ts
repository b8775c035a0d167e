import { Random } from '../../src/base/random.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { nativeRuntime } from '../../src/encode/runtime.ts';
import {
  type Batch,
  constantsOf,
  Graph,
  linearSchedule,
  type ParameterGroup,
  type Parameters,
  type PartialShape,
  type Scope,
  type Tensor,
  type Tensors,
  Trainer,
  toOnnx,
} from '../../src/tensor/index.ts';

/** A model of any kind and how it is trained; for heads over frozen vectors there is `trainHeads`. */
export interface ModelOptions {
  /** Trained in place; what the model asks for and is not there yet is made. */
  readonly parameters: Parameters;
  readonly groups?: readonly ParameterGroup[];
  readonly shapes?: Readonly<Record<string, PartialShape>>;
  readonly loss: (scope: Scope, batch: Tensors) => Tensor;
  readonly batch: (random: Random, step: number) => Batch;
  readonly steps: number;
  /** Highest rate of a schedule that rises over a tenth of the steps and then falls to 0. */
  readonly learningRate: number;
  /** Of batches. */
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** Called after each step. */
  readonly onStep?: (step: number, loss: number) => void;
}

/** Trains by AdamW with clipping at 1, in one thread, so that it gives the same on every run. @returns seconds. */
export async function trainModel(options: ModelOptions): Promise<number> {
  const { parameters, groups = [], shapes = {}, loss, batch, steps, learningRate, seed, signal, onStep } = options;
  const start = performance.now();
  const trainer = new Trainer({
    parameters,
    groups,
    shapes,
    loss,
    learningRate: linearSchedule({ peak: learningRate, steps }),
    clip: 1,
    runtime: await nativeRuntime(),
    threads: 1,
  });
  const random = new Random(seed);
  for (let step = 0; step < steps; step++) {
    signal?.throwIfAborted();
    const report = await trainer.step(batch(random, step));
    onStep?.(step, report.loss);
  }
  await trainer.dispose();
  return (performance.now() - start) / 1000;
}

/** Runs a model over batches and joins the vectors that it gives, `[n, dim]` each. */
export async function encodeBy(
  parameters: Parameters,
  model: (scope: Scope, batch: Tensors) => Tensor,
  batches: readonly Batch[],
): Promise<Vectors> {
  const runtime = await nativeRuntime();
  const parts: Vectors[] = [];
  for (const batch of batches) {
    const graph = new Graph();
    const inputs = Object.fromEntries(
      Object.entries(batch).map(([name, { data, shape }]) => [
        name,
        graph.input(name, data instanceof Int32Array ? 'int32' : 'float32', shape),
      ]),
    );
    graph.output('vectors', model(constantsOf(graph, parameters), inputs));
    const session = await runtime.createSession(toOnnx(graph), { threads: 1 });
    try {
      const { vectors } = await session.run(batch);
      parts.push(new Vectors(vectors!.data as Float32Array, vectors!.shape[1]!));
    } finally {
      await session.dispose();
    }
  }
  return Vectors.fromRows(
    parts.flatMap((part) => Array.from({ length: part.count }, (_, row) => part.row(row))),
    parts[0]!.dim,
  );
}
