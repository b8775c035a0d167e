import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from './support/command.ts';
import { tinyBert } from './support/tiny-bert.ts';
import { collectionIn, documents, examples } from './support/tuning.ts';

const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' };
let folder: string;

function tune(collection: string, ...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const command = [...program, 'tune', '--in', collection, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: folder,
    encoding: 'utf8',
    env,
    timeout: 120_000,
  });
  return { code: status, stdout, stderr };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sagitta-tune-'));
  await (await collectionIn(join(folder, 'c'))).close();
  const lines = examples.map(({ query, relevant }) => JSON.stringify({ query, document: relevant[0] }));
  writeFileSync(join(folder, 'pairs.jsonl'), lines.join('\n'));
  const queries = examples.map(({ query }, i) => JSON.stringify({ _id: `q${i}`, text: query }));
  writeFileSync(join(folder, 'queries.jsonl'), queries.join('\n'));
  const judged = examples.map(({ relevant }, i) => `q${i}\t${relevant[0]}\t1`);
  writeFileSync(join(folder, 'qrels.tsv'), ['query-id\tcorpus-id\tscore', ...judged].join('\n'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifest = (collection = 'c') => readFileSync(join(folder, collection, 'manifest.json'), 'utf8');

describe('sagitta tune', () => {
  it('goes on after Ctrl-C, deploys, and leaves a report and a drawing', async () => {
    const before = manifest();
    const args = ['--pairs', 'pairs.jsonl', '--epochs', '150', '--patience', '150', '--learning-rate', '0.005'];
    const command = [...program, 'tune', '--in', 'c', ...args];
    const child = spawn(process.execPath, command, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    const exited = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
    // The first checkpoint comes after ten epochs.
    const tuning = join(folder, 'c/tuning');
    while (!existsSync(tuning) || readdirSync(tuning).every((name) => !name.endsWith('.safetensors'))) await sleep(5);
    child.kill('SIGINT');
    expect(await exited).toBe(130);
    expect(said).toContain('Run the same command with --resume to go on with it.');
    expect(manifest()).toBe(before);

    const { code, stdout, stderr } = tune('c', ...args, '--resume', '--json');
    expect(code, stderr).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.resumedFrom).toBeGreaterThanOrEqual(40);
    expect(report).toMatchObject({ what: 'adapter', base: 'hash:128', steps: 600, better: true });
    expect(report.deployed).toMatch(/^tuned:adapter-/);
    expect(manifest()).toContain(report.deployed);
    expect(JSON.parse(readFileSync(join(tuning, 'report.json'), 'utf8'))).toEqual(report);
    const curve = readFileSync(join(tuning, 'curve.svg'), 'utf8');
    expect(curve.match(/<polyline/g)).toHaveLength(2);
    expect(readdirSync(tuning).sort()).toEqual(['curve.svg', 'report.json']);
  }, 60_000);

  it('makes its own queries, says what it would do, and changes nothing', () => {
    const before = manifest();
    const files = ['--report', 'report.json', '--curve', 'curve.svg'];
    const { code, stdout, stderr } = tune('c', '--synthetic', '--dry-run', '--epochs', '2', '--resume', ...files);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^trained adapter of tuned:adapter-\w+ on \d+ queries in /);
    expect(stdout).toMatch(/hybrid over BM25/);
    expect(stdout).toMatch(/not deployed /);
    expect(stderr).toContain('Give real ones with --test-pairs.');
    expect(stderr).toContain('There was no interrupted run with these options');
    expect(stderr).toContain('The report is in report.json, the learning curve in curve.svg.');
    for (const name of ['report.json', 'curve.svg']) expect(existsSync(join(folder, name))).toBe(true);
    expect(manifest()).toBe(before);
  }, 60_000);

  it('takes judgements, trains the query side of the encoder, and learns from the hybrid', async () => {
    const model = join(folder, 'model');
    await tinyBert(model, [...documents.map(({ text }) => text), ...examples.map(({ query }) => query)]);
    await using collection = await collectionIn(join(folder, 'bert'), `bert:${model}`);
    const { code, stdout, stderr } = tune(
      'bert',
      ...['--qrels', 'qrels.tsv', '--queries', 'queries.jsonl', '--what', 'query', '--distill', '--json'],
      ...['--epochs', '20', '--learning-rate', '0.01', '--batch-size', '16', '--lora', '8'],
    );
    expect(code, stderr).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ what: 'query', base: `bert:${model}`, better: true });
    expect(report.deployed).toMatch(/^tuned:bert-/);
    const { hits } = await collection.search(examples[0]!.query, { retriever: 'dense', k: 10 });
    expect(hits.map(({ id }) => id)).toContain('d0');
  }, 60_000);

  it('leaves out pairs that the encoder does not confirm, and draws negatives by a curriculum', () => {
    const args = ['--synthetic', '--dry-run', '--epochs', '1'];
    const { code, stdout, stderr } = tune('c', ...args, '--consistency', '1', '--min-cosine', '0.5', '--curriculum');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/\d+ pairs? left out of training as inconsistent/);
    expect(tune('c', ...args).stdout).not.toContain('inconsistent');
  }, 60_000);

  it('says what is missing', () => {
    const { code, stderr } = tune('c', '--qrels', 'qrels.tsv');
    expect(code).not.toBe(0);
    expect(stderr).toContain('Add --queries FILE.');
  }, 60_000);

  it('trains a reranker, says what it gained, and refuses options that would do nothing', async () => {
    await tinyBert(join(folder, 'tiny'), [...documents.map(({ text }) => text), ...examples.map(({ query }) => query)]);
    const args = ['--what', 'reranker', '--pairs', 'pairs.jsonl', '--base', `bert:${join(folder, 'tiny')}`];
    const before = manifest();
    const { code, stdout, stderr } = tune(
      'c',
      ...args,
      '--epochs',
      '1',
      '--negatives',
      '2',
      '--depth',
      '5',
      '--dry-run',
    );
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/trained a cross-encoder on bert:\S+ with 86 queries/);
    expect(stdout).toMatch(/hybrid > rerank\(cross, depth=5, weight=[\d.]+\)\s+\d\.\d{4}/);
    expect(stdout).toMatch(/not deployed .*Nothing was changed\./);
    expect(JSON.parse(readFileSync(join(folder, 'c/tuning/reranker-report.json'), 'utf8')).what).toBe('reranker');
    expect(manifest()).toBe(before);

    const mined = tune('c', ...args, '--mine', 'bm25');
    expect(mined.code).toBe(2);
    expect(mined.stderr).toMatch(/--mine has no meaning with --what reranker/);
    const depth = tune('c', '--pairs', 'pairs.jsonl', '--depth', '5');
    expect(depth.stderr).toMatch(/--depth has no meaning with --what adapter.*--what reranker/s);
    const cosine = tune('c', ...args, '--min-cosine', '0.2');
    expect(cosine.stderr).toMatch(/--min-cosine has no meaning with --what reranker/);
  }, 60_000);
});
