import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCollection, verifyCollection } from 'sagitta-search';
import { describe, expect, it } from 'vitest';
import { program } from './support/command.ts';
import { testFolder } from './support/files.ts';

/** Far more than can be embedded while a test waits. */
const MANY = Array.from({ length: 600 }, (_, i) => ({
  id: `new${i}`,
  text: `the harbour master wrote letter ${i} `.repeat(50),
}));

/** A server whose model is busy with documents that somebody waits for. */
async function busyServer(folder: string, drain: number) {
  const collection = await openCollection(folder, { create: true, encoder: 'minilm' });
  await collection.add([{ id: 'old', text: 'A letter from the harbour.' }]);
  await collection.close();
  const args = ['serve', '--in', `notes=${folder}`, '--port', '0', '--json', '--no-page', '--no-log'];
  const child = spawn(process.execPath, [...program, ...args, '--drain', String(drain)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const [first] = await once(child.stdout.setEncoding('utf8'), 'data');
  const { url } = JSON.parse(first);
  const send = (method: string, path: string, body: unknown) =>
    fetch(url + path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  // The model is loaded.
  expect((await send('POST', '/v1/search', { query: 'letter', retriever: 'dense' })).status).toBe(200);
  return { child, exit, send };
}

describe('a server that is told to stop while it embeds', () => {
  it.each([
    ['SIGTERM', 0],
    ['SIGTERM twice', 130],
  ] as const)(
    'ends in order after %s: a 503 for who waits, exit code %i, a sound collection',
    async (how, code) => {
      using folder = testFolder();
      const patient = code === 0;
      const { child, exit, send } = await busyServer(folder.at('c'), patient ? 500 : 60_000);
      const bulk = send('POST', '/v1/documents', { documents: MANY });
      const job = send('POST', '/v1/documents?wait=false', { documents: MANY.slice(0, 300) });
      expect((await job).status).toBe(202);
      await sleep(300);
      const asked = performance.now();
      child.kill('SIGTERM');
      if (!patient) {
        await sleep(200);
        expect(child.exitCode, how).toBe(null);
        child.kill('SIGTERM');
      }
      const answer = await bulk;
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await answer.json()).code).toBe('stopping');
      expect(await exit).toEqual([code, null]);
      // The deadline, one run of the model, and a moment for slow readers.
      expect(performance.now() - asked).toBeLessThan(10_000);
      expect((await verifyCollection(folder.at('c'))).sound).toBe(true);
      await using collection = await openCollection(folder.at('c'));
      expect((await collection.document('old')).text).toBe('A letter from the harbour.');
      // Nobody else has the lock.
      await collection.add([{ id: 'later', text: '' }]);
    },
    60_000,
  );
});
