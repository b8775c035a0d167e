import { Turns } from '../base/parallel.ts';
import type { TrainOptions } from './codec.ts';

/** Lets long training breathe: reports progress, obeys the signal, and gives other tasks a turn every 50 ms or so. */
export class Pace {
  readonly #turns = new Turns();

  /** @param from @param to the part of the whole, 0 to 1, that this work is. */
  constructor(
    readonly options: TrainOptions,
    private readonly from = 0,
    private readonly to = 1,
  ) {}

  /** @param done share of this work that is done, 0 to 1. @throws the signal's reason once it is aborted. */
  async step(done: number): Promise<void> {
    this.options.signal?.throwIfAborted();
    this.options.onProgress?.(this.from + (this.to - this.from) * done);
    await this.#turns.give(this.options.signal);
  }

  /** The pace of a part of this work. */
  part(from: number, to: number): Pace {
    const span = this.to - this.from;
    return new Pace(this.options, this.from + span * from, this.from + span * to);
  }
}
