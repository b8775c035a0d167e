import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import type { Scope, Tensor } from './index.ts';
import * as t from './index.ts';
import { compareGradients, randomValue } from './testing.ts';

const testRuntime = t.onnxRuntime(createRequire(import.meta.url)('onnxruntime-node') as t.OnnxRuntimeModule);
const random = new Random(2);
const value = (...shape: number[]) => randomValue(random, shape);

/** The layer's parameters as inputs, so that their gradients are checked too. */
async function check(x: readonly t.Value[], layer: (scope: Scope, ...x: Tensor[]) => Tensor): Promise<number> {
  const parameters = new t.Parameters(9);
  // Once to learn which parameters there are.
  const graph = new t.Graph();
  layer(t.constantsOf(graph, parameters), ...x.map(({ shape }, i) => graph.input(`x${i}`, 'float32', shape)));
  const names = parameters.names;
  // Not the initial zeros and ones, for which many a mistake would go unseen.
  const values = names.map((name) => value(...parameters.get(name).shape));
  const pairs = await compareGradients(testRuntime, [...x, ...values], (...tensors) => {
    const scope = new t.Scope({
      parameter: (name) => tensors[x.length + names.indexOf(name)]!,
      lookup: () => {
        throw new Error('no tables here');
      },
    });
    const y = layer(scope, ...tensors.slice(0, x.length));
    return t.sum(t.multiply(t.tanh(t.scale(y, 0.5)), t.softmax(y)));
  });
  for (const { analytic, numeric } of pairs) {
    expect(Math.abs(analytic - numeric)).toBeLessThan(4e-3 * (1 + Math.abs(numeric)));
  }
  expect(pairs.some(({ analytic }) => Math.abs(analytic) > 1e-3)).toBe(true);
  return names.length;
}

describe('layers have right gradients in inputs and parameters:', () => {
  it('linear, normalize, mlp', async () => {
    expect(await check([value(2, 3)], (s, x) => t.linear(s, x!, 4))).toBe(2);
    expect(await check([value(2, 5)], (s, x) => t.normalize(s, x!, 0.5))).toBe(2);
    expect(await check([value(2, 3)], (s, x) => t.mlp(s, x!, [4, 2], { activation: 'gelu' }))).toBe(4);
  });

  it('attention to itself and to a memory, with a mask', async () => {
    const mask = t.causalMask(3);
    expect(await check([value(2, 3, 4)], (s, x) => t.attention(s, x!, { heads: 2, mask }))).toBe(4);
    expect(
      await check([value(1, 2, 4), value(1, 3, 4)], (s, x, memory) => t.attention(s, x!, { heads: 2 }, memory!)),
    ).toBe(6);
  });

  it('transformer and decoder blocks', async () => {
    const options = { heads: 2, hidden: 4, activation: 'tanh' } as const;
    expect(await check([value(1, 2, 4)], (s, x) => t.transformerBlock(s, x!, options))).toBe(12);
    expect(await check([value(1, 2, 4), value(1, 2, 4)], (s, x, m) => t.decoderBlock(s, x!, m!, options))).toBe(20);
    const dropout = { rate: 0.3, seed: t.constantOf(Int32Array.of(3)) };
    const thinned = { ...options, dropout };
    expect(await check([value(1, 2, 4)], (s, x) => t.transformerBlock(s, x!, thinned))).toBe(12);
  });

  it('recurrent units and convolutions', async () => {
    expect(await check([value(2, 3, 2), value(2, 2)], (s, x, state) => t.gru(s, x!, state!))).toBe(4);
    expect(await check([value(1, 2, 5)], (s, x) => t.convolution(s, x!, 3, 3, { padding: 1 }))).toBe(2);
    expect(await check([value(1, 1, 4, 4)], (s, x) => t.convolution(s, x!, 2, 2, { stride: 2 }))).toBe(2);
  });

  it('adapters, connected or not, and low-rank updates', async () => {
    const bottleneck = { rank: 2, activation: 'tanh' } as const;
    expect(await check([value(2, 3)], (s, x) => t.bottleneckAdapter(s, x!, bottleneck))).toBe(2);
    const connected = (s: Scope, x: Tensor) => {
      const adapt = t.connectedAdapters(s, { ...bottleneck, side: 3 });
      return adapt(t.tanh(adapt(t.scale(x, 0.3))));
    };
    expect(await check([value(2, 4)], (s, x) => connected(s, x!))).toBe(9);
    expect(
      await check([value(2, 3)], (s, x) =>
        t.mlp(t.withLora(s, { rank: 2, alpha: 1 }), t.scale(x!, 0.3), [4, 2], { activation: 'tanh' }),
      ),
    ).toBe(8);
    expect(
      await check([value(2, 3)], (s, x) =>
        t.mlp(t.withLora(s, { rank: 2, alpha: 1, match: /^0\/weight/ }), t.scale(x!, 0.3), [4, 2], {
          activation: 'tanh',
        }),
      ),
    ).toBe(6);
  });

  it('adapters and low-rank updates change nothing at the start', () => {
    const graph = new t.Graph();
    const x = graph.input('x', 'float32', [2, 4]);
    const parameters = new t.Parameters(1);
    const scope = t.constantsOf(graph, parameters);
    t.connectedAdapters(scope.at('side'), { rank: 2 })(t.linear(t.withLora(scope, { rank: 2 }), x, 4));
    for (const name of ['weight_b', 'side/0/up', 'side/0/q']) {
      expect(parameters.get(name).data.every((number) => number === 0)).toBe(true);
    }
  });
});

