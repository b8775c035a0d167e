import { InvalidArgumentError } from '../base/errors.ts';
import { type DataType, dataType } from './graph.ts';
import { toOnnx } from './onnx.ts';
import type { Session } from './session.ts';
import type { Shape } from './shape.ts';
import type { Declarations, StepGraph } from './step.ts';
import type { Batch, TrainerOptions } from './trainer-options.ts';

/** Models kept at a time; the least recently used goes first. */
const MOST_MODELS = 16;

/** A graph of a step, ready to run. */
export interface Compiled extends StepGraph {
  readonly session: Session;
}

/** The models of a trainer, one per kind of step and extents of batch. */
export class Models {
  readonly #models = new Map<string, Promise<Compiled>>();
  #isDisposed = false;

  constructor(private readonly options: Pick<TrainerOptions, 'runtime' | 'threads' | 'shapes'>) {}

  /** The model of a kind of step for batches of these extents. */
  forBatch(kind: string, batch: Batch, build: (declarations: Declarations) => StepGraph): Promise<Compiled> {
    const declarations: Record<string, { type: DataType; shape: Shape }> = {};
    for (const [name, { data, shape }] of Object.entries(batch)) {
      const declared = this.options.shapes?.[name] ?? this.options.shapes?.[name.replace(/^weight:/, '')];
      declarations[name] = { type: dataType(data), shape: declared?.map((dim, i) => dim ?? shape[i]!) ?? shape };
    }
    const signature = Object.entries(declarations).map(([name, { type, shape }]) => `${name}:${type}[${shape.join()}]`);
    return this.named(`${kind}(${signature.join(' ')})`, () => build(declarations));
  }

  /** The model of that name, built if there is none. */
  named(key: string, build: () => StepGraph): Promise<Compiled> {
    if (this.#isDisposed) {
      throw new InvalidArgumentError('This trainer has been disposed of.', 'Make a new one.');
    }
    let model = this.#models.get(key);
    if (model === undefined) model = this.#create(build);
    this.#models.delete(key);
    this.#models.set(key, model);
    model.catch(() => this.#models.delete(key));
    if (this.#models.size > MOST_MODELS) {
      const [oldest, old] = this.#models.entries().next().value!;
      this.#models.delete(oldest);
      old.then(({ session }) => session.dispose()).catch(() => undefined);
    }
    return model;
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    const models = await Promise.allSettled(this.#models.values());
    this.#models.clear();
    for (const model of models) if (model.status === 'fulfilled') await model.value.session.dispose();
  }

  async #create(build: () => StepGraph): Promise<Compiled> {
    const { runtime, threads } = this.options;
    const step = build();
    const session = await runtime.createSession(toOnnx(step.graph), threads === undefined ? {} : { threads });
    return { ...step, session };
  }
}
