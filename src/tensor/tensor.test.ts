import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import {
  add,
  type Dim,
  Graph,
  gather,
  layerNorm,
  matmul,
  multiply,
  type OnnxRuntimeModule,
  onnxRuntime,
  relu,
  reshape,
  scale,
  select,
  softmax,
  type Tensor,
  tanh,
  toOnnx,
  transpose,
  unitLength,
  type Value,
} from './index.ts';
import { ProtobufWriter } from './protobuf.ts';

const runtime = onnxRuntime(createRequire(import.meta.url)('onnxruntime-node') as OnnxRuntimeModule);
const random = new Random(7);
const value = (...shape: number[]): Value => {
  const size = shape.reduce((a, b) => a * b, 1);
  return { data: Float32Array.from({ length: size }, () => random.normal()), shape };
};
const integers = (...data: number[]): Value => ({ data: Int32Array.from(data), shape: [data.length] });

/** Runs a graph of one output. Inputs are declared with the extents given in `dims`, or with those they have. */
async function run(
  inputs: readonly Value[],
  build: (tensors: Tensor[], graph: Graph) => Tensor,
  dims: readonly (readonly Dim[])[] = inputs.map(({ shape }) => shape),
): Promise<Value> {
  const graph = new Graph();
  const tensors = inputs.map(({ data }, i) =>
    graph.input(`in${i}`, data instanceof Float32Array ? 'float32' : 'int32', dims[i]!),
  );
  const output = build(tensors, graph);
  graph.output('out', output);
  const session = await runtime.createSession(toOnnx(graph), { threads: 1 });
  const result = await session.run(Object.fromEntries(inputs.map((input, i) => [`in${i}`, input])));
  await session.dispose();
  // What the graph claims about shapes is what comes out.
  expect(output.shape.length).toBe(result['out']!.shape.length);
  output.shape.forEach((dim, i) => {
    if (typeof dim === 'number') expect(result['out']!.shape[i]).toBe(dim);
  });
  return result['out']!;
}
function expectClose(actual: Value, shape: readonly number[], expected: readonly number[]): void {
  expect(actual.shape).toEqual(shape);
  expect(actual.data.length).toBe(expected.length);
  expected.forEach((number, i) => {
    expect(Number(actual.data[i])).toBeCloseTo(number, 4);
  });
}
const at = ({ data }: Value, i: number) => Number(data[i]);

