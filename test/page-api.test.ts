import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type SagittaClient } from '../src/client/index.ts';
import { openCollection } from '../src/collection/index.ts';
import { readJudgements, readQueries } from '../src/eval/index.ts';
import { program } from './support/command.ts';
import { testFolder } from './support/files.ts';
import { NOTES, type TestServer, testServer } from './support/server.ts';

/** What the page needs of the server besides searching: originals, files, completions, judgements, places on the map. */
describe('what the page asks the server for', () => {
  let server: TestServer;
  let client: SagittaClient;

  beforeAll(async () => {
    server = await testServer(NOTES);
    client = createClient({ url: server.url });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('completes the last word, in the spelling of a document', async () => {
    const { completions } = await client.complete('harbour clo');
    expect(completions).toEqual([{ text: 'harbour closed', from: 8, passages: 1 }]);
    expect((await client.complete('harbour')).completions).toEqual([]);
    expect((await client.complete('h')).completions).toEqual([]);
    const { completions: some } = await client.complete('ha');
    expect(some.map(({ text }) => text)).toContain('harbour');
  });

  it('marks the words of a query in a document', async () => {
    const { text, marks } = await client.document('docs/keys.md', { query: 'rotating keys' });
    expect(marks?.map(({ start, end }) => text.slice(start, end))).toEqual(['Keys', 'Rotate', 'key', 'key']);
    expect((await client.document('harbour')).marks).toBeUndefined();
  });

  it('reads a file that is sent, and refuses names that lead elsewhere', async () => {
    const bytes = new TextEncoder().encode('# Lighthouse\n\nThe lamp is lit at dusk.\n');
    const report = await client.addFile('coast/lighthouse.md', bytes);
    expect(report).toMatchObject({ added: 1, ids: ['coast/lighthouse.md'], problems: [] });
    expect((await client.search('lamp at dusk', { k: 1 })).hits[0]).toMatchObject({
      id: 'coast/lighthouse.md',
      title: 'Lighthouse',
    });
    expect(await client.addFile('coast/lighthouse.md', bytes)).toMatchObject({ added: 0, unchanged: 1 });
    await client.remove(['coast/lighthouse.md']);
    for (const name of ['../x.md', 'a/../../x.md', '/etc/x.md', 'a\\b.md', '', 'a//b.md', 'C:x.md', 'a\nb.md']) {
      await expect(client.addFile(name, bytes), name).rejects.toMatchObject({ code: 'invalid-request' });
    }
    const nothing = client.addFile('picture.bin', new Uint8Array([0, 1, 2, 0, 255]));
    // What was sent is wrong, and not the server.
    await expect(nothing).rejects.toMatchObject({ code: 'unreadable-document', status: 422 });
    const cut = client.addFile('cut.pdf', new TextEncoder().encode('%PDF-1.4 cut'));
    await expect(cut).rejects.toMatchObject({ code: 'unreadable-document', status: 422 });
    expect(server.faults).toEqual([]);
  });

  it('keeps judgements in the form that eval, tune and learn-relevance read', async () => {
    await client.judge({ query: 'closed by ice', document: 'harbour', grade: 3 });
    await client.judge({ query: 'closed by ice', document: 'ships', grade: 0 });
    await Promise.all([
      client.judge({ query: 'signing key', document: 'docs/keys.md', grade: 2 }),
      client.judge({ query: 'signing key', document: 'harbour', grade: 1 }),
    ]);
    expect(await client.judge({ query: 'signing key', document: 'harbour', grade: null })).toEqual({
      id: 'q2',
      text: 'signing key',
      judgements: [{ document: 'docs/keys.md', grade: 2 }],
    });
    const { queries } = await client.judgements();
    expect(queries.map(({ id, text }) => [id, text])).toEqual([
      ['q1', 'closed by ice'],
      ['q2', 'signing key'],
    ]);
    const folder = `${server.directory}/judgements`;
    const { judgements } = await readJudgements(`${folder}/qrels.tsv`);
    expect(Object.fromEntries(judgements.get('q1')!)).toEqual({ harbour: 3, ships: 0 });
    expect((await readQueries(`${folder}/queries.jsonl`)).queries.get('q2')).toBe('signing key');
    const { body, headers } = await server.ask('GET', '/v1/judgements/file?part=qrels');
    expect(body).toBe(readFileSync(`${folder}/qrels.tsv`, 'utf8'));
    expect(headers.get('content-disposition')).toContain('qrels.tsv');
    const absent = client.judge({ query: 'signing key', document: 'nothing', grade: 1 });
    await expect(absent).rejects.toMatchObject({ code: 'not-found' });
    await client.judge({ query: 'signing key', document: 'nothing', grade: null });
    await expect(client.judge({ query: 'x', document: 'a\tb', grade: 1 })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });

  it('measures pipelines by judgements, with intervals', async () => {
    const { queries, results, comparisons } = await client.measure({
      pipelines: ['bm25', 'dense', 'words > group(1)'],
    });
    expect(queries).toBe(2);
    expect(results.map(({ pipeline }) => pipeline)).toEqual(['bm25', 'dense', 'words > group(1)']);
    expect(results[0]).toMatchObject({ ndcg10: 1, interval: { low: 1, high: 1 } });
    for (const { ndcg10, interval, judged10 } of results) {
      expect(interval.low).toBeLessThanOrEqual(ndcg10);
      expect(interval.high).toBeGreaterThanOrEqual(ndcg10);
      expect(judged10).toBeGreaterThan(0);
    }
    expect(comparisons.map(({ pipeline, baseline }) => [pipeline, baseline])).toEqual([
      ['dense', 'bm25'],
      ['words > group(1)', 'bm25'],
    ]);
    const given = await client.measure({
      pipelines: ['bm25'],
      queries: [{ id: 'a', text: 'harbour', judgements: [{ document: 'ships', grade: 1 }] }],
    });
    expect(given.results[0]!.byQuery).toEqual([{ query: 'harbour', ndcg10: expect.any(Number) }]);
    const none = client.measure({ pipelines: ['bm25'], queries: [] });
    await expect(none).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('lets `sagitta eval` measure the collection by its own judgements', { timeout: 60_000 }, async () => {
    const before = (await client.collections())[0]!.generation;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...program, 'eval', '--in', server.directory, '--metrics', 'ndcg@10', '--json', '--quiet'],
      { maxBuffer: 1e8 },
    );
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ collection: 'judgements', documents: NOTES.length, queries: 2 });
    expect(summary.results.map(({ retriever }: { retriever: string }) => retriever)).toEqual([
      'bm25',
      'dense',
      'hybrid',
    ]);
    expect((await client.collections())[0]!.generation).toBe(before);
    expect((await client.evaluation()).queries).toBe(2);
  });

  it('keeps a query before it is judged, and forgets one with all that was said of it', async () => {
    await client.judge({ query: 'to be judged' });
    expect((await client.judgements()).queries.at(-1)).toEqual({ id: 'q3', text: 'to be judged', judgements: [] });
    await client.judge({ query: 'to be judged', grade: null });
    await client.judge({ query: 'closed by ice' });
    const { queries } = await client.judgements();
    expect(queries.map(({ text, judgements }) => [text, judgements.length])).toEqual([
      ['closed by ice', 2],
      ['signing key', 1],
    ]);
  });

  it('places hits among the points of the map', async () => {
    const map = await client.map();
    const ids = map.points.map(({ id, start }) => ({ id, start }));
    const placed = await client.mapHits({ passages: [ids[1]!, { id: 'gone', start: 0 }, ids[0]!] });
    expect(placed.passages).toEqual([0, 2]);
    const floats = (text: string): Float32Array =>
      new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
    const points = floats(map.vectors);
    const hits = floats(placed.vectors);
    for (let i = 0; i < map.dim; i++) {
      expect(hits[i]).toBeCloseTo(points[map.dim + i]!, 5);
      expect(hits[map.dim + i]).toBeCloseTo(points[i]!, 5);
    }
    expect(map.documents).toBe(NOTES.length);
  });

  it('names pipelines that the collection has names for', async () => {
    await using other = await testServer(NOTES);
    await using collection = await openCollection(other.directory);
    await collection.namePipeline('careful', 'fuse(words, meaning) > group(1)');
    await collection.setDefaultPipeline('careful');
    const [info] = await createClient({ url: other.url }).collections();
    expect(info!.capabilities).toMatchObject({
      pipelines: [{ name: 'careful', text: 'fuse(words, meaning) > group(1)' }],
      pipeline: 'careful',
    });
  });
});

describe('originals', () => {
  const folder = testFolder();
  let server: TestServer;

  beforeAll(async () => {
    mkdirSync(folder.at('site/images'), { recursive: true });
    writeFileSync(folder.at('secret.md'), '# Secret\n\nNobody may read this.\n');
    writeFileSync(folder.at('secret.png'), 'no picture');
    writeFileSync(folder.at('site/guide.md'), '# Guide\n\n![A plan](images/plan.png)\n\nFollow the plan.\n');
    writeFileSync(
      folder.at('site/page.html'),
      '<!doctype html><title>Page</title><p>Words</p><script>alert(1)</script>',
    );
    writeFileSync(folder.at('site/images/plan.png'), new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]));
    symlinkSync(folder.at('secret.png'), folder.at('site/images/link.png'));
    const directory = folder.at('.sagitta');
    const collection = await openCollection(directory, { create: true, encoder: 'none' });
    await collection.index([folder.at('site'), folder.at('secret.md')]);
    await collection.close();
    server = await testServer([], { collections: [{ name: 'site', directory, sources: [folder.at('site')] }] });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });
  const original = (id: string, image?: string) =>
    server.ask('GET', `/v1/original?${new URLSearchParams({ id, ...(image === undefined ? {} : { image }) })}`);

  it('sends files that lie in the sources, unable to do anything', async () => {
    const { status, headers, body } = await original('site/guide.md');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(body).toContain('# Guide');
    const page = await original('site/page.html');
    expect(page.headers.get('content-type')).toBe('text/html');
    expect(page.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await original('site/guide.md', 'images/plan.png')).headers.get('content-type')).toBe('image/png');
    const { documents } = (await server.ask('POST', '/v1/documents/get', { ids: ['site/guide.md', 'secret.md'] })).body;
    expect(documents.map(({ original: has }: { original?: boolean }) => has)).toEqual([true, undefined]);
  });

  it('sends nothing else', async () => {
    for (const [id, image] of [
      ['secret.md', undefined],
      ['nowhere.md', undefined],
      ['site/guide.md', '../secret.png'],
      ['site/guide.md', '../../secret.png'],
      ['site/guide.md', folder.at('secret.png')],
      ['site/guide.md', 'images/link.png'],
      ['site/guide.md', 'page.html'],
      ['site/guide.md', 'images/plan.png\0.png'],
      ['secret.md', 'site/images/plan.png'.replace('site/', '')],
    ] as const) {
      const { status } = await original(id, image);
      expect([id, image, status]).toEqual([id, image, 404]);
    }
  });
});
