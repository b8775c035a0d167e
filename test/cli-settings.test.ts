import { afterEach, describe, expect, it, vi } from 'vitest';
import { InvalidArgumentError, NotFoundError } from '../src/base/errors.ts';
import { learnCompressorCommand } from '../src/cli/learn-compressor-command.ts';
import { learnRelevanceCommand } from '../src/cli/learn-relevance-command.ts';
import { getCommand } from '../src/cli/manage-commands.ts';
import { openHere } from '../src/cli/opening.ts';
import { run } from '../src/cli/run.ts';
import { type SearchCommandOptions, searchCommand } from '../src/cli/search-command.ts';
import { keysCommand } from '../src/cli/serve-command.ts';
import { servedCollections } from '../src/cli/served-collections.ts';
import { subsetCommand } from '../src/cli/subset-command.ts';
import { openCollection } from '../src/collection/index.ts';
import { type TestFolder, testFolder } from './support/files.ts';

const { signal } = new AbortController();
const usual = { json: false, k: 10, raw: false, repeats: false, explain: false, format: 'text', pager: false } as const;

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** What is written to stdout while `work` runs. */
async function printed(work: () => Promise<void>, isTerminal: boolean): Promise<string> {
  const before = process.stdout.isTTY;
  let all = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    all += text;
    return true;
  });
  process.stdout.isTTY = isTerminal;
  try {
    await work();
  } finally {
    process.stdout.isTTY = before;
    vi.restoreAllMocks();
  }
  return all;
}

async function collectionOf(folder: TestFolder, ...texts: string[]): Promise<string> {
  await using collection = await openCollection(folder.at('c'), { create: true, encoder: 'hash:16' });
  await collection.add(texts.map((text, i) => ({ id: `d${i}`, text })));
  return folder.at('c');
}

describe('texts of documents', () => {
  it('drive no terminal, and are as they are for files and programs', async () => {
    using folder = testFolder();
    const wild = 'oats \u001b]0;owned\u0007 and \u009b31m barley';
    const directory = await collectionOf(folder, wild);
    const search =
      (format: SearchCommandOptions['format'], json = false) =>
      () =>
        searchCommand(['oats'], { ...usual, in: directory, format, json }, signal);
    const get = () => getCommand('d0', { in: directory, json: false, pager: false });
    for (const command of [search('csv'), search('md'), search('jsonl'), search('text', true), search('text'), get]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to look for
      expect(await printed(command, true)).not.toMatch(/[\u0007\u009b]|\u001b\]/);
    }
    expect(await printed(get, false)).toBe(`${wild}\n`);
    expect(await printed(search('csv'), false)).toContain(wild);
    for (const isTerminal of [true, false]) {
      const [line = ''] = (await printed(search('jsonl'), isTerminal)).split('\n');
      expect(JSON.parse(line).text).toBe(wild);
      expect(JSON.parse(await printed(search('text', true), isTerminal)).hits[0].text).toBe(wild);
    }
  });

  it('drive none where they stand in an error either', async () => {
    let said = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += text;
      return true;
    });
    await run(false, async () => {
      throw new InvalidArgumentError('There is no \u001b]0;owned\u0007.', 'Name another.');
    });
    process.exitCode = undefined;
    expect(said).toContain('There is no \ufffd]0;owned\ufffd. Name another.');
  });
});

describe('options of search that would have no effect', () => {
  it.each<[Partial<SearchCommandOptions>, string, string]>([
    [{ like: ['d0'], raw: true }, '', '--raw has no effect beside --like, where there is no query.'],
    [{ relevant: true, turn: ['x'] }, 'oats', '--turn has no effect beside --relevant.'],
    [{ relevant: true, nprobe: 2 }, 'oats', '--nprobe has no effect beside --relevant.'],
    [{ retriever: 'dense', candidates: 5 }, 'oats', '--candidates has no effect beside --retriever dense.'],
    [{ retriever: 'bm25', nprobe: 5 }, 'oats', '--nprobe has no effect beside --retriever bm25.'],
    [{ explain: true, format: 'csv' }, 'oats', '--explain has no effect beside --format csv.'],
    [{ filter: 'id = d0', pipeline: 'words' }, '', '--pipeline has no effect beside --filter without a query.'],
    [{ filter: 'id = d0', relevant: true }, '', '--relevant has no effect beside --filter without a query.'],
  ])('are refused aloud: %j', async (options, query, sentence) => {
    using folder = testFolder();
    const directory = await collectionOf(folder, 'oats');
    const words = query === '' ? [] : [query];
    await expect(searchCommand(words, { ...usual, ...options, in: directory }, signal)).rejects.toThrow(sentence);
  });

  it('are taken where they have one', async () => {
    using folder = testFolder();
    const directory = await collectionOf(folder, 'oats', 'barley');
    const ask = (words: string[], options: Partial<SearchCommandOptions>) =>
      printed(() => searchCommand(words, { ...usual, format: 'jsonl', ...options, in: directory }, signal), false);
    expect(await ask(['oats'], { raw: true, candidates: 5, explain: true })).toContain('contributions');
    expect(await ask([], { filter: 'id = d1' })).toContain('"d1"');
    expect(await ask([], { like: ['d0'], filter: 'id = d1' })).toContain('"d1"');
  });
});

