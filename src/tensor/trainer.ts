import { InvalidArgumentError, TrainingDivergedError } from '../base/errors.ts';
import { TrainingArrays } from './arrays.ts';
import { joinRows, representationsOf, rowsOf, surrogate } from './gradient-cache.ts';
import { gradients } from './gradients.ts';
import { Graph } from './graph.ts';
import { type Compiled, Models } from './models.ts';
import { addAll } from './operators/matrix.ts';
import { adamW } from './optimizer.ts';
import { type Parameters, Scope } from './parameters.ts';
import type { Value } from './session.ts';
import {
  accumulationGraph,
  applyGraph,
  type Declarations,
  declare,
  described,
  inputNames,
  nextName,
  type Objective,
  type StepGraph,
  type StepOptions,
  slotsOf,
  stepGraph,
  type Tensors,
  TrainingSource,
  union,
} from './step.ts';
import type { Batch, StepReport, TrainerOptions, TrainerState } from './trainer-options.ts';

/**
 * Trains parameters: each step is one run of one ONNX model that computes loss, gradients and update.
 *
 * ```ts
 * const trainer = new Trainer({
 *   parameters,
 *   loss: (scope, { x, y }) => mean(square(subtract(mlp(scope, x, [64, 1]), y))),
 *   learningRate: 1e-3,
 *   runtime,
 * });
 * for (const batch of batches) console.log((await trainer.step(batch)).loss);
 * ```
 *
 * Same parameters, same batches, same threads: same result, to the last bit.
 */
export class Trainer {
  readonly parameters: Parameters;
  readonly #options: TrainerOptions;
  readonly #step: StepOptions;
  readonly #models: Models;
  readonly #arrays: TrainingArrays;
  #steps = 0;
  /** Parts added up since the last update. */
  #parts: { like: StepGraph; count: number; loss: number } | undefined;

  constructor(options: TrainerOptions) {
    this.parameters = options.parameters;
    this.#options = options;
    const { optimizer = adamW(), groups = [], clip, sharpness, average } = options;
    for (const [name, value] of Object.entries({ clip, sharpness })) {
      if (value !== undefined && !(value > 0)) {
        throw new InvalidArgumentError(`${name} is ${value}.`, 'Give a positive number, or leave it out.');
      }
    }
    if (average !== undefined && !(average > 0 && average < 1)) {
      throw new InvalidArgumentError(`average is ${average}.`, 'Give a decay between 0 and 1, such as 0.999.');
    }
    this.#step = { optimizer, groups, clip, sharpness, average };
    this.#models = new Models(options);
    this.#arrays = new TrainingArrays(options.parameters, slotsOf(this.#step));
  }

  /** Updates done so far. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * One update.
   * @throws TrainingDivergedError when loss or gradient is not finite; parameters and optimizer are as before the step.
   */
  async step(batch: Batch): Promise<StepReport> {
    const compiled = await this.#models.forBatch('step', batch, (declarations) =>
      stepGraph(this.parameters, this.#step, declarations, this.#whole),
    );
    return this.#update(compiled, batch);
  }

