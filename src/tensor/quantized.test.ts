import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import * as t from './index.ts';

const runtime = t.onnxRuntime(createRequire(import.meta.url)('onnxruntime-node') as t.OnnxRuntimeModule);
const random = new Random(3);
const normals = (count: number, spread = 1) => Float32Array.from({ length: count }, () => spread * random.normal());

interface Case {
  readonly from: number;
  readonly to: number;
  readonly least?: number;
}

/** `rows` through one quantized product; and the bytes and steps of the rows. */
async function run(rows: Float32Array, weight: Float32Array, bias: Float32Array, { from, to, least }: Case) {
  const graph = new t.Graph();
  const { values, scales } = t.quantizeColumns(weight, from, to);
  const quantized = t.quantizeRows(graph.input('x', 'float32', ['rows', from]), least);
  const weights = {
    // With a sign, sums would be clipped by some processors.
    values: t.constantOf(t.unsigned(values), [from, to], 'uint8'),
    scales: graph.constant('scales', scales),
  };
  graph.output('y', t.affineQuantized(quantized, weights, graph.constant('bias', bias)));
  graph.output('steps', t.scale(quantized.scales, 1));
  const session = await runtime.createSession(t.toOnnx(graph), { threads: 1 });
  const outputs = await session.run({ x: { data: rows, shape: [rows.length / from, from] } });
  await session.dispose();
  return {
    y: outputs['y']!.data as Float32Array,
    steps: outputs['steps']!.data as Float32Array,
    zero: quantized.zero,
    values,
    scales,
  };
}

const CASES: readonly (readonly [string, Case, (x: number) => number])[] = [
  ['numbers of either sign', { from: 32, to: 12 }, (x) => x],
  ['what relu leaves', { from: 32, to: 12, least: 0 }, (x) => Math.max(0, x)],
  ['what gelu leaves', { from: 48, to: 5, least: -0.17 }, (x) => Math.max(-0.17, x)],
];

describe('products of 8 bits', () => {
  it.each(CASES)('are those of a scalar reference: %s', async (_, shape, activation) => {
    const { from, to } = shape;
    const count = 9;
    // Rows of very different magnitude, and one of zeros.
    const rows = Float32Array.from({ length: count * from }, (_, i) => {
      const row = Math.floor(i / from);
      return row === 4 ? 0 : activation(random.normal() * 10 ** (row - 4));
    });
    const [weight, bias] = [normals(from * to, 0.3), normals(to)];
    const { y, steps, zero, values, scales } = await run(rows, weight, bias, shape);
    for (let row = 0; row < count; row++) {
      const x = rows.subarray(row * from, (row + 1) * from);
      const step = steps[row]!;
      const bytes = x.map((value) => Math.min(255, Math.max(0, roundEven(value / step) + zero)));
      bytes.forEach((byte, i) => {
        expect(Math.abs((byte - zero) * step - x[i]!)).toBeLessThan(0.5001 * step);
      });
      for (let column = 0; column < to; column++) {
        let sum = 0;
        bytes.forEach((byte, i) => {
          sum += (byte - zero) * values[i * to + column]!;
        });
        const expected = sum * step * scales[column]! + bias[column]!;
        expect(Math.abs(y[row * to + column]! - expected)).toBeLessThan(1e-5 * (1 + Math.abs(expected)));
        let exact = bias[column]!;
        let magnitude = 0;
        x.forEach((value, i) => {
          exact += value * weight[i * to + column]!;
          magnitude += Math.abs(value * weight[i * to + column]!);
        });
        expect(Math.abs(expected - exact)).toBeLessThan(0.05 * magnitude + from * step + 1e-6);
      }
    }
  });

  it.each(CASES)('give a row the same whatever rows are beside it: %s', async (_, shape, activation) => {
    const { from, to } = shape;
    const rows = normals(7 * from).map(activation);
    rows.subarray(2 * from, 3 * from).forEach((value, i, row) => {
      row[i] = value * 1000;
    });
    const [weight, bias] = [normals(from * to, 0.3), normals(to)];
    const together = await run(rows, weight, bias, shape);
    for (let row = 0; row < 7; row++) {
      const alone = await run(rows.slice(row * from, (row + 1) * from), weight, bias, shape);
      expect([...alone.y]).toEqual([...together.y.subarray(row * to, (row + 1) * to)]);
    }
  });

  it('keep the axes of what they are given, and refuse what does not fit', async () => {
    const graph = new t.Graph();
    const weight = {
      values: graph.constant('weight', new Int8Array(12).fill(1), [4, 3]),
      scales: graph.constant('scales', Float32Array.of(1, 2, 3)),
    };
    const x = graph.input('x', 'float32', ['texts', 5, 4]);
    graph.output('y', t.affineQuantized(x, weight));
    const session = await runtime.createSession(t.toOnnx(graph), { threads: 1 });
    const { y } = await session.run({ x: { data: new Float32Array(40).fill(127), shape: [2, 5, 4] } });
    expect(y!.shape).toEqual([2, 5, 3]);
    expect([...y!.data.subarray(0, 3)].map((value) => Math.round(Number(value)))).toEqual([508, 1016, 1524]);
    await session.dispose();
    expect(() => t.quantizeRows(x)).toThrow(/it needs a matrix/);
    expect(() => t.affineQuantized(graph.input('z', 'float32', ['rows', 5]), weight)).toThrow(/5 columns meet 4 rows/);
  });

  it('hold weights by column to half a step', () => {
    const weight = normals(40 * 7);
    for (let row = 0; row < 40; row++) {
      weight[row * 7 + 2]! *= 1e6;
      weight[row * 7 + 5] = 0;
    }
    const { values, scales } = t.quantizeColumns(weight, 40, 7);
    expect(Math.max(...values.map(Math.abs))).toBe(127);
    weight.forEach((value, i) => {
      expect(Math.abs(values[i]! * scales[i % 7]! - value)).toBeLessThanOrEqual(0.5001 * scales[i % 7]!);
    });
    expect(scales[5]).toBe(1);
  });
});

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