describe('pooling', () => {
  const present = { data: Float32Array.of(1, 1, 0, 1, 0, 0), shape: [2, 3] };
  const marks = () => t.constantOf(present.data, present.shape);

  it('has right gradients in states and parameters', async () => {
    expect(await check([value(2, 3, 4)], (_, x) => t.meanPooling(x!, marks()))).toBe(0);
    expect(await check([value(2, 3, 4)], (_, x) => t.lastTokenPooling(x!, marks()))).toBe(0);
    expect(await check([value(2, 3, 4)], (s, x) => t.selfAttentionPooling(s, x!, marks(), { hidden: 3 }))).toBe(3);
    const options = { latents: 3, heads: 2, hidden: 3 };
    expect(await check([value(2, 3, 4)], (s, x) => t.latentAttentionPooling(s, x!, marks(), options))).toBe(15);
  });

  it('begins as the mean, sees only what is present, and takes the last of it', async () => {
    const graph = new t.Graph();
    const scope = t.constantsOf(graph, new t.Parameters(1));
    const x = graph.input('x', 'float32', [2, 3, 4]);
    graph.output('mean', t.meanPooling(x, marks()));
    graph.output('last', t.lastTokenPooling(x, marks()));
    graph.output('attentive', t.selfAttentionPooling(scope.at('attentive'), x, marks()));
    graph.output('latent', t.latentAttentionPooling(scope.at('latent'), x, marks(), { latents: 5, heads: 2 }));
    const session = await testRuntime.createSession(t.toOnnx(graph), { threads: 1 });
    const input = value(2, 3, 4);
    const before = await session.run({ x: input });
    const [first, second, third] = [0, 4, 12].map((at) => [...input.data.slice(at, at + 4)] as number[]);
    const expected = [...first!.map((own, c) => (own + second![c]!) / 2), ...third!];
    for (const name of ['mean', 'attentive', 'latent']) {
      [...before[name]!.data].forEach((got, i) => {
        expect(Number(got)).toBeCloseTo(expected[i]!, 5);
      });
    }
    expect([...before['last']!.data]).toEqual([...second!, ...third!]);
    (input.data as Float32Array).fill(7, 8, 12).fill(-7, 16, 24);
    const after = await session.run({ x: input });
    for (const name of Object.keys(before)) expect(after[name]!.data).toEqual(before[name]!.data);
    await session.dispose();
  });

  it('refuses marks that do not fit', () => {
    const graph = new t.Graph();
    const x = graph.input('x', 'float32', [2, 3, 4]);
    const wrong = graph.input('present', 'float32', [2, 4]);
    expect(() => t.meanPooling(x, wrong)).toThrow('one mark per state');
    const scope = t.constantsOf(graph, new t.Parameters(1));
    expect(() => t.latentAttentionPooling(scope, x, marks(), { heads: 3 })).toThrow('do not divide into 3 heads');
  });
});

describe('attention', () => {
  it('does not look at what the masks hide', async () => {
    const graph = new t.Graph();
    const scope = t.constantsOf(graph, new t.Parameters(1));
    const x = graph.input('x', 'float32', ['batch', 'length', 4]);
    const present = graph.input('present', 'float32', ['batch', 'length']);
    graph.output('y', t.attention(scope, x, { heads: 2, mask: t.paddingMask(present) }));
    const session = await testRuntime.createSession(t.toOnnx(graph), { threads: 1 });
    const input = value(1, 3, 4);
    const mask = { data: Float32Array.of(1, 1, 0), shape: [1, 3] };
    const before = (await session.run({ x: input, present: mask }))['y']!.data.slice(0, 8);
    input.data[9] = 100;
    const after = (await session.run({ x: input, present: mask }))['y']!.data.slice(0, 8);
    expect(after).toEqual(before);
    const seen = await session.run({ x: input, present: { data: Float32Array.of(1, 1, 1), shape: [1, 3] } });
    expect(seen['y']!.data.slice(0, 8)).not.toEqual(before);
    await session.dispose();
  });

  it('refuses heads that do not divide the width', () => {
    const graph = new t.Graph();
    const scope = t.constantsOf(graph, new t.Parameters(1));
    const x = graph.input('x', 'float32', [1, 2, 4]);
    expect(() => t.attention(scope, x, { heads: 3 })).toThrow('4 components do not divide into 3 heads');
  });
});
