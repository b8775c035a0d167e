import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  collectionsSchema,
  documentListSchema,
  documentSchema,
  evaluationReportSchema,
  facetsSchema,
  frontierSchema,
  jobSchema,
  mapSchema,
  multiGetAnswerSchema,
  searchAnswerSchema,
  writeAnswerSchema,
} from '../src/api/index.ts';
import { createClient } from '../src/client/index.ts';
import { openCollection } from '../src/collection/index.ts';
import { serve } from '../src/server/index.ts';
import { testFolder } from './support/files.ts';
import { doublingPdf } from './support/pdf.ts';
import { NOTES, type TestServer, testServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer(NOTES);
});
afterAll(() => server[Symbol.asyncDispose]());

const idsOf = (body: { hits: { id: string }[] }): string[] => body.hits.map(({ id }) => id);

describe('searching over HTTP', () => {
  it('answers a query like the library does', async () => {
    const { status, body } = await server.ask('POST', '/v1/search', { query: 'harbours', k: 2, explain: true });
    expect(status).toBe(200);
    const answer = searchAnswerSchema.parse(body);
    await using collection = await openCollection(server.directory);
    const direct = await collection.search('harbours', { k: 2, explain: true });
    expect(answer.hits).toEqual(direct.hits);
    expect(answer.hits[0]!.contributions!.length).toBeGreaterThan(0);
  });

  it('filters by expression and by parts, and says why fewer than k came', async () => {
    const byText = await server.ask('POST', '/v1/search', { query: 'harbour', filter: 'year < 1970' });
    expect(idsOf(byText.body)).toEqual(['harbour']);
    expect(byText.body.shortfall).toMatchObject({ requested: 10, returned: 1, allowed: 1 });
    const filter = { field: 'tags', op: 'in', values: ['ships'] };
    expect(idsOf((await server.ask('POST', '/v1/search', { query: 'harbour', filter })).body)).toEqual(['ships']);
  });

  it('searches by a vector, and by a passage', async () => {
    await using collection = await openCollection(server.directory);
    const vector = await collection.read(async (corpus) => [
      ...((await corpus.get('meaning', Uint32Array.of(0))) as Float32Array[])[0]!,
    ]);
    const { body } = await server.ask('POST', '/v1/search', { vector, k: 1 });
    expect(body).toMatchObject({ retriever: 'dense', query: '' });
    expect(body.hits[0]).toMatchObject({ id: 'docs/keys.md', start: 0 });
    expect(body.hits[0].score).toBeCloseTo(1, 4);

    const similar = await server.ask('POST', '/v1/search', { like: { id: 'harbour' }, k: 3 });
    expect(idsOf(similar.body)[0]).toBe('ships');
    expect(idsOf(similar.body)).not.toContain('harbour');
    const lexical = await server.ask('POST', '/v1/search', { like: { id: 'harbour' }, k: 3, retriever: 'bm25' });
    expect(idsOf(lexical.body)[0]).toBe('ships');
  });

  it('says what the collection can do, and refuses what it cannot', async () => {
    const { body } = await server.ask('GET', '/v1/collections');
    const [info] = collectionsSchema.parse(body).collections;
    expect(info).toMatchObject({ name: 'notes', state: 'ready', documents: 4, encoder: 'hash:64' });
    expect(info!.capabilities.retrievers).toEqual(['hybrid', 'bm25', 'dense']);
    if (!info!.capabilities.relevance) {
      const refused = await server.ask('POST', '/v1/search', { query: 'x', relevant: true });
      expect(refused.status).toBe(400);
      expect(refused.body.detail).toMatch(/relevance/);
    }
  });

  it('counts metadata, and samples embeddings for a map', async () => {
    const facets = facetsSchema.parse((await server.ask('GET', '/v1/facets')).body);
    expect(facets.documents).toBe(4);
    expect(facets.facets.find(({ field }) => field === 'tags')!.values).toContainEqual({
      value: 'guide',
      documents: 2,
    });
    expect(facets.facets.find(({ field }) => field === 'year')!.range).toEqual({ least: 1963, greatest: 2021 });
    const filtered = (await server.ask('GET', `/v1/facets?filter=${encodeURIComponent('year < 1970')}`)).body;
    expect(filtered.documents).toBe(1);
    const map = mapSchema.parse((await server.ask('GET', '/v1/map?points=3')).body);
    expect(map.points).toHaveLength(3);
    expect(Buffer.from(map.vectors, 'base64').length).toBe(3 * map.dim * 4);
  });
});

