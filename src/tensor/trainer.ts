import { InvalidArgumentError, TrainingDivergedError } from '../base/errors.ts';
import { gradients } from './gradients.ts';
import { type DataType, dataType, Graph, type Tensor } from './graph.ts';
import { toOnnx } from './onnx.ts';
import { sum } from './operators/basics.ts';
import { multiply } from './operators/elementwise.ts';
import { addAll } from './operators/matrix.ts';
import { adamW, type Optimizer } from './optimizer.ts';
import { type Parameters, Scope } from './parameters.ts';
import type { Schedule } from './schedule.ts';
import type { Runtime, Session, Value } from './session.ts';
import type { PartialShape, Shape } from './shape.ts';
import { DoubleBuffer, gatherRows, scatterRows, TouchedRows } from './slots.ts';
import {
  accumulationGraph,
  applyGraph,
  type Declarations,
  declare,
  inputNames,
  nextName,
  type Objective,
  type ParameterGroup,
  type StepGraph,
  type StepOptions,
  slotsOf,
  stepGraph,
  type Tensors,
  TrainingSource,
} from './step.ts';

/** Arrays by name: what a step is given. */
export type Batch = Readonly<Record<string, Value>>;

/** Options of {@link Trainer}. */
export interface TrainerOptions {
  /** What is trained. Parameters that the model asks for and that are not there yet are made. */
  readonly parameters: Parameters;
  /** The loss of a batch, a scalar; with scalars to report, if wanted. Called once per shape of batch, to write it down. */
  readonly loss: (scope: Scope, batch: Tensors) => Tensor | Objective;
  /**
   * Computes representations, item by item along the first axis, which then are what `loss` gets. Given this, batches
   * larger than memory can be trained on: see {@link Trainer.cachedStep}.
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
  /** Keep an exponential moving average of the parameters with this decay, e.g. 0.999: see {@link Trainer.average}. */
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

/** Models kept at a time; the least recently used goes first. */
const MOST_MODELS = 16;

/** A graph of a step, ready to run. */
interface Compiled extends StepGraph {
  readonly session: Session;
}

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
 * Same parameters, same batches, same threads: same result.
 */
export class Trainer {
  readonly parameters: Parameters;
  readonly #options: TrainerOptions;
  readonly #step: StepOptions;
  readonly #models = new Map<string, Promise<Compiled>>();
  /** Dense arrays: parameters by name, and `slot:name`. */
  readonly #dense = new Map<string, DoubleBuffer>();
  /** Arrays of tables besides their values, `slot:name`. */
  readonly #tables = new Map<string, Float32Array>();
  readonly #sums = new Map<string, DoubleBuffer>();
  readonly #rowSums = new Map<string, Map<number, Float32Array>>();
  #steps = 0;
  /** Parts added up since the last update. */
  #parts: { like: StepGraph; count: number; loss: number } | undefined;
  #isDisposed = false;

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
    const compiled = await this.#compiled('step', batch, (declarations) =>
      stepGraph(this.parameters, this.#step, declarations, this.#whole),
    );
    return this.#update(compiled, batch);
  }

  /** Adds a part of a larger batch to the sums of gradients. {@link applyAccumulated} then takes their mean. */
  async accumulate(batch: Batch): Promise<{ loss: number }> {
    const compiled = await this.#compiled('accumulate', batch, (declarations) =>
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
      const compiled = await this.#compiled('encode', chunk, (declarations) => this.#encoding(declarations));
      const outputs = await compiled.session.run(this.#feeds(compiled, chunk).feeds);
      encoded.push(representationsOf(outputs));
    }
    const joined = joinRows(encoded);
    const judge = await this.#compiled('judge', joined, (declarations) => this.#judging(declarations));
    const [feeds, into] = this.#sumFeeds(judge, joined);
    const judged = await judge.session.run(feeds, into);
    const loss = Number(judged['loss']!.data[0]);
    this.#swapSums(judge);
    let like: StepGraph = judge;
    let row = 0;
    for (const [i, chunk] of chunks.entries()) {
      const weights = Object.fromEntries(
        Object.entries(encoded[i]!).map(([name, value]) => [
          `weight:${name}`,
          rowsOf(judged[`weight:${name}`]!, row, value.shape[0]!),
        ]),
      );
      row += Object.values(encoded[i]!)[0]!.shape[0]!;
      const inputs = { ...chunk, ...weights };
      const compiled = await this.#compiled('chunk', inputs, (declarations) =>
        accumulationGraph(this.parameters, this.#step, declarations, surrogate(encode)),
      );
      await this.#add(compiled, inputs);
      like = union(like, compiled);
    }
    return this.#apply(like, 1, loss);
  }

