import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError, TrainingDivergedError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { Batch, Scope, Tensors, TrainerOptions } from './index.ts';
import * as t from './index.ts';
import { randomValue } from './testing.ts';

const testRuntime = t.onnxRuntime(createRequire(import.meta.url)('onnxruntime-node') as t.OnnxRuntimeModule);
const random = new Random(11);
const value = (...shape: number[]) => randomValue(random, shape);
const scalars = (parameters: t.Parameters) => parameters.names.flatMap((name) => [...parameters.get(name).data]);

/** Least squares: `y = x w + b`. */
const regression = (scope: Scope, { x, y }: Tensors) =>
  t.mean(t.square(t.subtract(t.linear(scope.at('line'), x!, 1), y!)));
const batches = Array.from({ length: 6 }, (): Batch => ({ x: value(8, 3), y: value(8, 1) }));

const train = async (options: Partial<TrainerOptions>, steps: readonly Batch[] = batches) => {
  const parameters = new t.Parameters(5);
  const trainer = new t.Trainer({ parameters, loss: regression, runtime: testRuntime, threads: 1, ...options });
  const reports = [];
  for (const batch of steps) reports.push(await trainer.step(batch));
  return { parameters, trainer, reports };
};

/** Loss and gradient of the regression, by hand. */
const byHand = (weights: readonly number[], { x, y }: Batch) => {
  const gradient = [0, 0, 0, 0];
  let loss = 0;
  for (let row = 0; row < 8; row++) {
    const inputs = [...[0, 1, 2].map((i) => Number(x!.data[row * 3 + i])), 1];
    const error = inputs.reduce((total, v, i) => total + v * weights[i]!, 0) - Number(y!.data[row]);
    loss += error ** 2 / 8;
    inputs.forEach((v, i) => {
      gradient[i]! += (2 * error * v) / 8;
    });
  }
  return { loss, gradient };
};
const start = () => {
  const parameters = new t.Parameters(5);
  return [...parameters.ensure('line/weight', [3, 1], t.glorot).data, 0];
};
const expectClose = (actual: readonly number[], expected: readonly number[], digits = 5) => {
  expect(actual.length).toBe(expected.length);
  actual.forEach((v, i) => {
    expect(v).toBeCloseTo(expected[i]!, digits);
  });
};

describe('optimizers follow their formulas:', () => {
  it('gradient descent with momentum, Nesterov and decay', async () => {
    for (const nesterov of [false, true]) {
      const { parameters, reports } = await train({
        optimizer: t.sgd({ momentum: 0.8, nesterov, weightDecay: 0.1 }),
        learningRate: (step) => 0.1 / step,
      });
      const weights = start();
      const velocity = [0, 0, 0, 0];
      batches.forEach((batch, n) => {
        const { loss, gradient } = byHand(weights, batch);
        expect(reports[n]!.loss).toBeCloseTo(loss, 4);
        expect(reports[n]!.gradientNorm).toBeCloseTo(Math.hypot(...gradient), 4);
        const rate = 0.1 / (n + 1);
        expect(reports[n]!.learningRate).toBe(rate);
        gradient.forEach((g, i) => {
          velocity[i] = 0.8 * velocity[i]! + g;
          const direction = nesterov ? g + 0.8 * velocity[i]! : velocity[i]!;
          // The bias has one axis and is not decayed.
          weights[i] = weights[i]! * (1 - (i < 3 ? rate * 0.1 : 0)) - rate * direction;
        });
      });
      expectClose(scalars(parameters), weights);
    }
  });

  it('AdamW, with clipping and groups', async () => {
    const { parameters } = await train({
      optimizer: t.adamW({ weightDecay: 0.2 }),
      learningRate: 0.05,
      clip: 0.5,
      groups: [{ match: /bias$/, learningRate: 0.5, weightDecay: 0.1 }],
    });
    const weights = start();
    const [first, second] = [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ];
    batches.forEach((batch, n) => {
      const { gradient } = byHand(weights, batch);
      const shrink = Math.min(1, 0.5 / (Math.hypot(...gradient) + 1e-6));
      gradient.forEach((raw, i) => {
        const g = raw * shrink;
        const [rate, decay] = i < 3 ? [0.05, 0.2] : [0.025, 0.1];
        first[i] = 0.9 * first[i]! + 0.1 * g;
        second[i] = 0.999 * second[i]! + 0.001 * g * g;
        const [m, v] = [first[i]! / (1 - 0.9 ** (n + 1)), second[i]! / (1 - 0.999 ** (n + 1))];
        weights[i] = weights[i]! * (1 - rate! * decay!) - (rate! * m) / (Math.sqrt(v) + 1e-8);
      });
    });
    expectClose(scalars(parameters), weights);
  });

  it('sharpness-aware steps take the gradient from the worst point near by', async () => {
    const { parameters } = await train({ optimizer: t.sgd(), learningRate: 0.1, sharpness: 0.3 });
    const weights = start();
    for (const batch of batches) {
      const { gradient } = byHand(weights, batch);
      const length = Math.hypot(...gradient);
      const worst = byHand(
        weights.map((w, i) => w + (0.3 * gradient[i]!) / length),
        batch,
      );
      worst.gradient.forEach((g, i) => {
        weights[i]! -= 0.1 * g;
      });
    }
    expectClose(scalars(parameters), weights);
  });

  it('the moving average follows the parameters', async () => {
    const { parameters, trainer } = await train({ optimizer: t.sgd(), learningRate: 0.1, average: 0.5 });
    const weights = start();
    const average = [...weights];
    for (const batch of batches) {
      const { gradient } = byHand(weights, batch);
      gradient.forEach((g, i) => {
        weights[i]! -= 0.1 * g;
        average[i] = 0.5 * average[i]! + 0.5 * weights[i]!;
      });
    }
    expectClose(scalars(parameters), weights);
    expectClose(scalars(trainer.average()), average);
  });

  it('schedules rise and fall', () => {
    const linear = t.linearSchedule({ peak: 1, steps: 11, warmup: 1, floor: 0.1 });
    expectClose([1, 6, 11, 50].map(linear), [1, 0.55, 0.1, 0.1]);
    const cosine = t.cosineSchedule({ peak: 2, steps: 20, warmup: 10 });
    expectClose([5, 10, 15, 20].map(cosine), [1, 2, 1, 0]);
  });
});

