import { Random } from '../../base/random.ts';
import {
  abs,
  add,
  affineQuantized,
  constantOf,
  Graph,
  max,
  multiply,
  quantizeColumns,
  quantizeRows,
  type Runtime,
  type Session,
  type Tensor,
  toOnnx,
  unsigned,
} from '../../tensor/index.ts';
import { type BertParts, type BertShape, linearLayers, WORDS } from './model.ts';
import { columnsOf, floatProducts, type Products, roughlyActivated, servedBert } from './served.ts';
import { type WordTable, wordsOf } from './words.ts';

/** How the weights of linear layers are kept and multiplied. */
export type Precision = 'int8' | 'float32';

/**
 * A model to be served, as an ONNX file: see `servedBert`.
 *
 * In 8 bits: weights by column, activations by row as they come. Some channels of the states are far larger than the others and would take
 * the resolution of a row for themselves. Before the two products that read states, channels are therefore divided by
 * `largest activation^a / largest weight^(1 - a)`, and the weights multiplied by it (SmoothQuant, Xiao et al. 2022, arXiv 2211.10438,
 * equation 4). The largest activations are taken from a run over random word pieces, for which no language needs to be known.
 */
export async function prepareBert(
  parts: BertParts,
  precision: Precision,
  type: WordTable['type'],
  runtime: Runtime,
): Promise<Uint8Array> {
  if (precision === 'float32') return servedBert(parts, floatProducts(parts), type);
  const [clips, magnitudes] = await Promise.all([clipsSums(runtime), calibrate(parts, runtime)]);
  return servedBert(parts, quantizedProducts(parts, magnitudes, clips), type);
}

/**
 * The product whose weights get 16 bits, as the sum of two products of 8: the second of the middle layer's block. Of all 24 products of MiniLM its
 * 8 bits cost most of the cosine with float32, which for texts of one word falls below 0.995 with them.
 */
function isRefined(path: string, { layers }: BertShape): boolean {
  return path === `layer${layers >> 1}/down`;
}

/** Layers that read states after a normalisation, whose channels differ most. */
const SMOOTHED = /\/(qkv|up)$/;

/** @param clips whether bytes of weights have no sign, since sums would be clipped otherwise. */
function quantizedProducts(parts: BertParts, magnitudes: ReadonlyMap<string, Float32Array>, clips: boolean): Products {
  const { shape, parameters } = parts;
  const extents = linearLayers(shape);
  return {
    begin(graph, path, x) {
      const [from, to] = extents.get(path)!;
      let { data } = parameters.get(`${path}/weight`);
      let input = x;
      const magnitude = magnitudes.get(path);
      if (magnitude !== undefined) {
        const steps = smoothing(magnitude, data, to);
        data = data.map((value, i) => value * steps[Math.floor(i / to)]!);
        const inverse = steps.map((step) => 1 / step);
        input = multiply(x, constantOf(inverse, [from]));
      }
      const rows = quantizeRows(input, path.endsWith('/down') ? LEAST_ACTIVATION[shape.activation] : undefined);
      const product = (name: string, weight: Float32Array, width: number, isRest = false): Tensor => {
        const { values, scales } = quantizeColumns(weight, from, width);
        const result = affineQuantized(rows, {
          values: clips
            ? constantOf(unsigned(values), [from, width], 'uint8')
            : graph.constant(`${name}/weight`, values, [from, width]),
          scales: graph.constant(`${name}/scales`, scales),
        });
        if (isRest || !isRefined(path, shape)) return result;
        const rest = weight.map((value, i) => value - values[i]! * scales[i % width]!);
        return add(result, product(`${name}/rest`, rest, width, true));
      };
      return (low, high) => product(`${path}/${low}`, columnsOf(data, [from, to], low, high), high - low);
    },
    activated: roughlyActivated,
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
  const { shape, parameters } = parts;
  const model = servedBert(parts, floatProducts(parts), 'float32', (graph, path, x) => {
    if (SMOOTHED.test(path)) graph.output(path, max(abs(x), 0));
  });
  const random = new Random(1);
  const { texts, tokens } = CALIBRATION;
  const length = Math.min(tokens, shape.positions);
  const pieces = Int32Array.from({ length: texts * length }, () => random.below(shape.vocabulary));
  const session = await runtime.createSession(model);
  try {
    const found = await session.run({
      words: {
        data: wordsOf(parameters.get(WORDS).data, shape.width).rows(pieces),
        shape: [texts, length, shape.width],
      },
      positions: { data: Int32Array.from({ length }, (_, i) => i), shape: [length] },
      ...(parts.judgesPairs === true
        ? { types: { data: Int32Array.from({ length }, (_, i) => (4 * i < length ? 0 : 1)), shape: [length] } }
        : {}),
    });
    const layers = Object.entries(found).filter(([name]) => SMOOTHED.test(name));
    return new Map(layers.map(([path, { data }]) => [path, (data as Float32Array).slice()]));
  } finally {
    await session.dispose();
  }
}

/** Whether the runtime adds two products with bytes that have a sign in 16 bits and clips them, as processors before VNNI make it (x86). */
async function clipsSums(runtime: Runtime): Promise<boolean> {
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
    return !(y!.data as Float32Array).every((value) => Math.abs(value - 127 * 127 * from) < 1);
  } finally {
    await session.dispose();
  }
}
