import { InvalidArgumentError } from '../base/errors.ts';
import { gradients } from './gradients.ts';
import { type DataType, Graph, type Tensor } from './graph.ts';
import { reshape, sum } from './operators/basics.ts';
import {
  add,
  divide,
  minimum,
  multiply,
  scale,
  sqrt,
  square,
  stopGradient,
  subtract,
} from './operators/elementwise.ts';
import { gather } from './operators/indexing.ts';
import { addAll } from './operators/matrix.ts';
import type { Optimizer } from './optimizer.ts';
import { type Initializer, type ParameterSource, type Parameters, Scope } from './parameters.ts';
import type { Shape } from './shape.ts';

/** A loss, and scalars to report beside it. */
export interface Objective {
  readonly loss: Tensor;
  readonly metrics?: Readonly<Record<string, Tensor>>;
}

/** Named tensors of a batch, or of its representations. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** Treatment of the parameters whose name matches. */
export interface ParameterGroup {
  readonly match: RegExp;
  /** Multiplies the learning rate. Default 1. */
  readonly learningRate?: number;
  /** Default: the optimizer's, for parameters of at least two axes; 0 for biases, gains and scalars. */
  readonly weightDecay?: number;
  /** Not trained; a constant of the step's model. Default false. */
  readonly frozen?: boolean;
}

/** What every step does, whatever the batch. */
export interface StepOptions {
  readonly optimizer: Optimizer;
  /** The first group that matches a parameter counts. */
  readonly groups: readonly ParameterGroup[];
  /** Longest gradient, over all parameters together; longer ones are scaled down to it. */
  readonly clip: number | undefined;
  /** Radius of sharpness-aware minimisation. */
  readonly sharpness: number | undefined;
  /** Decay of the moving average of parameters. */
  readonly average: number | undefined;
}

/** A table of which a step gets only the rows that its batch names. */
export interface TableUse {
  readonly name: string;
  readonly shape: readonly [number, number];
  /** Inputs of the batch whose numbers look up rows. */
  readonly ids: Set<string>;
}

/** A graph that is part of a training step, and what must be fed to it. */
export interface StepGraph {
  readonly graph: Graph;
  /** Dense parameters, in order. */
  readonly dense: readonly string[];
  readonly tables: readonly TableUse[];
  readonly metrics: readonly string[];
}

export const inputNames = {
  parameter: (name: string) => `parameter:${name}`,
  slot: (slot: string, name: string) => `${slot}:${name}`,
  sum: (name: string) => `sum:${name}`,
  rows: (table: string) => `rows:${table}`,
  places: (table: string, ids: string) => `places:${table}:${ids}`,
  gradient: (name: string) => `gradient:${name}`,
};
export const nextName = (name: string) => `next:${name}`;

/** Names of the arrays kept per parameter besides its value. */
export function slotsOf({ optimizer, average }: StepOptions): string[] {
  return [...optimizer.slots, ...(average === undefined ? [] : ['average'])];
}

export function groupOf(name: string, groups: readonly ParameterGroup[]): ParameterGroup | undefined {
  return groups.find(({ match }) => match.test(name));
}

/** Gives a model its parameters as inputs of a graph, and remembers which it asked for. */
export class TrainingSource implements ParameterSource {
  readonly dense = new Map<string, Tensor>();
  readonly tables = new Map<string, TableUse & { rows: Tensor }>();
  readonly #frozen = new Map<string, Tensor>();

  constructor(
    private readonly graph: Graph,
    private readonly parameters: Parameters,
    private readonly groups: readonly ParameterGroup[],
  ) {}

  parameter(name: string, shape: readonly number[], initializer: Initializer): Tensor {
    const { data } = this.parameters.ensure(name, shape, initializer);
    const [made, make] = this.#isFrozen(name)
      ? [this.#frozen, () => this.graph.constant(name, data, shape)]
      : [this.dense, () => this.graph.input(inputNames.parameter(name), 'float32', shape)];
    if (!made.has(name)) made.set(name, make());
    return made.get(name)!;
  }

  lookup(name: string, shape: readonly [number, number], ids: Tensor, initializer: Initializer): Tensor {
    if (this.#isFrozen(name)) return gather(this.parameter(name, shape, initializer), ids);
    if (ids.source.kind !== 'input') {
      throw new InvalidArgumentError(
        `The rows of the table "${name}" are looked up by numbers that the model computes.`,
        'Look up by an input of the batch, or use a parameter and gather.',
      );
    }
    this.parameters.ensure(name, shape, initializer);
    let table = this.tables.get(name);
    if (table === undefined) {
      const rows = this.graph.input(inputNames.rows(name), 'float32', [inputNames.rows(name), shape[1]]);
      table = { name, shape, ids: new Set(), rows };
      this.tables.set(name, table);
    }
    const places = inputNames.places(name, ids.source.name);
    if (!table.ids.has(ids.source.name)) {
      this.graph.input(places, 'int32', ids.shape);
      table.ids.add(ids.source.name);
    }
    return gather(table.rows, this.graph.inputs.get(places)!);
  }

  #isFrozen(name: string): boolean {
    return groupOf(name, this.groups)?.frozen === true;
  }
}

/** The same parameters, each a little further along its gradient. */
class ShiftedSource implements ParameterSource {
  constructor(
    private readonly base: TrainingSource,
    private readonly shifted: ReadonlyMap<Tensor, Tensor>,
  ) {}