describe('operators', () => {
  it('add and multiply with broadcasting', async () => {
    const a = value(2, 3);
    const b = value(3);
    const indices = [0, 1, 2, 3, 4, 5];
    expectClose(
      await run([a, b], ([x, y]) => add(x!, y!)),
      [2, 3],
      indices.map((i) => at(a, i) + at(b, i % 3)),
    );
    const c = value(2, 1);
    expectClose(
      await run([a, c], ([x, y]) => multiply(x!, y!)),
      [2, 3],
      indices.map((i) => at(a, i) * at(c, Math.floor(i / 3))),
    );
    expectClose(
      await run([a], ([x]) => scale(x!, -0.5)),
      [2, 3],
      indices.map((i) => at(a, i) * -0.5),
    );
  });

  it('matmul, also over a batch with one side shared', async () => {
    const a = value(2, 3, 4);
    const b = value(4, 5);
    const expected: number[] = [];
    for (let row = 0; row < 6; row++) {
      for (let column = 0; column < 5; column++) {
        let sum = 0;
        for (let k = 0; k < 4; k++) sum += at(a, row * 4 + k) * at(b, k * 5 + column);
        expected.push(sum);
      }
    }
    expectClose(await run([a, b], ([x, y]) => matmul(x!, y!)), [2, 3, 5], expected);
  });

  it('relu, tanh, softmax, layer normalisation and unit length by row', async () => {
    const a = value(2, 3);
    const numbers = [...a.data].map(Number);
    const byRow = (map: (row: number[]) => number[]) => [...map(numbers.slice(0, 3)), ...map(numbers.slice(3))];
    expectClose(
      await run([a], ([x]) => relu(x!)),
      [2, 3],
      numbers.map((v) => Math.max(0, v)),
    );
    expectClose(await run([a], ([x]) => tanh(x!)), [2, 3], numbers.map(Math.tanh));
    const soft = (row: number[]) => {
      const sum = row.reduce((total, v) => total + Math.exp(v), 0);
      return row.map((v) => Math.exp(v) / sum);
    };
    expectClose(await run([a], ([x]) => softmax(x!)), [2, 3], byRow(soft));
    const gain = value(3);
    const offset = value(3);
    const norm = (row: number[]) => {
      const mean = row.reduce((x, y) => x + y) / 3;
      const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 3;
      return row.map((v, i) => ((v - mean) / Math.sqrt(variance + 0.1)) * at(gain, i) + at(offset, i));
    };
    const normed = await run([a, gain, offset], ([x, g, o]) => layerNorm(x!, g!, o!, 0.1));
    expectClose(normed, [2, 3], byRow(norm));
    const unit = (row: number[]) => row.map((v) => v / Math.hypot(...row));
    expectClose(await run([a], ([x]) => unitLength(x!)), [2, 3], byRow(unit));
    const zero = { data: new Float32Array(2), shape: [1, 2] };
    expectClose(await run([zero], ([x]) => unitLength(x!)), [1, 2], [0, 0]);
  });

  it('gather, select, reshape and transpose, with extents known only when it runs', async () => {
    const a = value(4, 2);
    const rows = integers(3, 0, 3);
    const gathered = await run([a, rows], ([x, i]) => gather(x!, i!), [['rows', 2], ['picked']]);
    expectClose(
      gathered,
      [3, 2],
      [6, 7, 0, 1, 6, 7].map((i) => at(a, i)),
    );
    expectClose(await run([a], ([x]) => select(x!, 2)), [2], [at(a, 4), at(a, 5)]);
    const b = value(2, 3, 4);
    const numbers = [...b.data].map(Number);
    const joined = await run([b], ([x]) => reshape(x!, ['texts*length', 2, 2]), [['texts', 'length', 4]]);
    expectClose(joined, [6, 2, 2], numbers);
    const split = await run([b], ([x]) => reshape(x!, ['texts', 'length', 2, 2]), [['texts', 'length', 4]]);
    expectClose(split, [2, 3, 2, 2], numbers);
    const turned = await run([b], ([x]) => transpose(x!, [2, 0, 1]), [['texts', 3, 4]]);
    const expected = Array.from({ length: 24 }, (_, i) => numbers[(i % 6) * 4 + Math.floor(i / 6)]!);
    expectClose(turned, [4, 2, 3], expected);
  });

  it('refuse shapes that do not fit, naming the operation and the shapes', () => {
    const graph = new Graph();
    let count = 0;
    const t = (...shape: Dim[]) => graph.input(`t${count++}`, 'float32', shape);
    const whole = graph.input('whole', 'int32', ['n']);
    const cases: [() => unknown, string][] = [
      [() => matmul(t('n', 3), t(4, 5)), 'matmul([n, 3], [4, 5]): 3 columns meet 4 rows.'],
      [() => matmul(t(3), t(3, 3)), 'matmul([3], [3, 3]): both need at least two axes.'],
      [() => matmul(t(2, 3, 4), t(5, 4, 3)), 'matmul([2], [5]): axis 0 is 2 on one side and 5 on the other.'],
      [() => add(t('n', 3), t('m', 3)), 'Add([n, 3], [m, 3]): axis 0 is n on one side and m on the other.'],
      [() => add(t('n'), whole), 'Add([n], [n]): float32 meets int32.'],
      [() => layerNorm(t('n', 3), t(3), t(4), 1e-6), 'gain and offset must be [3]'],
      [() => gather(t(3, 4), t(2)), 'the row numbers are not whole numbers'],
      [() => gather(t(), whole), 'a scalar has no rows'],
      [() => select(t(3, 4), 3), 'select([3, 4]): there is no row 3.'],
      [() => reshape(t('n', 6), ['n', 4]), 'reshape([n, 6], [n, 4]): 6*n elements cannot become 4*n.'],
      [() => reshape(t('n', 'm', 2), ['m', 'n', 2]), 'more than one extent would have to be guessed'],
      [() => transpose(t(2, 3), [0, 0]), '[0, 0] does not name each of its axes once'],
      [() => graph.constant('c', new Float32Array(5), [2, 3]), 'constant c([2, 3]): 5 elements were given.'],
      [() => graph.input('t0', 'float32', []), 'already uses the name "t0"'],
    ];
    for (const [build, message] of cases) {
      expect(build).toThrow(InvalidArgumentError);
      expect(build).toThrow(message);
    }
  });
});