describe('how well retrievers rank', () => {
  it('is there once it was judged', async () => {
    expect((await server.ask('GET', '/v1/evaluation')).body).toMatchObject({
      status: 404,
      remedy: expect.stringMatching(/sagitta eval/),
    });
    const results = [{ retriever: 'bm25', metrics: { 'ndcg@10': 0.7, map: null }, intervals: {}, pooled: {} }];
    const path = `${server.directory}/evaluation.json`;
    writeFileSync(path, JSON.stringify({ collection: 'notes', queries: 30, results, comparisons: [] }));
    expect(evaluationReportSchema.parse((await server.ask('GET', '/v1/evaluation')).body)).toEqual({
      collection: 'notes',
      queries: 30,
      results: [{ retriever: 'bm25', metrics: { 'ndcg@10': 0.7, map: null } }],
    });
    expect((await server.ask('GET', '/v1/collections')).body.collections[0].capabilities.evaluation).toBe(true);
    writeFileSync(path, '[]');
    expect((await server.ask('GET', '/v1/evaluation')).body.code).toBe('corrupt-file');
    expect(server.faults.splice(0).join()).toMatch(/evaluation\.json/);
  });
});

describe('what was measured of indexes', () => {
  it('is there once it was planned', async () => {
    expect((await server.ask('GET', '/v1/frontier')).body).toMatchObject({
      status: 404,
      remedy: expect.stringMatching(/sagitta plan/),
    });
    await using collection = await openCollection(server.directory);
    const planned = await collection
      .plan({ recall: 0.5, specs: ['flat'], queries: ['harbour', 'key'] })
      .catch((error: Error) => error);
    // Four vectors are too few for most indexes; a plan of any outcome is shown alike.
    const plan = planned instanceof Error ? { vectors: 5, dim: 64, frontier: [] } : planned;
    writeFileSync(`${server.directory}/plan.json`, JSON.stringify(plan));
    expect(frontierSchema.parse((await server.ask('GET', '/v1/frontier')).body)).toMatchObject({ dim: 64 });
    expect((await server.ask('GET', '/v1/collections')).body.collections[0].capabilities.frontier).toBe(true);
    writeFileSync(`${server.directory}/plan.json`, '{');
    expect((await server.ask('GET', '/v1/frontier')).body.code).toBe('corrupt-file');
    expect(server.faults.splice(0).join()).toMatch(/plan\.json/);
  });
});

