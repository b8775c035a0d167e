import { getEventListeners } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { SearchRequest } from '../../api/index.ts';
import { OperationPool, type PoolOptions } from './pool.ts';

/** A thread that answers what the query says: at once, after a while, never, with a failure, or by ending itself. */
const SCRIPT = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', (message) => {
  if (message.type === 'stop') process.exit(0);
  if (message.type !== 'call') return;
  const { call, request: { query } } = message;
  const done = () => parentPort.postMessage({ type: 'done', call, json: new TextEncoder().encode(JSON.stringify(query)) });
  if (query === 'die') process.exit(3);
  if (query === 'hang') for (;;);
  if (query === 'fail') parentPort.postMessage({ type: 'failed', call, problem: { status: 400, code: 'x', type: 'x', title: 'x', detail: 'failed' }, headers: {} });
  else if (query === 'slow') setTimeout(done, 150);
  else done();
});`;

function pool(options: Partial<PoolOptions> = {}): OperationPool {
  return new OperationPool({
    name: 'test',
    threads: 1,
    perThread: 2,
    queue: 2,
    start: () => new Worker(SCRIPT, { eval: true }),
    ...options,
  });
}

const ask = async (threads: OperationPool, query: string, signal?: AbortSignal): Promise<unknown> => {
  const request: SearchRequest = { query, k: 1, explain: false };
  return JSON.parse(
    new TextDecoder().decode(await threads.call('search', request, signal === undefined ? {} : { signal })),
  );
};

describe('a pool of threads', () => {
  it('refuses what the queue has no room for, and answers the rest', async () => {
    const threads = pool();
    const settled = await Promise.allSettled(Array.from({ length: 6 }, () => ask(threads, 'slow')));
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect((settled[5] as PromiseRejectedResult).reason).toMatchObject({
      problem: { status: 503, code: 'overloaded' },
    });
    expect(threads.load).toEqual({ waiting: 0, running: 0 });
    await threads.close(AbortSignal.timeout(1000));
  });

  it('leaves nothing behind on the signal of a caller that asks for much', async () => {
    const threads = pool({ queue: 100 });
    const { signal } = new AbortController();
    for (let i = 0; i < 30; i++) await ask(threads, i % 3 === 0 ? 'fail' : 'x', signal).catch(() => undefined);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await threads.close(AbortSignal.timeout(1000));
  });

  it('replaces a thread that ended, and one that does not come back', async () => {
    const faults: string[] = [];
    const threads = pool({ timeout: 1500, grace: 200, onFault: (fault) => faults.push(fault) });
    expect(await ask(threads, 'one')).toBe('one');
    await expect(ask(threads, 'die')).rejects.toMatchObject({ problem: { status: 503 } });
    await expect.poll(() => ask(threads, 'two')).toBe('two');
    await expect(ask(threads, 'hang')).rejects.toMatchObject({ problem: { status: 504, code: 'timed-out' } });
    await expect.poll(() => ask(threads, 'three').catch(() => 'not yet'), { timeout: 5000 }).toBe('three');
    expect(faults).toEqual([expect.stringMatching(/does not come back from "search"; it is replaced/)]);
    await threads.close(AbortSignal.timeout(1000));
  });

  it('drops what its caller gave up, waiting or not', async () => {
    const threads = pool({ perThread: 1 });
    const controller = new AbortController();
    const running = ask(threads, 'slow', controller.signal);
    const waiting = ask(threads, 'slow', controller.signal);
    controller.abort(new Error('gone'));
    await expect(running).rejects.toThrow('gone');
    await expect(waiting).rejects.toThrow('gone');
    await expect(ask(threads, 'x', controller.signal)).rejects.toThrow('gone');
    expect(await ask(threads, 'next')).toBe('next');
    await threads.close(AbortSignal.timeout(1000));
  });

  it('tells who waits for the end of what was given up when it has ended, and ends what does not', async () => {
    const threads = pool({ grace: 100 });
    const controller = new AbortController();
    const request: SearchRequest = { query: 'slow', k: 1, explain: false };
    const options = { signal: controller.signal, untilEnded: true };
    const start = performance.now();
    const slow = threads.call('search', request, options);
    const hangs = threads.call('search', { ...request, query: 'hang' }, options);
    const waits = threads.call('search', request, options);
    controller.abort(new Error('gone'));
    await expect(waits).rejects.toThrow('gone');
    // A thread that does not come back takes its other calls with it.
    for (const call of [slow, hangs]) await expect(call).rejects.toMatchObject({ problem: { status: 503 } });
    expect(performance.now() - start).toBeGreaterThan(300);
    expect(await ask(threads, 'next')).toBe('next');
    const again = new AbortController();
    const ended = threads.call('search', request, { signal: again.signal, untilEnded: true });
    again.abort(new Error('gone'));
    expect(new TextDecoder().decode(await ended)).toBe('"slow"');
    await threads.close(AbortSignal.timeout(1000));
  });

  it('finishes what it accepted before it closes, and takes nothing more', async () => {
    const threads = pool();
    const accepted = Promise.all([ask(threads, 'slow'), ask(threads, 'slow'), ask(threads, 'slow')]);
    const closed = threads.close(AbortSignal.timeout(5000));
    await expect(ask(threads, 'late')).rejects.toMatchObject({ problem: { status: 503, code: 'stopping' } });
    expect(await accepted).toEqual(['slow', 'slow', 'slow']);
    await closed;
  });

  it('passes a failure on as it came', async () => {
    const threads = pool();
    await expect(ask(threads, 'fail')).rejects.toMatchObject({ problem: { status: 400, detail: 'failed' } });
    await threads.close(AbortSignal.timeout(1000));
  });
});
