import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import * as t from './index.ts';
import { Graph, type Tensor, type Value } from './index.ts';
import { compareGradients, randomValue } from './testing.ts';

const testRuntime = t.onnxRuntime(createRequire(import.meta.url)('onnxruntime-node') as t.OnnxRuntimeModule);
const random = new Random(3);
const value = (...shape: number[]) => randomValue(random, shape);
const positive = (...shape: number[]): Value => {
  const { data } = value(...shape);
  return { data: (data as Float32Array).map((x) => 0.5 + Math.abs(x)), shape };
};
/** Elements at least 0.05 apart, so that no step changes an order, and none near 0 or 1. */
const distinct = (...shape: number[]): Value => {
  const size = shape.reduce((a, b) => a * b, 1);
  const order = random.shuffle(Array.from({ length: size }, (_, i) => i));
  return { data: Float32Array.from(order, (i) => (i - size / 2 + 0.25) * 0.13), shape };
};
const whole = (below: number, ...shape: number[]) => randomValue(random, shape, below);

const seedOf = (seed: number): Value => ({ data: Int32Array.of(seed), shape: [] });

/** A scalar that depends on every element differently. */
const score = (x: Tensor): Tensor => {
  const size = (x.shape as number[]).reduce((a, b) => a * b, 1);
  const weights = new Graph().constant(
    'w',
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * 1.7 + 1)),
    x.shape as number[],
  );
  return t.sum(t.multiply(x, weights));
};

