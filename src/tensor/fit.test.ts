import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { TrainingDivergedError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import type { FitBatch, FitCheckpoint, FitModel, FitOptions, FitState, Forward, Tensors } from './index.ts';
import * as t from './index.ts';
import { randomValue } from './testing.ts';

const runtime = t.onnxRuntime(createRequire(import.meta.url)('onnxruntime-node') as t.OnnxRuntimeModule);
const options: FitOptions = { runtime, threads: 1, learningRate: 0.1 };

const line = (seed = 5): FitModel => ({
  parameters: new t.Parameters(seed),
  forward: (scope, { x }) => t.linear(scope.at('line'), x!, 1),
});
const squares = (forward: Forward, { x, y }: Tensors) => t.mean(t.square(t.subtract(forward({ x: x! }), y!)));
const weights = ({ parameters }: FitModel) => parameters.names.flatMap((name) => [...parameters.get(name).data]);
/** `y = 2 x0 - x1 + 3`. */
const example = (random: Random): t.Batch => {
  const x = randomValue(random, [8, 2]);
  const y = Float32Array.from({ length: 8 }, (_, i) => 2 * Number(x.data[2 * i]) - Number(x.data[2 * i + 1]) + 3);
  return { x, y: { data: y, shape: [8, 1] } };
};

describe('fit', () => {
  it('learns, and says what it did', async () => {
    const model = line();
    const seen: number[] = [];
    const report = await t.fit(model, t.drawn(200, example), squares, {
      ...options,
      onProgress: ({ step, steps, phase }) => {
        expect([steps, phase]).toEqual([200, 'training']);
        seen.push(step);
      },
    });
    weights(model).forEach((value, i) => {
      expect(value).toBeCloseTo([2, -1, 3][i]!, 1);
    });
    expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    expect(report).toMatchObject({ steps: 200, bestStep: 200, stoppedEarly: false, curve: [], parameters: 3 });
    expect(report.loss).toBeLessThan(0.01);
  });

  it('is what a trainer does with AdamW, clipping, and a rate that rises and falls', async () => {
    const model = line();
    await t.fit(model, t.drawn(20, example), squares, { ...options, seed: 3 });
    const { parameters, forward } = line();
    const trainer = new t.Trainer({
      parameters,
      loss: (scope, batch) => squares((part) => forward(scope, part), batch),
      learningRate: t.linearSchedule({ peak: 0.1, steps: 20 }),
      clip: 1,
      runtime,
      threads: 1,
    });
    const random = new Random(3);
    for (let step = 0; step < 20; step++) await trainer.step(example(random));
    expect(weights(model)).toEqual(weights({ parameters, forward }));
  });

  it('follows the mean gradient of parts, and the exact one of representations', async () => {
    const whole = example(new Random(1));
    const cut = (from: number): t.Batch =>
      Object.fromEntries(
        Object.entries(whole).map(([name, { data, shape }]) => {
          const width = shape[1]!;
          return [name, { data: data.slice(from * width, (from + 4) * width) as Float32Array, shape: [4, width] }];
        }),
      );
    const fitted = async (batch: FitBatch, objective: t.FitObjective) => {
      const model = line();
      const report = await t.fit(
        model,
        t.drawn(3, () => batch),
        objective,
        options,
      );
      return [...weights(model), report.loss];
    };
    const plain = await fitted(whole, squares);
    const parts = [cut(0), cut(4)];
    const contrast = {
      represent: (forward: Forward, { x, y }: Tensors): Tensors => ({ seen: forward({ x: x! }), y: y! }),
      loss: ({ seen, y }: Tensors) => t.mean(t.square(t.subtract(seen!, y!))),
    };
    for (const other of [await fitted(parts, squares), await fitted(parts, contrast), await fitted(whole, contrast)]) {
      other.forEach((value, i) => {
        expect(value).toBeCloseTo(plain[i]!, 5);
      });
    }
  });

  it('stops when validation does, and keeps the best', async () => {
    const model = line();
    const values = [0, 1, 3, 2, 2.5, 9];
    const kept: number[][] = [];
    const report = await t.fit(model, t.drawn(2, example), squares, {
      ...options,
      epochs: 10,
      validation: {
        patience: 2,
        measure: async () => {
          kept.push(weights(model));
          return values[kept.length - 1]!;
        },
      },
    });
    expect(report).toMatchObject({ steps: 8, bestStep: 4, stoppedEarly: true });
    expect(report.curve.map(({ epoch, step, validation }) => [epoch, step, validation])).toEqual([
      [0, 0, 0],
      [1, 2, 1],
      [2, 4, 3],
      [3, 6, 2],
      [4, 8, 2.5],
    ]);
    expect(weights(model)).toEqual(kept[2]);
  });

  it.each([
    ['within an epoch', 7, 'training'],
    ['before a validation', 10, 'validating'],
  ] as const)('goes on after an interruption %s as if there had been none', async (_, at, phase) => {
    const run = async (interrupted: boolean) => {
      let state: FitState | undefined;
      const checkpoint: FitCheckpoint = {
        read: async () => state,
        write: async (given) => {
          const arrays = new Map(
            Array.from(
              given.trainer.arrays,
              ([name, { data, shape }]) => [name, { data: data.slice(), shape }] as const,
            ),
          );
          state = { ...given, curve: [...given.curve], trainer: { ...given.trainer, arrays } };
        },
      };
      const controller = new AbortController();
      const model = line();
      const how: FitOptions = {
        ...options,
        epochs: 3,
        checkpoint,
        validation: {
          measure: async () => {
            controller.signal.throwIfAborted();
            return -Math.abs(weights(model)[0]! - 2);
          },
          patience: 9,
        },
        signal: controller.signal,
      };
      const data = t.drawn(5, example);
      if (interrupted) {
        const onProgress = (progress: t.FitProgress) =>
          progress.step === at && progress.phase === phase && controller.abort(new Error('enough'));
        await expect(t.fit(model, data, squares, { ...how, onProgress })).rejects.toThrow('enough');
        const { signal: _, validation, ...again } = how;
        const measure = async () => -Math.abs(weights(model)[0]! - 2);
        const report = await t.fit(model, data, squares, {
          ...again,
          validation: { ...validation, measure },
          resume: true,
        });
        return { report, found: weights(model) };
      }
      return { report: await t.fit(model, data, squares, how), found: weights(model) };
    };
    const [straight, resumed] = [await run(false), await run(true)];
    expect(resumed.found).toEqual(straight.found);
    expect(resumed.report.resumedFrom).toBe(at);
    expect(resumed.report.curve).toEqual(straight.report.curve);
  });

  it('deals epochs anew, from the seed', async () => {
    const epochs: string[] = [];
    const data = t.dealt(
      (random) => random.shuffle([0, 1, 2]),
      (chosen) => {
        epochs.push(String(chosen));
        return example(new Random(chosen));
      },
    );
    await t.fit(line(), data, squares, { ...options, epochs: 2 });
    await t.fit(line(), data, squares, { ...options, epochs: 2 });
    expect(epochs.slice(0, 6)).toEqual(epochs.slice(6));
    expect(epochs.slice(0, 3).toSorted()).toEqual(['0', '1', '2']);
  });

  it('says that a loss is no number any more', async () => {
    const bad = { x: randomValue(new Random(1), [2, 2]), y: { data: Float32Array.of(Number.NaN, 0), shape: [2, 1] } };
    await expect(
      t.fit(
        line(),
        t.drawn(1, () => bad),
        squares,
        options,
      ),
    ).rejects.toThrow(TrainingDivergedError);
  });
});

describe('run', () => {
  it('joins the rows of batches of any extents', async () => {
    const { parameters, forward } = line();
    const batches = [3, 1, 2].map((count) => ({ x: randomValue(new Random(count), [count, 2]) }));
    const { output } = await t.run(forward, batches, { parameters, runtime, shapes: { x: ['rows', 2] } });
    expect(output!.shape).toEqual([6, 1]);
    const one = await t.run(forward, batches[2]!, { parameters, runtime });
    expect(t.toVectors(output!).slice(4, 6)).toEqual(t.toVectors(one['output']!));
  });

  it('gives several outputs by name', async () => {
    const vectors = Vectors.fromRows([
      [3, 4],
      [1, 0],
    ]);
    const { unit, total } = await t.run(
      (_, { x }) => ({ unit: t.unitLength(x!), total: t.sum(x!) }),
      { x: t.toValue(vectors) },
      { runtime },
    );
    expect(Array.from(unit!.data as Float32Array, (value) => Number(value.toFixed(4)))).toEqual([0.6, 0.8, 1, 0]);
    expect(total!.data[0]).toBe(8);
  });
});
