import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeWords } from '../src/cli/free-words.ts';
import { formatHits } from '../src/cli/search-formats.ts';
import { filterFromHere, idFromHere, nearestCollection, shownFromHere } from '../src/cli/where.ts';
import { openCollection, type SearchHit } from '../src/collection/index.ts';
import { parseFilter } from '../src/search/index.ts';
import { program } from './support/command.ts';
import { type TestFolder, testFolder } from './support/files.ts';

describe('words that begin with dashes', () => {
  const command = new Command('search')
    .option('-k, --k <n>')
    .option('--json')
    .option('--filter <text>')
    .option('--explain');
  it.each<[string[], string[], string[]]>([
    [['--no-verify'], ['--', '--no-verify'], ['--no-verify']],
    [
      ['what', 'does', '--no-verify', 'do', '-k', '3'],
      ['-k', '3', '--', 'what', 'does', '--no-verify', 'do'],
      ['--no-verify'],
    ],
    [['--json', 'x', '-k5', '--k=7'], ['--json', '-k5', '--k=7', '--', 'x'], []],
    [['--filter', '--odd', 'x'], ['--filter', '--odd', '--', 'x'], []],
    [['--', '--json', '-k'], ['--', '--json', '-k'], []],
    [
      ['-1', '-', '--no verify here'],
      ['--', '-1', '-', '--no verify here'],
      ['-1', '--no verify here'],
    ],
    [['x', '--explian'], ['--explian', '--', 'x'], []],
    [['-kind:report', '-k5'], ['-k5', '--', '-kind:report'], ['-kind:report']],
    [['--help'], ['--help'], []],
    [['-h'], ['-h'], []],
  ])('%j', (given, args, dashed) => {
    expect(freeWords(command, given)).toEqual({ args, dashed });
  });
});

describe('hits for other programs', () => {
  const hit: SearchHit = {
    rank: 1,
    score: 0.5,
    id: 'a,b.md',
    title: 'A "title"',
    text: 'two\nlines *here*',
    start: 3,
    end: 20,
    headings: ['One_two', 'B'],
    page: 2,
    language: 'en',
    metadata: { year: 2020 },
    highlights: [],
    snippet: { text: 'two lines here', highlights: [] },
  };

  it('are a JSON object a line, a table, or a list with quotations', () => {
    expect(formatHits([hit, hit], 'jsonl').map((line) => JSON.parse(line))).toEqual([hit, hit]);
    expect(formatHits([hit], 'csv')).toEqual([
      'rank,score,id,path,title,section,page,start,end,language,text,further',
      '1,0.5,"a,b.md",,"A ""title""",One_two > B,2,3,20,en,"two\nlines *here*",',
    ]);
    expect(formatHits([hit], 'md')).toEqual([
      '1. **a,b.md › One\\_two › B › page 2** (0.500)\n\n> two\n> lines *here*\n',
    ]);
    expect(formatHits([], 'csv')).toHaveLength(1);
    expect(formatHits([], 'md')).toEqual([]);
  });
});

describe('from a folder below the collection', () => {
  let folder: TestFolder;
  const sagitta = (cwd: string, ...args: string[]): { code: number | null; stdout: string; stderr: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...args], {
      cwd: folder.at(cwd),
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    });
    return { code: status, stdout, stderr };
  };
  beforeAll(async () => {
    folder = testFolder({
      'docs/guides/hooks.md': '# Hooks\n\nThe flag --no-verify skips the hooks.\n',
      'docs/intro.md': '# Intro\n\nHooks run before each commit.\n',
      'other.md': 'Hooks of another kind.\n',
    });
    mkdirSync(folder.at('empty/below'), { recursive: true });
    const collection = await openCollection(folder.at('.sagitta'), { create: true, encoder: 'none' });
    await collection.index([folder.path]);
    await collection.add([{ id: '-x', text: 'dash' }]);
    await collection.close();
  });
  afterAll(() => folder[Symbol.dispose]());

  it('finds it, as a path from there', () => {
    expect(nearestCollection(folder.path)).toBe('.sagitta');
    expect(nearestCollection(folder.at('docs/guides'))).toBe(join('..', '..', '.sagitta'));
    expect(nearestCollection('/')).toBe('.sagitta');
  });

  it('takes paths from where one stands for what they are', () => {
    const before = process.cwd();
    const collection = folder.at('.sagitta');
    try {
      process.chdir(folder.at('docs/guides'));
      expect(shownFromHere(collection, 'hooks.md')).toBe('docs/guides/hooks.md');
      expect(idFromHere(collection, './hooks.md')).toBe('docs/guides/hooks.md');
      expect(idFromHere(collection, '../')).toBe('docs/');
      expect(idFromHere(collection, '../../')).toBe('');
      expect(idFromHere(collection, folder.at('docs/intro.md'))).toBe('docs/intro.md');
      for (const id of ['hooks.md', '/elsewhere/x', '.hidden', 'a/../b']) expect(idFromHere(collection, id)).toBe(id);
      const filter = parseFilter(
        'path ^= ../ and not (id in [./hooks.md, x] or title = ./a) and path matches "./**/*.md"',
      );
      expect(filterFromHere(collection, filter)).toEqual(
        parseFilter(
          'path ^= docs/ and not (id in [docs/guides/hooks.md, x] or title = ./a) and path matches "docs/guides/**/*.md"',
        ),
      );
    } finally {
      process.chdir(before);
    }
  });

  it('searches, reads and removes there', () => {
    const found = sagitta(
      'docs/guides',
      'search',
      '--no-verify',
      '--filter',
      'path ^= ./',
      '--format',
      'jsonl',
      '-k',
      '1',
    );
    expect(found.stderr).toMatch(/--no-verify is no option of `sagitta search`, but part of the query/);
    expect(JSON.parse(found.stdout)).toMatchObject({ id: 'docs/guides/hooks.md' });
    expect(sagitta('docs/guides', 'get', 'hooks.md').stdout).toContain('skips the hooks');
    expect(sagitta('docs', 'get', 'docs/guides/hooks.md').stdout).toContain('skips the hooks');
    expect(sagitta('.', 'get', '-x').stdout).toBe('dash\n');
    const none = sagitta('docs', 'search', 'hooks', '--filter', 'format = markdwon');
    expect(none.stdout).toMatch(/no document has format = "markdwon"; format is "markdown"/);
    expect(sagitta('docs', 'search', 'hooks', '--format', 'xml').stderr).toMatch(/jsonl, csv, md/);
    expect(sagitta('docs', 'search', 'hooks', '--format', 'csv', '--json').code).toBe(2);
    expect(sagitta('docs', 'remove', './guides/', '-x').stdout).toBe('removed 2 documents\n');
  }, 120_000);
});
