import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCollection } from '../src/collection/index.ts';
import { NOTES, type TestServer, testServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer(NOTES, {}, 'static');
});
afterAll(() => server[Symbol.asyncDispose]());

describe("embeddings in OpenAI's shape", () => {
  it('are those of the collection, through the real client', async () => {
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none' });
    const texts = ['Ships left the harbour at dawn.', 'A lost key is revoked at once.'];
    const { data, model, usage } = await client.embeddings.create({ model: 'notes', input: texts });
    await using collection = await openCollection(server.directory);
    const encoder = (await collection.encoder())!;
    const own = await encoder.encode(texts);
    expect(model).toBe('static');
    expect(usage.total_tokens).toBeGreaterThan(5);
    data.forEach(({ embedding, index }) => {
      expect(embedding).toHaveLength(encoder.dim);
      for (const [i, value] of embedding.entries()) expect(value).toBeCloseTo(own.row(index)[i]!, 5);
    });
    const plain = await client.embeddings.create({ model: 'static', input: texts[0]!, encoding_format: 'float' });
    expect(plain.data[0]!.embedding[0]).toBeCloseTo(own.row(0)[0]!, 5);
    expect((await client.models.list()).data).toMatchObject([{ id: 'notes', owned_by: 'static' }]);
    await expect(client.embeddings.create({ model: 'statik', input: 'x' })).rejects.toMatchObject({ status: 404 });
  });

  it('refuse what they cannot give', async () => {
    const wrong = async (body: object): Promise<string> => {
      const answer = await server.ask('POST', '/v1/embeddings', body);
      expect(answer.status).toBe(400);
      return answer.body.detail;
    };
    expect(await wrong({ input: 'x', dimensions: 7 })).toMatch(/dimensions, and 7 are asked for/);
    expect(await wrong({ input: [1, 2] })).toMatch(/input/);
    expect(await wrong({ input: [] })).toMatch(/input/);
    expect(await wrong({ input: 'x', inputs: 'x' })).toMatch(/did you mean "input"/);
    await using lexical = await testServer(NOTES, {}, 'none');
    expect((await lexical.ask('POST', '/v1/embeddings', { input: 'x' })).body.detail).toMatch(/has no encoder/);
  });
});

describe("reranking in Cohere's and Jina's shape", () => {
  const documents = [
    'Puffins dig burrows.',
    { text: `${'Nothing of note. '.repeat(300)}\n\n${'Ships wait for the tide and sail at dawn. '.repeat(40)}` },
    '',
  ];

  it('orders texts by their best passage', async () => {
    for (const path of ['/v1/rerank', '/v2/rerank']) {
      const { status, body } = await server.ask('POST', path, {
        model: 'notes',
        query: 'when do ships sail?',
        documents,
        return_documents: true,
      });
      expect(status).toBe(200);
      expect(body.results.map(({ index }: { index: number }) => index)).toEqual([1, 0, 2]);
      expect(body.results[0].document.text).toMatch(/tide/);
      expect(body.results[0].relevance_score).toBeGreaterThan(0.3);
      expect(body.results[2].relevance_score).toBe(0);
    }
    const { body } = await server.ask('POST', '/v1/rerank', { query: 'ships', documents, top_n: 1 });
    expect(body.results).toHaveLength(1);
    expect(body.results[0].document).toBeUndefined();
  });
});
