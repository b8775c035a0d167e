import { join } from 'node:path';
import type { Random } from '../../src/base/random.ts';
import type { Vectors } from '../../src/base/vectors.ts';
import {
  type AdapterShape,
  adapter,
  miniLmDescription,
  nativeRuntime,
  type Trainable,
  trainableLastLayers,
} from '../../src/encode/index.ts';
import {
  type Batch,
  drawn,
  type FitModel,
  fit,
  mlp,
  Parameters,
  partOf,
  prefixed,
  run,
  type Scope,
  type Tensor,
  type Tensors,
  toValue,
  toVectors,
  unitLength,
  withParts,
} from '../../src/tensor/index.ts';
import { mergeCheckpoints } from '../../src/train/index.ts';
import type { Lab } from '../grading/lab.ts';
import { root } from '../grading/places.ts';
import type { Config } from '../grading/types.ts';

/** What a model is given, row by row. */
export interface Items {
  readonly count: number;
  arrays(rows: readonly number[]): Batch;
}

/** A model as it is before training, made anew for each seed. */
export type Start = (seed: number) => FitModel | Promise<FitModel>;

/** What is trained, and what it is given. */
export interface Learner {
  readonly start: Start;
  readonly items: Items;
}

/** A step: lists of rows by name, which the model makes vectors of, and arrays that the loss is given as they are. */
export interface Step {
  readonly lists: Readonly<Record<string, { readonly of: Items; readonly rows: readonly number[] }>>;
  readonly arrays?: Batch;
}

/** Draws steps, of the same extents every time. @param progress from 0 to 1. */
export type Draw = (random: Random, step: number, progress: number) => Step;

/** How a model is trained. */
export interface Training {
  readonly start: Start;
  /** Names of the lists of a step. */
  readonly lists: readonly string[];
  /** Lists that another model makes vectors of, whose parameters are among those of the one that starts. */
  readonly towers?: Readonly<Record<string, FitModel['forward']>>;
  readonly draw: Draw;
  /** @param encoded unit vectors by list, `[rows, dim]`. @param arrays of the step. */
  readonly loss: (encoded: Tensors, arrays: Tensors, scope: Scope) => Tensor;
  /** Zero: the model stays as it is. */
  readonly steps: number;
  /** Highest rate of a schedule that rises over a tenth of the steps and then falls to 0. */
  readonly learningRate: number;
}

/** A model that was trained. */
export interface Learned {
  readonly parameters: Parameters;
  readonly seconds: number;
  /** Vectors of rows. Default: of all. @param list of whose tower; default: the model itself. */
  encode(items: Items, rows?: readonly number[], list?: string): Promise<Vectors>;
}

/** Rows that are encoded at a time. */
const ENCODED = 128;

/** Trains by AdamW with clipping at 1, in one thread, so that it gives the same on every run. */
export async function learn(
  { start, lists, towers = {}, draw, loss, steps, learningRate }: Training,
  { seed, signal }: { readonly seed: number; readonly signal: AbortSignal },
): Promise<Learned> {
  const model = await start(seed);
  const how = { runtime: await nativeRuntime(), threads: 1 } as const;
  let seconds = 0;
  if (steps > 0) {
    const { tookMs } = await fit(
      withParts(
        model,
        lists.map((name) => `${name}:`),
      ),
      drawn(steps, (random, step) => {
        const { lists: given, arrays = {} } = draw(random, step, step / Math.max(1, steps - 1));
        const parts = Object.entries(given).map(([name, { of, rows }]) => prefixed(`${name}:`, of.arrays(rows)));
        return Object.assign({}, arrays, ...parts) as Batch;
      }),
      (forward, batch, scope) => {
        const there = lists.filter((name) => Object.keys(batch).some((input) => input.startsWith(`${name}:`)));
        const encoded = there.map((name) => {
          const own = partOf(`${name}:`, batch);
          return [name, towers[name]?.(scope, own) ?? forward(own)] as const;
        });
        return loss(Object.fromEntries(encoded), batch, scope);
      },
      { ...how, learningRate, seed, signal },
    );
    seconds = tookMs / 1000;
  }
  const { parameters, forward, shapes } = model;
  return {
    parameters,
    seconds,
    async encode(items, rows = Array.from({ length: items.count }, (_, row) => row), list = '') {
      const parts = Array.from({ length: Math.ceil(rows.length / ENCODED) }, (_, part) =>
        items.arrays(rows.slice(part * ENCODED, (part + 1) * ENCODED)),
      );
      const tower = towers[list];
      const apply = (scope: Scope, batch: Tensors) => tower?.(scope, batch) ?? forward(scope, batch);
      const { output } = await run(apply, parts, { ...how, parameters, ...(shapes === undefined ? {} : { shapes }) });
      return toVectors(output!);
    },
  };
}

