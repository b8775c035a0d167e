import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CorruptFileError, DataFormatError, NotFoundError } from '../base/errors.ts';
import { formatRun, openTestCollection, readCorpus, readJudgements, readQueries, readRun } from './index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sagitta-eval-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

describe('readJudgements', () => {
  const expected = new Map([
    ['1', new Map([['a', 1]])],
    ['2', new Map([['b', 0]])],
  ]);

  it.each([
    ['beir', 'query-id\tcorpus-id\tscore\n1\ta\t1\r\n\n2\tb\t0\n'],
    ['trec', '1 0 a 1\n2\t0\tb\t0'],
    ['jsonl', '{"query-id": 1, "corpus-id": "a", "score": 1}\n{"qid": "2", "docid": "b", "relevance": 0}\n'],
  ])('reads %s', async (format, content) => {
    const { judgements, format: found, sha256 } = await readJudgements(file('q', content));
    expect(judgements).toEqual(expected);
    expect(found).toBe(format);
    expect(sha256).toBe(createHash('sha256').update(content).digest('hex'));
  });

  it('reads gzip, and says when it is damaged', async () => {
    const zipped = gzipSync('1 0 a 1\n2 0 b 0\n');
    expect((await readJudgements(file('q.gz', zipped))).judgements).toEqual(expected);
    await expect(readJudgements(file('r.gz', zipped.subarray(0, 12)))).rejects.toThrow(/compression is damaged/);
  });

  it('reports pairs that are judged twice', async () => {
    const { judgements, findings } = await readJudgements(file('q', '1 0 a 1\n1 0 a 2\n1 0 a 2\n'));
    expect(judgements.get('1')?.get('a')).toBe(2);
    expect(findings.map(({ what, count }) => [what, count])).toEqual([
      ['pairs judged twice with different grades; the last one counts', 1],
      ['pairs judged twice with the same grade', 1],
    ]);
  });

  it.each([
    ['mixed formats', '1 0 a 1\n2\tb\t1\n', /q:2: this line does not have four columns/],
    ['a grade that is no number', '1 0 a yes\n', /q:1: the grade is "yes"/],
    ['NaN', '1 0 a NaN\n', /q:1: the grade is "NaN"/],
    ['an empty file', '\n\n', /holds no judgements/],
    ['prose', 'These are not judgements at all.\n', /q:1: it is neither/],
  ])('refuses %s', async (_, content, message) => {
    const reading = readJudgements(file('q', content));
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(DataFormatError);
  });

  it('refuses bytes that are not UTF-8', async () => {
    await expect(readJudgements(file('q', Uint8Array.of(0x31, 0xff, 0x0a)))).rejects.toThrow(/not UTF-8/);
  });
});

describe('readRun', () => {
  it('reads what formatRun wrote, in the order of trec_eval', async () => {
    const run = new Map([['q', { ids: ['a', 'b', 'c'], scores: [0.1, 0.30000000000000004, 0.1] }]]);
    const text = formatRun(run, 'mine');
    expect(text).toBe('q Q0 b 1 0.30000000000000004 mine\nq Q0 c 2 0.1 mine\nq Q0 a 3 0.1 mine\n');
    const { run: back, tag, findings } = await readRun(file('r', text));
    expect(back.get('q')).toEqual({ ids: ['b', 'c', 'a'], scores: Float64Array.of(0.30000000000000004, 0.1, 0.1) });
    expect(tag).toBe('mine');
    expect(findings).toEqual([]);
  });

  it('reports ranks out of order and twice the same, and duplicates', async () => {
    const text = 'q Q0 a 1 1.0 t\nq Q0 b 2 2.0 t\nq Q0 c 2 0.5 t\nq Q0 a 4 0.1 t\n';
    const { run, findings } = await readRun(file('r', text));
    expect(run.get('q')?.scores).toEqual(Float64Array.of(1, 2, 0.5));
    expect(findings).toMatchObject([
      { kind: 'rank-contradicts-score', count: 2, examples: [`${join(folder, 'r')}:2`, `${join(folder, 'r')}:3`] },
      { kind: 'duplicate-document', count: 1 },
    ]);
  });

  it('reads JSONL', async () => {
    const { run } = await readRun(file('r', '{"query_id": "q", "doc_id": "a", "score": 1.5}\n'));
    expect(run.get('q')).toEqual({ ids: ['a'], scores: Float64Array.of(1.5) });
  });

  it.each([
    ['NaN', 'q Q0 a 1 nan t\n', /r:1: the score is "nan"/],
    ['too few columns', 'q a 1\n', /r:1: it has 3 columns instead of six/],
    ['a change of format', 'q Q0 a 1 1 t\n{"query_id": "q"}\n', /r:2: it has 2 columns/],
    ['an empty file', '', /holds no results/],
  ])('refuses %s', async (_, content, message) => {
    await expect(readRun(file('r', content))).rejects.toThrow(message);
  });

  it('refuses to write ids that the format cannot hold', () => {
    expect(() => formatRun(new Map([['q', { ids: ['a b'], scores: [1] }]]), 't')).toThrow(/document id "a b"/);
  });
});

