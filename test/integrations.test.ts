import { readFileSync } from 'node:fs';
import { Document } from '@langchain/core/documents';
import { BaseRetriever } from '@langchain/core/retrievers';
import { RunnableLambda } from '@langchain/core/runnables';
import { VectorStore } from '@langchain/core/vectorstores';
import { MockLLM } from '@llamaindex/core/llms/mock';
import { RetrieverQueryEngine } from '@llamaindex/core/query-engine';
import { getResponseSynthesizer } from '@llamaindex/core/response-synthesizers';
import * as llamaRetriever from '@llamaindex/core/retriever';
import { MetadataMode, NodeRelationship, TextNode } from '@llamaindex/core/schema';
import { type MetadataFilters, VectorStoreQueryMode } from '@llamaindex/core/vector-store';
import { embed, embedMany, generateText, stepCountIs } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import * as sdk7 from 'ai-7';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embeddingModel, searchTool } from '../src/ai/index.ts';
import type { SearchSource } from '../src/api/index.ts';
import { createClient, ProblemResponseError, RemoteError, type SagittaClient } from '../src/client/index.ts';
import { type Collection, openCollection } from '../src/collection/index.ts';
import {
  flatten,
  mapFilter,
  SagittaContextRetriever,
  SagittaRetriever,
  SagittaVectorStore,
  toDocument,
} from '../src/langchain/index.ts';
import {
  SagittaRetriever as LlamaRetriever,
  SagittaVectorStore as LlamaVectorStore,
  searchTool as llamaTool,
} from '../src/llamaindex/index.ts';
import { NOTES, type TestServer, testServer } from './support/server.ts';

let server: TestServer;
let client: SagittaClient;
let collection: Collection;
beforeAll(async () => {
  server = await testServer(NOTES);
  client = createClient({ url: server.url });
  collection = await openCollection(server.directory);
});
afterAll(async () => {
  await collection.close();
  await server[Symbol.asyncDispose]();
});

