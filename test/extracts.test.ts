import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sagittaIn } from './support/command.ts';

const PLACES = 'Elbing Danzig Memel Pillau Libau Riga Windau Reval Narva Pernau'.split(' ');
const THINGS = 'lamp pilot berth anchor'.split(' ');
const FILL = 'Nobody knows who wrote this down. Much has been said of the sea. The winter was long there.';

let folder: string;
const sagitta = (...args: string[]) => sagittaIn(folder, ...args);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sagitta-extracts-'));
  await mkdir(join(folder, 'ports'));
  const [queries, qrels]: [string[], string[]] = [[], ['query-id\tcorpus-id\tscore']];
  for (const place of PLACES) {
    for (const thing of THINGS) {
      // Titles would tell, and nothing would be lost with the text.
      const name = `n${queries.length}`;
      await writeFile(join(folder, 'ports', `${name}.txt`), `${FILL} The ${thing} of ${place} was sold.`);
      queries.push(JSON.stringify({ _id: name, text: `${thing} ${place}` }));
      qrels.push(`${name}\tports/${name}.txt\t1`);
    }
  }
  await writeFile(join(folder, 'q.jsonl'), queries.join('\n'));
  await writeFile(join(folder, 'q.tsv'), qrels.join('\n'));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('learn-compressor by preferences learns what stays of passages, without answers', async () => {
  expect((await sagitta('index', 'ports', '--encoder', 'none', '--in', 'of-ports')).code).toBe(0);
  const learning = ['learn-compressor', '--by', 'preferences', '--qrels', 'q.tsv', '--in', 'of-ports'];
  const { code, stdout, stderr } = await sagitta(...learning, '--queries', 'q.jsonl', '--json');
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({ questions: 40 });
  const asked = ['context', 'lamp Riga', '--in', 'of-ports', '--all', '--tokens', '60'];
  const short = await sagitta(...asked, '--compressor', 'learned');
  expect(short.stdout).toContain('The lamp of Riga was sold.');
  expect(short.stdout).not.toContain('Nobody knows');
  const few = (await sagitta(...asked, '--compressor', 'passages')).stdout.split('was sold').length;
  expect(short.stdout.split('was sold').length).toBeGreaterThan(few);
  expect((await sagitta('verify', '--in', 'of-ports')).code).toBe(0);
  await writeFile(join(folder, 'few.jsonl'), JSON.stringify({ _id: 'n20', text: 'lamp Riga' }));
  const none = await sagitta(...learning, '--queries', 'few.jsonl');
  expect(none.stderr).toMatch(/too few to learn from. Give questions for at least 32/);
}, 240_000);
