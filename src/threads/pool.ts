import { InvalidArgumentError, ThreadError } from '../base/errors.ts';
import type { Parallel, Team, Work } from '../base/parallel.ts';
import { checkSharedMemory } from '../kernels/index.ts';
import { errorOfPiece, type FromThread } from './protocol.ts';
import { coreCount, type NodeWorkerLike, startThread, type Thread, type WorkerLike } from './runtime.ts';

export interface ThreadsOptions {
  /** 1 to 256; more than there are cores is allowed. Default: one for each core. */
  readonly threads?: number;
  /**
   * Makes a worker, of the web or of Node, that runs `sagitta-search/threads/worker`, where that name leads nowhere: in a browser without an import map, and
   * where a bundler packed everything into one file. Node finds it by itself.
   */
  readonly worker?: () => WorkerLike | NodeWorkerLike;
}

/** Messages that a thread has at once: what it works on, and what it goes on with. */
const DEPTH = 2;
const MOST_THREADS = 256;

/**
 * Threads that work is dealt to. When one ends (out of memory, say), the pieces that it had fail with a `ThreadError`, and the next
 * piece starts another in its place. While nothing is to be done, they do not keep the process alive.
 */
export class ThreadPool implements Parallel {
  readonly threads: number;
  readonly #members: Member[];
  /** Calls with pieces to be dealt, served in turn. */
  #calls: Call[] = [];
  #teams = 0;
  #closing: Promise<void> | undefined;
  #settled: (() => void) | undefined;

  constructor(options: ThreadsOptions = {}) {
    const { threads = Math.min(MOST_THREADS, coreCount()) } = options;
    checkThreads(threads);
    checkSharedMemory();
    this.threads = threads;
    const deal = () => this.#deal();
    this.#members = Array.from({ length: threads }, (_, thread) => new Member(thread, options.worker, deal));
  }

