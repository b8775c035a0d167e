import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sagittaIn } from './support/command.ts';
import { type TestFolder, testFolder } from './support/files.ts';

let folder: TestFolder;
const sagitta = (...args: string[]) => sagittaIn(folder.path, ...args);
const chapter = (n: number): string => `## Chapter ${n}\n\nThe harbour has a lamp and a keeper of number ${n}.\n\n`;

beforeAll(async () => {
  folder = testFolder({
    'docs/book.md': `# Book\n\n${Array.from({ length: 60 }, (_, n) => chapter(n)).join('')}`,
    'docs/leaf.md':
      '# Leaf\n\nOf a lamp in a harbour, and of much else besides that has nothing to do with it at all.\n',
    'docs/drafts/old.md': 'A draft about a harbour.\n',
    'notes/n.txt': 'A harbour without light.\n',
  });
  const options = ['--encoder', 'none', '--passage-words', '30'];
  expect(await sagitta('index', 'docs', '--exclude', 'drafts', ...options)).toMatchObject({ code: 0 });
});
afterAll(() => folder[Symbol.dispose]());

describe('sagitta search', () => {
  it('shows documents, with how many further passages of them were found and where', async () => {
    const { stdout } = await sagitta('search', 'harbour lamp keeper');
    expect(stdout).toMatch(/^ 1 {2}docs[\\/]book\.md › Book › Chapter \d+ \(line \d+\)/);
    expect(stdout).toMatch(/\n {4}59 further passages: line \d+, line \d+, line \d+, \.\.\.\n/);
    expect(stdout).toMatch(/\n 2 {2}docs[\\/]leaf\.md/);
    expect(stdout).toMatch(/\n2 documents in/);
    expect(stdout).toMatch(/\n2 of 10, because /);

    const found = JSON.parse((await sagitta('search', 'harbour lamp', '-k', '1', '--json')).stdout);
    expect(found.hits).toHaveLength(1);
    expect(found.shortfall).toBeUndefined();
    const one = JSON.parse((await sagitta('search', 'keeper', '-k', '1', '--format', 'jsonl')).stdout);
    expect(one.further[0]).toEqual({
      start: expect.any(Number),
      end: expect.any(Number),
      score: expect.any(Number),
      headings: ['Book', expect.stringMatching(/^Chapter/)],
    });
    expect((await sagitta('search', 'keeper', '--format', 'csv')).stdout).toMatch(/^rank,.*,further\n1,.*,59\n$/s);
    expect((await sagitta('search', 'keeper', '--format', 'md')).stdout).toMatch(
      /^1\. .* \(\d\.\d+, 59 further passages\)/,
    );
  }, 60_000);

  it('shows passages where that is asked for', async () => {
    const hits = async (...options: string[]) =>
      JSON.parse((await sagitta('search', 'harbour lamp', '--json', ...options)).stdout).hits;
    expect(await hits('--group', 'none')).toHaveLength(10);
    expect((await hits('--per-document', '2')).map(({ id }: { id: string }) => id)).toHaveLength(3);
    expect((await hits('--group', 'none'))[0]).not.toHaveProperty('further');
    expect(await sagitta('search', 'x', '--group', 'document', '--per-document', '2')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/exclude each other.*Give one of them/),
    });
  }, 60_000);
});

describe('sagitta index without paths', () => {
  it('reads again what it read before, chosen as before', async () => {
    expect(await sagitta('index', '--in', 'none')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/No path was given.*sagitta index FOLDER/),
    });
    expect((await sagitta('index', 'notes')).code).toBe(0);
    writeFileSync(folder.at('notes/more.txt'), 'A light.\n');
    const { code, stdout, stderr } = await sagitta('index');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^reading again docs, notes\n/);
    expect(stdout).toMatch(/indexed: 1 document added, 3 unchanged/);
    expect((await sagitta('index', '--list')).stdout).toMatch(/book\.md.*leaf\.md.*more\.txt.*n\.txt/s);
    expect((await sagitta('inspect')).stdout).toMatch(/\nread from docs --exclude drafts; notes\n/);

    const removed = await sagitta('remove', 'notes/', '--json');
    expect(JSON.parse(removed.stdout)).toEqual({ removed: 2, missing: [], forgotten: ['notes'] });
    expect((await sagitta('index')).stderr).toMatch(/^reading again docs\n/);
  }, 60_000);
});
