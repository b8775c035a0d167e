import pc from 'picocolors';

/** Redraws at most this often, in milliseconds. */
const EVERY = 100;
/** Without a terminal: one line this often. */
const EVERY_PLAIN = 10_000;

/** One status line on stderr: redrawn in place on a terminal, now and then elsewhere, never with `--quiet`. */
export class Progress {
  readonly #live = process.stderr.isTTY === true;
  #last = this.#live ? 0 : performance.now();

  constructor(private readonly quiet: boolean) {}

  show(line: () => string): void {
    if (this.quiet) return;
    const now = performance.now();
    if (now - this.#last < (this.#live ? EVERY : EVERY_PLAIN)) return;
    this.#last = now;
    if (this.#live) {
      const width = (process.stderr.columns ?? 80) - 1;
      process.stderr.write(`\r\u001b[2K${pc.dim(line().slice(0, width))}`);
    } else {
      process.stderr.write(`${line()}\n`);
    }
  }

  /** Clears the line, so that what follows starts at its beginning. */
  done(): void {
    if (this.#live && !this.quiet) process.stderr.write('\r\u001b[2K');
  }
}
