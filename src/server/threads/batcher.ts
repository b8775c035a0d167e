import { Vectors } from '../../base/vectors.ts';
import type { Encoder } from '../../encode/encoder.ts';

export interface BatcherOptions {
  /** Most texts in one run of the model. Default 32. */
  readonly batch?: number;
  /** Queries whose vectors are kept. Default 2000. */
  readonly remembered?: number;
}

interface Waiting {
  readonly texts: readonly string[];
  readonly out: Vectors;
  /** Texts that were handed to the model, and those that came back. */
  given: number;
  done: number;
  readonly resolve: (vectors: Vectors) => void;
  readonly reject: (error: unknown) => void;
}

type Role = 'query' | 'document';

/**
 * Gathers texts that several requests want encoded into runs of one model. Whatever arrives while a run is under way
 * forms the next one, so a lone request never waits and a crowd shares the cost. Queries go before documents: indexing
 * in the background delays a search by one run at most. Vectors of recent queries are kept, since people type.
 */
export class EncodingBatcher {
  readonly #queues = { query: [] as Waiting[], document: [] as Waiting[] };
  readonly #remembered = new Map<string, Float32Array>();
  readonly #batch: number;
  readonly #most: number;
  /** The runs under way, until nothing waits any more. */
  #running: Promise<void> | undefined;
  readonly #closing = new AbortController();
  /** Runs of the model, and the texts in them. */
  readonly counts = { runs: 0, texts: 0 };

  constructor(
    private readonly encoder: Encoder,
    options: BatcherOptions = {},
  ) {
    this.#batch = options.batch ?? 32;
    this.#most = options.remembered ?? 2000;
  }

  /**
   * @param signal takes what the model has not got yet out of the queue.
   * @returns one row for each text, in order.
   */
  encode(texts: readonly string[], role: Role, signal?: AbortSignal): Promise<Vectors> {
    const given = this.#closing.signal;
    if (given.aborted) return Promise.reject(given.reason);
    if (texts.length === 0) return Promise.resolve(Vectors.zeros(0, this.encoder.dim));
    if (role === 'query' && texts.length === 1) {
      const known = this.#recall(texts[0]!);
      if (known !== undefined) return Promise.resolve(new Vectors(known, this.encoder.dim));
    }
    return new Promise((resolve, reject) => {
      const out = Vectors.zeros(texts.length, this.encoder.dim);
      const waiting: Waiting = { texts, out, given: 0, done: 0, resolve, reject };
      this.#queues[role].push(waiting);
      signal?.addEventListener('abort', () => this.#drop(role, waiting, signal.reason), { once: true });
      this.#running ??= this.#run();
    });
  }

  /** Gives up what waits. @returns when the run under way is done: native code cannot be interrupted. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('The encoder was closed.'));
    for (const role of ['query', 'document'] as const) {
      for (const waiting of [...this.#queues[role]]) this.#drop(role, waiting, this.#closing.signal.reason);
    }
    await this.#running;
  }

  #drop(role: Role, waiting: Waiting, reason: unknown): void {
    const queue = this.#queues[role];
    if (queue.includes(waiting)) queue.splice(queue.indexOf(waiting), 1);
    waiting.reject(reason);
  }

  async #run(): Promise<void> {
    // Requests that arrive in the same turn of the event loop belong to the first run already.
    await new Promise((next) => setImmediate(next));
    for (;;) {
      const role = this.#queues.query.length > 0 ? 'query' : 'document';
      const parts = this.#take(role);
      if (parts.length === 0) {
        this.#running = undefined;
        return;
      }
      const texts = parts.flatMap(({ waiting, from, to }) => waiting.texts.slice(from, to));
      try {
        const { signal } = this.#closing;
        const vectors = await this.encoder.encode(texts, { role, batchSize: this.#batch, signal });
        this.counts.runs++;
        this.counts.texts += texts.length;
        let row = 0;
        for (const { waiting, from, to } of parts) {
          for (let i = from; i < to; i++) waiting.out.row(i).set(vectors.row(row++));
          waiting.done += to - from;
          if (role === 'query') this.#remember(waiting, from, to);
          if (waiting.done === waiting.texts.length) waiting.resolve(waiting.out);
        }
      } catch (error) {
        for (const { waiting } of parts) this.#drop(role, waiting, error);
      }
    }
  }

  /** The next run: texts from the front of the queue, until it is full. */
  #take(role: Role): { waiting: Waiting; from: number; to: number }[] {
    const queue = this.#queues[role];
    const parts = [];
    for (let room = this.#batch; room > 0 && queue.length > 0; ) {
      const waiting = queue[0]!;
      const from = waiting.given;
      const to = Math.min(waiting.texts.length, from + room);
      waiting.given = to;
      room -= to - from;
      if (to === waiting.texts.length) queue.shift();
      parts.push({ waiting, from, to });
    }
    return parts;
  }

  #recall(text: string): Float32Array | undefined {
    const known = this.#remembered.get(text);
    if (known !== undefined) {
      this.#remembered.delete(text);
      this.#remembered.set(text, known);
    }
    return known?.slice();
  }

  #remember({ texts, out }: Waiting, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      if (texts[i]!.length > 1000) continue;
      this.#remembered.set(texts[i]!, out.row(i).slice());
      if (this.#remembered.size > this.#most) this.#remembered.delete(this.#remembered.keys().next().value!);
    }
  }
}