describe('a model', () => {
  it('keeps constants, shares what is used twice, and can name an input, a constant or one result twice', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', ['n', 2]);
    const weights = graph.constant('weights', Float32Array.of(1, 2, 3, 4), [2, 2]);
    const offset = graph.constant('offset', Float32Array.of(10, 20));
    const y = add(matmul(x, weights), offset);
    graph.output('y', y);
    graph.output('same', y);
    graph.output('x again', x);
    graph.output('kept', offset);
    graph.output('sum', add(y, relu(y)));
    const model = toOnnx(graph);
    const session = await runtime.createSession(model);
    const out = await session.run({ x: { data: Float32Array.of(1, 0, 0, -9), shape: [2, 2] } });
    expect([...out['y']!.data]).toEqual([11, 22, -17, -16]);
    expect(out['same']).toEqual(out['y']);
    expect([...out['x again']!.data]).toEqual([1, 0, 0, -9]);
    expect([...out['kept']!.data]).toEqual([10, 20]);
    expect([...out['sum']!.data]).toEqual([22, 44, -17, -16]);
    await session.dispose();
    expect(toOnnx(graph)).toEqual(model);
    // One product, though three outputs depend on it.
    expect(Buffer.from(model).toString('latin1').split('MatMul').length - 1).toBe(1 + 3);
  });

  it('may be deeper than the call stack', async () => {
    const graph = new Graph();
    let x = graph.input('x', 'float32', [1]);
    for (let i = 0; i < 20_000; i++) x = relu(x);
    graph.output('y', x);
    expect(toOnnx(graph).length).toBeGreaterThan(20_000 * 10);
  });

  it('is refused by the runtime when an input is missing or misshapen, and the session lives on', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', ['n', 2]);
    graph.output('y', relu(x));
    const session = await runtime.createSession(toOnnx(graph));
    await expect(session.run({})).rejects.toThrow(/x/);
    await expect(session.run({ x: value(2, 3) })).rejects.toThrow(/x/);
    await expect(session.run({ x: value(2, 2) })).resolves.toBeDefined();
    await session.dispose();
  });
});

describe('the Protocol Buffers writer', () => {
  it('writes whole numbers of any size and sign as the format wants them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.maxSafeInteger(), (field, number) => {
        const bytes = new ProtobufWriter().integer(field, number).finish();
        const read = (from: number): [number: bigint, next: number] => {
          let result = 0n;
          for (let i = from, shift = 0n; ; i++, shift += 7n) {
            result |= BigInt(bytes[i]! & 0x7f) << shift;
            if (bytes[i]! < 0x80) return [result, i + 1];
          }
        };
        const [tag, next] = read(0);
        expect(tag).toBe(BigInt(field * 8));
        const [decoded, end] = read(next);
        expect(BigInt.asIntN(64, decoded)).toBe(BigInt(number));
        expect(end).toBe(bytes.length);
      }),
    );
  });

  it('nests messages with their lengths', () => {
    const bytes = new ProtobufWriter()
      .text(1, 'é')
      .message(2, (inner) => inner.integer(1, 300).message(3, () => {}))
      .float(4, 1)
      .finish();
    expect([...bytes]).toEqual([0x0a, 2, 0xc3, 0xa9, 0x12, 5, 0x08, 0xac, 0x02, 0x1a, 0, 0x25, 0, 0, 0x80, 0x3f]);
  });
});
