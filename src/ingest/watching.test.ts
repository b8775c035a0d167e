import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { changesUnder } from './watching.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sagitta-watch-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('tells of changes once they have come to rest, and ends with its signal', async () => {
  const ending = new AbortController();
  let told = 0;
  const watching = (async () => {
    for await (const _ of changesUnder([folder], {
      signal: ending.signal,
      quietMs: 150,
      counts: (path) => !path.includes('ignored'),
    }))
      told++;
  })();
  await pause(100);
  mkdirSync(join(folder, 'sub'));
  for (let i = 0; i < 5; i++) writeFileSync(join(folder, 'sub', `${i}.txt`), 'text');
  await expect.poll(() => told, { timeout: 5_000 }).toBe(1);
  writeFileSync(join(folder, 'ignored.txt'), 'text');
  await pause(500);
  expect(told).toBe(1);
  writeFileSync(join(folder, 'later.txt'), 'text');
  await expect.poll(() => told, { timeout: 5_000 }).toBe(2);
  ending.abort();
  await watching;
});

it('looks from time to time at what cannot be watched', async () => {
  const ending = new AbortController();
  const seen: (readonly string[])[] = [];
  const path = join(folder, 'missing');
  for await (const { unwatched } of changesUnder([path], { signal: ending.signal, quietMs: 10, pollMs: 30 })) {
    seen.push(unwatched);
    if (seen.length === 2) ending.abort();
  }
  expect(seen).toEqual([[path], [path]]);
});