  /** Starts all threads now instead of at the first piece. @throws ThreadError */
  async started(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.started()));
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  sharedArray<A extends Float32Array | Uint32Array | Uint8Array>(array: A): A {
    if (array.buffer instanceof SharedArrayBuffer) return array;
    const copy = new (array.constructor as new (buffer: SharedArrayBuffer) => A)(
      new SharedArrayBuffer(array.byteLength),
    );
    copy.set(array);
    return copy;
  }

  /** @param work only its name is asked for here: what is behind it is known to the threads. */
  start<Setup, Piece, Result>(
    work: Pick<Work<Setup, Piece, Result>, 'name'> & Partial<Work<Setup, Piece, Result>>,
    setup: Setup,
  ): Team<Piece, Result> {
    this.#checkOpen();
    const team: TeamState = { number: this.#teams++, work: work.name, setup };
    return {
      map: (pieces, { signal } = {}) => this.#map(team, pieces, signal) as Promise<Result[]>,
      close: () => {
        for (const member of this.#members) member.forget(team);
      },
    };
  }

  /** Waits for the pieces under way, then ends the threads. Calls that have pieces left fail. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const call of this.#calls) call.fail(closedError());
    this.#calls = [];
    if (this.#members.some((member) => member.load > 0)) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
    }
    await Promise.all(this.#members.map((member) => member.end()));
  }

  #checkOpen(): void {
    if (this.closed) throw closedError();
  }

  async #map(team: TeamState, pieces: Iterable<unknown>, signal: AbortSignal | undefined): Promise<unknown[]> {
    this.#checkOpen();
    signal?.throwIfAborted();
    const call = new Call(team, pieces);
    const abort = (): void => call.fail(signal!.reason);
    signal?.addEventListener('abort', abort, { once: true });
    this.#calls.push(call);
    this.#deal();
    try {
      return await call.finished;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Gives pieces to threads that have room, the least loaded first and the calls in turn. */
  #deal(): void {
    for (;;) {
      const member = this.#members.reduce((a, b) => (b.load < a.load ? b : a));
      if (member.load >= DEPTH) break;
      const call = this.#calls.shift();
      if (call === undefined) break;
      const next = call.next();
      if (next === undefined) continue;
      member.give(call, next);
      this.#calls.push(call);
    }
    if (this.#settled !== undefined && this.#members.every((member) => member.load === 0)) this.#settled();
  }
}

interface TeamState {
  readonly number: number;
  readonly work: string;
  readonly setup: unknown;
}

interface Piece {
  readonly index: number;
  readonly piece: unknown;
}

/** One call of `map`. Settles when none of its pieces is under way any more. */
class Call {
  readonly finished: Promise<unknown[]>;
  readonly #results: unknown[] = [];
  readonly #pieces: Iterator<unknown>;
  #resolve!: (results: unknown[]) => void;
  #reject!: (error: unknown) => void;
  #dealt = 0;
  #open = 0;
  #exhausted = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    readonly team: TeamState,
    pieces: Iterable<unknown>,
  ) {
    this.#pieces = pieces[Symbol.iterator]();
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Undefined when there are no more. */
  next(): Piece | undefined {
    if (!this.#exhausted) {
      try {
        const { done, value } = this.#pieces.next();
        if (done !== true) {
          this.#open++;
          return { index: this.#dealt++, piece: value };
        }
        this.#exhausted = true;
      } catch (error) {
        this.fail(error);
      }
    }
    this.#settle();
    return undefined;
  }

  done(index: number, result: unknown): void {
    this.#open--;
    this.#results[index] = result;
    this.#settle();
  }

  failed(error: unknown): void {
    this.#open--;
    this.fail(error);
  }

  /** No more pieces; the first reason counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#exhausted = true;
    this.#settle();
  }

  #settle(): void {
    if (!this.#exhausted || this.#open > 0) return;
    if (this.#failure === undefined) this.#resolve(this.#results);
    else this.#reject(this.#failure.error);
  }
}

/** The place of one thread, which is started when it is needed. */
class Member {
  #thread: Thread | undefined;
  #ready: Promise<void> | undefined;
  #running = false;
  #begin: (() => void) | undefined;
  #abandon: ((error: ThreadError) => void) | undefined;
  readonly #teams = new Set<number>();
  readonly #pieces = new Map<number, { readonly call: Call; readonly index: number }>();
  #calls = 0;

  constructor(
    private readonly number: number,
    private readonly worker: ThreadsOptions['worker'],
    private readonly onRoom: () => void,
  ) {}

  /** Pieces that it has. */
  get load(): number {
    return this.#pieces.size;
  }

  started(): Promise<void> {
    if (this.#ready !== undefined) return this.#ready;
    const ready = new Promise<void>((resolve, reject) => {
      this.#begin = resolve;
      this.#abandon = reject;
    });
    this.#ready = ready;
    // Whoever waits hears of it; pieces fail on their own.
    ready.catch(() => undefined);
    try {
      const events = { message: (message: FromThread) => this.#hear(message), ended: this.#ended };
      this.#thread = startThread({ thread: this.number }, events, this.worker);
    } catch (cause) {
      this.#ended(`could not start (${String(cause)})`, cause);
    }
    return ready;
  }

  give(call: Call, { index, piece }: Piece): void {
    const number = this.#calls++;
    this.#pieces.set(number, { call, index });
    void this.started();
    const thread = this.#thread;
    // It could not start, and the piece has failed already.
    if (thread === undefined) return;
    const { number: team, work, setup } = call.team;
    try {
      if (!this.#teams.has(team)) thread.post({ type: 'setup', team, work, setup });
      this.#teams.add(team);
      thread.post({ type: 'piece', team, call: number, piece });
      thread.keepAlive(true);
    } catch (error) {
      // What cannot be cloned.
      this.#pieces.delete(number);
      call.failed(error);
    }
  }

  forget({ number: team }: TeamState): void {
    if (this.#teams.delete(team)) this.#thread?.post({ type: 'forget', team });
  }

  async end(): Promise<void> {
    await this.#thread?.end();
    this.#thread = undefined;
  }

  #hear(message: FromThread): void {
    if (message.type === 'ready') {
      this.#running = true;
      this.#begin?.();
      this.#thread?.keepAlive(this.load > 0);
      return;
    }
    const piece = this.#pieces.get(message.call);
    this.#pieces.delete(message.call);
    if (message.type === 'done') piece?.call.done(piece.index, message.result);
    else piece?.call.failed(errorOfPiece(message.failure));
    if (this.load === 0) this.#thread?.keepAlive(false);
    this.onRoom();
  }

  readonly #ended = (why: string, cause?: unknown): void => {
    const error = new ThreadError(
      `A thread ${why}.`,
      this.#running
        ? 'The others go on, and another takes its place at the next call; if it happens again, use fewer threads.'
        : 'See its cause; where the worker is not found, make it with the option `worker`.',
      cause === undefined ? undefined : { cause },
    );
    const lost = [...this.#pieces.values()];
    this.#pieces.clear();
    this.#teams.clear();
    this.#thread = undefined;
    this.#ready = undefined;
    this.#running = false;
    this.#abandon?.(error);
    for (const { call } of lost) call.failed(error);
    this.onRoom();
  };
}

/** @throws InvalidArgumentError for a number of threads that there cannot be. */
export function checkThreads(threads: number): void {
  if (Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS) return;
  throw new InvalidArgumentError(
    `The number of threads is ${threads}.`,
    `Pass a whole number from 1 to ${MOST_THREADS}.`,
  );
}

function closedError(): InvalidArgumentError {
  return new InvalidArgumentError('The threads are closed.', 'Open new ones with openThreads().');
}