  /** Adds a part of a larger batch to the sums of gradients. {@link applyAccumulated} then takes their mean. */
  async accumulate(batch: Batch): Promise<{ loss: number }> {
    const compiled = await this.#models.forBatch('accumulate', batch, (declarations) =>
      accumulationGraph(this.parameters, this.#step, declarations, this.#whole),
    );
    return { loss: await this.#add(compiled, batch) };
  }

  /** One update by the mean of the gradients accumulated. @throws TrainingDivergedError as `step` does. */
  async applyAccumulated(): Promise<StepReport> {
    const parts = this.#parts;
    if (parts === undefined) {
      throw new InvalidArgumentError('No gradients have been accumulated.', 'Call accumulate first.');
    }
    return this.#apply(parts.like, 1 / parts.count, parts.loss / parts.count);
  }

  /**
   * One update by the exact gradient of a batch that is cut into chunks, of which one at a time is in memory (gradient
   * caching, Gao et al. 2021, arXiv 2101.06983): representations of all chunks, the gradient of the loss with respect to
   * them, then each chunk again with that gradient. Needs `encode`. Costs one more forward pass than a plain step.
   */
  async cachedStep(chunks: readonly Batch[]): Promise<StepReport> {
    const { encode } = this.#options;
    if (encode === undefined) {
      throw new InvalidArgumentError(
        'Gradient caching needs to know what the representations are.',
        'Give the trainer `encode`.',
      );
    }
    if (chunks.length === 0) throw new InvalidArgumentError('There are no chunks.', 'Give at least one.');
    if (this.#step.sharpness !== undefined) {
      throw new InvalidArgumentError('Gradient caching does not go with sharpness-aware steps.', 'Use one of them.');
    }
    const encoded: Readonly<Record<string, Value>>[] = [];
    for (const chunk of chunks) {
      const compiled = await this.#models.forBatch('encode', chunk, (declarations) => this.#encoding(declarations));
      const outputs = await compiled.session.run(this.#arrays.feeds(compiled, chunk).feeds);
      encoded.push(representationsOf(outputs));
    }
    const joined = joinRows(encoded);
    const judge = await this.#models.forBatch('judge', joined, (declarations) => this.#judging(declarations));
    const { feeds, into, touched } = this.#arrays.forSums(judge, joined);
    const judged = await judge.session.run(feeds, into);
    const loss = Number(judged['loss']!.data[0]);
    this.#arrays.addUp(judge, judged, touched);
    let like: StepGraph = judge;
    let row = 0;
    for (const [i, chunk] of chunks.entries()) {
      // Whole numbers among the representations, such as the task of a query, have no gradient.
      const floats = Object.entries(encoded[i]!).filter(([, { data }]) => data instanceof Float32Array);
      const weights = Object.fromEntries(
        floats.map(([name, { shape }]) => [`weight:${name}`, rowsOf(judged[`weight:${name}`]!, row, shape[0]!)]),
      );
      row += Object.values(encoded[i]!)[0]!.shape[0]!;
      const inputs = { ...chunk, ...weights };
      const compiled = await this.#models.forBatch('chunk', inputs, (declarations) =>
        accumulationGraph(this.parameters, this.#step, declarations, surrogate(encode)),
      );
      await this.#add(compiled, inputs);
      like = union(like, compiled);
    }
    return this.#apply(like, 1, loss);
  }

  /** Loss and metrics of a batch, without an update. */
  async evaluate(batch: Batch): Promise<{ loss: number; metrics: Readonly<Record<string, number>> }> {
    const compiled = await this.#models.forBatch('evaluate', batch, (declarations) => {
      const graph = new Graph();
      const source = new TrainingSource(graph, this.parameters, this.#step.groups);
      const inputs = declare(graph, declarations);
      const { loss, metrics = {} } = this.#whole(new Scope(source), inputs);
      graph.output('loss', loss);
      for (const [name, tensor] of Object.entries(metrics)) graph.output(`metric:${name}`, tensor);
      return described(graph, source, Object.keys(metrics));
    });
    const outputs = await compiled.session.run(this.#arrays.feeds(compiled, batch).feeds);
    return { loss: Number(outputs['loss']!.data[0]), metrics: metricsOf(compiled, outputs) };
  }

  /** The moving average of the parameters. @throws InvalidArgumentError unless the option `average` was given. */
  average(): Parameters {
    if (this.#step.average === undefined) {
      throw new InvalidArgumentError('No moving average is kept.', 'Give the trainer the option `average`.');
    }
    return this.#arrays.average();
  }

  /** Everything needed to go on later; the arrays are the trainer's own and change with its next step. */
  state(): TrainerState {
    return { step: this.#steps, arrays: this.#arrays.all() };
  }

  /** Goes on from a state: same batches, same result as without the interruption. */
  restore({ step, arrays }: TrainerState): void {
    this.#arrays.restore(arrays);
    this.#parts = undefined;
    this.#steps = step;
  }

  /** Frees the models. The parameters stay. */
  async dispose(): Promise<void> {
    await this.#models.dispose();
  }

  readonly #whole = (scope: Scope, batch: Tensors): Objective => {
    const { loss, encode } = this.#options;
    const result = loss(scope, encode === undefined ? batch : encode(scope, batch));
    return 'loss' in result ? result : { loss: result };
  };

  /** The graph that only computes representations. */
  #encoding(declarations: Declarations): StepGraph {
    const graph = new Graph();
    const source = new TrainingSource(graph, this.parameters, this.#step.groups);
    const inputs = declare(graph, declarations);
    for (const [name, tensor] of Object.entries(this.#options.encode!(new Scope(source), inputs))) {
      graph.output(`representation:${name}`, tensor);
    }
    return described(graph, source, []);
  }

  /** The loss of representations, its gradients with respect to them, and sums for parameters of the loss itself. */
  #judging(declarations: Declarations): StepGraph {
    const graph = new Graph();
    const source = new TrainingSource(graph, this.parameters, this.#step.groups);
    const inputs = declare(graph, declarations);
    const result = this.#options.loss(new Scope(source), inputs);
    const { loss } = 'loss' in result ? result : { loss: result };
    const floats = Object.entries(inputs).filter(([, { type }]) => type === 'float32');
    const own = [...source.dense];
    const tables = Array.from(source.tables.values(), ({ name, rows }) => [name, rows] as const);
    const found = gradients(
      loss,
      [...floats, ...own, ...tables].map(([, tensor]) => tensor),
    );
    floats.forEach(([name], i) => {
      graph.output(`weight:${name}`, found[i]!);
    });
    own.forEach(([name, tensor], i) => {
      const before = graph.input(inputNames.sum(name), 'float32', tensor.shape);
      graph.output(nextName(inputNames.sum(name)), addAll([before, found[floats.length + i]!]));
    });
    tables.forEach(([name], i) => {
      graph.output(inputNames.gradient(name), found[floats.length + own.length + i]!);
    });
    graph.output('loss', loss);
    return described(graph, source, []);
  }

  /** Runs a whole step, or an update from sums, and keeps its result if it is finite. */
  async #update(compiled: Compiled, batch: Batch, known?: number): Promise<StepReport> {
    const { optimizer } = this.#step;
    const step = this.#steps + 1;
    const { learningRate = 1e-3 } = this.#options;
    const rate = typeof learningRate === 'number' ? learningRate : learningRate(step);
    const { feeds, touched } = this.#arrays.feeds(compiled, batch);
    feeds['learningRate'] = scalar(rate);
    for (const [name, value] of Object.entries(optimizer.scalars(step))) feeds[name] = scalar(value);
    const { into, keep } = this.#arrays.forUpdate(compiled, feeds, touched);
    const outputs = await compiled.session.run(feeds, into);
    const loss = known ?? Number(outputs['loss']!.data[0]);
    const gradientNorm = Number(outputs['gradientNorm']!.data[0]);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new TrainingDivergedError(step, loss, gradientNorm, rate);
    }
    keep(outputs);
    this.#steps = step;
    return { step, loss, gradientNorm, learningRate: rate, metrics: metricsOf(compiled, outputs) };
  }

  async #apply(like: StepGraph, share: number, loss: number): Promise<StepReport> {
    const key = `${like.dense.join()}|${like.tables.map(({ name }) => name).join()}`;
    const compiled = await this.#models.named(`apply:${key}`, () => applyGraph(this.parameters, this.#step, like));
    const batch: Record<string, Value> = { share: scalar(share) };
    for (const name of like.dense) batch[inputNames.sum(name)] = this.#arrays.sumOf(name);
    try {
      return await this.#update(compiled, batch, loss);
    } finally {
      this.#arrays.dropSums();
      this.#parts = undefined;
    }
  }

  /** Adds the gradients of a part to the sums. @returns its loss. */
  async #add(compiled: Compiled, batch: Batch): Promise<number> {
    const { feeds, into, touched } = this.#arrays.forSums(compiled, batch);
    const outputs = await compiled.session.run(feeds, into);
    this.#arrays.addUp(compiled, outputs, touched);
    const loss = Number(outputs['loss']!.data[0]);
    this.#parts = {
      like: this.#parts === undefined ? compiled : union(this.#parts.like, compiled),
      count: (this.#parts?.count ?? 0) + 1,
      loss: (this.#parts?.loss ?? 0) + loss,
    };
    return loss;
  }
}

function metricsOf({ metrics }: StepGraph, outputs: Readonly<Record<string, Value>>): Record<string, number> {
  return Object.fromEntries(metrics.map((name) => [name, Number(outputs[`metric:${name}`]!.data[0])]));
}

function scalar(value: number): Value {
  return { data: Float32Array.of(value), shape: [] };
}
