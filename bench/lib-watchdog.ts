/**
 * Notices that nothing happens, by its own beats and not by the clock: where the whole machine is paused or busy, so is the watchdog.
 */
export class Watchdog {
  readonly #timer: NodeJS.Timeout;
  #left: number;

  /** @param onSilence called once, after so many seconds without {@link Watchdog.hear}. */
  constructor(
    readonly seconds: number,
    onSilence: () => void,
  ) {
    this.#left = seconds;
    this.#timer = setInterval(() => {
      if (--this.#left === 0) onSilence();
    }, 1000);
  }

  hear(): void {
    this.#left = this.seconds;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
