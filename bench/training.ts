// How many training steps a second, against TensorFlow.js? A pre-norm transformer of 2 layers, 128 components, 4 heads;
// 64 pairs of texts of 64 tokens each (both sides are encoded), InfoNCE at temperature 0.05, AdamW. Also: the share of
// the matrix-product rate that a step reaches, and memory over 1,000 steps (--steps N for fewer).

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { Random } from '../src/base/random.ts';
import { nativeRuntime } from '../src/encode/runtime.ts';
import {
  adamW,
  add,
  type Batch,
  concat,
  embedding,
  Graph,
  matmul,
  mean,
  Parameters,
  type Scope,
  slice,
  type Tensor,
  Trainer,
  toOnnx,
  transformerBlock,
  unitLength,
} from '../src/tensor/index.ts';
import { cosines, infoNCE } from '../src/train/index.ts';
import { interleave, median, pairedRatio, report } from './harness.ts';

const THREADS = 2;
const [PAIRS, LENGTH, WIDTH, HEADS, LAYERS, VOCABULARY] = [64, 64, 128, 4, 2, 8000];
const HIDDEN = 4 * WIDTH;
const TEMPERATURE = 0.05;
const RATE = 1e-3;
const steps = Number(process.argv[process.argv.indexOf('--steps') + 1] || 1000) || 1000;
const random = new Random(1);

const runtime = await nativeRuntime();
const texts = (): Batch['x'] => ({
  data: Float32Array.from({ length: PAIRS * LENGTH * WIDTH }, () => random.normal()),
  shape: [PAIRS, LENGTH, WIDTH],
});
const batch = { x: texts()!, y: texts()! };

const body = (scope: Scope, x: Tensor): Tensor => {
  let hidden = x;
  for (let i = 0; i < LAYERS; i++) {
    hidden = transformerBlock(scope.at(i), hidden, { heads: HEADS, hidden: HIDDEN, activation: 'relu' });
  }
  return unitLength(mean(hidden, 1));
};
/** Both sides in one pass, as one batch of twice the texts. */
const contrast = (scope: Scope, x: Tensor, y: Tensor): Tensor => {
  const both = body(scope, concat([x, y], 0));
  return infoNCE(cosines(slice(both, 0, 0, PAIRS), slice(both, 0, PAIRS)), { temperature: TEMPERATURE });
};
const trainer = new Trainer({
  parameters: new Parameters(1),
  loss: (scope, { x, y }) => contrast(scope, x!, y!),
  optimizer: adamW(),
  learningRate: RATE,
  runtime,
  threads: THREADS,
});

/** The same with an embedding table of which a step updates the rows that it names. */
const ids = () => ({
  data: Int32Array.from({ length: PAIRS * LENGTH }, () => random.below(VOCABULARY)),
  shape: [PAIRS, LENGTH],
});
const withTable = new Trainer({
  parameters: new Parameters(1),
  loss: (scope, { x, y, places }) => {
    const positions = embedding(scope.at('positions'), places!, LENGTH, WIDTH);
    const tokens = (side: Tensor) => add(embedding(scope.at('tokens'), side, VOCABULARY, WIDTH), positions);
    return contrast(scope, tokens(x!), tokens(y!));
  },
  optimizer: adamW(),
  learningRate: RATE,
  runtime,
  threads: THREADS,
});
const places = { data: Int32Array.from({ length: LENGTH }, (_, i) => i), shape: [LENGTH] };

const graph = new Graph();
graph.output(
  'c',
  matmul(graph.input('a', 'float32', [PAIRS * LENGTH * 2, WIDTH]), graph.input('b', 'float32', [WIDTH, HIDDEN])),
);
const ofModel = await runtime.createSession(toOnnx(graph), { threads: THREADS });
const square = new Graph();
square.output('c', matmul(square.input('a', 'float32', [1024, 1024]), square.input('b', 'float32', [1024, 1024])));
const ofSquares = await runtime.createSession(toOnnx(square), { threads: THREADS });
const filled = (rows: number, columns: number) => ({
  data: Float32Array.from({ length: rows * columns }, () => random.normal()),
  shape: [rows, columns],
});
const squares = { a: filled(1024, 1024), b: filled(1024, 1024) };
const tall = { a: filled(PAIRS * LENGTH * 2, WIDTH), b: filled(WIDTH, HIDDEN) };

