import { Random } from '../src/base/random.ts';

const TELL_EVERY_MS = 60_000;

/** Options of the command line that every long run of faults takes (`parseArgs`). */
export const SITTING_OPTIONS = {
  seed: { type: 'string', default: '1' },
  from: { type: 'string', default: '0' },
  minutes: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/**
 * A part of a long run of trials that are numbered and decided by seed and number alone, so that the runs of several sittings add up: one
 * ends after `--minutes`, or at Ctrl-C when the trial under way is done, and says with which `--from` the next begins.
 */
export class Sitting {
  readonly seed: number;
  readonly from: number;
  /** Number behind the last trial. */
  readonly end: number;
  readonly #start = performance.now();
  readonly #most: number;
  #told = 0;
  #interrupted = false;

  /** @param total trials of this sitting, unless it ends before. */
  constructor(
    values: { readonly seed: string; readonly from: string; readonly minutes?: string | undefined },
    total: number,
  ) {
    this.seed = Number(values.seed);
    this.from = Number(values.from);
    this.end = this.from + total;
    this.#most = Number(values.minutes ?? Number.POSITIVE_INFINITY);
    const whole = [this.seed, this.from, total].every((value) => Number.isSafeInteger(value) && value >= 0);
    if (!whole || total < 1 || !(this.#most > 0)) {
      console.error('Give whole numbers: how many from 1, --seed and --from from 0; and --minutes above 0.');
      process.exit(2);
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (this.#interrupted = true));
  }

  get minutes(): number {
    return (performance.now() - this.#start) / 60_000;
  }

  /** Whether to stop before trial `at`. Tells how far it is, once a minute. */
  over(at: number): boolean {
    if (performance.now() - this.#start - this.#told > TELL_EVERY_MS) {
      this.#told = performance.now() - this.#start;
      console.error(
        `${at}${this.end < Number.MAX_SAFE_INTEGER ? ` of ${this.end}` : ''}, ${this.minutes.toFixed(1)} minutes`,
      );
    }
    return at >= this.end || this.#interrupted || this.minutes > this.#most;
  }

  random(at: number): Random {
    return new Random(this.seed * 1_000_003 + at);
  }

  /** The sentence of a report that says what was done. */
  note(what: string, at: number): string {
    const next =
      at < this.end && this.end < Number.MAX_SAFE_INTEGER ? `; the next sitting begins with --from ${at}` : '';
    return `${at - this.from} ${what} in ${this.minutes.toFixed(1)} minutes (seed ${this.seed}, ${this.from} to ${at}${next}).`;
  }
}
