import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CollectionLockedError, StorageError } from '../../base/errors.ts';
import { acquireLock, LOCK, removeLockLeftovers } from './lock.ts';

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(os.tmpdir(), 'sagitta-lock-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const holder = (change: Record<string, unknown> = {}) => ({
  token: 'a-token',
  pid: process.pid,
  host: os.hostname(),
  boot: '',
  started: '',
  since: '2024-01-01T00:00:00.000Z',
  ...change,
});
const plant = (value: unknown) => fs.writeFileSync(join(directory, LOCK), JSON.stringify(value));

describe('the write lock', () => {
  test('is exclusive, can be taken again after release, and leaves nothing behind', () => {
    const lock = acquireLock(directory);
    expect(() => acquireLock(directory)).toThrow(CollectionLockedError);
    expect(() => acquireLock(directory)).toThrow(/another writer of this very process.*repeat the command/);
    lock.release();
    acquireLock(directory).release();
    expect(fs.readdirSync(directory)).toEqual([]);
  });

  test('is taken over from a process that no longer exists', () => {
    const own = acquireLock(directory);
    const { boot } = JSON.parse(fs.readFileSync(join(directory, LOCK), 'utf8'));
    own.release();
    plant(holder({ boot, pid: 0x3fffff - 1 }));
    acquireLock(directory).release();
  });

  test.runIf(fs.existsSync('/proc/self/stat'))('is taken over when its number now belongs to another process', () => {
    const own = acquireLock(directory);
    const current = JSON.parse(fs.readFileSync(join(directory, LOCK), 'utf8'));
    own.release();
    plant({ ...current, token: 'older', started: '1' });
    acquireLock(directory).release();
    plant({ ...current, token: 'before-the-restart', boot: 'another' });
    acquireLock(directory).release();
  });

  test('is never taken from another machine, and the message says what to delete', () => {
    plant(holder({ host: 'elsewhere', pid: 7 }));
    expect(() => acquireLock(directory)).toThrow(/process 7 on elsewhere.*delete .*writer\.lock/);
    expect(fs.readdirSync(directory)).toEqual([LOCK]);
  });

  test('that is damaged counts as held', () => {
    fs.writeFileSync(join(directory, LOCK), '{"token":');
    expect(() => acquireLock(directory)).toThrow(/does not say by whom.*delete/);
    plant(null);
    expect(() => acquireLock(directory)).toThrow(CollectionLockedError);
  });

  test('is not released by one who has lost it', () => {
    const lock = acquireLock(directory);
    plant(holder({ token: 'somebody-else' }));
    lock.release();
    expect(fs.existsSync(join(directory, LOCK))).toBe(true);
  });

  test('survives a process that was killed while taking over', () => {
    const own = acquireLock(directory);
    const current = JSON.parse(fs.readFileSync(join(directory, LOCK), 'utf8'));
    own.release();
    const dead = { ...current, started: '1' };
    plant({ ...dead, token: 'first' });
    fs.writeFileSync(join(directory, `${LOCK}.first`), JSON.stringify({ ...dead, token: 'second' }));
    const lock = acquireLock(directory);
    removeLockLeftovers(directory);
    expect(fs.readdirSync(directory)).toEqual([LOCK]);
    lock.release();
  });

  test('in a directory that does not exist is a storage error', () => {
    expect(() => acquireLock(join(directory, 'missing'))).toThrow(StorageError);
  });

  test('has one winner when several processes find it stale at once', { timeout: 30_000 }, async () => {
    plant(holder({ pid: 0x3fffff - 1, boot: 'another' }));
    const script = `
      import { acquireLock } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)};
      process.stdin.once('data', () => {
        try { acquireLock(${JSON.stringify(directory)}); console.log('won'); }
        catch (error) { console.log(error.code); }
        process.stdin.once('data', () => process.exit());
      });
      console.log('ready');`;
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    const exits = children.map((child) => once(child, 'exit'));
    try {
      await Promise.all(children.map(line));
      const outcomes = children.map(line);
      for (const child of children) child.stdin!.write('go\n');
      expect((await Promise.all(outcomes)).sort()).toEqual([...Array(3).fill('collection-locked'), 'won']);
      // All still run: a process that dies loses its lock.
      for (const child of children) child.stdin!.write('end\n');
    } catch (error) {
      for (const child of children) child.kill();
      throw error;
    } finally {
      await Promise.all(exits);
    }
    acquireLock(directory).release();
  });
});

async function line(child: ChildProcess): Promise<string> {
  const [data] = await once(child.stdout!, 'data');
  return String(data).trim();
}
