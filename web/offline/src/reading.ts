import type { ReadAnswer, ReadRequest } from './reading-worker.ts';

/** Milliseconds that one file may take. */
const PATIENCE = 60_000;

/** Reads files, one after the other, in a thread that is ended when one takes too long: the page goes on. */
export class Reading {
  #worker: Worker | undefined;

  read(request: ReadRequest): Promise<ReadAnswer> {
    this.#worker ??= new Worker(new URL('./reading-worker.ts', import.meta.url), { type: 'module' });
    const worker = this.#worker;
    return new Promise((done) => {
      const finish = (answer: ReadAnswer): void => {
        clearTimeout(timer);
        worker.onmessage = null;
        worker.onerror = null;
        done(answer);
      };
      const giveUp = (failure: string): void => {
        worker.terminate();
        this.#worker = undefined;
        finish({ id: request.name, documents: [], notes: [], failure });
      };
      const timer = setTimeout(() => giveUp('Reading it took more than a minute, and was given up.'), PATIENCE);
      // What takes PDF apart talks on the same line.
      worker.onmessage = ({ data }: MessageEvent<Partial<ReadAnswer>>) => {
        if (data.documents !== undefined) finish(data as ReadAnswer);
      };
      worker.onerror = () => giveUp('Reading it ended without a result: the file is too much for this browser.');
      worker.postMessage(request);
    });
  }
}
