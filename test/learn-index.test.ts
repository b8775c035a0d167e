import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../src/base/random.ts';

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const loader = fileURLToPath(import.meta.resolve('tsx'));
let folder: string;

function sagitta(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', loader, main, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    timeout: 120_000,
  });
  return { code: status, stdout, stderr };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sagitta-learn-'));
  const random = new Random(1);
  const words = Array.from({ length: 200 }, (_, i) => `word${i}`);
  const sentence = (topic: number): string =>
    `${Array.from({ length: 6 }, () => words[(topic * 13 + random.below(25)) % words.length]).join(' ')}.`;
  const lines = Array.from({ length: 1500 }, (_, i) =>
    JSON.stringify({
      id: `d${i}`,
      title: `Title ${sentence(i % 16)}`,
      text: `${sentence(i % 16)} ${sentence(i % 16)}`,
    }),
  );
  writeFileSync(join(folder, 'docs.jsonl'), lines.join('\n'));
  expect(sagitta('index', 'docs.jsonl', '--encoder', 'hash:64').code).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('sagitta learn-index', () => {
  it('compares codes at equal bytes on queries that nothing was fitted to, and deploys the best', () => {
    const { code, stdout, stderr } = sagitta('learn-index', '--bytes', '8', '--steps', '15', '--json');
    expect(code, stderr).toBe(0);
    const { trials, best, deployed, queries, comparison } = JSON.parse(stdout);
    expect(trials.map((trial: { spec: string }) => trial.spec)).toEqual(['pq8x8', 'opq,pq8x8', 'dual,pq8x8']);
    expect(queries.confirming).toBeGreaterThanOrEqual(50);
    expect(comparison).toMatchObject({ metric: 'recall@10', system: 'learned' });
    const chosen = trials.find((trial: { name: string }) => trial.name === best);
    for (const { choosing } of trials) expect(chosen.choosing).toBeGreaterThanOrEqual(choosing);
    expect(deployed).toMatchObject({ spec: `${chosen.spec},refine:full`, indexed: 1500 });

    const found = sagitta('search', 'word3 word14', '--retriever', 'dense', '--json');
    expect(JSON.parse(found.stdout).hits).toHaveLength(10);
    expect(JSON.parse(sagitta('inspect', '--json').stdout).vectorIndex.spec).toBe(deployed.spec);
    expect(sagitta('verify').code).toBe(0);
  });

  it('says which numbers of bytes are possible', () => {
    const { code, stderr } = sagitta('learn-index', '--bytes', '7');
    expect(code).toBe(2);
    expect(stderr).toMatch(/7 bytes do not divide vectors of 64 components. Give one of 4, 8, 16, 32/);
  });
});
