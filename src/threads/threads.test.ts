import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { InvalidArgumentError, InvariantError, ThreadError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { assignWork, kMeans } from '../codec/kmeans.ts';
import { openThreads, type Threads } from './index.ts';
import { ThreadPool } from './pool.ts';
import { throughTsx, type WorkerLike } from './runtime.ts';

function normals(count: number, dim: number, seed = 5): Vectors {
  const random = new Random(seed);
  return new Vectors(
    Float32Array.from({ length: count * dim }, () => random.normal()),
    dim,
  );
}

/** A team that assigns `vectors` to their first 8 rows. */
function assigning(threads: Threads, vectors: Vectors) {
  const assignment = threads.sharedArray(new Uint32Array(vectors.count));
  const team = threads.start(assignWork, {
    points: threads.sharedArray(vectors.data),
    dim: vectors.dim,
    centroids: vectors.slice(0, 8).data.slice(),
    metric: 'l2',
    assignment,
    scores: threads.sharedArray(new Float32Array(vectors.count)),
  });
  return { team, assignment };
}

const piece = { round: 0, from: 0, to: 64 };

describe('threads', () => {
  let threads: Threads;
  beforeAll(async () => {
    threads = await openThreads({ threads: 2 });
  });
  afterAll(() => threads.close());

  it('do all pieces of several calls at once, results in the order of pieces', async () => {
    const vectors = normals(6400, 8);
    const { team, assignment } = assigning(threads, vectors);
    const half = (from: number) =>
      team.map(Array.from({ length: 50 }, (_, i) => ({ round: 0, from: from + 64 * i, to: from + 64 * (i + 1) })));
    const [a, b] = await Promise.all([half(0), half(3200)]);
    expect([a.length, b.length]).toEqual([50, 50]);
    const { assignment: expected } = assigning(threads, vectors);
    assignWork.prepare(
      {
        points: vectors.data,
        dim: 8,
        centroids: vectors.slice(0, 8).data,
        metric: 'l2',
        assignment: expected,
        scores: new Float32Array(6400),
      },
      0,
    )({ round: 0, from: 0, to: 6400 });
    expect(assignment).toEqual(expected);
    team.close();
  });

  it('take pieces no sooner than they have room for them', async () => {
    const { team } = assigning(threads, normals(64, 8));
    let taken = 0;
    function* slowly() {
      for (; taken < 20; taken++) yield piece;
    }
    const done = team.map(slowly());
    expect(taken).toBeLessThan(8);
    await done;
    expect(taken).toBe(20);
    team.close();
  });

  it('share arrays: the same memory when it is shared already, and a copy otherwise', () => {
    const own = Float32Array.of(1, 2, 3);
    const shared = threads.sharedArray(own);
    expect(shared).toEqual(own);
    expect(shared).not.toBe(own);
    expect(threads.sharedArray(shared)).toBe(shared);
  });

  it("hand on the caller's mistakes as such, and go on", async () => {
    const { team } = assigning(threads, normals(64, 8));
    const broken = threads.start(assignWork, { dim: 1 } as never);
    await expect(broken.map([piece])).rejects.toThrow(InvariantError);
    const bad = threads.start(assignWork, {
      points: new Float32Array(7),
      dim: 2,
      centroids: new Float32Array(2),
      metric: 'l2',
      assignment: new Uint32Array(4),
      scores: new Float32Array(4),
    });
    await expect(bad.map([piece])).rejects.toThrow(InvalidArgumentError);
    await expect(bad.map([piece])).rejects.toThrow('7 components do not divide into vectors of 2. Pass a multiple');
    expect(await team.map([piece])).toHaveLength(1);
  });

  it('refuse what cannot be posted, and work that they do not know', async () => {
    const { team } = assigning(threads, normals(64, 8));
    await expect(team.map([{ ...piece, more: () => 1 } as never])).rejects.toThrow(/could not be cloned/);
    const unknown = threads.start({ name: 'unknown', prepare: () => () => 1 }, 1);
    await expect(unknown.map([1])).rejects.toThrow('there is no work "unknown"');
    function* broken() {
      yield piece;
      throw new RangeError('no more');
    }
    await expect(team.map(broken())).rejects.toThrow(RangeError);
    expect(await team.map([piece])).toHaveLength(1);
  });

  it('stop for a signal, and leave the memory alone from then on', async () => {
    const vectors = normals(40_000, 64);
    const { team, assignment } = assigning(threads, vectors);
    const controller = new AbortController();
    const pieces = Array.from({ length: 20 }, (_, i) => ({ round: 0, from: 2000 * i, to: 2000 * (i + 1) }));
    const done = team.map(pieces, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(done).rejects.toThrow('enough');
    const before = assignment.slice();
    await team.map([{ ...piece, to: 0 }]);
    expect(assignment).toEqual(before);
    expect(assignment.subarray(20_000).some((centroid) => centroid > 0)).toBe(false);
    await expect(team.map(pieces, { signal: controller.signal })).rejects.toThrow('enough');
  });

  it('stop training for a signal', async () => {
    const controller = new AbortController();
    const done = kMeans(normals(30_000, 32), {
      k: 64,
      threads,
      signal: controller.signal,
      onProgress: (share) => {
        if (share > 0.2) controller.abort(new Error('enough'));
      },
    });
    await expect(done).rejects.toThrow('enough');
  });

  it.each([0, -1, 1.5, 257, Number.NaN])('%d of them are refused', async (count) => {
    await expect(openThreads({ threads: count })).rejects.toThrow('Pass a whole number from 1 to 256.');
  });

  it('may be more than there are cores', async () => {
    const many = await openThreads({ threads: 5 });
    const { team } = assigning(many, normals(64, 8));
    expect(await team.map(Array.from({ length: 30 }, () => piece))).toHaveLength(30);
    await many.close();
  });
});

describe('threads that are closed', () => {
  it('finish what they work on, fail what is left, and refuse more', async () => {
    const threads = await openThreads({ threads: 1 });
    const { team } = assigning(threads, normals(64, 8));
    const short = team.map([piece]);
    const long = team.map(Array.from({ length: 100 }, () => piece));
    const failed = expect(long).rejects.toThrow('The threads are closed. Open new ones with openThreads().');
    await threads.close();
    expect(await short).toHaveLength(1);
    await failed;
    await expect(team.map([piece])).rejects.toThrow(InvalidArgumentError);
    expect(() => threads.start(assignWork, {} as never)).toThrow(InvalidArgumentError);
    await threads.close();
  });

  it('close at the end of a scope', async () => {
    const threads = await openThreads({ threads: 1 });
    await threads[Symbol.asyncDispose]();
    expect(() => threads.start(assignWork, {} as never)).toThrow('The threads are closed.');
  });
});

describe('a thread that ends', () => {
  const workers: Worker[] = [];
  const note = (worker: Worker) => workers.push(worker);
  beforeAll(() => void process.on('worker', note));
  afterAll(() => void process.off('worker', note));
  afterEach(() => void workers.splice(0));

  it('fails the pieces that it had, and is replaced', async () => {
    const threads = await openThreads({ threads: 1 });
    const { team, assignment } = assigning(threads, normals(64, 8));
    const lost = team.map(Array.from({ length: 5 }, () => piece));
    await Promise.all([expect(lost).rejects.toThrow(ThreadError), workers[0]!.terminate()]);
    expect(await team.map([piece])).toHaveLength(1);
    expect(assignment[5]).toBe(5);
    expect(workers).toHaveLength(2);
    await threads.close();
  });

  it('before it has started is an error of opening', async () => {
    const opening = new ThreadPool({ threads: 2 });
    const started = opening.started();
    // Node tells of a new worker a moment later.
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([expect(started).rejects.toThrow(ThreadError), workers[1]!.terminate()]);
    await opening.close();
  });

  it('is an error that names the cause, where a worker cannot be made', async () => {
    const open = openThreads({
      threads: 1,
      worker: () => {
        throw new Error('no workers here');
      },
    });
    await expect(open).rejects.toThrow('A thread could not start (Error: no workers here).');
  });
});

describe('workers that the caller makes', () => {
  /** As much of a Web Worker as is used. */
  function webWorker(program = throughTsx()): WorkerLike {
    const inner = new Worker(program, { eval: true });
    return {
      postMessage: (message) => inner.postMessage(message),
      terminate: () => void inner.terminate(),
      addEventListener: (type, listener) => {
        if (type === 'message') inner.on(type, (data) => listener({ data }));
        if (type === 'error') inner.on(type, (error: Error) => listener({ message: error.message }));
      },
    };
  }

  it('work like others', async () => {
    const threads = await openThreads({ threads: 2, worker: () => webWorker() });
    const { team, assignment } = assigning(threads, normals(64, 8));
    expect(await team.map([piece, piece, piece])).toHaveLength(3);
    expect(assignment[3]).toBe(3);
    await threads.close();
  });

  it('are named in the error when they fail', async () => {
    await expect(openThreads({ threads: 1, worker: () => webWorker('throw new Error("no file")') })).rejects.toThrow(
      'A thread failed (no file).',
    );
  });
});

describe('a process', () => {
  it('ends by itself when threads are forgotten, but not while they work', () => {
    const file = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    const program = `
      import { Vectors } from ${file('../base/vectors.ts')};
      import { kMeans } from ${file('../codec/index.ts')};
      import { openThreads } from ${file('./index.ts')};
      const vectors = new Vectors(Float32Array.from({ length: 40_000 }, (_, i) => Math.sin(i)), 8);
      const { centroids } = await kMeans(vectors, { k: 8, threads: await openThreads({ threads: 2 }) });
      console.log(centroids.count);`;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program],
      { encoding: 'utf8', cwd: fileURLToPath(new URL('../..', import.meta.url)), timeout: 25_000 },
    );
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe('8');
    expect(status).toBe(0);
  });
});