describe('a trainer', () => {
  const words = (scope: Scope, { ids, labels }: Tensors) => {
    const vectors = t.mean(t.embedding(scope, ids!, 50, 4), 1);
    const hidden = t.linear(scope.at('head'), vectors, 2);
    return t.negate(t.mean(t.take(t.logSoftmax(hidden), labels!)));
  };
  const wordBatch = (): Batch => ({ ids: randomValue(random, [6, 3], 50), labels: randomValue(random, [6, 1], 2) });

  it('updates only the rows that a batch names, as a dense table would be', async () => {
    const steps = [wordBatch(), wordBatch(), wordBatch()];
    const sparse = await train({ loss: words, optimizer: t.sgd(), learningRate: 0.5 }, steps);
    const dense = await train(
      {
        loss: (scope, { ids, labels }) => {
          const table = scope.parameter('table', [50, 4], t.normal(0.02));
          const hidden = t.linear(scope.at('head'), t.mean(t.gather(table, ids!), 1), 2);
          return t.negate(t.mean(t.take(t.logSoftmax(hidden), labels!)));
        },
        optimizer: t.sgd(),
        learningRate: 0.5,
      },
      steps,
    );
    expectClose([...sparse.parameters.get('table').data], [...dense.parameters.get('table').data]);
    const untouched = new t.Parameters(5).ensure('table', [50, 4], t.normal(0.02)).data;
    const named = new Set(steps.flatMap(({ ids }) => [...ids!.data].map(Number)));
    for (let row = 0; row < 50; row++) {
      const before = [...untouched.subarray(row * 4, row * 4 + 4)];
      const after = [...sparse.parameters.get('table').data.subarray(row * 4, row * 4 + 4)];
      if (named.has(row)) expect(after).not.toEqual(before);
      else expect(after).toEqual(before);
    }
  });

  it('accumulates parts of a batch to the same update as the whole', async () => {
    for (const [loss, whole, halves] of [
      [regression, batches[0]!, split(batches[0]!, 4)],
      ...[wordBatch()].map((batch) => [words, batch, split(batch, 3)] as const),
    ] as const) {
      const plain = await train({ loss, average: 0.9 }, [whole]);
      const parts = await train({ loss, average: 0.9 }, []);
      for (const half of halves) await parts.trainer.accumulate(half);
      const report = await parts.trainer.applyAccumulated();
      expect(report.loss).toBeCloseTo(plain.reports[0]!.loss, 5);
      expect(report.gradientNorm).toBeCloseTo(plain.reports[0]!.gradientNorm, 5);
      expectClose(scalars(parts.parameters), scalars(plain.parameters), 4);
      await expect(parts.trainer.applyAccumulated()).rejects.toThrow('No gradients have been accumulated');
    }
  });

  it('computes the exact gradient of a batch in chunks, with parameters in the loss itself', async () => {
    const options: Partial<TrainerOptions> = {
      encode: (scope, { a, b, task }) => ({
        left: t.unitLength(t.mlp(scope.at('tower'), a!, [8, 4], { activation: 'tanh' })),
        right: t.unitLength(t.mlp(scope.at('tower'), b!, [8, 4], { activation: 'tanh' })),
        task: task!,
      }),
      loss: (scope, { left, right, task }) => {
        const sharpness = t.exp(scope.parameter('sharpness', [], t.constantly(1)));
        const perTask = t.exp(scope.lookup('tasks', [3, 1], task!, t.constantly(0.1)));
        const scores = t.multiply(t.multiply(t.matmul(left!, t.transposeLast(right!)), sharpness), perTask);
        return t.negate(t.mean(t.diagonal(t.logSoftmax(scores))));
      },
      optimizer: t.sgd(),
      learningRate: 1,
    };
    const task = { data: Int32Array.from({ length: 12 }, (_, i) => i % 3), shape: [12] };
    const batch: Batch = { a: value(12, 5), b: value(12, 5), task };
    const plain = await train(options, [batch]);
    const cached = await train(options, []);
    const report = await cached.trainer.cachedStep(split(batch, 4));
    expect(report.loss).toBeCloseTo(plain.reports[0]!.loss, 5);
    expect(report.gradientNorm).toBeCloseTo(plain.reports[0]!.gradientNorm, 5);
    expect(cached.parameters.names.sort()).toEqual(plain.parameters.names.sort());
    for (const name of plain.parameters.names) {
      expectClose([...cached.parameters.get(name).data], [...plain.parameters.get(name).data], 5);
    }
  });

  it('gives the same result for the same seed, goes on from a state, and starts differently with another seed', async () => {
    const steps = Array.from({ length: 5 }, wordBatch);
    const options = { loss: words, average: 0.9 } as const;
    const once = await train(options, steps);
    const twice = await train(options, steps);
    expect(scalars(twice.parameters)).toEqual(scalars(once.parameters));

    const begun = await train(options, steps.slice(0, 2));
    const copy = structuredClone(begun.trainer.state());
    const resumed = await train(options, []);
    resumed.trainer.restore(copy);
    for (const batch of steps.slice(2)) await resumed.trainer.step(batch);
    expect(resumed.trainer.steps).toBe(5);
    for (const name of once.parameters.names) {
      expect(resumed.parameters.get(name).data).toEqual(once.parameters.get(name).data);
      expect(resumed.trainer.average().get(name).data).toEqual(once.trainer.average().get(name).data);
    }
    const other = new t.Parameters(6).ensure('table', [50, 4], t.normal(0.02));
    expect(other.data).not.toEqual(new t.Parameters(5).ensure('table', [50, 4], t.normal(0.02)).data);
  });

  it('keeps the last good state when a step diverges, and names the step', async () => {
    const { trainer, parameters } = await train({ loss: words }, [wordBatch()]);
    const before = structuredClone(trainer.state());
    const huge = new t.Trainer({
      parameters: new t.Parameters(5),
      loss: (scope, { x }) => t.mean(t.log(t.linear(scope, x!, 1))),
      runtime: testRuntime,
      threads: 1,
    });
    const bad = huge.step({ x: value(4, 3) });
    await expect(bad).rejects.toThrow(TrainingDivergedError);
    await expect(bad).rejects.toThrow('Training diverged at step 1: loss NaN');
    expect(huge.steps).toBe(0);
    expect([...huge.parameters.get('bias').data]).toEqual([0]);

    parameters.get('head/weight').data[0] = Number.POSITIVE_INFINITY;
    await expect(trainer.step(wordBatch())).rejects.toThrow('Training diverged at step 2');
    trainer.restore(before);
    expect((await trainer.step(wordBatch())).step).toBe(2);
  });

  it('leaves frozen parameters alone and reports metrics; evaluation changes nothing', async () => {
    const batch = batches[0]!;
    const { parameters, trainer, reports } = await train(
      {
        loss: (scope, inputs) => {
          const loss = regression(scope, inputs);
          return { loss, metrics: { root: t.sqrt(loss) } };
        },
        groups: [{ match: /weight/, frozen: true }],
      },
      [batch],
    );
    expect([...parameters.get('line/weight').data]).toEqual(start().slice(0, 3));
    expect([...parameters.get('line/bias').data]).not.toEqual([0]);
    expect(reports[0]!.metrics['root']).toBeCloseTo(Math.sqrt(reports[0]!.loss), 5);
    const before = scalars(parameters);
    const { loss, metrics } = await trainer.evaluate(batch);
    expect(loss).toBeLessThan(reports[0]!.loss);
    expect(metrics['root']).toBeCloseTo(Math.sqrt(loss), 5);
    expect(scalars(parameters)).toEqual(before);
  });

  it('needs no more memory after a thousand steps than after a hundred', async () => {
    const { trainer } = await train({ loss: words }, []);
    const steps = Array.from({ length: 10 }, wordBatch);
    let early = 0;
    for (let i = 0; i < 1000; i++) {
      await trainer.step(steps[i % steps.length]!);
      if (i === 100) early = process.memoryUsage().rss;
    }
    expect(process.memoryUsage().rss - early).toBeLessThan(64e6);
    await trainer.dispose();
  });

  it('serves batches of any extent with one model, when told which change', async () => {
    const { trainer, reports } = await train(
      { loss: words, shapes: { ids: ['texts', 'length'], labels: ['texts', 1] } },
      [],
    );
    for (const [texts, length] of [
      [2, 3],
      [5, 1],
    ] as const) {
      const batch = { ids: randomValue(random, [texts, length], 50), labels: randomValue(random, [texts, 1], 2) };
      expect((await trainer.step(batch)).loss).toBeGreaterThan(0);
    }
    expect(reports.length).toBe(0);
    expect(trainer.steps).toBe(2);
  });

  it('refuses what cannot be trained, saying why', async () => {
    const cases: [Partial<TrainerOptions>, Batch, string][] = [
      [{ loss: (_, { x }) => t.mean(x!) }, batches[0]!, 'no parameters to train'],
      [{ loss: (scope, { x }) => t.linear(scope, x!, 1) }, batches[0]!, 'gradients([8, 1]): only a float32 scalar'],
      [{ groups: [{ match: /./, frozen: true }] }, batches[0]!, 'no parameters to train'],
      [
        { loss: words },
        { ...wordBatch(), ids: { data: new Int32Array(18).fill(50), shape: [6, 3] } },
        'row 50 of the table "table"',
      ],
      [
        { loss: (scope, { x }) => t.mean(t.embedding(scope, t.cast(x!, 'int32'), 5, 2)) },
        batches[0]!,
        'numbers that the model computes',
      ],
      [
        { loss: (scope, { x }) => t.mean(t.linear(scope, t.linear(scope, x!, 4), 4)) },
        batches[0]!,
        'The parameter "weight" is [3, 4], and the model asks for [4, 4].',
      ],
    ];
    for (const [options, batch, message] of cases) {
      const error = await train(options, [batch]).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect((error as Error).message).toContain(message);
    }
    await expect(train({ clip: 0 })).rejects.toThrow('clip is 0.');
    await expect(train({ average: 1 })).rejects.toThrow('average is 1.');
    const { trainer } = await train({}, []);
    await expect(trainer.cachedStep([batches[0]!])).rejects.toThrow('`encode`');
    expect(() => trainer.average()).toThrow('`average`');
    await trainer.dispose();
    await expect(trainer.step(batches[0]!)).rejects.toThrow('disposed');
  });
});

/** A batch cut along the first axis. */
function split(batch: Batch, size: number): Batch[] {
  const rows = Object.values(batch)[0]!.shape[0]!;
  return Array.from({ length: rows / size }, (_, part) =>
    Object.fromEntries(
      Object.entries(batch).map(([name, { data, shape }]) => {
        const width = data.length / rows;
        return [
          name,
          { data: data.slice(part * size * width, (part + 1) * size * width), shape: [size, ...shape.slice(1)] },
        ];
      }),
    ),
  );
}
