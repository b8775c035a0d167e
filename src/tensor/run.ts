import { Vectors } from '../base/vectors.ts';
import { joinRows } from './gradient-cache.ts';
import { Graph, type Tensor } from './graph.ts';
import { Models } from './models.ts';
import { constantsOf, Parameters, type Scope } from './parameters.ts';
import type { Runtime, Value } from './session.ts';
import type { PartialShape } from './shape.ts';
import { declare, type Tensors } from './step.ts';
import type { Batch } from './trainer-options.ts';

/** What a model computes from a batch. Called once per extents of batch, to write it down. */
export type Model = (scope: Scope, batch: Tensors) => Tensor | Tensors;

/** How a model is run. */
export interface RunOptions {
  readonly runtime: Runtime;
  /** Of the model, as they are when a batch of new extents comes. What it asks for and is not there is made. Default: it has none. */
  readonly parameters?: Parameters;
  /** Extents of inputs that change from batch to batch, as names: see `TrainerOptions.shapes`. */
  readonly shapes?: Readonly<Record<string, PartialShape>>;
  /** Threads of matrix products. Default: one per physical core. */
  readonly threads?: number;
}

/** A model that is ready for any number of batches. */
export interface OpenModel {
  /** What the model computes, by name; a tensor that has none is `output`. */
  run(batch: Batch): Promise<Readonly<Record<string, Value>>>;
  /** Frees its memory. */
  dispose(): Promise<void>;
}

/** Opens a model that is run many times; for once there is {@link run}. The parameters must not change meanwhile. */
export function openModel(model: Model, options: RunOptions): OpenModel {
  const { parameters = new Parameters() } = options;
  const models = new Models(options);
  return {
    async run(batch) {
      const { session } = await models.forBatch('run', batch, (declarations) => {
        const graph = new Graph();
        const made = model(constantsOf(graph, parameters), declare(graph, declarations));
        for (const [name, tensor] of Object.entries(isTensor(made) ? { output: made } : made)) {
          graph.output(name, tensor);
        }
        return { graph, dense: [], tables: [], metrics: [] };
      });
      return session.run(batch);
    },
    dispose: () => models.dispose(),
  };
}

/**
 * Runs a model over batches.
 *
 * ```ts
 * const { output } = await run((scope, { x }) => unitLength(linear(scope, x!, 64)), { x: toValue(vectors) }, { parameters, runtime });
 * ```
 *
 * @returns what it computes, by name (`output` for a tensor that has none): of several batches the rows one below the other.
 */
export async function run(
  model: Model,
  batches: Batch | readonly Batch[],
  options: RunOptions,
): Promise<Readonly<Record<string, Value>>> {
  const open = openModel(model, options);
  try {
    const list = isList(batches) ? batches : [batches];
    const outputs: Readonly<Record<string, Value>>[] = [];
    for (const batch of list) outputs.push(await open.run(batch));
    return outputs.length === 1 ? outputs[0]! : joinRows(outputs);
  } finally {
    await open.dispose();
  }
}

/** Vectors as what a model takes, `[count, dim]`; not copied. */
export function toValue({ data, count, dim }: Vectors): Value {
  return { data, shape: [count, dim] };
}

/** The rows that a model gave, `[count, dim]`; not copied. */
export function toVectors({ data, shape }: Value): Vectors {
  return new Vectors(data as Float32Array, shape[1]!);
}

function isTensor(made: Tensor | Tensors): made is Tensor {
  return Array.isArray(made['shape' as keyof typeof made]);
}

function isList(batches: Batch | readonly Batch[]): batches is readonly Batch[] {
  return Array.isArray(batches);
}
