import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Parameters, type TrainerState, type Value } from '../../tensor/index.ts';
import { readArrays, writeArrays } from '../arrays-file.ts';
import type { CurvePoint } from './types.ts';

/** Everything that an interrupted run needs to go on as if nothing had happened. */
export interface Saved {
  readonly state: TrainerState;
  readonly curve: CurvePoint[];
  readonly best: Parameters;
  readonly bestStep: number;
  /** Since the last point of the curve. */
  readonly losses: number[];
}

const EXTENSION = '.safetensors';

/** A file in a collection's folder `tuning`, named after the options of the run: others do not find it. */
export class Checkpoint {
  readonly #path: string;

  constructor(
    readonly folder: string,
    key: string,
  ) {
    this.#path = join(folder, `${key}${EXTENSION}`);
  }

  /** @throws StorageError when the disk refuses; what was saved before stays. */
  async write({ state, curve, best, bestStep, losses }: Saved): Promise<void> {
    const arrays = new Map<string, Value>();
    for (const [name, value] of state.arrays) arrays.set(`state/${name}`, value);
    for (const name of best.names) arrays.set(`best/${name}`, best.get(name));
    // JSON has no NaN, which the first point's loss is.
    const points = curve.map((point) => ({ ...point, loss: Number.isNaN(point.loss) ? null : point.loss }));
    const progress = { step: state.step, curve: points, bestStep, losses };
    await writeArrays(this.#path, arrays, { progress: JSON.stringify(progress) });
  }

  /** Undefined when there is none. @throws CorruptFileError */
  async read(): Promise<Saved | undefined> {
    const file = await readArrays(this.#path);
    if (file === undefined) return undefined;
    const { step, curve, bestStep, losses } = JSON.parse(file.metadata['progress']!);
    const arrays = new Map<string, Value>();
    const best = new Parameters();
    for (const [name, value] of file.arrays) {
      if (name.startsWith('state/')) arrays.set(name.slice('state/'.length), value);
      else best.set(name.slice('best/'.length), value.data as Float32Array, value.shape);
    }
    return {
      state: { step, arrays },
      curve: curve.map((point: CurvePoint) => ({ ...point, loss: point.loss ?? Number.NaN })),
      best,
      bestStep,
      losses,
    };
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  /** Removes the checkpoints of all runs in a folder. */
  static async removeAll(folder: string): Promise<void> {
    for (const name of await readdir(folder).catch(() => [])) {
      if (name.endsWith(EXTENSION)) await rm(join(folder, name), { force: true });
    }
  }
}