  parameter(name: string, shape: readonly number[], initializer: Initializer): Tensor {
    const tensor = this.base.parameter(name, shape, initializer);
    return this.shifted.get(tensor) ?? tensor;
  }

  lookup(name: string, shape: readonly [number, number], ids: Tensor, initializer: Initializer): Tensor {
    const rows = this.base.lookup(name, shape, ids, initializer);
    if (rows.source.kind !== 'node') return rows;
    const [table, places] = rows.source.node.inputs as [Tensor, Tensor];
    return gather(this.shifted.get(table) ?? table, places);
  }
}

/** Inputs of a graph by name, with their types and extents. */
export type Declarations = Readonly<Record<string, { readonly type: DataType; readonly shape: Shape }>>;

/** What a graph computes with its gradients. */
type Build = (scope: Scope, batch: Tensors) => Objective;

/** A whole step: loss, gradients, clipping, update. */
export function stepGraph(parameters: Parameters, options: StepOptions, batch: Declarations, build: Build): StepGraph {
  const { graph, source, objective, found } = lossWithGradients(parameters, options, batch, build);
  updateOutputs(graph, source, options, found);
  return finish(graph, source, objective);
}

/** Loss and gradients of a part of a step, added to sums: outputs `next:sum:name`, and `gradient:name` of tables. */
export function accumulationGraph(
  parameters: Parameters,
  options: StepOptions,
  batch: Declarations,
  build: Build,
): StepGraph {
  const { graph, source, objective, found } = lossWithGradients(parameters, options, batch, build);
  for (const [name, tensor] of source.dense) {
    const before = graph.input(inputNames.sum(name), 'float32', tensor.shape);
    graph.output(nextName(inputNames.sum(name)), add(before, found.get(tensor)!));
  }
  for (const { name, rows } of source.tables.values()) graph.output(inputNames.gradient(name), found.get(rows)!);
  return finish(graph, source, objective);
}

/** The update alone, from sums of gradients: inputs `sum:name`, `gradient:name` of tables, and the factor `share`. */
export function applyGraph(parameters: Parameters, options: StepOptions, like: StepGraph): StepGraph {
  const graph = new Graph();
  const source = new TrainingSource(graph, parameters, options.groups);
  const share = graph.input('share', 'float32', []);
  const found = new Map<Tensor, Tensor>();
  for (const name of like.dense) {
    const { shape } = parameters.get(name);
    const tensor = source.parameter(name, shape, failing);
    found.set(tensor, multiply(graph.input(inputNames.sum(name), 'float32', shape), share));
  }
  for (const { name, shape } of like.tables) {
    const extents = [inputNames.rows(name), shape[1]];
    const rows = graph.input(inputNames.rows(name), 'float32', extents);
    source.tables.set(name, { name, shape, ids: new Set(), rows });
    found.set(rows, multiply(graph.input(inputNames.gradient(name), 'float32', extents), share));
  }
  updateOutputs(graph, source, options, found);
  return { graph, dense: [...source.dense.keys()], tables: [...source.tables.values()], metrics: [] };
}

/** What {@link lossWithGradients} makes. */
interface Differentiated {
  readonly graph: Graph;
  readonly source: TrainingSource;
  readonly objective: Objective;
  readonly found: ReadonlyMap<Tensor, Tensor>;
}

function lossWithGradients(
  parameters: Parameters,
  options: StepOptions,
  declarations: Declarations,
  build: Build,
): Differentiated {
  const graph = new Graph();
  const batch = declare(graph, declarations);
  const source = new TrainingSource(graph, parameters, options.groups);
  const objective = build(new Scope(source), batch);
  const tensors = trained(source);
  if (tensors.length === 0) {
    throw new InvalidArgumentError(
      'The model has no parameters to train.',
      'Ask the scope for one, or let a group leave one unfrozen.',
    );
  }
  let found = gradients(objective.loss, tensors);
  if (options.sharpness !== undefined) {
    // Foret et al. 2021, equation 2: the gradient at the worst point of a ball around the parameters.
    const factor = divide(options.sharpness, add(lengthOf(found), 1e-12));
    const shifted = new Map(
      tensors.map((tensor, i) => [tensor, stopGradient(add(tensor, multiply(found[i]!, factor)))] as const),
    );
    const worst = build(new Scope(new ShiftedSource(source, shifted)), batch);
    found = gradients(
      worst.loss,
      tensors.map((tensor) => shifted.get(tensor)!),
    );
  }
  return { graph, source, objective, found: new Map(tensors.map((tensor, i) => [tensor, found[i]!])) };
}

export function declare(graph: Graph, declarations: Declarations): Tensors {
  return Object.fromEntries(
    Object.entries(declarations).map(([name, { type, shape }]) => [name, graph.input(name, type, shape)]),
  );
}

function trained(source: TrainingSource): Tensor[] {
  return [...source.dense.values(), ...Array.from(source.tables.values(), ({ rows }) => rows)];
}

function updateOutputs(
  graph: Graph,
  source: TrainingSource,
  options: StepOptions,
  found: ReadonlyMap<Tensor, Tensor>,
): void {
  const { optimizer, groups, clip, average } = options;
  const length = lengthOf([...found.values()]);
  graph.output('gradientNorm', length);
  const shrink = clip === undefined ? undefined : minimum(1, divide(clip, add(length, 1e-6)));
  const rate = graph.input('learningRate', 'float32', []);
  const scalars = Object.fromEntries(
    Object.keys(optimizer.scalars(1)).map((name) => [name, graph.input(name, 'float32', [])]),
  );
  const named = [
    ...Array.from(source.dense, ([name, tensor]) => ({ name, tensor, axes: tensor.shape.length })),
    ...Array.from(source.tables.values(), ({ name, rows }) => ({ name, tensor: rows, axes: 2 })),
  ];
  for (const { name, tensor, axes } of named) {
    const group = groupOf(name, groups);
    const slots = optimizer.slots.map((slot) => graph.input(inputNames.slot(slot, name), 'float32', tensor.shape));
    const gradient = found.get(tensor)!;
    const updated = optimizer.update({
      parameter: tensor,
      gradient: shrink === undefined ? gradient : multiply(gradient, shrink),
      slots,
      learningRate: group?.learningRate === undefined ? rate : scale(rate, group.learningRate),
      weightDecay: group?.weightDecay ?? (axes >= 2 ? optimizer.weightDecay : 0),
      scalars,
    });
    const inputName = tensor.source.kind === 'input' ? tensor.source.name : '';
    graph.output(nextName(inputName), updated.parameter);
    optimizer.slots.forEach((slot, i) => {
      graph.output(nextName(inputNames.slot(slot, name)), updated.slots[i]!);
    });
    if (average !== undefined) {
      const before = graph.input(inputNames.slot('average', name), 'float32', tensor.shape);
      const after = add(before, scale(subtract(updated.parameter, before), 1 - average));
      graph.output(nextName(inputNames.slot('average', name)), after);
    }
  }
}

/** Euclidean length of all tensors as one vector. */
function lengthOf(tensors: readonly Tensor[]): Tensor {
  return sqrt(addAll(tensors.map((tensor) => (tensor.shape.length === 0 ? square(tensor) : sum(square(tensor))))));
}

function finish(graph: Graph, source: TrainingSource, { loss, metrics = {} }: Objective): StepGraph {
  graph.output('loss', loss);
  for (const [name, tensor] of Object.entries(metrics)) graph.output(`metric:${name}`, reshape(tensor, []));
  return {
    graph,
    dense: [...source.dense.keys()],
    tables: [...source.tables.values()],
    metrics: Object.keys(metrics),
  };
}

const failing: Initializer = () => {
  throw new InvalidArgumentError('A parameter is gone.', 'Do not remove parameters while they are trained.');
};

/** A graph that computes something else than a step. */
export function described(graph: Graph, source: TrainingSource, metrics: readonly string[]): StepGraph {
  return { graph, dense: [...source.dense.keys()], tables: [...source.tables.values()], metrics };
}

/** Both graphs' parameters, for an update from sums of either. */
export function union(a: StepGraph, b: StepGraph): StepGraph {
  const tables = new Map([...a.tables, ...b.tables].map((table) => [table.name, table]));
  return { graph: a.graph, metrics: [], dense: [...new Set([...a.dense, ...b.dense])], tables: [...tables.values()] };
}