describe('the client', () => {
  it('searches, reads and writes as the collection itself does', async () => {
    const { hits } = await client.search('harbour', { k: 2, filter: { field: 'year', op: '<', value: 1970 } });
    expect(hits).toEqual((await collection.search('harbour', { k: 2, filter: 'year < 1970' })).hits);
    expect(await client.add([{ id: 'a/b c?#%', text: 'Terns nest here.', metadata: { n: 1 } }])).toMatchObject({
      added: 1,
    });
    expect((await client.document('a/b c?#%')).text).toBe('Terns nest here.');
    expect((await client.documents(['a/b c?#%', 'none'])).missing).toEqual(['none']);
    expect((await client.list({ prefix: 'a/' })).documents).toHaveLength(1);
    expect((await client.similar({ id: 'harbour' }, { k: 1 })).hits[0]!.id).toBe('ships');
    expect(await client.remove(['a/b c?#%'])).toBe(1);
    const vector = await collection.read(
      async (corpus) => ((await corpus.get('meaning', Uint32Array.of(0))) as Float32Array[])[0]!,
    );
    expect((await client.search('', { vector, k: 1 })).hits[0]!.id).toBe('docs/keys.md');
  });

  it('follows a job to its end', async () => {
    const job = await client.addLater([{ id: 'later', text: 'Later.' }]);
    const states: string[] = [];
    for await (const { state } of client.watchJob(job.id)) states.push(state);
    expect(states.at(-1)).toBe('done');
    expect(await client.remove(['later'])).toBe(1);
  });

  it('rejects with the problem, and with one clear error when nobody is there', async () => {
    const refused = await client.search('x', { filter: 'yaer = 1' }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ProblemResponseError);
    expect(refused).toMatchObject({
      status: 400,
      code: 'invalid-argument',
      message: expect.stringMatching(/Did you mean "year"/),
    });
    const nobody = createClient({ url: 'http://127.0.0.1:9', retries: 0 });
    await expect(nobody.search('x')).rejects.toBeInstanceOf(RemoteError);
    await expect(client.search('x', { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('repeats what the server had no room for', async () => {
    let calls = 0;
    const flaky: typeof fetch = async (...args) => {
      if (++calls === 1) return new Response('{}', { status: 503, headers: { 'retry-after': '0' } });
      return fetch(...args);
    };
    const patient = createClient({ url: server.url, fetch: flaky });
    expect((await patient.search('harbour', { k: 1 })).hits).toHaveLength(1);
    expect(calls).toBe(2);
  });

  it('imports nothing of Node', () => {
    for (const file of ['client/client', 'client/errors', 'client/index', 'base/server-sent-events']) {
      const source = readFileSync(new URL(`../src/${file}.ts`, import.meta.url), 'utf8');
      expect(source).not.toMatch(/from 'node:|\bBuffer\b|\bprocess\./);
    }
  });
});

describe.each([
  ['a collection', () => collection],
  ['a server', () => client],
] as const)('LangChain over %s', (_name, source) => {
  it('retrieves documents with their metadata, through the base class and in a chain', async () => {
    const retriever = new SagittaRetriever({ source: source(), k: 2, filter: { year: { $lt: 1970 } } });
    expect(retriever).toBeInstanceOf(BaseRetriever);
    const [first, ...others] = await retriever.invoke('harbour');
    expect(others).toEqual([]);
    expect(first).toBeInstanceOf(Document);
    expect(first!.pageContent).toContain('closed by ice');
    expect(first!.metadata).toMatchObject({ year: 1963, sagitta: { id: 'harbour', start: 0 } });
    const chain = retriever.pipe(RunnableLambda.from((documents: Document[]) => documents.length));
    expect(await chain.invoke('harbour')).toBe(1);
  });

  it('retrieves what of passages bears on a question', async () => {
    const retriever = new SagittaContextRetriever({ source: source(), tokens: 60, filter: { year: { $lt: 1970 } } });
    const [first, ...others] = await retriever.invoke('When was the harbour closed by ice?');
    expect(others).toEqual([]);
    expect(first!.pageContent).toContain('closed by ice');
    expect(first!.metadata).toMatchObject({ sagitta: { id: 'harbour', parts: [{ start: 0 }] } });
    await expect(retriever.invoke('harbour', { signal: AbortSignal.abort() })).rejects.toThrow();
  });

  it('is a vector store: adds, searches, filters, deletes', async () => {
    const store = new SagittaVectorStore({ source: source() });
    expect(store).toBeInstanceOf(VectorStore);
    const metadata = { topic: 'birds', loc: { lines: { from: 3, to: 9 } }, tags: ['a', 'b'] };
    const ids = await store.addDocuments([
      new Document({ pageContent: 'Puffins dig burrows.', metadata }),
      new Document({ id: 'auk', pageContent: 'Auks dive deep.', metadata: { topic: 'birds' } }),
    ]);
    expect(ids[1]).toBe('auk');
    const [found] = await store.similaritySearch('puffins', 1, { topic: 'birds', 'loc.lines.from': { $gte: 3 } });
    const { sagitta, ...kept } = found!.metadata;
    expect(kept).toEqual(metadata);
    expect(sagitta.id).toBe(ids[0]);
    const [[scored, score]] = (await store.similaritySearchWithScore('auks', 1)) as [[Document, number]];
    expect(scored.pageContent).toBe('Auks dive deep.');
    expect(score).toBeGreaterThan(0);
    const vector = await collection.read(async (corpus) => {
      const { from } = (await corpus.find('auk'))!;
      return [...((await corpus.get('meaning', Uint32Array.of(from))) as Float32Array[])[0]!];
    });
    const [[nearest]] = (await store.similaritySearchVectorWithScore(vector, 1)) as [[Document, number]];
    expect(nearest.pageContent).toBe('Auks dive deep.');
    expect(await store.asRetriever(1).invoke('puffins')).toHaveLength(1);
    await store.delete({ ids });
    expect(
      await store.similaritySearch('puffins', 5, { topic: 'birds' }).catch((error: Error) => error.message),
    ).toMatch(/No document has the field "topic"/);
  });

  it('makes a store of texts, keeps dates, and gives each document once', async () => {
    const input = { source: source(), perDocument: 1 };
    const seen = new Date('2024-05-01T10:00:00Z');
    const texts = ['Terns fish by day.\n\n'.repeat(200), 'Owls hunt terns by night.'];
    const store = await SagittaVectorStore.fromTexts(
      texts,
      [
        { seen, n: 1 },
        { seen: new Date(0), n: 2 },
      ],
      undefined,
      input,
    );
    const found = await store.similaritySearch('terns', 10, { n: { $in: [1, 2] } });
    expect(found.map(({ metadata }) => metadata['n']).sort()).toEqual([1, 2]);
    const late = await store.similaritySearch('terns', 10, { seen: { $gte: new Date('2024-01-01') } });
    expect(late.map(({ metadata }) => metadata['seen'])).toEqual(['2024-05-01T10:00:00.000Z']);
    await store.delete({ filter: { n: { $gte: 1 } } });
    await expect(store.similaritySearch('terns', 10, { n: 1 })).rejects.toThrow(/no document has the field/i);
    await expect(store.delete({})).rejects.toThrow(/ids or a filter/);
  });

  it('chooses passages that differ', async () => {
    const store = new SagittaVectorStore({ source: source(), retriever: 'dense' });
    const said = ['Gannets dive for fish.', 'Gannets dive for fish!', 'Gannets nest on cliffs.'];
    const ids = await store.addDocuments(
      said.map((pageContent) => new Document({ pageContent, metadata: { of: 'mmr' } })),
    );
    const filter = { of: 'mmr' };
    const plain = await store.similaritySearch('gannets dive for fish', 2, filter);
    expect(plain.map(({ pageContent }) => pageContent).sort()).toEqual([said[1], said[0]].sort());
    const diverse = await store.maxMarginalRelevanceSearch('gannets dive for fish', { k: 2, lambda: 0.3, filter });
    expect(diverse.map(({ pageContent }) => pageContent)).toContain(said[2]);
    const retriever = store.asRetriever({ searchType: 'mmr', k: 2, searchKwargs: { lambda: 0.3 }, filter });
    expect(await retriever.invoke('gannets dive for fish')).toHaveLength(2);
    const [vector] = await store.embeddings.embedDocuments(['Gannets nest on cliffs.']);
    expect(vector).toHaveLength(64);
    await store.delete({ ids });
  });

  it('gives up when it is told to', async () => {
    const retriever = new SagittaRetriever({ source: source(), k: 2 });
    await expect(retriever.invoke('harbour', { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    expect(await retriever.invoke('harbour', { signal: new AbortController().signal })).toHaveLength(2);
    const store = new SagittaVectorStore({ source: source(), signal: AbortSignal.abort() });
    await expect(store.similaritySearch('harbour', 1)).rejects.toThrow(/abort/i);
  });

  it('hands on what is given up in the middle', async () => {
    const heard: string[] = [];
    const waiting: SearchSource = Object.assign(Object.create(source()), {
      search: (query: string, { signal }: { signal: AbortSignal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            heard.push(query);
            reject(signal.reason);
          });
        }),
    });
    for (const constructed of [false, true]) {
      const giveUp = new AbortController();
      const signal = constructed ? { signal: giveUp.signal } : {};
      const query = constructed ? 'by constructor' : 'by call';
      const answer = new SagittaRetriever({ source: waiting, ...signal }).invoke(
        query,
        constructed ? {} : { signal: giveUp.signal },
      );
      setTimeout(() => giveUp.abort(new Error('no longer wanted')), 20);
      await expect(answer).rejects.toThrow(/no longer wanted/);
      expect(heard).toContain(query);
    }
  });

  it('refuses what has no equal here', async () => {
    const store = new SagittaVectorStore({ source: source() });
    await expect(store.addVectors()).rejects.toThrow(/makes its vectors itself/);
    await expect(store.addDocuments([new Document({ pageContent: 'x', metadata: { a: [{}] } })])).rejects.toThrow(
      /"a"/,
    );
    await expect(store.similaritySearch('x', 1, { year: { $regex: 'a' } })).rejects.toThrow(/\$regex/);
    await expect(store.similaritySearch('x', 1, (() => true) as never)).rejects.toThrow(/function/);
    const refused = async (metadata: object, message: RegExp): Promise<void> => {
      await expect(store.addDocuments([new Document({ pageContent: 'x', metadata })])).rejects.toThrow(message);
    };
    await refused(JSON.parse('{"__proto__": "x"}'), /"__proto__" has a name that is taken/);
    await refused(JSON.parse('{"a": {"__proto__": {"b": 1}}}'), /"a.__proto__"/);
    await refused({ sagitta: 'mine' }, /"sagitta" has a name that is taken/);
    for (const filter of [{ $not: 5 }, { $and: [null] }, { $or: ['a'] }, { $and: [[]] }]) {
      expect(() => mapFilter(filter)).toThrow(/where a condition should be/);
    }
  });

  it('finds metadata that is named like what the engine knows of documents', async () => {
    const store = new SagittaVectorStore({ source: source() });
    const metadata = { language: 'rust', id: 'ext-7', path: '/p', format: 'code', op: 'add', title: 'Crates' };
    const ids = await store.addDocuments([new Document({ pageContent: 'Borrow checkers borrow.', metadata })]);
    for (const [field, value] of Object.entries(metadata)) {
      const found = await store.similaritySearch('borrow checkers', 5, { [field]: value });
      expect(found.map(({ id }) => id)).toEqual(ids);
    }
    // What a search returned may be added again.
    const [found] = await store.similaritySearch('borrow checkers', 1);
    await store.addDocuments([found!], { ids });
    expect(await store.similaritySearch('borrow checkers', 1)).toEqual([found]);
    await store.delete({ ids });
  });
});

describe.each([
  ['a collection', () => collection],
  ['a server', () => client],
] as const)('LlamaIndex over %s', (_name, source) => {
  it('retrieves nodes for a query engine', async () => {
    const filters: MetadataFilters = { filters: [{ key: 'year', value: 1970, operator: '<' }] };
    const retriever = new LlamaRetriever({ source: source(), filters });
    expect(retriever).toBeInstanceOf(llamaRetriever.BaseRetriever);
    const [first, ...others] = await retriever.retrieve('harbour');
    expect(others).toEqual([]);
    expect(first!.score).toBeGreaterThan(0);
    expect(first!.node).toBeInstanceOf(TextNode);
    expect(first!.node.getContent(MetadataMode.NONE)).toContain('closed by ice');
    expect(first!.node.metadata).toMatchObject({ year: 1963, sagitta: { id: 'harbour' } });
    const responseSynthesizer = getResponseSynthesizer('compact', { llm: new MockLLM({ responseMessage: 'By ice.' }) });
    const engine = new RetrieverQueryEngine(retriever, responseSynthesizer);
    const { message, sourceNodes } = await engine.query({ query: 'What closed the harbour?' });
    expect(message.content).toBe('By ice.');
    expect(sourceNodes!.map(({ node }) => node.id_)).toEqual(['harbour']);
  });

  it('is a vector store: adds, queries in words and by vector, filters, deletes the nodes of a document', async () => {
    const store = new LlamaVectorStore({ source: source() });
    const book = { [NodeRelationship.SOURCE]: { nodeId: 'book', metadata: {} } };
    const nodes = [
      new TextNode({
        id_: 'p1',
        text: 'Puffins dig burrows.',
        metadata: { topic: 'birds', loc: { line: 3 }, tags: ['a', 'b'] },
        relationships: book,
      }),
      new TextNode({ id_: 'p2', text: 'Auks dive deep.', metadata: { topic: 'birds' }, relationships: book }),
      new TextNode({ id_: 'p3', text: 'Puffins and auks are birds.', metadata: { topic: 'birds', title: 'Birds' } }),
    ];
    expect(await store.add(nodes)).toEqual(['p1', 'p2', 'p3']);
    const query = { similarityTopK: 1, mode: VectorStoreQueryMode.DEFAULT };
    const filters: MetadataFilters = {
      filters: [
        { key: 'loc.line', value: 3, operator: '>=' },
        { key: 'tags', value: ['a', 'b'], operator: 'all' },
      ],
    };
    const found = await store.query({ ...query, queryStr: 'puffins', filters });
    expect(found.ids).toEqual(['p1']);
    const { sagitta: _, ...metadata } = found.nodes![0]!.metadata;
    expect(metadata).toEqual(nodes[0]!.metadata);
    expect(found.nodes![0]!.sourceNode!.nodeId).toBe('book');
    const queryEmbedding = await store.embedModel.getTextEmbedding('Auks dive deep.');
    expect((await store.query({ ...query, queryEmbedding })).ids).toEqual(['p2']);
    const sparse = { ...query, similarityTopK: 5, mode: VectorStoreQueryMode.SPARSE, queryStr: 'birds' };
    expect((await store.query({ ...sparse, docIds: ['p3'] })).ids).toEqual(['p3']);
    // What a search returned may be added again.
    await store.add(found.nodes!);
    expect((await store.query({ ...query, queryStr: 'puffins', filters })).nodes).toEqual(found.nodes);
    await expect(store.query({ ...query, mode: VectorStoreQueryMode.SVM })).rejects.toThrow(/no mode "svm"/);
    await expect(store.query(query)).rejects.toThrow(/names nothing to look for/);
    const missing: MetadataFilters = { filters: [{ key: 'a', value: [], operator: 'nin' }] };
    await expect(store.query({ ...query, queryStr: 'x', filters: missing })).rejects.toThrow(/a nin \[\] has no equal/);
    await store.delete('book');
    expect(await collection.read(async (corpus) => corpus.find('p1'))).toBeUndefined();
    await store.delete('p3');
  });

  it('is a tool that a model calls', async () => {
    const tool = llamaTool(source(), { filter: 'format = markdown', tokens: 300 });
    expect(tool.metadata).toMatchObject({ name: 'search', parameters: { properties: { query: { type: 'string' } } } });
    expect(await tool.call({ query: 'signing key', k: 2 })).toMatch(/^\[1\] docs\/keys\.md.*ninety days/s);
  });
});

describe('mapping for LangChain', () => {
  it('maps every operator', () => {
    expect(mapFilter({ a: 1, $or: [{ b: { $ne: 'x' } }, { c: { $nin: [1, 2], $exists: true } }] })).toEqual({
      and: [
        { field: 'a', op: '=', value: 1 },
        {
          or: [
            { field: 'b', op: '!=', value: 'x' },
            { and: [{ not: { field: 'c', op: 'in', values: [1, 2] } }, { field: 'c', op: 'exists' }] },
          ],
        },
      ],
    });
    expect(mapFilter('year >= 2020')).toBe('year >= 2020');
  });

  it('gives metadata back as it was', () => {
    const key = fc
      .string({ minLength: 1 })
      .filter((name) => !name.includes('.') && !['__proto__', 'sagitta'].includes(name));
    const leaf = fc.oneof(
      fc.string(),
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.string()),
    );
    const tree = fc.dictionary(key, fc.oneof(leaf, fc.dictionary(key, leaf, { minKeys: 1 })));
    fc.assert(
      fc.property(tree, (metadata) => {
        const hit = {
          rank: 1,
          id: 'x',
          title: '',
          headings: [],
          score: 1,
          text: '',
          start: 0,
          end: 0,
          language: 'en',
          highlights: [],
        };
        const { sagitta: _, ...back } = toDocument({ ...hit, metadata: flatten(metadata) }).metadata;
        expect(back).toEqual({ ...metadata });
      }),
    );
  });
});

describe('hostile metadata', () => {
  it('does not reach the prototype of objects', () => {
    const hit = { rank: 1, id: 'x', title: '', headings: [], score: 1, text: '', start: 0, end: 0, language: 'en' };
    toDocument({
      ...hit,
      highlights: [],
      metadata: { 'a.__proto__.polluted': 1, 'constructor.prototype.polluted': 1 },
    });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    const stored = JSON.parse('{"a": 1, "a.b": 2, "c.d": {"e": 1}, "__proto__": "kept"}');
    expect(toDocument({ ...hit, highlights: [], metadata: stored }).metadata).toMatchObject({ a: 1, 'a.b': 2 });
    expect(Object.keys(toDocument({ ...hit, highlights: [], metadata: stored }).metadata)).toContain('__proto__');
  });
});

describe.each([
  ['6', { embed, embedMany, generateText }],
  ['7', sdk7 as unknown as { embed: typeof embed; embedMany: typeof embedMany; generateText: typeof generateText }],
] as const)('the AI SDK %s', (_version, sdk) => {
  it('embeds with the encoder of a collection', async () => {
    const values = ['The harbour was closed by ice.', 'Ships waited.'];
    const { embeddings } = await sdk.embedMany({ model: embeddingModel(collection), values });
    const served = await sdk.embed({ model: embeddingModel(client), value: values[0]! });
    expect(embeddings).toHaveLength(2);
    embeddings[0]!.forEach((value, i) => {
      expect(served.embedding[i]).toBeCloseTo(value, 5);
    });
  });

  it('is called by a model, and gives it passages within the budget', async () => {
    const usage = {
      inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 1, text: 1, reasoning: 0 },
    };
    let step = 0;
    const model = new MockLanguageModelV3({
      doGenerate: async () =>
        step++ === 0
          ? {
              content: [
                { type: 'tool-call', toolCallId: '1', toolName: 'search', input: '{"query":"signing key","k":2}' },
              ],
              finishReason: { unified: 'tool-calls', raw: undefined },
              usage,
              warnings: [],
            }
          : {
              content: [{ type: 'text', text: 'Every ninety days.' }],
              finishReason: { unified: 'stop', raw: undefined },
              usage,
              warnings: [],
            },
    });
    const { text, steps } = await sdk.generateText({
      model,
      prompt: 'How often do keys change?',
      tools: { search: searchTool(client, { filter: 'format = markdown', tokens: 300 }) },
      stopWhen: stepCountIs(3),
    });
    expect(text).toBe('Every ninety days.');
    const output = steps[0]!.toolResults[0]!.output as { passages: { id: string; text: string }[] };
    expect(output.passages[0]).toMatchObject({ id: 'docs/keys.md', text: expect.stringContaining('ninety days') });
    // What the model was told is text, and names the passages.
    expect(JSON.stringify(model.doGenerateCalls[1]!.prompt)).toContain('[1] docs/keys.md');
  });
});
