import { Random } from '../base/random.ts';
import { mean } from '../math/index.ts';
import type {
  FitBatch,
  FitData,
  FitModel,
  FitObjective,
  FitOptions,
  FitPoint,
  FitProgress,
  FitReport,
} from './fit-options.ts';
import type { Scope } from './parameters.ts';
import { cosineSchedule, linearSchedule, type Schedule } from './schedule.ts';
import type { Tensors } from './step.ts';
import { Trainer } from './trainer.ts';
import type { Batch, TrainerOptions } from './trainer-options.ts';

/** Steps whose mean loss is reported on the way. */
const LAST_LOSSES = 20;

/**
 * Trains a model: the one loop around {@link Trainer}.
 *
 * ```ts
 * const report = await fit(model, drawn(500, (random) => pairsOf(random)), (forward, { query, document }) =>
 *   infoNCE(cosines(forward({ x: query! }), forward({ x: document! }))), { learningRate: 1e-3, runtime });
 * ```
 *
 * AdamW, gradients clipped at 1, a rate that rises over a tenth of the steps and falls to 0, unless the options say otherwise. Same
 * parameters, data, seed and threads: same result, also across an interruption.
 *
 * @returns when the last epoch is over or validation has stopped improving, the best parameters in place.
 * @throws TrainingDivergedError when loss or gradient is not finite; the signal's reason when it is aborted.
 */
export async function fit(
  model: FitModel,
  data: FitData,
  objective: FitObjective,
  options: FitOptions,
): Promise<FitReport> {
  const { epochs = 1, seed = 1, validation, checkpoint, signal, onProgress } = options;
  const begun = performance.now();
  const steps = epochs * data.steps;
  const trainer = new Trainer(trainerOptions(model, objective, steps, options));
  try {
    const saved = options.resume === true ? await checkpoint?.read() : undefined;
    if (saved !== undefined) trainer.restore(saved.trainer);
    const before = trainer.steps;
    const curve: FitPoint[] = [...(saved?.curve ?? [])];
    let best = saved?.best ?? (validation === undefined ? undefined : model.parameters.clone());
    let bestStep = saved?.bestStep ?? 0;
    let losses: number[] = [...(saved?.losses ?? [])];
    const tail: number[] = [];
    const tailLength = Math.max(1, Math.round(steps / 10));

    const report = (phase: FitProgress['phase']) =>
      onProgress?.({
        phase,
        step: trainer.steps,
        steps,
        loss: mean(losses.slice(-LAST_LOSSES)),
        validation: curve.at(-1)?.validation ?? Number.NaN,
        msLeft:
          trainer.steps === before
            ? undefined
            : ((performance.now() - begun) / (trainer.steps - before)) * (steps - trainer.steps),
      });
    const save = () => checkpoint?.write({ trainer: trainer.state(), curve, best, bestStep, losses });
    const validate = async (epoch: number) => {
      if (validation === undefined) return;
      report('validating');
      const value = await validation.measure();
      if (curve.every((earlier) => value > earlier.validation)) {
        best = model.parameters.clone();
        bestStep = trainer.steps;
      }
      curve.push({ epoch, step: trainer.steps, loss: mean(losses), validation: value });
      losses = [];
    };
    /** Whether validation has not improved for long enough; also asked of a run that is taken up after it ended so. */
    const isExhausted = () =>
      validation !== undefined &&
      curve.length - 1 - curve.findIndex(({ step }) => step === bestStep) >= (validation.patience ?? 3) &&
      trainer.steps < steps;

    let stoppedEarly = false;
    try {
      // At the start, and where an interruption came between an epoch and its validation.
      const epochsDone = trainer.steps / Math.max(1, data.steps);
      if (Number.isInteger(epochsDone) && (curve.at(-1)?.step ?? -1) < trainer.steps) await validate(epochsDone);
      stoppedEarly = isExhausted();
      for (let epoch = Math.floor(trainer.steps / Math.max(1, data.steps)); epoch < epochs && !stoppedEarly; epoch++) {
        const batchOf = data.epoch(new Random(seed + epoch), epoch);
        for (let step = trainer.steps - epoch * data.steps; step < data.steps; step++) {
          signal?.throwIfAborted();
          const { loss } = await takeStep(trainer, batchOf(step), typeof objective === 'object');
          losses.push(loss);
          tail.push(loss);
          if (tail.length > tailLength) tail.shift();
          report('training');
        }
        await validate(epoch + 1);
        stoppedEarly = isExhausted();
        // The last state too, so that what comes after training can fail without training again.
        if ((epoch + 1) % (checkpoint?.every ?? 1) === 0 || stoppedEarly || epoch + 1 === epochs) await save();
      }
    } catch (error) {
      if (signal?.aborted) await save();
      throw error;
    }
    if (validation === undefined) bestStep = trainer.steps;
    for (const name of best?.names ?? []) {
      const { data: values, shape } = best!.get(name);
      model.parameters.set(name, values, shape);
    }
    return {
      steps: trainer.steps,
      ...(saved === undefined ? {} : { resumedFrom: before }),
      stoppedEarly,
      bestStep,
      curve,
      loss: mean(tail),
      parameters: model.parameters.size,
      tookMs: performance.now() - begun,
    };
  } finally {
    await trainer.dispose();
  }
}