describe('judged documents that the collection has not', () => {
  const queries = '{"_id":"q","text":"which grain","metadata":{"answers":["oats"]}}\n';
  const learning = { json: true, quiet: true, k: 5, by: 'signals', seed: 1 } as const;

  it('are counted and named before anything is learned', async () => {
    using folder = testFolder({ 'q.jsonl': queries, 'none.tsv': 'q\tx1\t1\nq\tx2\t1\n', 'zero.tsv': 'q\td0\t0\n' });
    const directory = await collectionOf(folder, 'oats');
    const files = { in: directory, queries: folder.at('q.jsonl') };
    const missed = `None of the 2 documents that ${folder.at('none.tsv')} judges relevant is in the collection, such as "x1". Name documents by their ids`;
    const none = { ...files, qrels: folder.at('none.tsv') };
    await expect(learnCompressorCommand({ ...learning, ...none }, signal)).rejects.toThrow(missed);
    await expect(learnRelevanceCommand({ ...learning, ...none, by: 'list', foreign: false }, signal)).rejects.toThrow(
      missed,
    );
    const zero = { ...files, qrels: folder.at('zero.tsv') };
    await expect(learnCompressorCommand({ ...learning, ...zero }, signal)).rejects.toThrow(
      'judges no document relevant',
    );
  });

  it('are said where others are there', async () => {
    using folder = testFolder({ 'q.jsonl': queries, 'some.tsv': 'q\td0\t1\nq\tx2\t1\n' });
    const directory = await collectionOf(folder, 'oats');
    let said = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += text;
      return true;
    });
    const files = { in: directory, queries: folder.at('q.jsonl'), qrels: folder.at('some.tsv') };
    await expect(learnCompressorCommand({ ...learning, ...files }, signal)).rejects.toThrow('too few to learn from');
    expect(said).toContain('1 of the 2 documents that');
    expect(said).toContain('such as "x2"');
  });
});

describe('what is named on the command line and is not that', () => {
  it('a source that is not there is refused at the start', async () => {
    using folder = testFolder({ 'docs/a.txt': 'x' });
    const directory = await collectionOf(folder, 'oats');
    await expect(servedCollections([directory], [folder.at('none')])).rejects.toThrow(NotFoundError);
    await expect(servedCollections([directory], [`c=${folder.at('none')}`])).rejects.toThrow(
      `there is no file or folder ${folder.at('none')}. Check the spelling, or make it first.`,
    );
    const [served] = await servedCollections([directory], [folder.at('docs')]);
    expect(served?.sources).toEqual([folder.at('docs')]);
  });

  it('a folder in place of a file is told as that', async () => {
    using folder = testFolder({ 'd/a': '' });
    const path = folder.at('d');
    await expect(keysCommand('list', undefined, { keys: path, scope: 'read', json: false })).rejects.toThrow(
      `${path} is a folder, and a file of API keys is needed.`,
    );
    const subset = { json: false, metric: 'ndcg@10', correlation: 1, error: 1, seed: 1 };
    await expect(subsetCommand([path], subset)).rejects.toThrow(`${path}: it is a folder.`);
  });

  it('comes in remedies as a shell takes it', async () => {
    using folder = testFolder();
    const named = folder.at('my grain & co');
    await expect(openHere(named)).rejects.toThrow(`\`sagitta index PATH --in '${named}'\``);
    const directory = await collectionOf(folder, 'oats');
    const encoder = 'extended:minilm?window=1024&positions=grouped';
    await expect(openHere(directory, { encoder })).rejects.toThrow(
      `\`sagitta reencode --encoder '${encoder}' --in ${directory}\``,
    );
  });
});