describe('documents over HTTP', () => {
  it('puts, gets and removes; each is idempotent, and searches see it at once', async () => {
    const content = { text: 'Otters sleep holding hands.', title: 'Otters', metadata: { year: 2024 } };
    const put = await server.ask('PUT', '/v1/documents/animals/otters%20%26%20co', content);
    expect(writeAnswerSchema.parse(put.body)).toMatchObject({ added: 1, updated: 0 });
    const again = await server.ask('PUT', '/v1/documents/animals/otters%20%26%20co', content);
    expect(again.body).toMatchObject({ added: 0, updated: 0, unchanged: 1 });
    expect(idsOf((await server.ask('POST', '/v1/search', { query: 'otters', k: 1 })).body)).toEqual([
      'animals/otters & co',
    ]);

    const got = await server.ask('GET', '/v1/documents/animals/otters%20%26%20co?passages=true');
    expect(documentSchema.parse(got.body)).toMatchObject({
      title: 'Otters',
      metadata: { year: 2024 },
      lines: { of: 1 },
    });
    expect(got.body.passages).toEqual([{ start: 0, end: 27, headings: [] }]);

    const removed = await server.ask('DELETE', '/v1/documents/animals/otters%20%26%20co');
    expect(removed.body).toEqual({ removed: 1 });
    expect((await server.ask('DELETE', '/v1/documents/animals/otters%20%26%20co')).body).toEqual({ removed: 0 });
    expect((await server.ask('GET', '/v1/documents/animals/otters%20%26%20co')).status).toBe(404);
  });

  it('gives lines of a document', async () => {
    const { body } = await server.ask('GET', '/v1/documents/harbour?lines=2-3');
    expect(body).toMatchObject({ text: 'Ships waited.\nIt opened in May.\n', lines: { from: 2, to: 3, of: 3 } });
    expect((await server.ask('GET', '/v1/documents/harbour?lines=3-')).body.text).toBe('It opened in May.\n');
    const beyond = await server.ask('GET', '/v1/documents/harbour?lines=9');
    expect(beyond.status).toBe(400);
    expect(beyond.body.remedy).toMatch(/from 1 to 3/);
  });

  it('gets several, and lists all a page at a time', async () => {
    const several = await server.ask('POST', '/v1/documents/get', { ids: ['ships', 'nothing', 'harbour'] });
    const { documents, missing } = multiGetAnswerSchema.parse(several.body);
    expect(documents.map(({ id }) => id)).toEqual(['ships', 'harbour']);
    expect(missing).toEqual(['nothing']);

    const seen: string[] = [];
    for (let after: string | undefined = ''; after !== undefined; ) {
      const { body } = await server.ask(
        'GET',
        `/v1/documents?limit=2${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`,
      );
      const page = documentListSchema.parse(body);
      seen.push(...page.documents.map(({ id }) => id));
      after = page.next;
    }
    expect(seen).toEqual(['docs/backups.md', 'docs/keys.md', 'harbour', 'ships']);
    expect((await server.ask('GET', '/v1/documents?prefix=docs/')).body.documents).toHaveLength(2);
  });

  it('takes documents in bulk, as JSON and a line each, all or none', async () => {
    const bulk = await server.ask('POST', '/v1/documents', {
      documents: [
        { id: 'b1', text: 'one' },
        { id: 'b2', text: 'two' },
      ],
    });
    expect(bulk.body).toMatchObject({ added: 2 });
    const lines = '{"id":"b3","text":"three"}\n\n{"id":"b4","text":"four"}\n';
    const streamed = await server.ask('POST', '/v1/documents', lines, { 'content-type': 'application/x-ndjson' });
    expect(streamed.body).toMatchObject({ added: 2 });
    const broken = await server.ask('POST', '/v1/documents', '{"id":"b5","text":"five"}\n{"id":"b6"}\n', {
      'content-type': 'application/x-ndjson',
    });
    expect(broken.status).toBe(400);
    expect(broken.body.errors[0].field).toBe('/2/text');
    expect((await server.ask('GET', '/v1/documents/b5')).status).toBe(404);
    expect((await server.ask('POST', '/v1/documents/remove', { prefix: 'b' })).body).toEqual({ removed: 4 });
  });
});