const cases: Record<string, [inputs: Value[], build: (...x: Tensor[]) => Tensor]> = {
  'add, with broadcasting': [[value(2, 3), value(3)], (a, b) => t.add(a!, b!)],
  'add, a column': [[value(2, 3), value(2, 1)], (a, b) => t.add(a!, b!)],
  subtract: [[value(3), value(2, 3)], (a, b) => t.subtract(a!, b!)],
  multiply: [[value(2, 3), value(2, 1)], (a, b) => t.multiply(a!, b!)],
  'multiply by itself': [[value(2, 3)], (a) => t.multiply(a!, a!)],
  divide: [[value(2, 3), positive(3)], (a, b) => t.divide(a!, b!)],
  maximum: [[distinct(2, 3), value(1)], (a) => t.maximum(a!, 0)],
  minimum: [[distinct(2, 3)], (a) => t.minimum(a!, 0.1)],
  where: [[value(2, 3), value(3), whole(2, 2, 3)], (a, b, m) => t.where(t.cast(m!, 'bool'), a!, b!)],
  dropout: [[value(5, 3), seedOf(7)], (a, seed) => t.square(t.dropout(a!, { rate: 0.4, seed: seed! }))],
  negate: [[value(3)], (a) => t.negate(a!)],
  'scale and square': [[value(3)], (a) => t.square(t.scale(a!, -1.5))],
  sqrt: [[positive(4)], (a) => t.sqrt(a!)],
  power: [[positive(4)], (a) => t.power(a!, 2.5)],
  exp: [[value(4)], (a) => t.exp(a!)],
  log: [[positive(4)], (a) => t.log(a!)],
  abs: [[distinct(4)], (a) => t.abs(a!)],
  relu: [[distinct(6)], (a) => t.relu(a!)],
  tanh: [[value(4)], (a) => t.tanh(a!)],
  sigmoid: [[value(4)], (a) => t.sigmoid(a!)],
  softplus: [[value(4)], (a) => t.softplus(a!)],
  gelu: [[value(6)], (a) => t.gelu(a!)],
  clip: [[distinct(8)], (a) => t.clip(a!, -0.2, 0.2)],
  'sum of all': [[value(2, 3)], (a) => t.square(t.sum(a!))],
  'sum over the middle': [[value(2, 3, 2)], (a) => t.square(t.sum(a!, 1))],
  'sum that keeps axes': [[value(2, 3, 2)], (a) => t.square(t.sum(a!, [0, -1], true))],
  mean: [[value(2, 3, 2)], (a) => t.square(t.mean(a!, [0, 1]))],
  max: [[distinct(3, 4)], (a) => t.square(t.max(a!, 1))],
  logSumExp: [[value(3, 4)], (a) => t.logSumExp(a!, -1)],
  'logSumExp of all': [[value(3, 4)], (a) => t.square(t.logSumExp(a!))],
  softmax: [[value(3, 4)], (a) => t.softmax(a!)],
  logSoftmax: [[value(3, 4)], (a) => t.logSoftmax(a!)],
  norm: [[value(3, 4)], (a) => t.norm(a!)],
  deviation: [[value(3, 4)], (a) => t.deviation(a!, 1)],
  matmul: [[value(2, 3), value(3, 4)], (a, b) => t.matmul(a!, b!)],
  'matmul of a batch with a matrix': [[value(2, 2, 3), value(3, 4)], (a, b) => t.matmul(a!, b!)],
  'matmul of a matrix with a batch': [[value(2, 3), value(2, 3, 4)], (a, b) => t.matmul(a!, b!)],
  'matmul of batches': [[value(2, 2, 3), value(2, 3, 4)], (a, b) => t.matmul(a!, b!)],
  'matmul that broadcasts a batch': [[value(2, 1, 2, 3), value(3, 3, 2)], (a, b) => t.matmul(a!, b!)],
  affine: [[value(2, 2, 3), value(3, 4), value(4)], (x, w, b) => t.affine(x!, w!, b!)],
  'affine without bias': [[value(2, 3), value(3, 4)], (x, w) => t.affine(x!, w!)],
  transpose: [[value(2, 3, 2)], (a) => t.square(t.transpose(a!, [2, 0, 1]))],
  reshape: [[value(2, 6)], (a) => t.square(t.reshape(a!, [3, 4]))],
  expandDims: [[value(2, 3)], (a) => t.square(t.expandDims(a!, 1))],
  expandLike: [[value(3), value(2, 3)], (a, b) => t.multiply(t.expandLike(a!, b!), b!)],
  'gather, with repeated rows': [[value(3, 2), whole(3, 2, 4)], (a, i) => t.square(t.gather(a!, i!))],
  scatterAdd: [[value(5, 2), whole(3, 5)], (a, i) => t.square(t.scatterAdd(a!, i!, 3))],
  select: [[value(3, 2)], (a) => t.square(t.select(a!, 1))],
  take: [[value(3, 4), whole(4, 3, 5)], (a, i) => t.square(t.take(a!, i!))],
  topK: [[distinct(3, 5)], (a) => t.square(t.topK(a!, 2).values)],
  slice: [[value(3, 5)], (a) => t.square(t.slice(a!, 1, -3, -1))],
  concat: [[value(2, 3), value(2, 1)], (a, b) => t.square(t.concat([a!, b!], 1))],
  'concat of a tensor with itself': [[value(2, 3)], (a) => t.square(t.concat([a!, a!], 0))],
  stack: [[value(2, 3), value(2, 3)], (a, b) => t.square(t.stack([a!, b!], 1))],
  diagonal: [[value(3, 4)], (a) => t.square(t.diagonal(a!))],
  layerNorm: [[value(3, 4), value(4), value(4)], (x, g, o) => t.layerNorm(x!, g!, o!, 0.01)],
  unitLength: [[value(3, 4)], (a) => t.unitLength(a!)],
  'convolve in one dimension': [
    [value(2, 2, 7), value(3, 2, 3), value(3)],
    (x, k, b) => t.convolve(x!, k!, b!, { padding: 1 }),
  ],
  'convolve in two dimensions with a stride': [
    [value(2, 2, 6, 5), value(3, 2, 3, 2), value(3)],
    (x, k, b) => t.convolve(x!, k!, b!, { stride: 2, padding: 1 }),
  ],
  'convolve with windows that do not reach the end': [
    [value(1, 1, 8), value(2, 1, 3)],
    (x, k) => t.convolve(x!, k!, undefined, { stride: 3 }),
  ],
  'a gradient through a gradient': [
    [value(3)],
    (a) => t.gradients(t.sum(t.multiply(t.tanh(a!), t.square(a!))), [a!])[0]!,
  ],
  'a second gradient through matmul and softmax': [
    [value(2, 3), value(3, 3)],
    (a, b) => t.gradients(t.sum(t.square(t.softmax(t.matmul(a!, b!)))), [b!])[0]!,
  ],
};