  /** Loss and metrics of a batch, without an update. */
  async evaluate(batch: Batch): Promise<{ loss: number; metrics: Readonly<Record<string, number>> }> {
    const compiled = await this.#compiled('evaluate', batch, (declarations) => {
      const graph = new Graph();
      const source = new TrainingSource(graph, this.parameters, this.#step.groups);
      const inputs = declare(graph, declarations);
      const { loss, metrics = {} } = this.#whole(new Scope(source), inputs);
      graph.output('loss', loss);
      for (const [name, tensor] of Object.entries(metrics)) graph.output(`metric:${name}`, tensor);
      return described(graph, source, Object.keys(metrics));
    });
    const outputs = await compiled.session.run(this.#feeds(compiled, batch).feeds);
    return { loss: Number(outputs['loss']!.data[0]), metrics: metricsOf(compiled, outputs) };
  }

  /** The moving average of the parameters. @throws InvalidArgumentError unless the option `average` was given. */
  average(): Parameters {
    if (this.#step.average === undefined) {
      throw new InvalidArgumentError('No moving average is kept.', 'Give the trainer the option `average`.');
    }
    const copy = this.parameters.clone();
    for (const name of copy.names) {
      const key = inputNames.slot('average', name);
      const data = this.#dense.get(key)?.current.data ?? this.#tables.get(key);
      if (data !== undefined) copy.set(name, data.slice(), copy.get(name).shape);
    }
    return copy;
  }

  /** Everything needed to go on later; the arrays are the trainer's own and change with its next step. */
  state(): TrainerState {
    const arrays = new Map<string, Value>();
    for (const name of this.parameters.names) arrays.set(name, this.parameters.get(name));
    for (const [key, { current }] of this.#dense) if (!this.parameters.has(key)) arrays.set(key, current);
    for (const [key, data] of this.#tables) arrays.set(key, { data, shape: [data.length] });
    return { step: this.#steps, arrays };
  }

  /** Goes on from a state: same batches, same result as without the interruption. */
  restore({ step, arrays }: TrainerState): void {
    this.#dense.clear();
    this.#tables.clear();
    this.#dropSums();
    for (const [key, { data, shape }] of arrays) {
      const slot = slotsOf(this.#step).find((name) => key.startsWith(`${name}:`));
      const copy = (data as Float32Array).slice();
      if (slot === undefined) this.parameters.set(key, copy, shape);
      else if (shape.join() === this.parameters.get(key.slice(slot.length + 1)).shape.join()) {
        this.#dense.set(key, new DoubleBuffer({ data: copy, shape }));
      } else this.#tables.set(key, copy);
    }
    this.#steps = step;
  }

  /** Frees the models. The parameters stay. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    const models = await Promise.allSettled(this.#models.values());
    this.#models.clear();
    for (const model of models) if (model.status === 'fulfilled') await model.value.session.dispose();
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
    const found = gradients(
      loss,
      [...floats, ...own].map(([, tensor]) => tensor),
    );
    floats.forEach(([name], i) => {
      graph.output(`weight:${name}`, found[i]!);
    });
    own.forEach(([name, tensor], i) => {
      const before = graph.input(inputNames.sum(name), 'float32', tensor.shape);
      graph.output(nextName(inputNames.sum(name)), addAll([before, found[floats.length + i]!]));
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
    const { feeds, touched } = this.#feeds(compiled, batch);
    feeds['learningRate'] = scalar(rate);
    for (const [name, value] of Object.entries(optimizer.scalars(step))) feeds[name] = scalar(value);
    const into: Record<string, Value> = {};
    const buffers: DoubleBuffer[] = [];
    for (const name of compiled.dense) {
      const keys = [name, ...slotsOf(this.#step).map((slot) => inputNames.slot(slot, name))];
      for (const key of keys) {
        const buffer = this.#buffer(key, name);
        const input = key === name ? inputNames.parameter(name) : key;
        feeds[input] = buffer.current;
        into[nextName(input)] = buffer.next;
        buffers.push(buffer);
      }
    }
    for (const { name, shape } of compiled.tables) {
      for (const slot of slotsOf(this.#step)) {
        const key = inputNames.slot(slot, name);
        feeds[key] = gatherRows(this.#table(key, slot, name), touched.get(name)!.ids, shape[1]);
      }
    }
    const outputs = await compiled.session.run(feeds, into);
    const loss = known ?? Number(outputs['loss']!.data[0]);
    const gradientNorm = Number(outputs['gradientNorm']!.data[0]);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new TrainingDivergedError(step, loss, gradientNorm, rate);
    }
    for (const buffer of buffers) buffer.swap();
    for (const name of compiled.dense) {
      const { data, shape } = this.#dense.get(name)!.current;
      this.parameters.set(name, data, shape);
    }
    for (const { name, shape } of compiled.tables) {
      const { ids } = touched.get(name)!;
      const put = (table: Float32Array, output: string) =>
        scatterRows(table, ids, outputs[nextName(output)]!.data as Float32Array, shape[1]);
      put(this.parameters.get(name).data, inputNames.rows(name));
      for (const slot of slotsOf(this.#step)) {
        const key = inputNames.slot(slot, name);
        put(this.#table(key, slot, name), key);
      }
    }
    this.#steps = step;
    return { step, loss, gradientNorm, learningRate: rate, metrics: metricsOf(compiled, outputs) };
  }

  async #apply(like: StepGraph, share: number, loss: number): Promise<StepReport> {
    const key = `${like.dense.join()}|${like.tables.map(({ name }) => name).join()}`;
    const compiled = await this.#model(`apply:${key}`, () => applyGraph(this.parameters, this.#step, like));
    const batch: Record<string, Value> = { share: scalar(share) };
    for (const name of like.dense) batch[inputNames.sum(name)] = this.#sum(name).current;
    try {
      return await this.#update(compiled, batch, loss);
    } finally {
      this.#dropSums();
    }
  }

  /** Adds the gradients of a part to the sums. @returns its loss. */
  async #add(compiled: Compiled, batch: Batch): Promise<number> {
    const [feeds, into, touched] = this.#sumFeeds(compiled, batch);
    const outputs = await compiled.session.run(feeds, into);
    this.#swapSums(compiled);
    for (const { name, shape } of compiled.tables) {
      const rows = outputs[inputNames.gradient(name)]!.data as Float32Array;
      const sums = this.#rowSums.get(name) ?? new Map<number, Float32Array>();
      this.#rowSums.set(name, sums);
      touched.get(name)!.ids.forEach((id, i) => {
        const row = rows.subarray(i * shape[1], (i + 1) * shape[1]);
        const before = sums.get(id);
        if (before === undefined) sums.set(id, row.slice());
        else for (let d = 0; d < row.length; d++) before[d]! += row[d]!;
      });
    }
    const loss = Number(outputs['loss']!.data[0]);
    this.#parts = {
      like: this.#parts === undefined ? compiled : union(this.#parts.like, compiled),
      count: (this.#parts?.count ?? 0) + 1,
      loss: (this.#parts?.loss ?? 0) + loss,
    };
    return loss;
  }

  #sumFeeds(compiled: Compiled, batch: Batch): [Record<string, Value>, Record<string, Value>, Touched] {
    const { feeds, touched } = this.#feeds(compiled, batch);
    const into: Record<string, Value> = {};
    for (const name of compiled.dense) {
      feeds[inputNames.sum(name)] = this.#sum(name).current;
      into[nextName(inputNames.sum(name))] = this.#sum(name).next;
    }
    return [feeds, into, touched];
  }

  #swapSums(compiled: Compiled): void {
    for (const name of compiled.dense) this.#sum(name).swap();
  }

  #sum(name: string): DoubleBuffer {
    let found = this.#sums.get(name);
    if (found === undefined) {
      const { data, shape } = this.parameters.get(name);
      found = new DoubleBuffer({ data: new Float32Array(data.length), shape });
      this.#sums.set(name, found);
    }
    return found;
  }

  #dropSums(): void {
    this.#sums.clear();
    this.#rowSums.clear();
    this.#parts = undefined;
  }

