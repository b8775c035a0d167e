import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { ThreadError } from '../../base/errors.ts';
import type { Value } from '../../tensor/index.ts';
import { LANE, type LaneModel, type LaneReply, type LaneRequest, type LaneSetup } from './messages.ts';
import { startPackaged } from './packaged.ts';

interface Waiting {
  readonly request: LaneRequest;
  readonly transfer: readonly ArrayBuffer[];
  resolve(value: Value): void;
  reject(error: Error): void;
}

interface Lane {
  readonly worker: Worker;
  /** What it was given, in order: it does the first of them. */
  readonly given: Waiting[];
}

/** Runs that a lane is given at a time, so that it need not wait for the next. */
const AHEAD = 2;

/** Lanes end after so many milliseconds without a run: their memory is worth more than the start of new ones. */
const IDLE = 15_000;

/**
 * A model in several threads, one session and one processor each: as many runs at once, none of which holds up the event loop. Products of
 * matrices as small as those of an encoder gain more from runs side by side than from threads within one, which wait for each other at every
 * operator. Threads start at the first run, do not keep the process alive while idle, and end after a while without one.
 */
export class Lanes {
  readonly count: number;
  /** Runs that should be asked for at a time, so that no lane has to wait. */
  readonly atOnce: number;
  readonly #lanes = new Set<Lane>();
  readonly #queue: Waiting[] = [];
  #starting: Promise<void> | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** @param model gives an ONNX model, whose buffer is given away; asked at the first run after every rest. @param count default: one for each processor. */
  constructor(
    private readonly model: () => Promise<Uint8Array>,
    count = availableParallelism(),
  ) {
    this.count = count;
    this.atOnce = AHEAD * count;
  }

  /** Whether threads stand ready. */
  get areStarted(): boolean {
    return this.#lanes.size > 0;
  }

  /**
   * Computes one output. @param inputs whose arrays, with the whole of their buffers, are given away.
   * @throws ThreadError when the run fails or its thread ends.
   */
  async run(inputs: Readonly<Record<string, Value>>, output: string): Promise<Value> {
    clearTimeout(this.#idle);
    const transfer = Object.values(inputs).map(({ data }) => data.buffer as ArrayBuffer);
    const done = new Promise<Value>((resolve, reject) => {
      this.#queue.push({ request: { inputs, output }, transfer, resolve, reject });
    });
    if (this.#lanes.size < this.count) this.#starting ??= this.#startAll();
    this.#deal();
    return done;
  }

  async #startAll(): Promise<void> {
    try {
      let model: Uint8Array | undefined = await this.model();
      const states = new Int32Array(new SharedArrayBuffer(4 * this.count));
      const settle = () => settled(states);
      process.on('exit', settle);
      const ends: Promise<void>[] = [];
      const missing = this.count - this.#lanes.size;
      // One after the other reads the same bytes: a copy for each would stay with it for long, as there is little else to collect.
      for (let lane = 0; lane < missing && model !== undefined; lane++) {
        const started = this.#start({ states, lane }, model);
        ends.push(started.end);
        this.#deal();
        model = await started.model;
      }
      void Promise.all(ends).then(() => process.off('exit', settle));
    } catch (error) {
      if (this.#lanes.size === 0) this.#fail(error);
    } finally {
      this.#starting = undefined;
    }
  }

  /** @returns promises of its end, and of the model that it was given; of nothing, if it ended before. */
  #start(setup: LaneSetup, model: Uint8Array): { end: Promise<void>; model: Promise<Uint8Array | undefined> } {
    const worker = startPackaged(
      { workerData: setup, resourceLimits: { maxYoungGenerationSizeMb: 4 } },
      import.meta.url,
      './worker.ts',
      './lane.js',
      './encode/lane.js',
      '../encode/lane.js',
    );
    const lane: Lane = { worker, given: [] };
    let why = 'it ended';
    let give!: (model: Uint8Array | undefined) => void;
    const read = new Promise<Uint8Array | undefined>((resolve) => {
      give = resolve;
    });
    worker.on('message', (reply: LaneReply | LaneModel) => {
      if ('model' in reply) {
        if (lane.given.length === 0) worker.unref();
        return give(reply.model);
      }
      const waiting = lane.given.shift();
      if (lane.given.length === 0) worker.unref();
      if ('value' in reply) waiting?.resolve(reply.value);
      else waiting?.reject(threadError(reply.error));
      this.#deal();
    });
    worker.on('error', (error) => {
      why = String(error);
    });
    worker.on('exit', () => {
      give(undefined);
      // One that was told to end is gone from the set already.
      if (!this.#lanes.delete(lane)) return;
      for (const { reject } of lane.given.splice(0)) reject(threadError(why));
      if (this.#lanes.size === 0) this.#fail(threadError(why));
    });
    this.#lanes.add(lane);
    // Until it has read the model it keeps the process alive: somebody who ends it meanwhile waits for that.
    worker.postMessage({ model } satisfies LaneModel, [model.buffer as ArrayBuffer]);
    return { model: read, end: new Promise((resolve) => void worker.once('exit', () => resolve())) };
  }

  #deal(): void {
    for (let full = 1; full <= AHEAD; full++) {
      for (const { worker, given } of this.#lanes) {
        if (given.length >= full) continue;
        const next = this.#queue.shift();
        if (next === undefined) break;
        given.push(next);
        worker.ref();
        worker.postMessage(next.request, next.transfer);
      }
    }
    if (this.#queue.length === 0 && [...this.#lanes].every(({ given }) => given.length === 0)) {
      clearTimeout(this.#idle);
      this.#idle = setTimeout(() => void this.#end(), IDLE).unref();
    }
  }

  /** Nothing is left that could do what waits. */
  #fail(error: unknown): void {
    for (const { reject } of this.#queue.splice(0)) reject(error instanceof Error ? error : threadError(String(error)));
  }

  async #end(): Promise<void> {
    const lanes = [...this.#lanes];
    this.#lanes.clear();
    await Promise.all(
      lanes.map(({ worker }) => {
        worker.ref();
        worker.postMessage(undefined);
        return new Promise((resolve) => worker.once('exit', resolve));
      }),
    );
  }

  /** Ends the threads, after the runs that they have. */
  async dispose(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#starting;
    await this.#end();
  }
}

/** Longest that the end of the process waits for the run of a lane, in milliseconds. */
const PATIENCE = 2000;

/** Lets no lane begin anything more, and waits for what they do: ONNX Runtime aborts a process that exits while a thread runs a model. */
function settled(states: Int32Array): void {
  const deadline = performance.now() + PATIENCE;
  for (let lane = 0; lane < states.length; lane++) {
    while (Atomics.compareExchange(states, lane, LANE.idle, LANE.stopped) === LANE.working) {
      const left = deadline - performance.now();
      if (left <= 0) return;
      Atomics.wait(states, lane, LANE.working, left);
    }
  }
}

function threadError(why: string): ThreadError {
  return new ThreadError(
    `A thread that encodes has failed: ${why}.`,
    'Try again, or encode in one thread (`threads: 1`).',
  );
}
