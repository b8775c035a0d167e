import { InvalidArgumentError } from '../base/errors.ts';
import { errorOf, failureOf } from '../base/failures.ts';
import { eraseOpfsStore } from '../store/browser/store.ts';
import type { Answer, CallName, Calls, Request } from './protocol.ts';
import { WorkerCollection } from './worker-collection.ts';

/** What the worker of a collection runs: calls of its page come as messages. */

/** Beside the built worker, as the package has it. */
const WEIGHTS = new URL('../models/static.bin', import.meta.url).href;

const post = (answer: Answer, transfer: Transferable[] = []): void => {
  (self as unknown as Worker).postMessage(answer, transfer);
};

let collection: WorkerCollection | undefined;
const running = new Map<number, AbortController>();
/** Vectors that the page was asked for. */
const asked = new Map<number, { resolve(vectors: Float32Array): void; reject(error: Error): void }>();
let lastAsked = 0;

function ask(texts: readonly string[], role: 'query' | 'document'): Promise<Float32Array> {
  const id = --lastAsked;
  return new Promise((resolve, reject) => {
    asked.set(id, { resolve, reject });
    post({ id, encode: texts, role });
  });
}

async function run(id: number, call: CallName, given: Calls[CallName]): Promise<unknown> {
  if (call === 'erase') return eraseOpfsStore((given as Calls['erase']).name);
  if (call === 'open') {
    collection = await WorkerCollection.open(given as Calls['open'], WEIGHTS, ask);
    return undefined;
  }
  if (collection === undefined) throw new InvalidArgumentError('The collection is not open.', 'Open it first.');
  const abort = new AbortController();
  running.set(id, abort);
  const context = { signal: abort.signal, onProgress: (progress: unknown) => post({ id, progress }) };
  try {
    return await collection[call](given as never, context);
  } finally {
    running.delete(id);
  }
}

self.addEventListener('message', async ({ data }: MessageEvent<Request>) => {
  const { id } = data;
  if ('abort' in data) return running.get(id)?.abort();
  if ('vectors' in data || 'failed' in data) {
    const waiting = asked.get(id);
    asked.delete(id);
    return 'vectors' in data ? waiting?.resolve(data.vectors) : waiting?.reject(errorOf(data.failed));
  }
  try {
    post({ id, value: await run(id, data.call, data.given) });
  } catch (error) {
    post({ id, failed: failureOf(error) });
  }
});
