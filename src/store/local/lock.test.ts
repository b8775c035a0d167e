import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CollectionLockedError, StorageError } from '../../base/errors.ts';
import { acquireLock, LOCK, type LockOptions, removeLockLeftovers } from './lock.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(os.tmpdir(), 'sagitta-lock-'));
  path = join(directory, LOCK);
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const NONE: LockOptions = { system: undefined };
const refusing = (code: string): LockOptions => ({
  system: {
    tryLock() {
      throw Object.assign(new Error(code), { code });
    },
  },
});
const kinds: [string, LockOptions][] = [
  ['of the operating system', {}],
  ['where the system has none', NONE],
  ['where the file system refuses', refusing('ENOLCK')],
];

describe.each(kinds)('the write lock %s', (_, options) => {
  test('is exclusive, can be taken again after release, and leaves no sign', async () => {
    const lock = await acquireLock(path, options);
    await expect(acquireLock(path, options)).rejects.toThrow(CollectionLockedError);
    await expect(acquireLock(path, options)).rejects.toThrow(/another writer of this very process/);
    lock.check();
    lock.release();
    lock.release();
    (await acquireLock(path, options)).release();
    for (const name of fs.readdirSync(directory)) expect(fs.readFileSync(join(directory, name), 'utf8')).toBe('');
  });

  test.each(kinds)('excludes a lock %s', async (_, others) => {
    const lock = await acquireLock(path, options);
    await expect(acquireLock(path, others)).rejects.toThrow(CollectionLockedError);
    lock.check();
    lock.release();
    (await acquireLock(path, others)).release();
  });

  test('is waited for', async () => {
    const lock = await acquireLock(path, options);
    const start = performance.now();
    await expect(acquireLock(path, { ...options, patience: 100 })).rejects.toThrow(CollectionLockedError);
    expect(performance.now() - start).toBeGreaterThan(95);
    const next = acquireLock(path, { ...options, patience: 10_000 });
    lock.release();
    (await next).release();
  });

  test('has one winner when many ask at once', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => acquireLock(path, options)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') outcome.value.release();
      else expect(outcome.reason).toBeInstanceOf(CollectionLockedError);
    }
  });
});

