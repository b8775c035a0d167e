import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/**
 * Every example in the README, in docs/ and in doc comments runs: each fenced `ts` block that imports from `sagitta-search`. A
 * comment behind `console.log(...)` is what it must print.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = join(root, 'test/.examples');

interface Example {
  readonly name: string;
  readonly code: string;
}

function examplesIn(path: string): Example[] {
  const source = readFileSync(join(root, path), 'utf8');
  const text = path.endsWith('.ts') ? source.replaceAll(/^[ \t]*\* ?/gm, '') : source;
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)]
    .map((match) => ({
      code: match[1]!,
      name: `${path}, line ${text.slice(0, match.index).split('\n').length}`,
    }))
    .filter(({ code }) => /from 'sagitta/.test(code));
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sources(path);
    return path.endsWith('.ts') && !path.endsWith('.test.ts') ? [path] : [];
  });
}

const documents = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const examples = [...documents, ...sources('src')].flatMap(examplesIn);

describe('an example', () => {
  let work: string;
  const home = process.cwd();

  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), 'sagitta-example-'));
    process.chdir(work);
    mkdirSync(scratch, { recursive: true });
  });

  afterEach(() => {
    process.chdir(home);
    rmSync(work, { recursive: true, force: true });
    rmSync(scratch, { recursive: true, force: true });
    vi.restoreAllMocks();
  });

  it('stands in the README', () => {
    expect(examples.some(({ name }) => name.startsWith('README.md'))).toBe(true);
  });

  it.each(examples.map((example, i) => [example.name, example, i] as const))('%s', async (_name, { code }, i) => {
    const printed: string[] = [];
    vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
      printed.push(values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(' '));
    });
    const file = join(scratch, `example-${i}.ts`);
    writeFileSync(file, code);
    await import(/* @vite-ignore */ pathToFileURL(file).href);
    const promised = [...code.matchAll(/console\.log\(.*\);? *\/\/ (.*)$/gm)].map((match) => match[1]!.trim());
    expect(printed.slice(0, promised.length)).toEqual(promised);
  });
});
