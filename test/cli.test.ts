import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from './support/command.ts';

let folder: string;

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function sagitta(...args: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    timeout: 60_000,
  });
  return { code: status, stdout, stderr };
}

const guide =
  '# Keys\n\n## Rotation\n\nRotate the signing key every ninety days.\n\n## Storage\n\nKeys live in a vault.\n';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sagitta-cli-'));
  await mkdir(join(folder, 'docs'));
  await writeFile(join(folder, 'docs/keys.md'), guide);
  await writeFile(join(folder, 'docs/backup.md'), '---\nyear: 2021\n---\n# Backups\n\nCopies are taken every night.\n');
  await writeFile(
    join(folder, 'export.jsonl'),
    '{"id": "r1", "title": "Record", "text": "A record about bicycles."}\nnot json\n',
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('sagitta', () => {
  it('indexes, lists what failed, and says so with exit code 1', () => {
    const { code, stdout, stderr } = sagitta('index', 'docs/', 'export.jsonl', '--encoder', 'hash:64');
    expect(code, stderr).toBe(1);
    expect(stdout).toMatch(/indexed: 3 documents added/);
    expect(stderr).toMatch(/failed export\.jsonl \(line 2\): .*JSON/);
  });

  it('finds passages and shows where they are', () => {
    const { code, stdout } = sagitta('search', 'how', 'do', 'I', 'rotate', 'the', 'key');
    expect(code).toBe(0);
    expect(stdout).toMatch(/1 {2}docs[\\/]keys\.md › Keys/);
    expect(stdout).toMatch(/\(hybrid, \d+ passages scored/);
  });

  it('says on which line a hit is, orders by fields, counts values, and opens the file of a hit there', async () => {
    const found = sagitta('search', 'signing key');
    expect(found.stdout).toMatch(/1 {2}docs[\\/]keys\.md › Keys \(line 5\)/);
    const { code, stdout } = sagitta('search', 'copies night key', '--sort', 'year desc', '--facets', 'format, year');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ 1 {2}docs[\\/]backup\.md/);
    expect(stdout).toMatch(/\nformat: markdown 2\nyear: 2021 1\n/);
    expect(JSON.parse(sagitta('search', 'copies', '--facets', '*', '--json').stdout).facets.documents).toBe(1);
    expect(sagitta('search', 'copies', '--sort', 'year down').code).toBe(2);
    expect(sagitta('search', 'copies', '--facets', 'colour').stderr).toMatch(/colour/);

    expect(sagitta('search', 'copies', '--facets', 'year', '--format', 'csv')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('have no place among hits as csv'),
    });

    // An editor that takes lines as vi does, and writes down what it was given.
    const editor = join(folder, 'vi');
    await writeFile(editor, `#!/bin/sh\necho "$@" > "${join(folder, 'opened')}"\n`, { mode: 0o755 });
    const opening = (rank: string, by = editor) =>
      spawnSync(process.execPath, [...program, 'search', 'signing key', '--open', rank], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, VISUAL: '', EDITOR: by },
      });
    expect(opening('1').status).toBe(0);
    expect(readFileSync(join(folder, 'opened'), 'utf8')).toBe(`+5 ${join(folder, 'docs/keys.md')}\n`);
    expect(opening('9')).toMatchObject({ status: 3, stderr: expect.stringContaining('There is no hit 9 among') });
    expect(opening('1', '/nothing/here').stderr).toMatch(/cannot be started \(ENOENT\)/);
  });

  it('prints one JSON object', () => {
    const { code, stdout } = sagitta('search', 'rotate the key', '--json', '-k', '1', '--explain');
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ query: 'rotate the key', retriever: 'hybrid', examined: expect.any(Number) });
    const [hit] = result.hits;
    expect(hit).toMatchObject({ rank: 1, path: 'docs/keys.md', title: 'Keys', metadata: expect.any(Object) });
    expect(guide.slice(hit.start, hit.end)).toBe(hit.text);
    expect(result.trace.inputs).toHaveLength(2);
  });

  it('takes a question of 100 kB on the command line', () => {
    const { code, stdout, stderr } = sagitta('search', 'rotate the key '.repeat(6_900), '-k', '1', '--json');
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout).hits[0].path).toBe('docs/keys.md');
    expect(sagitta('search', 'rotate the key '.repeat(6_900), '--filter', 'yaer = 1').code).toBe(2);
  });

  it('filters, and explains a shortfall', () => {
    const { stdout } = sagitta('search', 'copies', '--filter', 'year <= 2021');
    expect(stdout).toMatch(/docs[\\/]backup\.md/);
    expect(stdout).toMatch(/1 of 10, because the filter allows only 1 passage/);
  });

  it('gives a document back, inspects, verifies and compacts', () => {
    expect(sagitta('get', 'docs/keys.md').stdout).toBe(guide);
    expect(JSON.parse(sagitta('inspect', '--json').stdout)).toMatchObject({ documents: 3 });
    expect(sagitta('inspect').stdout).toMatch(/3 documents/);
    expect(sagitta('verify')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sound/) });
    expect(sagitta('compact', '--full')).toMatchObject({ code: 0 });
    expect(sagitta('verify', '--json').stdout).toMatch(/"sound":true/);
  });

  it('keeps what the collection and its folders are about', () => {
    expect(sagitta('about').stdout).toMatch(/Nothing is said yet/);
    expect(sagitta('about', 'How we keep keys').code).toBe(0);
    expect(sagitta('about', 'docs', 'Guides').stdout).toMatch(/\(all\) +How we keep keys\ndocs\/ +Guides\n/);
    expect(JSON.parse(sagitta('about', 'docs/', '--remove', '--json').stdout)).toEqual({
      collection: 'How we keep keys',
      folders: {},
    });
    expect(sagitta('about', 'nowhere', 'x'.repeat(501)).stderr).toMatch(/1 to 500 characters/);
    expect(JSON.parse(sagitta('about', '--remove', '--json').stdout)).toEqual({ folders: {} });
  });

  it('removes documents and folders', () => {
    expect(sagitta('remove', 'export.jsonl#r1')).toMatchObject({ code: 0, stdout: 'removed 1 document\n' });
    expect(sagitta('remove', 'nothing').code).toBe(3);
    expect(sagitta('remove', 'docs/', '--in', '.other').code).toBe(3);
  });

  it('passes its own examination', () => {
    const { code, stdout } = sagitta('doctor');
    expect(stdout).toMatch(/ok\s+Node/);
    expect(code, stdout).toBe(0);
  });

  it.each([
    ['a missing path', ['index', 'nowhere', '--in', '.empty'], 3, /nowhere.*(exist|found)/],
    ['no collection', ['search', 'x', '--in', '.none'], 3, /no collection in \.none.*sagitta index/],
    ['an empty query', ['search', ' '], 2, /query is empty/],
    ['k of 0', ['search', 'x', '-k', '0'], 2, /whole number of at least 1/],
    ['an unknown field', ['search', 'x', '--filter', 'yaer = 1'], 2, /Did you mean "year"/],
    ['an unknown option', ['search', 'x', '--explian'], 2, /--explain/],
    ['an unknown command', ['serach', 'x'], 2, /search/],
    ['an unknown encoder', ['index', 'docs', '--encoder', 'minilmm', '--in', '.empty'], 2, /minilm/],
    ['another encoder', ['index', 'docs', '--encoder', 'none'], 6, /made with the encoder "hash:64"/],
  ])('answers %s with one clear line and the documented exit code', (_what, args, code, message) => {
    const outcome = sagitta(...args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
    expect(outcome.code).toBe(code);
  });

  it('says with --json what went wrong', () => {
    const { code, stdout } = sagitta('search', 'x', '--in', '.none', '--json');
    expect(code).toBe(3);
    expect(JSON.parse(sagitta('search', 'x', '-k', '0', '--json').stdout).error.message).toMatch(/at least 1/);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'not-found',
      remedy: expect.stringMatching(/sagitta index/),
    });
  });

  it('lists a named file that it cannot use, and names documents alike from every folder', async () => {
    await writeFile(join(folder, 'noise.bin'), Buffer.from([0, 1, 2, 0, 255, 0, 7]));
    const { code, stderr } = sagitta('index', 'noise.bin', 'docs/keys.md', '--in', '.named', '--encoder', 'none');
    expect(stderr).toMatch(/failed noise\.bin: It is not text/);
    expect(code).toBe(1);
    const inside = spawnSync(process.execPath, [...program, 'index', 'keys.md', '--in', '../.named', '--json'], {
      cwd: join(folder, 'docs'),
      encoding: 'utf8',
    });
    expect(JSON.parse(inside.stdout)).toMatchObject({ unchanged: 1, added: 0, removed: 0, documents: 1 });
  });

  it('leaves no collection behind when there was nothing to index', async () => {
    await mkdir(join(folder, 'empty'), { recursive: true });
    const { code, stderr } = sagitta('index', 'empty', '--in', '.nothing');
    expect(stderr).toMatch(/nothing to index/i);
    expect(code).toBe(3);
    expect(readdirSync(folder)).not.toContain('.nothing');
  });

  it('is interrupted by Ctrl-C without harm', async () => {
    const many = join(folder, 'many');
    await mkdir(many, { recursive: true });
    for (let i = 0; i < 3000; i++)
      writeFileSync(join(many, `${i}.md`), `# Number ${i}\n\n${'Some words about it. '.repeat(60)}\n`);
    const child = spawn(
      process.execPath,
      [...program, 'index', 'many', '--in', '.interrupted', '--encoder', 'hash:64'],
      { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const exit = new Promise((done) => child.on('exit', done));
    while (!existsSync(join(folder, '.interrupted/writer.lock'))) await new Promise((next) => setTimeout(next, 5));
    child.kill('SIGINT');
    expect(await exit, stderr).toBe(130);
    expect(stderr).toMatch(/Interrupted/);
    const again = sagitta('index', 'many', '--in', '.interrupted', '--encoder', 'hash:64', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ documents: 3000, failures: [] });
    expect(sagitta('verify', '--in', '.interrupted').code).toBe(0);
  });

  it('finds damage, and names the file', () => {
    const segments = join(folder, '.sagitta/segments');
    const victim = join(segments, readdirSync(segments).find((name) => name.endsWith('.seg'))!);
    truncateSync(victim, readFileSync(victim).length - 10);
    const { code, stderr } = sagitta('verify');
    expect(code).toBe(5);
    expect(stderr).toMatch(/fault .*\.seg/);
    expect(sagitta('search', 'keys').code).toBe(5);
  });
});
