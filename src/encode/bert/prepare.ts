import { Random } from '../../base/random.ts';
import {
  abs,
  affineQuantized,
  constantOf,
  constantsOf,
  Graph,
  max,
  multiply,
  type Parameters,
  quantizeColumns,
  quantizeRows,
  type Runtime,
  type Scope,
  type Session,
  toOnnx,
  unitLength,
  zeros,
} from '../../tensor/index.ts';
import { declareRagged, type Pooling, raggedInputs } from '../ragged.ts';
import {
  type BertInputs,
  type BertModules,
  type BertShape,
  bertStates,
  floatLayer,
  type LinearLayer,
  linearLayers,
  pooled,
  WORDS,
} from './model.ts';

/** Names of what a prepared model gives: `[texts, width]`, and `[tokens, width]`. */
export const OUTPUTS = { texts: 'vectors', tokens: 'states' } as const;

/** What a model that is served is made of. */
export interface BertParts {
  readonly shape: BertShape;
  /** All but the table of word pieces, of which a run is given rows. */
  readonly parameters: Parameters;
  readonly pooling: Exclude<Pooling, 'tokens'>;
  /** Whether vectors are scaled to unit length. */
  readonly normalize: boolean;
  /** Modules beside the weights, made anew for each graph. */
  readonly modules?: (scope: Scope) => BertModules;
}

/** How the weights of linear layers are kept and multiplied. */
export type Precision = 'int8' | 'float32';

/**
 * A model to be served, as an ONNX file: inputs of `declareRagged` and `words` `[tokens, width]`; outputs {@link OUTPUTS}.
 *
 * In 8 bits: weights by column, activations by row as they come. Some channels of the states are far larger than the others and would take
 * the resolution of a row for themselves. Before the two products that read states, channels are therefore divided by
 * `largest activation^a / largest weight^(1 - a)`, and the weights multiplied by it (SmoothQuant, Xiao et al. 2022, arXiv 2211.10438,
 * equation 4). The largest activations are taken from a run over random word pieces, for which no language needs to be known.
 */
export async function prepareBert(parts: BertParts, precision: Precision, runtime: Runtime): Promise<Uint8Array> {
  if (precision === 'float32') return servedGraph(parts, floatLayer);
  const [largest, magnitudes] = await Promise.all([largestByte(runtime), calibrate(parts, runtime)]);
  const graph = new Graph();
  return servedGraph(parts, quantizedLayers(graph, parts, magnitudes, largest), graph);
}

function servedGraph(parts: BertParts, linear: LinearLayer, graph = new Graph()): Uint8Array {
  const { inputs, states } = statesOf(graph, parts, linear);
  const scaled = (x: typeof states) => (parts.normalize ? unitLength(x) : x);
  graph.output(OUTPUTS.texts, scaled(pooled(states, inputs, parts.pooling)));
  graph.output(OUTPUTS.tokens, unitLength(states));
  return toOnnx(graph);
}

function statesOf(graph: Graph, { shape, parameters, pooling, modules }: BertParts, linear: LinearLayer) {
  const scope = constantsOf(graph, parameters);
  const words = graph.input('words', 'float32', ['tokens', shape.width]);
  const inputs: BertInputs = { ...declareRagged(graph, pooling), words };
  const states = bertStates(scope, inputs, shape, { ...modules?.(scope), linear });
  return { inputs, states };
}

/**
 * The product that stays in float: the second of the middle layer's block. Of all 24 products of MiniLM its 8 bits cost most of the cosine with
 * float32, which for texts of one word falls below 0.995 with them; the float costs 3 to 4% of the time.
 */
function staysInFloat(path: string, { layers }: BertShape): boolean {
  return path === `layer${layers >> 1}/down`;
}

/** Layers that read states after a normalisation, whose channels differ most. */
const SMOOTHED = /\/(qkv|up)$/;

