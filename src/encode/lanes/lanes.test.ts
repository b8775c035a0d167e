import { spawnSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ThreadError } from '../../base/errors.ts';
import { add, Graph, toOnnx } from '../../tensor/index.ts';
import { miniLm } from '../bert/minilm.ts';
import { Lanes } from './lanes.ts';

/** Adds 1 to each of some numbers. */
function model(): Uint8Array {
  const graph = new Graph();
  graph.output('y', add(graph.input('x', 'float32', ['n']), 1));
  return toOnnx(graph);
}

const inputs = (...values: number[]) => ({ x: { data: Float32Array.from(values), shape: [values.length] } });

describe('lanes', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('compute as many runs at a time as there are lanes, each its own result', async () => {
    const made = vi.fn(async () => model());
    const lanes = new Lanes(made, 2);
    expect(lanes.areStarted).toBe(false);
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => lanes.run(inputs(i, 2 * i), 'y')));
    expect(results.map(({ data, shape }) => [[...(data as Float32Array)], shape])).toEqual(
      Array.from({ length: 20 }, (_, i) => [[i + 1, 2 * i + 1], [2]]),
    );
    expect([lanes.areStarted, made.mock.calls.length]).toEqual([true, 1]);
    await lanes.dispose();
    expect(lanes.areStarted).toBe(false);
    // They start anew when there is something to do.
    expect([...((await lanes.run(inputs(1), 'y')).data as Float32Array)]).toEqual([2]);
    await lanes.dispose();
  });

  it('say what went wrong, in a run and in a thread', async () => {
    const lanes = new Lanes(async () => model(), 2);
    await expect(lanes.run({ z: inputs(1).x }, 'y')).rejects.toThrow(
      /failed: .*'x'.*Try again, or encode in one thread/s,
    );
    await lanes.dispose();

    const post = vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker) {
      this.emit('exit', 1);
    });
    await expect(lanes.run(inputs(1), 'y')).rejects.toThrow(ThreadError);
    post.mockRestore();
    expect([...((await lanes.run(inputs(1), 'y')).data as Float32Array)]).toEqual([2]);
    await lanes.dispose();

    const broken = new Lanes(async () => new Uint8Array(8), 2);
    await expect(broken.run(inputs(1), 'y')).rejects.toThrow(ThreadError);
    const missing = new Lanes(async () => Promise.reject(new Error('no weights')), 2);
    await expect(missing.run(inputs(1), 'y')).rejects.toThrow('no weights');
  });

  it('are waited for where they are ended while they start', () => {
    const script = `
      import { Lanes } from ${JSON.stringify(new URL('./lanes.ts', import.meta.url).href)};
      const lanes = new Lanes(async () => new Uint8Array(${JSON.stringify([...model()])}), 3);
      await lanes.run({ x: { data: Float32Array.of(1), shape: [1] } }, 'y');
      await lanes.dispose();
      console.log('ended');
    `;
    const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, 'ended\n']);
  });

  it('give the vectors that one thread gives, and stop when told to', async () => {
    const [one, two] = [miniLm({ threads: 1 }), miniLm({ threads: 2 })];
    const texts = Array.from({ length: 1200 }, (_, i) => `number ${i} of ${'so '.repeat(i % 9)}many`);
    const [expected, vectors] = [await one.encode(texts.slice(0, 40)), await two.encode(texts)];
    expect(vectors.data.slice(0, expected.data.length)).toEqual(expected.data);
    const abort = new AbortController();
    const seen: number[] = [];
    const encoding = two.encode(texts, {
      signal: abort.signal,
      onProgress: (done) => {
        seen.push(done);
        abort.abort();
      },
    });
    await expect(encoding).rejects.toThrow(/abort/i);
    expect(seen.at(-1)).toBeLessThan(texts.length);
    await one.dispose!();
    await two.dispose!();
  }, 60_000);
});
