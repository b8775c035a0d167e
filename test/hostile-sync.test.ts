import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCollection, verifyCollection } from 'sagitta-search';
import { describe, expect, it } from 'vitest';
import { program } from './support/command.ts';
import { testFolder } from './support/files.ts';
import { HOSTILE_FILES } from './support/hostile.ts';
import { doublingPdf } from './support/pdf.ts';

/** A page that is as it should be, documents that cost a careless reader much, and one that is read until somebody ends it. */
function hostileFolder() {
  const some = ['deep.docx', 'bomb.txt.gz', 'deep.html', 'columns.csv'].map((name) => {
    const { make } = HOSTILE_FILES.find((file) => file.name === name)!;
    return [`docs/${name}`, Buffer.from(make(300))] as const;
  });
  return testFolder({
    'docs/a.md': '# Well\n\nThis page is as it should be.\n',
    ...Object.fromEntries(some),
    'docs/z-endless.pdf': doublingPdf(40, 3),
  });
}

/** A server over a collection with the folder as its source, and a job that reads it, in the file without an end. */
async function stuckServer(folder: string, drain: number) {
  const directory = `${folder}/notes`;
  const collection = await openCollection(directory, { create: true, encoder: 'none' });
  await collection.add([{ id: 'old', text: 'A letter from the harbour.' }]);
  await collection.close();
  const args = ['serve', '--in', `notes=${directory}`, '--source', `${folder}/docs`, '--port', '0', '--json'];
  const child = spawn(process.execPath, [...program, ...args, '--no-page', '--no-log', '--drain', String(drain)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = once(child, 'exit');
  const stopping = new Promise<void>((heard) => {
    child.stderr.setEncoding('utf8').on('data', (said: string) => {
      if (said.includes('Stopping')) heard();
      process.stderr.write(said);
    });
  });
  const [first] = await once(child.stdout.setEncoding('utf8'), 'data');
  const { url } = JSON.parse(first);
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(url + path, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
  const { body: job } = await send('POST', '/v1/jobs', { kind: 'sync' });
  // It reads what it can, and then the last file, which it never leaves.
  const read = async () => (await send('GET', `/v1/jobs/${job.id}`)).body.progress?.done ?? 0;
  await expect.poll(read, { timeout: 60_000 }).toBeGreaterThan(0);
  if (LINUX) await expect.poll(() => readersOf(child.pid!), { timeout: 60_000 }).not.toEqual([]);
  await sleep(1000);
  expect((await send('GET', `/v1/jobs/${job.id}`)).body.finished).toBeUndefined();
  return {
    child,
    exit,
    stopping,
    send,
    directory,
    job: job.id as string,
    [Symbol.dispose]: () => child.kill('SIGKILL'),
  };
}

const LINUX = process.platform === 'linux';

/** The processes that read files for a server, of whichever thread; what compiles its sources is none of them. */
function readersOf(parent: number): string[] {
  if (!LINUX) return [];
  return readdirSync(`/proc/${parent}/task`).flatMap((task) =>
    childrenOf(`/proc/${parent}/task/${task}`).filter((id) =>
      /\/process\.[jt]s\0/.test(contentOf(`/proc/${id}/cmdline`)),
    ),
  );
}

function childrenOf(task: string): string[] {
  return contentOf(`${task}/children`).split(' ').filter(Boolean);
}

/** A thread or a process may end while it is looked at. */
function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Whether there is such a process, and it has not ended already. */
function isRunning(process: string | undefined): boolean {
  const state = contentOf(`/proc/${process}/stat`);
  return state !== '' && !/\) [ZX] /.test(state);
}

/** Milliseconds: far more than it takes on a busy machine, and half of what the last file has by itself. */
const SOON = 30_000;

describe('a sync job over a folder with hostile documents', () => {
  it('is over when it says that it is cancelled, and searches go on meanwhile', { timeout: 120_000 }, async () => {
    using folder = hostileFolder();
    using server = await stuckServer(folder.path, 500);
    const { child, exit, send, directory, job } = server;
    const found = await send('POST', '/v1/search', { query: 'harbour' });
    expect(found.body.hits[0].id).toBe('old');
    const start = performance.now();
    expect((await send('DELETE', `/v1/jobs/${job}`)).status).toBe(202);
    const state = async () => (await send('GET', `/v1/jobs/${job}`)).body.state;
    await expect.poll(state, { timeout: SOON }).toBe('cancelled');
    expect(performance.now() - start).toBeLessThan(SOON);
    // Nothing of it goes on: no process reads, and the lock is free for others, and for the server.
    await expect.poll(() => readersOf(child.pid!), { timeout: SOON }).toEqual([]);
    {
      await using other = await openCollection(directory);
      expect((await other.add([{ id: 'other', text: 'From another process.' }])).added).toBe(1);
    }
    expect((await send('PUT', '/v1/documents/mine', { text: 'From a client.' })).status).toBe(200);
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
    const { sound } = await verifyCollection(directory);
    expect(sound).toBe(true);
  });

  it('does not keep a server from stopping in time', { timeout: 120_000 }, async () => {
    using folder = hostileFolder();
    using server = await stuckServer(folder.path, 1000);
    const { child, exit, stopping, send, directory } = server;
    const [reader] = readersOf(child.pid!);
    const start = performance.now();
    child.kill('SIGTERM');
    await stopping;
    // Who comes now hears that it stops, if anybody is heard at all.
    const late = await send('POST', '/v1/search', { query: 'harbour' }).catch(() => undefined);
    expect([undefined, 503]).toContain(late?.status);
    expect(await exit).toEqual([0, null]);
    // The drain of a second, and what the thread that writes needs to publish what was read.
    expect(performance.now() - start).toBeLessThan(SOON);
    await expect.poll(() => isRunning(reader), { timeout: SOON }).toBe(false);
    await using collection = await openCollection(directory);
    expect((await collection.verify()).sound).toBe(true);
    await collection.add([{ id: 'later', text: 'The lock is free.' }]);
  });
});