describe('gradients agree with finite differences:', () => {
  for (const [name, [inputs, build]] of Object.entries(cases)) {
    it(name, async () => {
      const pairs = await compareGradients(testRuntime, inputs, (...x) => score(build(...x)));
      expect(pairs.length).toBeGreaterThan(0);
      for (const { analytic, numeric } of pairs) {
        expect(Math.abs(analytic - numeric)).toBeLessThan(2e-3 * (1 + Math.abs(numeric)));
      }
      // A rule that gives nothing but zeros would pass for a constant.
      expect(pairs.some(({ analytic }) => Math.abs(analytic) > 1e-3)).toBe(true);
    });
  }

  it('also where extents are known only when the graph runs', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', ['texts', 'length', 4]);
    const w = graph.input('w', 'float32', [4, 3]);
    const i = graph.input('i', 'int32', ['texts']);
    const hidden = t.gelu(t.affine(x, w));
    const pooled = t.gather(t.mean(t.layerNorm(hidden, ones(graph, 'g', 3), ones(graph, 'o', 3), 0.5), 1), i);
    const loss = t.add(t.mean(t.square(pooled)), t.sum(t.concat([t.logSumExp(hidden, [1, 2]), t.mean(x, [1, 2])], 0)));
    graph.output('loss', loss);
    t.gradients(loss, [x, w]).forEach((gradient, n) => {
      graph.output(`d${n}`, gradient);
    });
    const session = await testRuntime.createSession(t.toOnnx(graph), { threads: 1 });
    for (const [texts, length] of [
      [2, 3],
      [3, 1],
    ] as const) {
      const feeds = { x: value(texts, length, 4), w: value(4, 3), i: whole(texts, texts) };
      const out = await session.run(feeds);
      for (const [n, name] of (['x', 'w'] as const).entries()) {
        expect(out[`d${n}`]!.shape).toEqual(feeds[name].shape);
        const { data } = feeds[name];
        for (let at = 0; at < data.length; at++) {
          const before = data[at] as number;
          data[at] = before + 0.01;
          const above = Number((await session.run(feeds))['loss']!.data[0]);
          data[at] = before - 0.01;
          const below = Number((await session.run(feeds))['loss']!.data[0]);
          data[at] = before;
          const numeric = (above - below) / 0.02;
          expect(Math.abs(Number(out[`d${n}`]!.data[at]) - numeric)).toBeLessThan(3e-3 * (1 + Math.abs(numeric)));
        }
      }
    }
    await session.dispose();
  });
});

const ones = (graph: Graph, name: string, n: number) => graph.constant(name, new Float32Array(n).fill(1), [n]);