/** One epoch of so many steps, each drawn by itself. @param draw is called once for every step, in order. */
export function drawn(steps: number, draw: (random: Random, step: number) => FitBatch): FitData {
  return {
    steps,
    epoch: (random) => {
      let next = 0;
      return (step) => {
        // What was drawn before an interruption moves the generator on.
        while (next < step) draw(random, next++);
        return draw(random, next++);
      };
    },
  };
}

/**
 * Epochs of batches that are made anew for each.
 * @param deal the batches of an epoch, as whatever names their examples. Where an epoch has fewer than the first, its first ones come
 * again; of more, the last are left out. @param seed that tells how many batches an epoch has. @param arrays of a batch.
 */
export function dealt<Chosen>(
  deal: (random: Random) => readonly Chosen[],
  arrays: (chosen: Chosen) => FitBatch,
  seed = 1,
): FitData {
  return {
    steps: deal(new Random(seed)).length,
    epoch: (random) => {
      const batches = deal(random);
      return (step) => arrays(batches[step % batches.length]!);
    },
  };
}

function takeStep(trainer: Trainer, batch: FitBatch, isCached: boolean): Promise<{ loss: number }> {
  if (!isParts(batch)) return trainer.step(batch);
  return batch.length === 1 ? trainer.step(batch[0]!) : isCached ? trainer.cachedStep(batch) : byParts(trainer, batch);
}

async function byParts(trainer: Trainer, parts: readonly Batch[]): Promise<{ loss: number }> {
  for (const part of parts) await trainer.accumulate(part);
  return trainer.applyAccumulated();
}

function isParts(batch: FitBatch): batch is readonly Batch[] {
  return Array.isArray(batch);
}

function trainerOptions(model: FitModel, objective: FitObjective, steps: number, options: FitOptions): TrainerOptions {
  const { parameters } = model;
  const { runtime, threads, optimizer, clip = 1, sharpness } = options;
  const forward = (scope: Scope) => (batch: Tensors) => model.forward(scope, batch);
  return {
    parameters,
    groups: [...(model.groups ?? []), ...(options.groups ?? [])],
    shapes: { ...model.shapes, ...options.shapes },
    learningRate: scheduleOf(steps, options),
    runtime,
    ...(typeof objective === 'function'
      ? { loss: (scope, batch) => objective(forward(scope), batch, scope) }
      : {
          encode: (scope, batch) => objective.represent(forward(scope), batch, scope),
          loss: (scope, representations) => objective.loss(representations, scope),
        }),
    ...(threads === undefined ? {} : { threads }),
    ...(optimizer === undefined ? {} : { optimizer }),
    ...(sharpness === undefined ? {} : { sharpness }),
    ...(clip === Number.POSITIVE_INFINITY ? {} : { clip }),
  };
}

function scheduleOf(steps: number, { learningRate: peak, schedule = 'linear', warmup }: FitOptions): Schedule {
  if (schedule === 'constant') return (step) => peak * Math.min(1, step / Math.max(1, warmup ?? 0));
  const options = { peak, steps, ...(warmup === undefined ? {} : { warmup }) };
  return schedule === 'linear' ? linearSchedule(options) : cosineSchedule(options);
}
