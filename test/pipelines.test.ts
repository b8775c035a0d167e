import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Collection, openCollection } from 'sagitta-search';
import { type Feedback, pipeline, type Reranker } from 'sagitta-search/search';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../src/client/index.ts';
import { SagittaRetriever } from '../src/langchain/index.ts';
import { type TestFolder, testFolder } from './support/files.ts';
import { NOTES, testServer } from './support/server.ts';

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const loader = fileURLToPath(import.meta.resolve('tsx'));

const longest: Reranker = { id: 'longest', score: async (_, candidates) => candidates.map(({ length }) => length) };
const again: Feedback = { id: 'again', refine: async (query) => ({ ...query, content: `${query.content} ship` }) };

let folder: TestFolder;
let collection: Collection;
beforeAll(async () => {
  folder = testFolder();
  collection = await openCollection(folder.at('notes'), {
    create: true,
    encoder: 'hash:64',
    extensions: { rerankers: [longest], feedbacks: [again] },
  });
  await collection.add(NOTES);
});
afterAll(async () => {
  await collection.close();
  folder[Symbol.dispose]();
});

const idsOf = ({ hits }: { readonly hits: readonly { readonly id: string }[] }): string[] => hits.map(({ id }) => id);

describe('a collection', () => {
  it('is searched by a text, by data and by what was built, alike', async () => {
    const text = 'fuse(words, meaning) > rerank(longest) > group(1)';
    const built = pipeline('words').fuse('meaning').rerank('longest').group(1);
    const { hits, trace, retriever } = await collection.search('harbour', { pipeline: text, explain: true });
    expect(hits.length).toBeGreaterThan(1);
    expect(retriever).toBe(text);
    for (const same of [built, JSON.parse(JSON.stringify(built))]) {
      expect((await collection.search('harbour', { pipeline: same, explain: true })).hits).toEqual(hits);
    }
    expect(trace.stage).toBe('group 1');
    expect(trace.inputs![0]!.stage).toBe('rerank longest');
    const { contributions } = hits.find(({ id }) => id === 'harbour')!;
    expect(contributions!.map(({ stage }) => stage)).toEqual(['bm25', 'dense', 'rerank longest']);
    expect((await collection.rank('harbour', { pipeline: text })).ids).toEqual(hits.map(({ id }) => id));
    const fed = await collection.search('harbour', { pipeline: 'words > feedback(again)', explain: true });
    expect(fed.trace.note).toContain('it now asks "harbour ship"');
  });

  it('keeps what is relevant, as searchRelevant does', async () => {
    await using words = await openCollection(folder.at('words'), { create: true, encoder: 'none' });
    await words.add(NOTES);
    const cut = await words.search('harbour', { pipeline: 'words > group > cut', k: 10 });
    const relevant = await words.searchRelevant('harbour', { k: 10 });
    expect(idsOf(cut)).toEqual(idsOf(relevant));
    expect(cut.relevance).toEqual(relevant.relevance);
    expect(cut.hits.map(({ relevance }) => relevance)).toEqual(relevant.hits.map(({ relevance }) => relevance));
    await expect(collection.search('harbour', { pipeline: 'words > cut' })).rejects.toThrow(
      /has not learned what is relevant, and none is known of the encoder "hash:64"/,
    );
  });

  it('keeps pipelines by name, and one for searches that name none', async () => {
    await collection.namePipeline('titled', 'words > group');
    await collection.namePipeline('best', 'titled > rerank(longest, depth=3)');
    await collection.setDefaultPipeline('best');
    await using again = await openCollection(folder.at('notes'), { extensions: { rerankers: [longest] } });
    expect(await again.pipelines()).toEqual({
      named: { titled: 'words > group', best: 'titled > rerank(longest, depth=3)' },
      standard: 'best',
    });
    const { retriever, hits } = await again.search('harbour');
    expect(retriever).toBe('best');
    expect(hits).toEqual((await again.search('harbour', { pipeline: 'best' })).hits);
    expect((await again.search('harbour', { retriever: 'hybrid' })).retriever).toBe('hybrid');
    expect((await again.verify()).sound).toBe(true);
    await again.add([{ id: 'more', text: 'One more harbour.' }]);
    expect((await again.pipelines()).standard).toBe('best');
    await again.remove(['more']);

    await expect(collection.namePipeline('titled', 'best')).rejects.toThrow('lead round in a circle');
    await expect(collection.namePipeline('titled', undefined)).rejects.toThrow(
      'There is no field, operator or pipeline "titled"',
    );
    await expect(collection.namePipeline('words', 'meaning')).rejects.toThrow(
      '"words" cannot be the name of a pipeline',
    );
    await expect(collection.namePipeline('gone', undefined)).rejects.toThrow(
      'There is no pipeline "gone". There are titled, best.',
    );
    await expect(collection.namePipeline('x', 'wrods')).rejects.toThrow('Did you mean "words"?');
    await collection.setDefaultPipeline(undefined);
    await collection.namePipeline('best', undefined);
    expect(await collection.pipelines()).toEqual({ named: { titled: 'words > group' } });
  });

  it('says what does not go together', async () => {
    const search = (options: object) => collection.search('harbour', options);
    await expect(search({ pipeline: 'words', retriever: 'bm25' })).rejects.toThrow('a pipeline and also "retriever"');
    await expect(search({ pipeline: 'words', candidates: 3 })).rejects.toThrow('Write candidates into the pipeline.');
    await expect(search({ pipeline: 'words', vector: new Float32Array(64) })).rejects.toThrow('no use for a vector');
    await expect(search({ retriever: 'bm52' })).rejects.toThrow('Did you mean "bm25"?');
    await expect(collection.search('', { pipeline: 'hybrid', vector: new Float32Array(64) })).rejects.toThrow(
      'needs words',
    );
    const { hits } = await collection.similar({ id: 'harbour' }, { pipeline: 'meaning > group' });
    expect(hits.map(({ id }) => id)).not.toContain('harbour');
  });
});

