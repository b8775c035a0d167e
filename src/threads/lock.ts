/** Many may read at once, or one may write. Whoever asks first goes first, so that writers get their turn. */
export class ReadWriteLock {
  #readers = 0;
  #writing = false;
  readonly #waiting: { readonly writes: boolean; readonly go: () => void }[] = [];

  async read<T>(work: () => T | Promise<T>): Promise<T> {
    await this.#enter(false);
    try {
      return await work();
    } finally {
      this.#readers--;
      this.#admit();
    }
  }

  async write<T>(work: () => T | Promise<T>): Promise<T> {
    await this.#enter(true);
    try {
      return await work();
    } finally {
      this.#writing = false;
      this.#admit();
    }
  }

  #enter(writes: boolean): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push({ writes, go });
      this.#admit();
    });
  }

  #admit(): void {
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || this.#writing || (next.writes && this.#readers > 0)) return;
      this.#waiting.shift();
      if (next.writes) this.#writing = true;
      else this.#readers++;
      next.go();
    }
  }
}
