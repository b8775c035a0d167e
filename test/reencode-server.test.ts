import { openCollection } from 'sagitta-search';
import { testEncoder } from 'sagitta-search/encode';
import { describe, expect, it } from 'vitest';
import { type TestServer, testServer } from './support/server.ts';

const documents = Array.from({ length: 60 }, (_, i) => ({ id: `d${i}`, text: `The copper lamp ${i} by the river.` }));

async function job(server: TestServer, request: object) {
  const { body } = await server.ask('POST', '/v1/jobs', request);
  await (await fetch(`${server.url}/v1/jobs/${body.id}/events`)).text();
  return (await server.ask('GET', `/v1/jobs/${body.id}`)).body;
}

const search = async (server: TestServer) =>
  (await server.ask('POST', '/v1/search', { query: 'copper lamp 7', k: 3, retriever: 'dense' })).body;

describe('a server of a collection that gets another encoder', () => {
  it('answers with the one that the collection has', async () => {
    await using server = await testServer(documents);
    const before = await search(server);
    {
      await using collection = await openCollection(server.directory);
      await collection.reencode('hash:128');
      const { hits } = await collection.search('copper lamp 7', { k: 3, retriever: 'dense' });
      const after = await search(server);
      const scores = (found: readonly { id: string; score: number }[]) => found.map(({ id, score }) => [id, score]);
      expect(scores(after.hits)).toEqual(scores(hits));
      expect(scores(after.hits)).not.toEqual(scores(before.hits));
    }
    expect((await server.ask('GET', '/v1/collections')).body.collections[0]).toMatchObject({
      encoder: 'hash:128',
      dim: 128,
    });
    expect(server.faults).toEqual([]);
  }, 120_000);

  it('changes it as a job, to encoders that neither read folders nor send texts away', async () => {
    await using server = await testServer(documents);
    for (const encoder of ['http:http://127.0.0.1:9/#m', 'hf:some/model', 'tuned:/tmp/x', 'bert:/tmp', 'hash:8']) {
      expect(await job(server, { kind: 'reencode', encoder })).toMatchObject({
        state: 'failed',
        problem: expect.stringMatching(/not one that a collection may be given over the network/),
      });
    }
    expect(await job(server, { kind: 'reencode' })).toMatchObject({
      state: 'failed',
      problem: expect.stringMatching(/none is on its way/),
    });
    // One that was begun where the server runs is gone on with, whatever it is.
    {
      await using collection = await openCollection(server.directory);
      const { encode, ...encoder } = testEncoder({ dim: 32 });
      let calls = 0;
      const failing: typeof encode = (texts, options) => {
        if (calls++ > 1) throw new Error('the model ended');
        return encode(texts, options);
      };
      const given = { ...encoder, encode: failing };
      await expect(collection.reencode(given, { batch: 10 })).rejects.toThrow('the model ended');
    }
    expect(await job(server, { kind: 'reencode' })).toMatchObject({
      state: 'done',
      report: { encoder: 'hash:32', passages: 60, encoded: 40 },
    });
    expect((await search(server)).hits[0].id).toBe('d7');
    expect(await job(server, { kind: 'reencode', encoder: 'none' })).toMatchObject({ state: 'done' });
    const { body } = await server.ask('POST', '/v1/search', { query: 'copper lamp 7', k: 3 });
    expect(body).toMatchObject({ retriever: 'bm25', hits: [{ id: 'd7' }, {}, {}] });
    expect(await job(server, { kind: 'verify' })).toMatchObject({ report: { sound: true } });
    expect(server.faults).toEqual([]);
  }, 120_000);
});