setWasmPaths(join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')), '/'));
await tf.setBackend('wasm');
const peer = peerTrainer();

/** Arithmetic of the products of a step: forward, and twice that backward. */
const perToken = LAYERS * 2 * (WIDTH * 3 * WIDTH + WIDTH * WIDTH + 2 * WIDTH * HIDDEN + 2 * LENGTH * WIDTH);
const flops = 3 * 2 * PAIRS * LENGTH * perToken;
const losses: Record<string, number> = {};
const times = await interleave(
  [
    {
      name: 'sagitta',
      run: async () => {
        losses['sagitta'] = (await trainer.step(batch)).loss;
      },
    },
    { name: 'table', run: async () => void (await withTable.step({ x: ids(), y: ids(), places })) },
    {
      name: 'tfjs',
      run: () => {
        losses['tfjs'] = peer();
      },
    },
    { name: 'squares', run: async () => void (await ofSquares.run(squares)) },
    { name: 'tall', run: async () => void (await ofModel.run(tall)) },
  ],
  { rounds: Number(process.env['ROUNDS'] ?? 7), warmup: 1 },
);
const rate = (name: string, operations: number) => operations / median(times.get(name)!) / 1e6;
const [squareRate, tallRate] = [rate('squares', 2 * 1024 ** 3), rate('tall', 2 * tall.a.data.length * HIDDEN)];

const memory: number[] = [];
for (let step = 0; step < steps; step++) {
  await trainer.step(batch);
  if ((step + 1) % Math.max(1, Math.floor(steps / 10)) === 0) memory.push(process.memoryUsage().rss / 1e6);
}

const row = (trainerName: string, name: string, threads: number) => ({
  trainer: trainerName,
  threads,
  'ms a step': median(times.get(name)!),
  'steps/s': 1000 / median(times.get(name)!),
  'GFLOP/s': rate(name, flops),
});
report({
  name: 'training',
  threads: THREADS,
  columns: ['trainer', 'threads', 'ms a step', 'steps/s', 'GFLOP/s'],
  rows: [
    row('sagitta', 'sagitta', THREADS),
    row('sagitta, with an embedding table', 'table', THREADS),
    row('TensorFlow.js 4.22, WASM with SIMD', 'tfjs', 1),
  ],
  ratios: {
    'steps/s: sagitta / TensorFlow.js': pairedRatio(times.get('tfjs')!, times.get('sagitta')!),
    'share of the rate of 1024 x 1024 products': rate('sagitta', flops) / squareRate,
    'share of the rate of the largest product of the model': rate('sagitta', flops) / tallRate,
    [`memory after ${steps} steps / after a tenth of them`]: memory.at(-1)! / memory[0]!,
  },
  notes: [
    `${(flops / 1e9).toFixed(1)} GFLOP of products a step; products of 1024 x 1024 run at ${squareRate.toFixed(0)} GFLOP/s, of ${tall.a.shape.join(' x ')} by ${tall.b.shape.join(' x ')} at ${tallRate.toFixed(0)}`,
    'both start from the same vectors of tokens; TensorFlow.js has one thread, as its WASM backend has no others in Node',
    `loss after as many steps on one batch: sagitta ${losses['sagitta']!.toFixed(4)}, TensorFlow.js ${losses['tfjs']!.toFixed(4)}; initial weights differ`,
    `resident memory by tenths of the run, MB: ${memory.map((value) => value.toFixed(0)).join(', ')}`,
  ],
});

/** The same model in TensorFlow.js; a call does a step and returns its loss. */
function peerTrainer(): () => number {
  const variables: Record<string, tf.Variable> = {};
  const parameter = (name: string, shape: number[], fill: 'glorot' | 'zeros' | 'ones') => {
    variables[name] ??= tf.variable(
      fill === 'glorot'
        ? tf.randomUniform(shape, -Math.sqrt(6 / (shape[0]! + shape[1]!)), Math.sqrt(6 / (shape[0]! + shape[1]!)))
        : tf.fill(shape, fill === 'ones' ? 1 : 0),
      true,
      name,
    );
    return variables[name]!;
  };
  const linear = (name: string, x: tf.Tensor2D, to: number): tf.Tensor2D =>
    tf.add(
      tf.matMul(x, parameter(`${name}/w`, [x.shape[1], to], 'glorot') as tf.Tensor2D),
      parameter(`${name}/b`, [to], 'zeros'),
    );
  const norm = (name: string, x: tf.Tensor2D): tf.Tensor2D => {
    const centered = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.mul(centered, centered), -1, true);
    const normal = tf.div(centered, tf.sqrt(tf.add(variance, 1e-6)));
    return tf.add(
      tf.mul(normal, parameter(`${name}/gain`, [WIDTH], 'ones')),
      parameter(`${name}/offset`, [WIDTH], 'zeros'),
    );
  };
  const count = 2 * PAIRS;
  const headsOf = (x: tf.Tensor2D) =>
    tf.transpose(tf.reshape(x, [count, LENGTH, HEADS, WIDTH / HEADS]), [0, 2, 1, 3]) as tf.Tensor4D;
  const encode = (x: tf.Tensor2D): tf.Tensor2D => {
    let hidden = x;
    for (let i = 0; i < LAYERS; i++) {
      const [q, k, v] = tf.split(linear(`${i}/qkv`, norm(`${i}/norm1`, hidden), 3 * WIDTH), 3, 1) as tf.Tensor2D[];
      const affinities = tf.mul(tf.matMul(headsOf(q!), headsOf(k!), false, true), 1 / Math.sqrt(WIDTH / HEADS));
      const mixed = tf.matMul(tf.softmax(affinities), headsOf(v!));
      const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [count * LENGTH, WIDTH]) as tf.Tensor2D;
      hidden = tf.add(hidden, linear(`${i}/output`, joined, WIDTH));
      const up = tf.relu(linear(`${i}/up`, norm(`${i}/norm2`, hidden), HIDDEN));
      hidden = tf.add(hidden, linear(`${i}/down`, up, WIDTH));
    }
    const pooled = tf.mean(tf.reshape(hidden, [count, LENGTH, WIDTH]), 1);
    const length = tf.sqrt(tf.sum(tf.mul(pooled, pooled), -1, true));
    return tf.div(pooled, length);
  };
  const optimizer = tf.train.adam(RATE, 0.9, 0.999, 1e-8);
  const x = tf.concat([
    tf.tensor2d(batch.x.data as Float32Array, [PAIRS * LENGTH, WIDTH]),
    tf.tensor2d(batch.y.data as Float32Array, [PAIRS * LENGTH, WIDTH]),
  ]) as tf.Tensor2D;
  const target = tf.eye(PAIRS);
  // Makes the variables: gradients are taken of those that exist before.
  tf.tidy(() => void encode(x));
  return () =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => {
        const both = encode(x);
        const [queries, documents] = tf.split(both, 2, 0) as tf.Tensor2D[];
        const scores = tf.div(tf.matMul(queries!, documents!, false, true), TEMPERATURE);
        return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(scores), target), 1))) as tf.Scalar;
      });
      // Decay is decoupled from the gradient and left off gains and biases, as in the trainer measured against.
      for (const variable of Object.values(variables)) {
        if (variable.shape.length > 1) variable.assign(tf.mul(variable, 1 - RATE * 0.01));
      }
      optimizer.applyGradients(grads as Record<string, tf.Variable>);
      return value.dataSync()[0]!;
    });
}