describe('jobs', () => {
  it('run in the background and tell how far they are', async () => {
    const documents = Array.from({ length: 300 }, (_, i) => ({ id: `job/${i}`, text: `Number ${i} of many.` }));
    const started = await server.ask('POST', '/v1/documents?wait=false', { documents });
    expect(started.status).toBe(202);
    const job = jobSchema.parse(started.body);
    expect(started.headers.get('location')).toBe(`/v1/jobs/${job.id}`);
    const events = await (await fetch(`${server.url}/v1/jobs/${job.id}/events`)).text();
    expect(events).toMatch(/^id: 1\nevent: progress\ndata: \{/);
    const last = JSON.parse(events.trim().split('\n').at(-1)!.slice('data: '.length));
    expect(jobSchema.parse(last)).toMatchObject({ state: 'done', report: { added: 300 } });
    expect((await server.ask('GET', `/v1/jobs/${job.id}`)).body).toEqual(last);
    expect((await server.ask('POST', '/v1/documents/remove', { prefix: 'job/' })).body).toEqual({ removed: 300 });
  });

  it('are named where one is meant that there is not', async () => {
    for (const body of [{ kind: 'foo' }, {}]) {
      const answer = await server.ask('POST', '/v1/jobs', body);
      expect(answer.body.detail).toBe('/kind: expected sync or compact or reencode or verify.');
    }
    expect((await server.ask('GET', '/v1/documents?limit=abc')).body.detail).toBe('?/limit: expected number.');
  });

  it('compact and verify', async () => {
    for (const kind of ['compact', 'verify']) {
      const { body } = await server.ask('POST', '/v1/jobs', { kind });
      await (await fetch(`${server.url}/v1/jobs/${body.id}/events`)).text();
      expect((await server.ask('GET', `/v1/jobs/${body.id}`)).body.state).toBe('done');
    }
    expect((await server.ask('GET', '/v1/jobs')).body.jobs[0]).toMatchObject({
      kind: 'verify',
      report: { sound: true },
    });
  });

  it('read the folders again that were named at the start, and no others', async () => {
    using sources = testFolder({ 'docs/a.md': '# Anchors\n\nHeavy.', 'docs/b.md': '# Buoys\n\nLight.' });
    await using synced = await testServer([], {}, 'none');
    const again = await serve({
      collections: [{ name: 'notes', directory: synced.directory, sources: [sources.at('docs')] }],
      port: 0,
      threads: 1,
      web: null,
    });
    try {
      const client = createClient({ url: again.url });
      expect((await client.capabilities())?.sync).toBe(true);
      const states = [];
      for await (const job of client.watchJob((await client.startJob({ kind: 'sync' })).id)) states.push(job);
      expect(states.at(-1)).toMatchObject({ state: 'done', report: { added: 2, failures: [] } });
      expect((await client.search('buoys')).hits[0]!.title).toBe('Buoys');
    } finally {
      await again.stop();
    }
  });

  it('run from when their turn to write has come, before they have read anything, and wait until then', async () => {
    using sources = testFolder({ 'docs/endless.pdf': doublingPdf(40, 3) });
    await using synced = await testServer([], {}, 'none');
    const again = await serve({
      collections: [{ name: 'notes', directory: synced.directory, sources: [sources.at('docs')] }],
      port: 0,
      threads: 1,
      web: null,
    });
    const client = createClient({ url: again.url });
    const start = async () => (await client.startJob({ kind: 'sync' })).id;
    const jobOf = async (id: string) => (await client.jobs()).find((job) => job.id === id)!;
    const state = async (id: string) => (await jobOf(id)).state;
    const first = await start();
    await expect.poll(() => state(first), { timeout: 5000 }).toBe('running');
    expect((await jobOf(first)).progress).toEqual({ phase: 'reading', done: 0, passages: 0, published: 0 });
    const second = await start();
    const verifying = await client.startJob({ kind: 'verify' });
    for await (const job of client.watchJob(verifying.id)) if (job.state === 'done') break;
    expect(await state(second)).toBe('waiting');
    await client.cancelJob(first);
    await expect.poll(() => state(second), { timeout: 10_000 }).toBe('running');
    expect(await state(first)).toBe('cancelled');
    await client.cancelJob(second);
    await expect.poll(() => state(second), { timeout: 10_000 }).toBe('cancelled');
    await again.stop();
  });

  it('are refused where the server knows no folders', async () => {
    const { body } = await server.ask('POST', '/v1/jobs', { kind: 'sync' });
    await (await fetch(`${server.url}/v1/jobs/${body.id}/events`)).text();
    const job = (await server.ask('GET', `/v1/jobs/${body.id}`)).body;
    expect(job).toMatchObject({ state: 'failed', problem: expect.stringMatching(/--source/) });
  });
});

describe('what operators look at', () => {
  it('health, readiness, metrics, OpenAPI and the access log', async () => {
    expect((await server.ask('GET', '/health')).body).toEqual({ status: 'ok' });
    expect((await server.ask('GET', '/ready')).body).toEqual({ status: 'ready' });
    const metrics = (await server.ask('GET', '/metrics')).body as string;
    expect(metrics).toMatch(/sagitta_requests_total\{route="\/v1\/search",method="POST",status="200"\} \d+/);
    expect(metrics).toMatch(/sagitta_collection_documents\{collection="notes"\} 4/);
    expect(metrics).toMatch(/sagitta_request_seconds_bucket\{route="\/v1\/search",method="POST",le="\+Inf"\} \d+/);
    const { body } = await server.ask('GET', '/openapi.json');
    expect(body.openapi).toBe('3.1.1');
    expect(Object.keys(body.paths)).toContain('/v1/search');
    const line = server.log.find(({ route }) => route === '/v1/search');
    expect(line).toMatchObject({ method: 'POST', path: '/v1/search', status: 200, id: expect.any(String) });
    expect(JSON.stringify(server.log)).not.toMatch(/harbours|otters sleep/i);
    expect(server.faults).toEqual([]);
  });

  it('serves what another process publishes, without a restart', async () => {
    await using collection = await openCollection(server.directory);
    await collection.add([{ id: 'elsewhere', text: 'Quokkas smile.' }]);
    expect(idsOf((await server.ask('POST', '/v1/search', { query: 'quokkas', retriever: 'bm25' })).body)).toEqual([
      'elsewhere',
    ]);
    await collection.remove(['elsewhere']);
    expect(idsOf((await server.ask('POST', '/v1/search', { query: 'quokkas', retriever: 'bm25' })).body)).toEqual([]);
  });
});
