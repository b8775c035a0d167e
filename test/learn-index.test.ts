import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../src/base/random.ts';
import { openCollection } from '../src/collection/index.ts';
import { program } from './support/command.ts';

let folder: string;

function sagitta(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...args], {
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

describe('segments too small for lists', () => {
  it('are told of, with the merge that makes them large enough, until it is done', async () => {
    const directory = join(folder, 'scattered');
    const collection = await openCollection(directory, { create: true, encoder: 'hash:64' });
    const documents = readFileSync(join(folder, 'docs.jsonl'), 'utf8')
      .split('\n')
      .map((line) => JSON.parse(line));
    for (let i = 0; i < 12; i++) await collection.add(documents.slice(100 * i, 100 * i + 100));
    await collection.close();
    const at = ['--in', 'scattered'];
    const rebuilt = sagitta('rebuild', '--spec', 'ivf8,sq8', ...at);
    const told =
      /nothing is coded: 1,200 vectors in 12 segments of fewer than 1,024 vectors each are scanned one by one; `sagitta compact --full --in scattered`/;
    expect(rebuilt.code, rebuilt.stderr).toBe(0);
    expect(rebuilt.stdout).toMatch(/ 0 vectors in lists/);
    expect(rebuilt.stdout).toMatch(told);
    expect(sagitta('learn-index', '--bytes', '8', '--steps', '5', '--no-refine', ...at).stdout).toMatch(told);
    expect(sagitta('inspect', ...at).stdout).toMatch(told);
    expect(sagitta('compact', '--full', ...at).code).toBe(0);
    expect(sagitta('inspect', ...at).stdout).toMatch(/1,200 vectors in lists, [^;]*$/m);
    expect(sagitta('inspect', '--json', ...at).stdout).toMatch(/"indexed":1200,"scanned":0,"small":0,"least":1024/);
    const few = sagitta('rebuild', '--spec', 'ivf700,sq8', ...at);
    expect(few.stdout).toMatch(
      /1,200 vectors in 1 segment of fewer than 1,400 vectors each are scanned.*too few for lists/,
    );
  }, 120_000);
});

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

  it('learns from labels, chooses by queries held out, and reports judged documents that are missing', () => {
    const queries = Array.from({ length: 300 }, (_, i) => ({
      _id: `q${i}`,
      text: `word${(i % 16) * 13} word${i % 25}`,
    }));
    writeFileSync(join(folder, 'queries.jsonl'), queries.map((query) => JSON.stringify(query)).join('\n'));
    const rows = queries.map(({ _id }, i) => `${_id}\t${i === 7 ? 'nowhere' : `docs.jsonl#d${i}`}\t1`);
    writeFileSync(join(folder, 'qrels.tsv'), `query-id\tcorpus-id\tscore\n${rows.join('\n')}\n`);
    const given = ['--bytes', '8', '--steps', '15', '--queries', 'queries.jsonl', '--dry-run', '--labels'];
    const { code, stdout, stderr } = sagitta('learn-index', ...given, '--qrels', 'qrels.tsv', '--json');
    expect(code, stderr).toBe(0);
    const { trials, best, judged, deployed, labelComparison } = JSON.parse(stdout);
    expect(trials.map(({ name }: { name: string }) => name)).toEqual(['PQ', 'OPQ', 'learned', 'labelled']);
    expect(judged).toEqual({ learning: 180, choosing: 60, confirming: 60, missingDocuments: 1, disjoint: true });
    expect(deployed).toBeNull();
    expect(labelComparison).toMatchObject({ metric: 'ndcg@10', baseline: 'learned', system: 'labelled' });
    const [learned, labelled] = trials.slice(2).map(({ ndcg }: { ndcg: number }) => ndcg);
    expect(labelComparison.difference).toBeCloseTo(labelled - learned, 9);
    const chosen = trials.find(({ name }: { name: string }) => name === best);
    for (const { choosingNdcg } of trials) expect(chosen.choosingNdcg).toBeGreaterThanOrEqual(choosingNdcg);

    const none = sagitta('learn-index', '--labels');
    expect(none.code).toBe(2);
    expect(none.stderr).toMatch(/no labels to learn from. Give --qrels/);
    writeFileSync(join(folder, 'few.tsv'), `query-id\tcorpus-id\tscore\n${rows.slice(0, 90).join('\n')}\n`);
    writeFileSync(
      join(folder, 'foreign.tsv'),
      `query-id\tcorpus-id\tscore\n${rows.join('\n').replaceAll('docs.jsonl#', '')}\n`,
    );
    const foreign = sagitta('learn-index', ...given, '--qrels', 'foreign.tsv');
    expect(foreign.code).toBe(2);
    expect(foreign.stderr).toMatch(/None of the 300 judged documents is in the collection/);
    const few = sagitta('learn-index', ...given, '--qrels', 'few.tsv');
    expect(few.code).toBe(2);
    expect(few.stderr).toMatch(/90 judged queries are too few/);
  });

  it('says which numbers of bytes are possible', () => {
    const { code, stderr } = sagitta('learn-index', '--bytes', '7');
    expect(code).toBe(2);
    expect(stderr).toMatch(/7 bytes do not divide vectors of 64 components. Give one of 4, 8, 16, 32/);
  });
});