  /** What any graph of this trainer needs: the batch, dense parameters, and the rows that the batch names. */
  #feeds(compiled: Compiled, batch: Batch): { feeds: Record<string, Value>; touched: Touched } {
    const { inputs } = compiled.graph;
    const feeds: Record<string, Value> = {};
    for (const [name, value] of Object.entries(batch)) if (inputs.has(name)) feeds[name] = value;
    for (const name of compiled.dense) feeds[inputNames.parameter(name)] = this.#buffer(name, name).current;
    const touched: Touched = new Map();
    for (const { name, shape, ids } of compiled.tables) {
      const rows = new TouchedRows();
      for (const input of ids) {
        const numbers = batch[input]!;
        const places = rows.add(numbers.data, shape[0], (id) => noSuchRow(name, shape[0], input, id));
        feeds[inputNames.places(name, input)] = { data: places, shape: numbers.shape };
      }
      const sums = this.#rowSums.get(name);
      if (ids.size === 0 && sums !== undefined) {
        rows.add([...sums.keys()], shape[0], (id) => noSuchRow(name, shape[0], 'sums', id));
        const data = new Float32Array(rows.ids.length * shape[1]);
        rows.ids.forEach((id, i) => {
          data.set(sums.get(id)!, i * shape[1]);
        });
        feeds[inputNames.gradient(name)] = { data, shape: [rows.ids.length, shape[1]] };
      }
      feeds[inputNames.rows(name)] = gatherRows(this.parameters.get(name).data, rows.ids, shape[1]);
      touched.set(name, rows);
    }
    return { feeds, touched };
  }

  #buffer(key: string, name: string): DoubleBuffer {
    const value = this.parameters.get(name);
    let found = this.#dense.get(key);
    if (found === undefined || (key === name && found.current.data !== value.data)) {
      // A parameter that was set from outside takes the place of the one trained so far.
      const isAverage = key === inputNames.slot('average', name);
      const data = key === name ? value.data : isAverage ? value.data.slice() : new Float32Array(value.data.length);
      found = new DoubleBuffer({ data, shape: value.shape });
      this.#dense.set(key, found);
    }
    return found;
  }

  #table(key: string, slot: string, name: string): Float32Array {
    let found = this.#tables.get(key);
    if (found === undefined) {
      const { data } = this.parameters.get(name);
      found = slot === 'average' ? data.slice() : new Float32Array(data.length);
      this.#tables.set(key, found);
    }
    return found;
  }

  #compiled(kind: string, batch: Batch, build: (declarations: Declarations) => StepGraph): Promise<Compiled> {
    const declarations: Record<string, { type: DataType; shape: Shape }> = {};
    for (const [name, { data, shape }] of Object.entries(batch)) {
      const declared = this.#options.shapes?.[name] ?? this.#options.shapes?.[name.replace(/^weight:/, '')];
      declarations[name] = { type: dataType(data), shape: declared?.map((dim, i) => dim ?? shape[i]!) ?? shape };
    }
    const signature = Object.entries(declarations).map(([name, { type, shape }]) => `${name}:${type}[${shape.join()}]`);
    return this.#model(`${kind}(${signature.join(' ')})`, () => build(declarations));
  }

  #model(key: string, build: () => StepGraph): Promise<Compiled> {
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

  async #create(build: () => StepGraph): Promise<Compiled> {
    const { runtime, threads } = this.#options;
    const step = build();
    const session = await runtime.createSession(toOnnx(step.graph), threads === undefined ? {} : { threads });
    return { ...step, session };
  }
}