describe('gradients', () => {
  const compute = async (outputs: (graph: Graph) => Record<string, Tensor>, inputs: Record<string, Value>) => {
    const graph = new Graph();
    for (const [name, tensor] of Object.entries(outputs(graph))) graph.output(name, tensor);
    const session = await testRuntime.createSession(t.toOnnx(graph), { threads: 1 });
    const result = await session.run(inputs);
    await session.dispose();
    return result;
  };

  it('stop where they are told to, and pass straight through a choice', async () => {
    const x: Value = { data: Float32Array.of(3, 1, 2), shape: [3] };
    const out = await compute(
      (graph) => {
        const input = graph.input('x', 'float32', [3]);
        const soft = t.softmax(input);
        const chosen = t.straightThrough(t.topKMask(input, 2), soft);
        const weights = graph.constant('weights', Float32Array.of(1, 2, 4), [3]);
        const [through] = t.gradients(t.sum(t.multiply(chosen, weights)), [input]);
        const [plain] = t.gradients(t.sum(t.multiply(soft, weights)), [input]);
        const [stopped] = t.gradients(t.sum(t.multiply(t.stopGradient(t.square(input)), input)), [input]);
        const [none] = t.gradients(t.sum(t.square(weights)), [input]);
        return { chosen, through: through!, plain: plain!, stopped: stopped!, none: none! };
      },
      { x },
    );
    out['chosen']!.data.forEach((v, i) => {
      expect(Number(v)).toBeCloseTo([1, 0, 1][i]!, 6);
    });
    expect(out['through']!.data).toEqual(out['plain']!.data);
    expect([...out['stopped']!.data]).toEqual([9, 1, 4]);
    expect([...out['none']!.data]).toEqual([0, 0, 0]);
  });

  it('of repeated rows lose nothing where several threads add to the same row', async () => {
    const [count, rows, width] = [20_000, 50, 64];
    const graph = new Graph();
    const updates = graph.input('x', 'float32', [count, width]);
    graph.output('sums', t.scatterAdd(updates, graph.input('numbers', 'int32', [count]), rows));
    const session = await testRuntime.createSession(t.toOnnx(graph), { threads: 4 });
    const numbers = whole(rows, count);
    const expected = new Float32Array(rows * width);
    for (const row of numbers.data) for (let d = 0; d < width; d++) expected[Number(row) * width + d]! += 1;
    const x: Value = { data: new Float32Array(count * width).fill(1), shape: [count, width] };
    for (let i = 0; i < 10; i++) expect((await session.run({ x, numbers }))['sums']!.data).toEqual(expected);
    await session.dispose();
  });

  it('of repeated rows add up, the same way every time', async () => {
    const indices = whole(5, 4096);
    const build = (graph: Graph) => {
      const table = graph.input('table', 'float32', [5, 16]);
      const rows = t.gather(table, graph.input('indices', 'int32', [4096]));
      const factors = graph.input('factors', 'float32', [4096, 16]);
      return { gradient: t.gradients(t.sum(t.multiply(rows, factors)), [table])[0]! };
    };
    const feeds = { table: value(5, 16), indices, factors: value(4096, 16) };
    const expected = new Float64Array(5 * 16);
    for (let i = 0; i < 4096; i++) {
      for (let d = 0; d < 16; d++) {
        expected[Number(indices.data[i]) * 16 + d]! += Number(feeds.factors.data[i * 16 + d]);
      }
    }
    const first = await compute(build, feeds);
    first['gradient']!.data.forEach((v, i) => {
      expect(Number(v)).toBeCloseTo(expected[i]!, 2);
    });
    for (let i = 0; i < 3; i++) expect(await compute(build, feeds)).toEqual(first);
  });

  it('pass dropout where it lets elements pass, which follows from the seed alone', async () => {
    const size = 20_000;
    const x: Value = { data: new Float32Array(size).fill(1), shape: [4, size / 4] };
    const build = (graph: Graph) => {
      const input = graph.input('x', 'float32', ['n', size / 4]);
      const seed = graph.input('seed', 'int32', []);
      const [plain, salted] = [undefined, 'layer/'].map((salt) =>
        t.dropout(input, { rate: 0.3, seed, ...(salt === undefined ? {} : { salt }) }),
      );
      const [gradient] = t.gradients(t.sum(plain!), [input]);
      return { plain: plain!, salted: salted!, gradient: gradient!, same: t.dropout(input, { rate: 0, seed }) };
    };
    const run = (seed: number) => compute(build, { x, seed: seedOf(seed) });
    const one = await run(1);
    expect(await run(1)).toEqual(one);
    expect(one['gradient']).toEqual(one['plain']);
    expect(one['same']!.data).toEqual(x.data);
    const masks = [one['plain']!, one['salted']!, (await run(2))['plain']!, (await run(-3))['plain']!].map(
      ({ data }) => data,
    );
    for (const mask of masks) {
      const kept = mask.filter((v) => v !== 0) as Float32Array;
      for (const v of kept.subarray(0, 10)) expect(v).toBeCloseTo(1 / 0.7, 5);
      // Four standard deviations of a binomial.
      expect(Math.abs(kept.length / size - 0.7)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / size));
      // Neighbours do not depend on each other, nor do masks.
      const both = mask.filter((v, i) => v !== 0 && mask[(i + 1) % size] !== 0).length / size;
      expect(Math.abs(both - 0.49)).toBeLessThan(4 * Math.sqrt((0.49 * 0.51) / size));
    }
    for (const [i, a] of masks.entries()) {
      for (const b of masks.slice(i + 1)) {
        const both = a.filter((v, k) => v !== 0 && b[k] !== 0).length / size;
        expect(Math.abs(both - 0.49)).toBeLessThan(4 * Math.sqrt((0.49 * 0.51) / size));
      }
    }
    const graph = new Graph();
    const input = graph.input('x', 'float32', [2]);
    expect(() => t.dropout(input, { rate: 1, seed: graph.input('s', 'int32', []) })).toThrow('the rate is 1');
    expect(() => t.dropout(input, { rate: 0.5, seed: input })).toThrow('the seed is float32 of 2 elements');
  });

  it('exist of float32 scalars only', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', ['n', 3]);
    const i = graph.input('i', 'int32', []);
    expect(() => t.gradients(x, [x])).toThrow(InvalidArgumentError);
    expect(() => t.gradients(x, [x])).toThrow('gradients([n, 3]): only a float32 scalar');
    expect(() => t.gradients(i, [x])).toThrow('only a float32 scalar');
    expect(() => t.gradients(t.sum(x), [i])).toThrow('none with respect to int32');
  });
});