describe('readQueries', () => {
  it('reads TREC topics with fields on one line and several', async () => {
    const topics =
      '<top>\n<num> Number: 301\n<title> International\nOrganized Crime\n<desc> Description:\nWhat?\n</top>\n<top>\n<num>302</num>\n<title>polio</title>\n</top>\n';
    expect([...(await readQueries(file('t', topics))).queries]).toEqual([
      ['301', 'International Organized Crime'],
      ['302', 'polio'],
    ]);
    await expect(readQueries(file('u', '<top>\n<num>1\n<title>x\n'))).rejects.toThrow(/not closed/);
  });

  it('reads tabs and JSONL, and reports ids that come twice', async () => {
    const { queries, findings } = await readQueries(file('t', '1\tfirst\n2\t\n1\tsecond\n'));
    expect([...queries]).toEqual([
      ['1', 'second'],
      ['2', ''],
    ]);
    expect(findings.map(({ kind }) => kind)).toEqual(['empty-text', 'duplicate-query']);
    await expect(readQueries(file('j', '{"_id": "1"}\n'))).rejects.toThrow(/j:1: there is no text/);
  });

  it.each([
    ['an empty file', '\n', /holds no queries/],
    ['topics without any', '<html>\n', /holds no queries/],
    ['JSON after tabs', '1\tfirst\n{"_id": "2", "text": "second"}\n', /q:2: it is neither JSON, nor id and text/],
    ['tabs after JSON', '{"_id": "1", "text": "first"}\n2\tsecond\n', /q:2: /],
    ['prose', 'What is this?\n', /q:1: it is neither JSON/],
  ])('refuses %s', async (_, content, message) => {
    const reading = readQueries(file('q', content));
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(DataFormatError);
  });
});

describe('openTestCollection', () => {
  beforeEach(() => {
    file(
      'corpus.jsonl',
      '{"_id": "a", "title": "A", "text": "x"}\n{"_id": "b", "text": "y"}\n{"_id": "b", "text": "z"}\n',
    );
    file('queries.jsonl', '{"_id": "1", "text": "x?"}\n{"_id": "2", "text": "y?"}\n{"_id": "3", "text": "z?"}\n');
    file('qrels/test.tsv', 'query-id\tcorpus-id\tscore\n1\ta\t1\n1\tgone\t1\n2\tb\t0\n9\ta\t1\n');
  });

  it('keeps what fits together and reports the rest', async () => {
    const collection = await openTestCollection(folder);
    expect(collection.documentCount).toBe(2);
    expect([...collection.queries.keys()]).toEqual(['1']);
    expect(collection.findings.map(({ kind, count }) => [kind, count])).toEqual([
      ['duplicate-document', 1],
      ['dangling-document', 1],
      ['query-without-relevant', 1],
      ['dangling-query', 1],
    ]);
    const titles: string[] = [];
    for await (const { id, title } of collection.documents()) titles.push(`${id}:${title}`);
    expect(titles).toEqual(['a:A', 'b:', 'b:']);
  });

  it('notices that the corpus changed while it was open', async () => {
    const collection = await openTestCollection(folder);
    appendFileSync(join(folder, 'corpus.jsonl'), '{"_id": "c", "text": "new"}\n');
    const reading = async () => {
      for await (const _ of collection.documents());
    };
    await expect(reading()).rejects.toThrow(CorruptFileError);
    expect((await openTestCollection(folder)).fingerprint).not.toBe(collection.fingerprint);
  });

  it('verifies checksums where there are some', async () => {
    const { files } = await openTestCollection(folder);
    file('SHA256SUMS', `${files.corpus.sha256}  corpus.jsonl\n`);
    await openTestCollection(folder);
    file('SHA256SUMS', `${'0'.repeat(64)}  corpus.jsonl\n`);
    await expect(openTestCollection(folder)).rejects.toThrow(/SHA256SUMS says 0000/);
  });

  it('says what it looked for and what there is', async () => {
    await expect(openTestCollection(folder, { split: 'train' })).rejects.toThrow(
      /no judgements \(looked for qrels\/train\.tsv.*there are corpus\.jsonl, qrels, queries\.jsonl/,
    );
    await expect(openTestCollection(join(folder, 'none'))).rejects.toThrow(NotFoundError);
  });
});

describe('fields that guessing would lose', () => {
  it.each([
    [
      'an id with more digits than a number keeps',
      '{"_id": 12345678901234567890, "text": "a"}',
      /_id .* more digits.*in quotes/,
    ],
    ['a text that is a list', '{"_id": "a", "title": "t", "text": ["one", "two"]}', /the text is a list/],
    ['a title that is an object', '{"_id": "a", "title": {"en": "t"}, "text": "x"}', /the title is of the type object/],
  ])('refuses %s', async (_, line, message) => {
    await expect(readCorpus(file('c', `${line}\n`)).next()).rejects.toThrow(message);
  });

  it('takes numbers for texts, and null for nothing', async () => {
    const { value } = await readCorpus(file('c', '{"_id": 7, "title": 1984, "text": null, "contents": 42}\n')).next();
    expect(value).toEqual({ id: '7', title: '1984', text: '42' });
  });
});