/** A model as it is before training. */
export function untrained(
  start: Start,
  context: { readonly seed: number; readonly signal: AbortSignal },
): Promise<Learned> {
  const nothing = { lists: [], draw: () => ({ lists: {} }), steps: 0, learningRate: 0 };
  return learn({ ...nothing, start, loss: (encoded) => Object.values(encoded)[0]! }, context);
}

/** One model of several that were trained from the same start, see `mergeCheckpoints`. @param items of which it makes vectors. */
export async function mergedModel(
  start: Start,
  items: Items,
  trained: readonly Learned[],
  rule: 'uniform' | 'delta',
  context: { readonly seed: number; readonly signal: AbortSignal },
): Promise<Learned> {
  const model = await untrained(start, context);
  // Asks for every parameter once, so that they are what training began with.
  await model.encode(items, [0]);
  const { parameters } = model;
  const merged = mergeCheckpoints(
    parameters,
    trained.map((one) => one.parameters),
    rule,
  );
  for (const name of merged.names) parameters.set(name, merged.get(name).data, merged.get(name).shape);
  return { ...model, seconds: trained.reduce((sum, { seconds }) => sum + seconds, 0) };
}

/** Trains for a configuration, as a contestant's `fit` does. */
export type Fit = (
  config: Config,
  context: { readonly seed: number; readonly signal: AbortSignal },
) => Promise<Learned>;

/** Trains each configuration once for every seed, however many contestants and claims ask for it. */
export function fitting(training: (config: Config) => Training): Fit {
  const made = new Map<string, Promise<Learned>>();
  return (config, context) => {
    const key = JSON.stringify([config, context.seed]);
    let learned = made.get(key);
    if (learned === undefined) {
      learned = learn(training(config), context);
      made.set(key, learned);
      learned.catch(() => made.delete(key));
    }
    return learned;
  };
}

/** {@link fitting}, once for a recipe on its data. */
export function fittingOnce<Recipe extends object>(
  recipe: Recipe,
  data: object,
  training: (config: Config) => Training,
): Fit {
  let byData = fits.get(recipe);
  if (byData === undefined) {
    byData = new WeakMap();
    fits.set(recipe, byData);
  }
  const found = byData.get(data) ?? fitting(training);
  byData.set(data, found);
  return found;
}
const fits = new WeakMap<object, WeakMap<object, Fit>>();

/** Vectors as what a head is given. */
export function vectorItems(vectors: Vectors): Items {
  return { count: vectors.count, arrays: (rows) => ({ given: toValue(vectors.pick([...rows])) }) };
}

/** Texts as what a model that reads texts is given. */
export function textItems<In>(
  inputs: readonly In[],
  { batch }: Pick<Trainable<In>, 'batch'>,
  role?: 'query' | 'document',
): Items {
  return {
    count: inputs.length,
    arrays: (rows) =>
      batch(
        rows.map((row) => inputs[row]!),
        role,
      ),
  };
}

/** What is learned over frozen vectors; the result is scaled to unit length. */
export type HeadShape = AdapterShape | { readonly form: 'mlp'; readonly widths: readonly number[] };

