import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type FitCheckpoint, type FitPoint, type FitState, Parameters, type Value } from '../tensor/index.ts';
import { readArrays, writeArrays } from './arrays-file.ts';

const EXTENSION = '.safetensors';

/** A run of `fit` in a file, from which another process can go on. */
export class FileCheckpoint implements FitCheckpoint {
  /** @param path of the file, `NAME.safetensors`. @param every epochs after which it is written. Default 1. */
  constructor(
    readonly path: string,
    readonly every = 1,
  ) {}

  /** @throws StorageError when the disk refuses; what was saved before stays. */
  async write({ trainer, curve, best = new Parameters(), bestStep, losses }: FitState): Promise<void> {
    const arrays = new Map<string, Value>();
    for (const [name, value] of trainer.arrays) arrays.set(`state/${name}`, value);
    for (const name of best.names) arrays.set(`best/${name}`, best.get(name));
    // JSON has no NaN, which the first point's loss is.
    const points = curve.map((point) => ({ ...point, loss: Number.isNaN(point.loss) ? null : point.loss }));
    const progress = { step: trainer.step, curve: points, bestStep, losses };
    await writeArrays(this.path, arrays, { progress: JSON.stringify(progress) });
  }

  /** Undefined when there is none. @throws CorruptFileError */
  async read(): Promise<FitState | undefined> {
    const file = await readArrays(this.path);
    if (file === undefined) return undefined;
    const { step, curve, bestStep, losses } = JSON.parse(file.metadata['progress']!);
    const arrays = new Map<string, Value>();
    const best = new Parameters();
    for (const [name, value] of file.arrays) {
      if (name.startsWith('state/')) arrays.set(name.slice('state/'.length), value);
      else best.set(name.slice('best/'.length), value.data as Float32Array, value.shape);
    }
    return {
      trainer: { step, arrays },
      curve: curve.map((point: FitPoint) => ({ ...point, loss: point.loss ?? Number.NaN })),
      best: best.names.length === 0 ? undefined : best,
      bestStep,
      losses,
    };
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }
}

/** Removes the checkpoints of all runs in a folder. */
export async function removeCheckpoints(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.endsWith(EXTENSION)) await rm(join(folder, name), { force: true });
  }
}
