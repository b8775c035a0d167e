import { Worker } from 'node:worker_threads';
import { outputSize } from '../limits.ts';
import { readFile } from '../read.ts';
import { readerFor } from '../readers/index.ts';
import { openSource } from '../source.ts';
import type { IngestEvent } from '../types.ts';
import { LAST_WORDS, type ProcessLimits, type ReadMessage, type ReadReply } from './messages.ts';

/**
 * What the process that reads files runs. It reads one file at a time and sends what it finds in batches; it goes on with the
 * next while the one before is taken, and no further. A watchman in a thread of its own ends the process, whatever its
 * first thread is caught in, when that takes too long or the process grows too large: also when the process that asked is
 * gone and cannot.
 */

/** Characters, and milliseconds, after which a batch is sent. */
const BATCH = 1024 * 1024;
const BATCH_MS = 250;
/** Batches that may be under way. */
const AHEAD = 2;

const WATCHMAN = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const { since, parent, maxSeconds, maxMemory, lastWords } = workerData;
const end = (why) => {
  try { writeSync(lastWords, why); } catch {}
  process.kill(process.pid, 'SIGKILL');
};
setInterval(() => {
  const start = Number(Atomics.load(since, 0));
  if (process.ppid !== parent) end('time');
  else if (start !== 0 && Date.now() - start > 1000 * maxSeconds) end('time');
  else if (process.memoryUsage.rss() > maxMemory) end('memory');
}, 20);
`;

/** Milliseconds that went into the file before what was sent last; in a file that is read in a stream, each record has its own time. */
let spent = 0;
let streams = false;
/** When the work began that counts against the limit, in milliseconds since 1970, pauses left out; 0 when there is none. */
const since = new BigInt64Array(new SharedArrayBuffer(8));
const busy = (yes: boolean): void => {
  const start = Number(Atomics.load(since, 0));
  if (!yes && start !== 0) spent = streams ? 0 : Date.now() - start;
  Atomics.store(since, 0, yes ? BigInt(Date.now() - spent) : 0n);
};

const limits = JSON.parse(process.argv[2]!) as ProcessLimits;
new Worker(WATCHMAN, {
  eval: true,
  execArgv: [],
  workerData: { since, parent: process.ppid, ...limits, lastWords: LAST_WORDS },
}).unref();

let underWay = 0;
let taken: (() => void) | undefined;

process.on('message', (message: ReadMessage) => {
  if (message.type === 'more') {
    underWay--;
    taken?.();
  } else void read(message);
});
process.on('disconnect', () => process.exit());

async function send(reply: ReadReply): Promise<void> {
  busy(false);
  underWay++;
  process.send!(reply);
  while (underWay >= AHEAD && reply.type === 'events' && !reply.last) {
    await new Promise<void>((next) => (taken = next));
  }
  busy(true);
}

async function read({ file, maxBytes, maxText }: Extract<ReadMessage, { type: 'read' }>): Promise<void> {
  underWay = 0;
  spent = 0;
  streams = false;
  busy(true);
  let events: IngestEvent[] = [];
  let size = 0;
  let from = Date.now();
  try {
    streams = (await readerFor(file, openSource(file, maxBytes, undefined)))?.streams === true;
  } catch {
    // `readFile` says what is wrong.
  }
  try {
    for await (const event of readFile(file, { maxBytes, maxText, maxSeconds: limits.maxSeconds })) {
      events.push(event);
      if (event.kind === 'document') size += outputSize(event.document);
      if (size < BATCH && Date.now() - from < BATCH_MS) continue;
      await send({ type: 'events', events, last: false });
      events = [];
      size = 0;
      from = Date.now();
    }
    await send({ type: 'events', events, last: true });
  } catch (error) {
    // Everything else is an event.
    const what = error instanceof Error ? (error.stack ?? error.message) : error;
    await send({ type: 'defect', message: String(what) });
  } finally {
    busy(false);
  }
}
