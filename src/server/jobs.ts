import { randomBytes } from 'node:crypto';
import type { Job } from '../api/index.ts';
import { NotFoundError } from '../base/errors.ts';
import type { Engine, OperationName, RequestOf } from './operations/types.ts';
import { problem, toProblem } from './problem.ts';

/** Jobs that are done and still remembered. */
const REMEMBERED = 100;
/** Jobs that may wait or run. */
const MOST = 32;

interface Entry {
  job: Job;
  readonly controller: AbortController;
  readonly listeners: Set<(job: Job) => void>;
}

const OPERATION_OF = {
  add: 'addRaw',
  sync: 'sync',
  compact: 'compact',
  reencode: 'reencode',
  verify: 'verify',
} as const satisfies Record<Job['kind'], OperationName>;

/**
 * Long work that goes on while the client does something else. Jobs live as long as the server; what they made durable
 * stays. One collection is written by one job at a time; the others wait.
 */
export class Jobs {
  readonly #entries = new Map<string, Entry>();
  readonly #running = new Set<Promise<void>>();

  constructor(private readonly engine: Engine) {}

  /** @throws ProblemError 503 when too many are under way. */
  start<Kind extends Job['kind']>(
    kind: Kind,
    collection: string,
    request: RequestOf<(typeof OPERATION_OF)[Kind]>,
  ): Job {
    if (this.#running.size >= MOST) {
      throw problem(503, 'overloaded', `${MOST} jobs are under way.`, 'Wait until some are done.', { retryAfter: 10 });
    }
    const id = randomBytes(8).toString('hex');
    const entry: Entry = {
      job: { id, kind, collection, state: 'waiting', created: new Date().toISOString() },
      controller: new AbortController(),
      listeners: new Set(),
    };
    this.#entries.set(id, entry);
    const run = this.#run(entry, request).finally(() => this.#running.delete(run));
    this.#running.add(run);
    this.#forget();
    return entry.job;
  }

  list(): Job[] {
    return Array.from(this.#entries.values(), ({ job }) => job).reverse();
  }

  /** @throws NotFoundError */
  get(id: string): Job {
    return this.#entry(id).job;
  }

  /** Gives a job up; what it published stays. It is `cancelled` once nothing of it goes on. @throws NotFoundError */
  cancel(id: string): Job {
    const entry = this.#entry(id);
    entry.controller.abort();
    return entry.job;
  }

  /** Calls the listener now and at every change. @returns a function that stops it. @throws NotFoundError */
  watch(id: string, listener: (job: Job) => void): () => void {
    const { job, listeners } = this.#entry(id);
    listeners.add(listener);
    listener(job);
    return () => listeners.delete(listener);
  }

  /** Waits until every job is done. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async #run(entry: Entry, request: unknown): Promise<void> {
    const { kind } = entry.job;
    const { signal } = entry.controller;
    try {
      // Not before the caller has its answer.
      await new Promise((next) => setImmediate(next));
      const report = await this.engine.call(OPERATION_OF[kind], request as never, {
        signal,
        // A job that is called cancelled is: its files are closed, and others may write.
        untilEnded: true,
        onProgress: (progress) => this.#change(entry, { state: 'running', progress }),
      });
      this.#change(entry, { state: 'done', report: { ...(report as object) } });
    } catch (error) {
      if (signal.aborted) this.#change(entry, { state: 'cancelled' });
      else this.#change(entry, { state: 'failed', problem: toProblem(error).message });
    }
  }

  #change(entry: Entry, change: Partial<Job>): void {
    const finished = change.state !== 'running';
    if (!finished && entry.job.finished !== undefined) return;
    entry.job = { ...entry.job, ...change, ...(finished ? { finished: new Date().toISOString() } : {}) };
    for (const listener of entry.listeners) listener(entry.job);
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry !== undefined) return entry;
    throw new NotFoundError(
      `There is no job "${id.slice(0, 40)}".`,
      'The server forgets jobs when it stops; see GET /v1/jobs.',
    );
  }

  #forget(): void {
    for (const [id, { job }] of this.#entries) {
      if (this.#entries.size <= REMEMBERED + MOST) return;
      if (job.finished !== undefined) this.#entries.delete(id);
    }
  }
}

/** Events that may wait for a client that reads slowly. */
const MOST_UNREAD = 256;

/** The states of one job as server-sent events, ending with its last one; comments in between keep proxies from hanging up. */
export function jobEvents(jobs: Jobs, id: string, signal: AbortSignal): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let stop: () => void = () => undefined;
  let beat: NodeJS.Timeout | undefined;
  const end = (): void => {
    clearInterval(beat);
    stop();
  };
  return new ReadableStream({
    start(controller) {
      let closed = false;
      let sent = 0;
      const finish = (): void => {
        if (closed) return;
        closed = true;
        end();
        controller.close();
      };
      const drop = (): void => {
        if (closed) return;
        closed = true;
        end();
        controller.error(new Error('The client does not read.'));
      };
      signal.addEventListener('abort', finish, { once: true });
      // Who does not take what is sent is dropped, rather than written to without end.
      const falling = (): boolean => (controller.desiredSize ?? 0) < -MOST_UNREAD;
      beat = setInterval(() => {
        if (falling()) drop();
        else controller.enqueue(encoder.encode(': still here\n\n'));
      }, 15_000);
      beat.unref();
      stop = jobs.watch(id, (job) => {
        if (closed) return;
        if (falling()) return drop();
        const event = job.finished === undefined ? 'progress' : job.state;
        controller.enqueue(encoder.encode(`id: ${++sent}\nevent: ${event}\ndata: ${JSON.stringify(job)}\n\n`));
        // After the constructor of the stream has returned: `stop` is not known before.
        if (job.finished !== undefined) setImmediate(finish);
      });
    },
    cancel: end,
  });
}