describe('a pipeline', () => {
  it('reaches servers, their clients and adapters', async () => {
    await using server = await testServer(NOTES);
    const text = 'fuse(words, meaning) > group(1)';
    const { status, body } = await server.ask('POST', '/v1/search', { query: 'harbour', pipeline: text });
    expect(status).toBe(200);
    expect(body).toMatchObject({ retriever: text, trace: { stage: 'group 1' } });
    const steps = [...pipeline(text).steps];
    expect((await server.ask('POST', '/v1/search', { query: 'harbour', pipeline: steps })).body.hits).toEqual(
      body.hits,
    );
    const wrong = await server.ask('POST', '/v1/search', { query: 'harbour', pipeline: 'words > grup' });
    expect(wrong).toMatchObject({ status: 400, body: { remedy: 'Did you mean "group"?' } });
    expect(wrong.body.detail).toContain('character 9');
    const client = createClient({ url: server.url });
    expect(idsOf(await client.search('harbour', { pipeline: text }))).toEqual(idsOf(body));
    const retriever = new SagittaRetriever({ source: client, pipeline: 'words > group(1)', k: 2 });
    expect(await retriever.invoke('harbour')).toHaveLength(2);
  });

  it('reaches the command line and evaluations', () => {
    const sagitta = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', loader, main, ...args], {
        cwd: folder.at(''),
        encoding: 'utf8',
        env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
        timeout: 60_000,
      });
      return { status, stdout, stderr };
    };
    const found = sagitta('search', 'harbour', '--in', 'notes', '--pipeline', 'words > group(1)', '--explain');
    expect(found.stdout).toContain('(words > group(1), ');
    expect(found.stdout).toContain('further passages of the same documents left out');
    const wrong = sagitta('search', 'harbour', '--in', 'notes', '--pipeline', 'fuse(words, meanin)');
    expect(wrong).toMatchObject({ status: 2 });
    expect(wrong.stderr).toContain('Did you mean "meaning"?');
    expect(sagitta('pipelines', 'quick', 'words > group', '--in', 'notes', '--default').stderr).toBe('');
    const listed = JSON.parse(sagitta('pipelines', '--in', 'notes', '--json').stdout);
    expect(listed).toMatchObject({ default: 'quick', named: { quick: 'words > group' } });
    expect(sagitta('search', 'harbour', '--in', 'notes').stdout).toContain('(quick, ');
    expect(sagitta('pipelines', '--in', 'notes', '--no-default').stdout).toMatch(
      /hybrid +fuse\(words, meaning\) +default/,
    );
    expect(sagitta('pipelines', 'quick', '--remove', '--in', 'notes').stdout).not.toContain('quick');

    mkdirSync(folder.at('set'));
    const lines = (objects: object[]) => objects.map((one) => `${JSON.stringify(one)}\n`).join('');
    writeFileSync(join(folder.at('set'), 'corpus.jsonl'), lines(NOTES.map(({ id, text }) => ({ _id: id, text }))));
    writeFileSync(join(folder.at('set'), 'queries.jsonl'), lines([{ _id: 'q', text: 'harbour ice' }]));
    writeFileSync(join(folder.at('set'), 'qrels.tsv'), 'query-id\tcorpus-id\tscore\nq\tharbour\t1\n');
    const { stdout, stderr } = sagitta(
      ...['eval', 'set', '--encoder', 'hash:64', '--json', '--quiet'],
      ...['--pipeline', 'words', '--pipeline', 'fuse(words, meaning) > group(1)'],
    );
    expect(JSON.parse(stdout).results, stderr).toMatchObject([
      { retriever: 'words' },
      { retriever: 'fuse(words, meaning) > group(1)' },
    ]);
  }, 120_000);
});
