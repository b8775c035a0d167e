import type { Writer } from '../store/types.ts';

/** The writing calls of one collection object, one after the other: each opens the writer when those before it are done, and closes it. */
export class WriterQueue {
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly open: () => Promise<Writer>) {}

  /** Runs `work` with the writer, when the calls before it are done, however they ended. */
  run<T>(work: (writer: Writer) => Promise<T>): Promise<T> {
    const turn = this.idle().then(async () => {
      const writer = await this.open();
      try {
        return await work(writer);
      } finally {
        await writer.close();
      }
    });
    this.#last = turn;
    return turn;
  }

  /** Waits for the calls so far. */
  async idle(): Promise<void> {
    await this.#last.catch(() => undefined);
  }
}