describe('the write lock', () => {
  test('says that it is lost when its file was removed or names another', async () => {
    const lock = await acquireLock(path);
    fs.rmSync(path);
    const thief = await acquireLock(path);
    expect(() => lock.check()).toThrow(/Nothing was published/);
    lock.release();
    thief.check();
    thief.release();

    const pretended = await acquireLock(path);
    fs.writeFileSync(path, JSON.stringify({ token: 'x', pid: 7, host: 'elsewhere', since: 'today' }));
    expect(() => pretended.check()).toThrow(/process 7 on elsewhere.*with locks/);
    pretended.release();
    expect(fs.readFileSync(path, 'utf8')).not.toBe('');
  });

  test('ignores what a killed holder wrote, where the system tells that it is gone', async () => {
    fs.writeFileSync(path, JSON.stringify({ token: 'x', pid: process.pid, host: os.hostname(), since: 'today' }));
    (await acquireLock(path)).release();
    fs.writeFileSync(path, '{"tok');
    (await acquireLock(path)).release();
  });

  test('is not taken over where the system tells nothing, and the message says what to delete', async () => {
    fs.writeFileSync(path, JSON.stringify({ token: 'x', pid: 7, host: 'elsewhere', since: 'today' }));
    await expect(acquireLock(path, NONE)).rejects.toThrow(/process 7 on elsewhere.*delete .*writer\.lock\.$/);
    fs.writeFileSync(`${path}.held`, '');
    await expect(acquireLock(path, NONE)).rejects.toThrow(/delete .*writer\.lock\.held\.$/);
  });

  test('that is held is never a disk failure, and a disk failure never a held lock', async () => {
    await expect(acquireLock(path, refusing('EACCES'))).rejects.toThrow(CollectionLockedError);
    await expect(acquireLock(path, refusing('EIO'))).rejects.toThrow(StorageError);
    await expect(acquireLock(join(directory, 'missing', LOCK))).rejects.toThrow(StorageError);
  });

  test('clears away what earlier versions left, and nothing else', () => {
    for (const name of [LOCK, `${LOCK}.held`, `${LOCK}.b0f7.new`, `${LOCK}.b0f7`, 'other']) {
      fs.writeFileSync(join(directory, name), '');
    }
    removeLockLeftovers(directory);
    expect(fs.readdirSync(directory).sort()).toEqual(['other', LOCK, `${LOCK}.held`]);
  });

  test('ends with its thread', async () => {
    const loader = `import('tsx/esm/api').then(({ register }) => { register(); ${inProcess('thread')} });`;
    const thread = new Worker(loader, { eval: true });
    const [said] = await once(thread, 'message');
    expect(said).toBe('won');
    await expect(acquireLock(path)).rejects.toThrow(CollectionLockedError);
    await thread.terminate();
    (await acquireLock(path)).release();
  });

  test('ends with its process, however that ends', { timeout: 30_000 }, async () => {
    const children = Array.from({ length: 4 }, () => startChild([process.execPath]));
    try {
      const outcomes = await Promise.all(children.map(line));
      expect(outcomes.sort()).toEqual([...Array(3).fill('collection-locked'), 'won']);
      await expect(acquireLock(path)).rejects.toThrow(/being written by process \d+ \(since/);
    } finally {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
    }
    (await acquireLock(path)).release();
  });

  test.each([
    ['', '{}'],
    [' where the system has none', '{ system: undefined }'],
  ])(
    'passes from one process to the next without another error, and never to two%s',
    { timeout: 60_000 },
    async (_, options) => {
      const log = join(directory, 'log');
      const turns = 12;
      const loop = `import(${JSON.stringify(new URL('./lock.ts', import.meta.url).href)}).then(async ({ acquireLock }) => {
      const { appendFileSync } = require('node:fs');
      for (let done = 0; done < ${turns};) {
        try {
          const lock = await acquireLock(${JSON.stringify(path)}, ${options});
          appendFileSync(${JSON.stringify(log)}, 'in ' + process.pid + '\\n');
          lock.check();
          await new Promise((next) => setTimeout(next, 1));
          appendFileSync(${JSON.stringify(log)}, 'out ' + process.pid + '\\n');
          lock.release();
          done++;
        } catch (error) {
          if (error.code !== 'collection-locked') throw error;
        }
        await new Promise((next) => setTimeout(next, 2 * Math.random()));
      }
    });`;
      const children = Array.from({ length: 3 }, () =>
        spawn(process.execPath, ['--import', 'tsx', '-e', loop], { stdio: ['ignore', 'inherit', 'inherit'] }),
      );
      const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
      expect(codes).toEqual([0, 0, 0]);
      const lines = fs.readFileSync(log, 'utf8').trim().split('\n');
      expect(lines).toHaveLength(2 * turns * children.length);
      for (let i = 0; i < lines.length; i += 2) expect(lines[i + 1]).toBe(lines[i]!.replace('in', 'out'));
    },
  );

  /** Two containers of one pod: the same host and boot, and numbers of processes that mean nothing to each other. */
  const unshare = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc'];
  test.runIf(spawnSync(unshare[0]!, [...unshare.slice(1), 'true']).status === 0)(
    'is respected by a process that does not see the holder',
    { timeout: 30_000 },
    async () => {
      const lock = await acquireLock(path);
      const child = startChild([...unshare, process.execPath]);
      expect(await line(child)).toBe('collection-locked');
      child.kill('SIGKILL');
      lock.check();
      lock.release();
    },
  );
});

/** Takes the lock, says how that went, and stays. */
function inProcess(from: string): string {
  const say = from === 'stdout' ? 'console.log' : "require('node:worker_threads').parentPort.postMessage";
  return `import(${JSON.stringify(new URL('./lock.ts', import.meta.url).href)})
    .then(({ acquireLock }) => acquireLock(${JSON.stringify(path)}))
    .then(() => ${say}('won'), (error) => ${say}(error.code));
    setInterval(() => undefined, 1000);`;
}

function startChild([command, ...before]: string[]): ChildProcess {
  const args = [...before, '--import', 'tsx', '-e', inProcess('stdout')];
  return spawn(command!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function line(child: ChildProcess): Promise<string> {
  const [data] = await once(child.stdout!, 'data');
  return String(data).trim();
}
