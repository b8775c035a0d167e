import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Evidence } from './grading/index.ts';
import { checkInJobs } from './jobs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sagitta-jobs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that answers as `check` does. */
function program(): string[] {
  const path = join(folder, 'program.mjs');
  writeFileSync(
    path,
    `const [command, slug, ...rest] = process.argv.slice(2);
     if (slug === 'broken') process.exit(70);
     if (slug === 'slow') await new Promise((done) => setTimeout(done, 60_000));
     process.stdout.write(JSON.stringify({ papers: [{ paper: slug, encoder: [command, ...rest].join(' ') }] }));
     process.exitCode = 1;`,
  );
  return [path];
}

describe('papers in processes of their own', () => {
  it('give their evidence one at a time, whatever their verdicts', async () => {
    const found = new Map<string, string>();
    let under = 0;
    const each = async ({ paper, encoder }: Evidence) => {
      expect(++under).toBe(1);
      await new Promise((done) => setTimeout(done, 20));
      under--;
      found.set(paper, encoder);
    };
    await checkInJobs(['a', 'b', 'c'], 2, ['--quick'], new AbortController().signal, each, program());
    expect([...found.keys()].sort()).toEqual(['a', 'b', 'c']);
    expect(found.get('a')).toBe('check --json --no-record --jobs 1 --quick');
  }, 30_000);

  it('are ended when one of them fails, and when they are to stop', async () => {
    const controller = new AbortController();
    const none = async () => expect.unreachable();
    const broken = checkInJobs(['broken', 'slow'], 2, [], controller.signal, none, program());
    await expect(broken).rejects.toThrow(/check of broken ended without evidence/);
    const stopped = checkInJobs(['slow'], 1, [], controller.signal, none, program());
    controller.abort();
    await expect(stopped).rejects.toThrow(/abort/i);
  }, 30_000);
});
