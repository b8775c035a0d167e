// How many training steps a second, against TensorFlow.js? A pre-norm transformer of 2 layers, 128 components, 4 heads;
// 64 pairs of texts of 64 tokens each (both sides are encoded), InfoNCE at temperature 0.05, AdamW. Also the share of
// the matrix-product rate that a step reaches (`speed`), memory over 1,000 steps (`memory`, --steps N for fewer), and how long
// an adapter of 5,000 pairs takes (`adapter`). Parts named on the command line are run, all of them by default.

import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { Random } from '../src/base/random.ts';
import { openCollection } from '../src/collection/index.ts';
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
import { cosines, infoNCE, type TuneExample, tune } from '../src/train/index.ts';
import { interleave, median, pairedRatio, report } from './harness.ts';
import { readCollection } from './lib-beir.ts';

const THREADS = 2;
const [PAIRS, LENGTH, WIDTH, HEADS, LAYERS, VOCABULARY] = [64, 64, 128, 4, 2, 8000];
const HIDDEN = 4 * WIDTH;
const TEMPERATURE = 0.05;
const RATE = 1e-3;
const { values: options, positionals: given } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '7' },
    json: { type: 'boolean' },
  },
});
const wants = (part: 'speed' | 'memory' | 'adapter') => given.length === 0 || given.includes(part);
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

if (wants('speed')) await speed();
if (wants('memory')) await memory();
await trainer.dispose();
if (wants('adapter')) await adapterTime();

async function speed(): Promise<void> {
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
    { rounds: Number(options.rounds), warmup: 1 },
  );
  const rate = (name: string, operations: number) => operations / median(times.get(name)!) / 1e6;
  const [squareRate, tallRate] = [rate('squares', 2 * 1024 ** 3), rate('tall', 2 * tall.a.data.length * HIDDEN)];

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
    },
    notes: [
      `${(flops / 1e9).toFixed(1)} GFLOP of products a step; products of 1024 x 1024 run at ${squareRate.toFixed(0)} GFLOP/s, of ${tall.a.shape.join(' x ')} by ${tall.b.shape.join(' x ')} at ${tallRate.toFixed(0)}`,
      'both start from the same vectors of tokens; TensorFlow.js has one thread, as its WASM backend has no others in Node',
      `loss after as many steps on one batch: sagitta ${losses['sagitta']!.toFixed(4)}, TensorFlow.js ${losses['tfjs']!.toFixed(4)}; initial weights differ`,
    ],
  });
  await withTable.dispose();
  await ofModel.dispose();
  await ofSquares.dispose();
}

async function memory(): Promise<void> {
  const most = Number(options.steps);
  const rows: { step: number; 'resident MB': number; 'ms a step': number }[] = [];
  const every = Math.max(1, Math.floor(most / 10));
  let start = performance.now();
  for (let step = 1; step <= most; step++) {
    await trainer.step(batch);
    if (step % every !== 0) continue;
    rows.push({
      step,
      'resident MB': Math.round(process.memoryUsage().rss / 1e6),
      'ms a step': Math.round((performance.now() - start) / every),
    });
    start = performance.now();
  }
  report({
    name: 'training: memory',
    threads: THREADS,
    columns: ['step', 'resident MB', 'ms a step'],
    rows,
    ratios: { [`memory after ${most} steps / after ${every}`]: rows.at(-1)!['resident MB'] / rows[0]!['resident MB'] },
    notes: ['the whole process, with the compiled model, its arrays and the batch'],
  });
}

/** `tune` with its defaults on requests for tools: 5,000 training queries, until validation no longer improves. */
async function adapterTime(): Promise<void> {
  const tools = await readCollection('metatool');
  if (tools === undefined) return console.log('needs-data: metatool (see SAGITTA_DATA)');
  const order = new Random(1).shuffle([...tools.queries]);
  const examples = (from: number, to: number) =>
    order.slice(from, to).map(([id, query]) => ({ query, relevant: [...tools.judgements.get(id)!.keys()] }));
  const unseen = new Set<string>();
  const distinct = (list: TuneExample[], count: number) => {
    const kept = list.filter(({ query }) => {
      const key = query.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
      return !unseen.has(key) && unseen.add(key);
    });
    return kept.slice(0, count);
  };
  // Of the examples, 300 are for validation.
  const [training, tested] = [distinct(examples(0, 10_000), 5_300), distinct(examples(10_000, 14_000), 500)];
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-adapter-'));
  try {
    await using collection = await openCollection(folder, { create: true });
    await collection.add(tools.documents);
    const rows = [];
    for (const form of ['low-rank', 'linear'] as const) {
      const result = await tune(collection, {
        examples: training,
        test: tested,
        adapter: { form },
        dryRun: true,
        threads: THREADS,
      });
      rows.push({
        adapter: form,
        'training s': result.trainedMs / 1000,
        'all s': result.tookMs / 1000,
        steps: `${result.steps}, kept ${result.bestStep}`,
        before: result.dense.baselineMean.toFixed(4),
        after: result.dense.systemMean.toFixed(4),
        p: result.dense.p.randomisation.toFixed(4),
      });
    }
    report({
      name: 'training: adapter',
      threads: THREADS,
      columns: ['adapter', 'training s', 'all s', 'steps', 'before', 'after', 'p'],
      rows,
      notes: [
        `metatool: ${training.length - 300} training queries of vectors of 512 components, 300 for validation, ${tested.length} for the test (nDCG@10), ${tools.documents.length} tools; seed 1`,
        'training: from the first validation to the early stop; all: with encoding, mining and the test',
      ],
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

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