/** A head: it starts as the identity, but for a network. */
export function head(shape: HeadShape = { form: 'low-rank' }): Start {
  return (seed) => ({
    parameters: new Parameters(seed),
    forward: (scope, { given }) =>
      shape.form === 'mlp' ? unitLength(mlp(scope, given!, shape.widths)) : adapter(scope, given!, shape),
  });
}

/** Tokens of a text that are read in training. */
const LENGTH = 48;

/** The last layers of a BERT, which are trained, while what is under them stays as it is. */
export interface LastLayer {
  readonly start: Start;
  /** Prepares texts, which takes a while. */
  items(texts: readonly string[], role: 'query' | 'document'): Promise<Items>;
  readonly encoder: Awaited<ReturnType<typeof trainableLastLayers>>;
}

/** MiniLM, of which the last layer is trained. */
export function lastLayer(lab: Lab): Promise<LastLayer> {
  return lab.once('last layer', () => lastLayersOf(lab, 'the frozen layers of MiniLM', miniLmDescription(), 1));
}

/** The first two layers of MiniLM, which are trained: a small encoder. */
export function firstLayers(lab: Lab): Promise<LastLayer> {
  const whole = miniLmDescription();
  const description = { ...whole, shape: { ...whole.shape, layers: 2 } };
  return lab.once('first layers', () => lastLayersOf(lab, 'the tables of MiniLM', description, 2));
}

async function lastLayersOf(
  lab: Lab,
  under: string,
  description: ReturnType<typeof miniLmDescription>,
  layers: number,
): Promise<LastLayer> {
  const runtime = await nativeRuntime();
  const encoder = await trainableLastLayers(description, { runtime, layers, maxLength: LENGTH });
  const begun = encoder.parameters.clone();
  return {
    encoder,
    start: () => ({ ...encoder, parameters: begun.clone() }),
    items: async (texts, role) => {
      // Kept by what made them.
      const code = lab.code.hashOfExport(join(root, 'src/encode/index.ts'), 'trainableLastLayers');
      const bytes = await lab.kept('states', [under, code, role, ...texts], async () => {
        lab.say(`running ${texts.length} texts through ${under}`);
        return packed(await encoder.prepare(texts, { role, signal: lab.signal }));
      });
      return textItems(unpacked(bytes), encoder, role);
    },
  };
}

/** Arrays one after the other, and before them how many there are and how long each is. */
function packed(arrays: readonly Float32Array[]): Buffer {
  const head = Uint32Array.of(arrays.length, ...arrays.map(({ length }) => length));
  return Buffer.concat([head, ...arrays].map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)));
}

function unpacked(bytes: Buffer): Float32Array[] {
  // Aligned, as a buffer need not be.
  const { buffer } = new Uint8Array(bytes);
  const [count] = new Uint32Array(buffer, 0, 1);
  let at = 4 * (count! + 1);
  return Array.from(new Uint32Array(buffer, 4, count), (length) => {
    const own = new Float32Array(buffer, at, length);
    at += own.byteLength;
    return own;
  });
}

/** Every combination of settings, the last varying fastest. */
export function grid<const Settings extends Readonly<Record<string, readonly (number | string | boolean)[]>>>(
  settings: Settings,
): { [Name in keyof Settings]: Settings[Name][number] }[] {
  return Object.entries(settings).reduce<Config[]>(
    (configs, [name, values]) => configs.flatMap((config) => values.map((value) => ({ ...config, [name]: value }))),
    [{}],
  ) as { [Name in keyof Settings]: Settings[Name][number] }[];
}

/** Numbers `0 .. count`, shuffled anew each time all have been taken: `next(n)` gives the following `n`. */
export class Deck {
  #at = 0;
  #order: number[];

  constructor(
    count: number,
    readonly random: Random,
  ) {
    this.#order = random.shuffle(Array.from({ length: count }, (_, i) => i));
  }

  next(n: number): number[] {
    const taken: number[] = [];
    while (taken.length < n) {
      if (this.#at === this.#order.length) {
        this.random.shuffle(this.#order);
        this.#at = 0;
      }
      taken.push(this.#order[this.#at++]!);
    }
    return taken;
  }
}