type Touched = Map<string, TouchedRows>;

/** A scalar whose gradient with respect to the parameters is that of the whole loss: representations times weights. */
function surrogate(encode: NonNullable<TrainerOptions['encode']>) {
  return (scope: Scope, inputs: Tensors): Objective => {
    const batch = Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith('weight:')));
    const parts = Object.entries(encode(scope, batch)).filter(([, { type }]) => type === 'float32');
    return { loss: addAll(parts.map(([name, tensor]) => sum(multiply(tensor, inputs[`weight:${name}`]!)))) };
  };
}

function described(graph: Graph, source: TrainingSource, metrics: readonly string[]): StepGraph {
  return { graph, dense: [...source.dense.keys()], tables: [...source.tables.values()], metrics };
}

/** Both graphs' parameters, for an update from sums of either. */
function union(a: StepGraph, b: StepGraph): StepGraph {
  const tables = new Map([...a.tables, ...b.tables].map((table) => [table.name, table]));
  return { graph: a.graph, metrics: [], dense: [...new Set([...a.dense, ...b.dense])], tables: [...tables.values()] };
}

function metricsOf({ metrics }: StepGraph, outputs: Readonly<Record<string, Value>>): Record<string, number> {
  return Object.fromEntries(metrics.map((name) => [name, Number(outputs[`metric:${name}`]!.data[0])]));
}

function representationsOf(outputs: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [name.replace(/^representation:/, ''), value]),
  );
}

/** Arrays of the same name from all parts, one below the other. */
function joinRows(parts: readonly Readonly<Record<string, Value>>[]): Record<string, Value> {
  const joined: Record<string, Value> = {};
  for (const name of Object.keys(parts[0]!)) {
    const values = parts.map((part) => part[name]!);
    const total = values.reduce((count, { data }) => count + data.length, 0);
    const data = values[0]!.data instanceof Float32Array ? new Float32Array(total) : new Int32Array(total);
    let at = 0;
    for (const value of values) {
      data.set(value.data as Float32Array, at);
      at += value.data.length;
    }
    const rows = values.reduce((count, { shape }) => count + shape[0]!, 0);
    joined[name] = { data, shape: [rows, ...values[0]!.shape.slice(1)] };
  }
  return joined;
}

function rowsOf({ data, shape }: Value, from: number, count: number): Value {
  const width = data.length / shape[0]!;
  return { data: data.subarray(from * width, (from + count) * width), shape: [count, ...shape.slice(1)] };
}

function scalar(value: number): Value {
  return { data: Float32Array.of(value), shape: [] };
}

function noSuchRow(table: string, count: number, input: string, id: number): InvalidArgumentError {
  return new InvalidArgumentError(
    `The input "${input}" names row ${id} of the table "${table}", which has rows 0 to ${count - 1}.`,
    'Give numbers of rows that exist.',
  );
}