function quantizedLayers(
  graph: Graph,
  { shape, parameters }: BertParts,
  magnitudes: ReadonlyMap<string, Float32Array>,
  largest: number,
): LinearLayer {
  const extents = linearLayers(shape);
  return (at, path, x, to) => {
    if (staysInFloat(path, shape)) return floatLayer(at, path, x, to);
    const [from] = extents.get(path)!;
    let { data } = parameters.get(`${path}/weight`);
    let input = x;
    const magnitude = magnitudes.get(path);
    if (magnitude !== undefined) {
      const steps = smoothing(magnitude, data, to);
      data = data.map((value, i) => value * steps[Math.floor(i / to)]!);
      const inverse = steps.map((step) => 1 / step);
      input = multiply(x, constantOf(inverse, [from]));
    }
    const { values, scales } = quantizeColumns(data, from, to, largest);
    const weight = {
      values: graph.constant(`${path}/weight`, values, [from, to]),
      scales: graph.constant(`${path}/scales`, scales),
    };
    const rows = quantizeRows(input, path.endsWith('/down') ? LEAST_ACTIVATION[shape.activation] : undefined);
    return affineQuantized(rows, weight, at.parameter('bias', [to], zeros));
  };
}

/** The least value of each activation, rounded down. */
const LEAST_ACTIVATION = { gelu: -0.17, geluTanh: -0.171, relu: 0 } as const;

/** The exponent `a`: of 0.4 to 0.7, with which vectors of claims, commands and abstracts changed least. */
const SHARE = 0.65;

/** By row of the weight: what its channel is divided by. */
function smoothing(magnitude: Float32Array, weight: Float32Array, to: number): Float32Array {
  return magnitude.map((activation, row) => {
    let most = 0;
    for (let i = row * to; i < (row + 1) * to; i++) most = Math.max(most, Math.abs(weight[i]!));
    return Math.max(activation, 1e-3) ** SHARE / Math.max(most, 1e-5) ** (1 - SHARE);
  });
}

/** Texts that a calibration runs over, and word pieces of each: more of either change the scales by less than a hundredth. */
const CALIBRATION = { texts: 24, tokens: 32 } as const;

/** The largest activation of each channel that a smoothed layer reads, by the layer's path. */
async function calibrate(parts: BertParts, runtime: Runtime): Promise<Map<string, Float32Array>> {
  const graph = new Graph();
  statesOf(graph, parts, (at, path, x, to) => {
    if (SMOOTHED.test(path)) graph.output(path, max(abs(x), 0));
    return floatLayer(at, path, x, to);
  });
  const { shape, pooling } = parts;
  const random = new Random(1);
  const texts = Array.from({ length: CALIBRATION.texts }, () =>
    Int32Array.from({ length: Math.min(CALIBRATION.tokens, shape.positions) }, () => random.below(shape.vocabulary)),
  );
  const { tokens, ...inputs } = raggedInputs(texts, pooling);
  const words = rowsOf(parts.parameters.get(WORDS).data, tokens, shape.width);
  const session = await runtime.createSession(toOnnx(graph));
  try {
    const outputs = await session.run({ ...inputs, words: { data: words, shape: [tokens.length, shape.width] } });
    return new Map(Object.entries(outputs).map(([path, { data }]) => [path, (data as Float32Array).slice()]));
  } finally {
    await session.dispose();
  }
}

function rowsOf(table: Float32Array, rows: Int32Array, width: number): Float32Array {
  const data = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    data.set(table.subarray(row * width, (row + 1) * width), i * width);
  });
  return data;
}

/**
 * The largest magnitude of a weight with which sums of products are exact: 127, or 63 on processors whose 8-bit instruction adds two
 * products in 16 bits and clips them (x86 before VNNI).
 */
async function largestByte(runtime: Runtime): Promise<127 | 63> {
  const graph = new Graph();
  const [from, to] = [64, 16];
  const weight = {
    values: graph.constant('weight', new Int8Array(from * to).fill(127), [from, to]),
    scales: graph.constant('scales', new Float32Array(to).fill(1)),
  };
  graph.output('y', affineQuantized(graph.input('x', 'float32', ['rows', from]), weight));
  const session: Session = await runtime.createSession(toOnnx(graph));
  try {
    const { y } = await session.run({ x: { data: new Float32Array(4 * from).fill(127), shape: [4, from] } });
    return (y!.data as Float32Array).every((value) => Math.abs(value - 127 * 127 * from) < 1) ? 127 : 63;
  } finally {
    await session.dispose();
  }
}
