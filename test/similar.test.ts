import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../src/client/index.ts';
import { type Collection, type InputDocument, openCollection } from '../src/collection/index.ts';
import { sagittaIn } from './support/command.ts';
import { type TestServer, testServer } from './support/server.ts';

/** Two subjects, three documents of each, and one that belongs to both. */
const DOCUMENTS: readonly InputDocument[] = [
  { id: 'gulls', text: 'Gulls nest on the cliffs and feed on fish.', metadata: { kind: 'bird' } },
  { id: 'terns', text: 'Terns nest on the shore and feed on fish.', metadata: { kind: 'bird' } },
  { id: 'auks', text: 'Auks nest on the cliffs and dive for fish.', metadata: { kind: 'bird' } },
  { id: 'oak', text: 'Oak is sawn into planks for ships and barrels.', metadata: { kind: 'wood' } },
  { id: 'pine', text: 'Pine is sawn into planks for masts of ships.', metadata: { kind: 'wood' } },
  { id: 'elm', text: 'Elm is sawn into planks for keels and barrels.', metadata: { kind: 'wood' } },
  { id: 'perch', text: 'Gulls feed on fish, and perch on planks of oak and pine.', metadata: { kind: 'both' } },
];

let server: TestServer;
let collection: Collection;
beforeAll(async () => {
  server = await testServer(DOCUMENTS, {}, 'hash:256');
  collection = await openCollection(server.directory);
});
afterAll(async () => {
  await collection.close();
  await server[Symbol.asyncDispose]();
});

const idsOf = ({ hits }: { readonly hits: readonly { readonly id: string }[] }) => hits.map(({ id }) => id);

describe('what is like several passages', () => {
  it('is near to their mean, and none of their documents', async () => {
    const found = idsOf(await collection.similar([{ id: 'gulls' }, { id: 'terns' }], { k: 7 }));
    expect(found.slice(0, 2).sort()).toEqual(['auks', 'perch']);
    expect(found).toHaveLength(5);
    const both = idsOf(await collection.similar([{ id: 'gulls' }, { id: 'oak' }], { k: 1 }));
    expect(both).toEqual(['perch']);
  });

  it('is far from what it shall be unlike', async () => {
    const like = [{ id: 'gulls' }, { id: 'oak' }];
    const rankOf = async (unlike: string[]) =>
      idsOf(await collection.similar(like, { k: 7, unlike: unlike.map((id) => ({ id })) })).indexOf('auks');
    expect(await rankOf(['terns'])).toBeGreaterThan(await rankOf(['elm']));
    expect(idsOf(await collection.similar({ id: 'gulls' }, { k: 7, unlike: [{ id: 'terns' }] }))).not.toContain(
      'terns',
    );
  });

  it('is found by the words of the document where a pipeline knows no meaning', async () => {
    const { hits, retriever } = await collection.similar({ id: 'gulls' }, { k: 3, pipeline: 'words' });
    expect(retriever).toBe('words');
    expect(idsOf({ hits })).not.toContain('gulls');
    expect(hits.length).toBeGreaterThan(0);
  });

  it('is a document as a whole, or one passage of it', async () => {
    const two = `Rope is made of hemp.\n\n${'Sails are sewn of canvas by the sailmaker, who sits on the floor. '.repeat(40)}`;
    await collection.add([
      { id: 'two', text: `# Rope\n\n${two}\n\n# Sails\n\nSails are sewn of canvas.`, format: 'markdown' },
      { id: 'sails', text: 'Sails are sewn of canvas.' },
      { id: 'rope', text: 'Rope is made of hemp.' },
    ]);
    try {
      const whole = idsOf(await collection.similar({ id: 'two' }, { k: 9 }));
      expect(whole[0]).toBe('sails');
      expect(whole).not.toContain('two');
      const beginning = idsOf(await collection.similar({ id: 'two', start: 0 }, { k: 9 }));
      expect(beginning).toContain('two');
    } finally {
      await collection.remove(['two', 'sails', 'rope']);
    }
  });

  it('is one passage alone as before: its document may have others', async () => {
    expect(idsOf(await collection.similar([{ id: 'gulls' }], { k: 3 }))).toEqual(
      idsOf(await collection.similar({ id: 'gulls' }, { k: 3 })),
    );
  });

  it('goes by words, by both and by pipelines, and within a filter', async () => {
    const like = [{ id: 'gulls' }, { id: 'terns' }];
    for (const how of [{ retriever: 'bm25' }, { retriever: 'hybrid' }, { pipeline: 'fuse(words, meaning)' }] as const) {
      const found = idsOf(await collection.similar(like, { k: 2, ...how }));
      expect(found.sort()).toEqual(['auks', 'perch']);
    }
    const { hits, shortfall } = await collection.similar(like, { k: 4, filter: 'kind = bird or kind = both' });
    expect(idsOf({ hits }).sort()).toEqual(['auks', 'perch']);
    expect(shortfall).toMatchObject({ requested: 4, returned: 2 });
  });

  it('is near to one of them, each by itself', async () => {
    const like = ['gulls', 'oak'].map((id) => ({ id }));
    const near = await collection.similar(like, { k: 5, by: 'nearest' });
    const scores = new Map<string, number>();
    for (const one of like) {
      for (const { id, score } of (await collection.similar(one, { k: 7 })).hits) {
        scores.set(id, Math.max(score, scores.get(id) ?? -1));
      }
    }
    for (const { id } of like) scores.delete(id);
    const expected = [...scores].sort(([, a], [, b]) => b - a);
    expect(near.hits.map(({ id, score }) => [id, score])).toEqual(expected);
    expect(near.hits.map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5]);
    expect(await collection.similar(like, { k: 2, by: 'nearest' })).toMatchObject({
      hits: expected.slice(0, 2).map(([id]) => ({ id })),
    });
    const { shortfall } = await collection.similar(like, { k: 9, by: 'nearest', filter: 'kind = bird' });
    expect(shortfall).toMatchObject({ requested: 9, returned: 2 });
    for (const beside of [
      { retriever: 'hybrid' },
      { pipeline: 'meaning' },
      { cursor: 'x' },
      { sort: 'kind' },
    ] as const) {
      await expect(collection.similar(like, { by: 'nearest', ...beside })).rejects.toThrow(/by meaning alone/);
    }
    await expect(collection.similar(like, { by: 'median' as never })).rejects.toThrow(/Choose mean or nearest/);
  });

  it('leaves out these documents and no others, whatever their metadata says, and tells why there are no more', async () => {
    await collection.add([{ id: 'gannets', text: 'Gannets nest on the cliffs.', metadata: { id: 'gulls' } }]);
    try {
      const { hits, shortfall } = await collection.similar([{ id: 'gulls' }, { id: 'terns' }], { k: 20 });
      expect(idsOf({ hits })).toContain('gannets');
      expect(shortfall!.reason).toBe('the collection holds only 6 other passages');
    } finally {
      await collection.remove(['gannets']);
    }
    const one = await collection.similar({ id: 'gulls' }, { k: 20 });
    expect(one.shortfall!.reason).toBe('the collection holds only 6 other passages');
    const birds = await collection.similar({ id: 'gulls' }, { k: 20, filter: 'kind = bird' });
    expect(birds.shortfall!.reason).toBe('the filter allows only 2 other passages');
    const none = await collection.similar({ id: 'perch' }, { filter: 'kind = both' });
    expect(none.shortfall).toMatchObject({ allowed: 0, reason: 'there are no other passages that the filter allows' });
    const all = await collection.similar(
      DOCUMENTS.map(({ id }) => ({ id })),
      { retriever: 'bm25' },
    );
    expect(all.shortfall).toMatchObject({ allowed: 0, reason: 'there are no other passages' });
    const near = await collection.similar([{ id: 'gulls' }, { id: 'oak' }], { k: 20, by: 'nearest' });
    expect(near.shortfall).toMatchObject({ returned: 5, reason: 'the collection holds only 5 other passages' });
  });

  it('is refused where it cannot be', async () => {
    await expect(collection.similar([])).rejects.toThrow(/Name at least one/);
    await expect(collection.similar([{ id: 'gulls' }, { id: 'none' }])).rejects.toThrow(/no document "none"/);
    await expect(collection.similar({ id: 'gulls' }, { unlike: [{ id: 'none' }] })).rejects.toThrow(/"none"/);
    await expect(collection.similar({ id: 'gulls' }, { unlike: [{ id: 'oak' }], retriever: 'bm25' })).rejects.toThrow(
      /By words alone/,
    );
  });

  it('is the same over HTTP, by the client and on the command line', async () => {
    const expected = idsOf(
      await collection.similar([{ id: 'gulls' }, { id: 'oak' }], { k: 3, unlike: [{ id: 'elm' }] }),
    );
    const body = { like: [{ id: 'gulls' }, { id: 'oak' }], unlike: [{ id: 'elm' }], k: 3 };
    const answer = await server.ask('POST', '/v1/search', body);
    expect(idsOf(answer.body)).toEqual(expected);
    const client = createClient({ url: server.url });
    const { like, ...options } = body;
    expect(idsOf(await client.similar(like, options))).toEqual(expected);
    expect((await server.ask('POST', '/v1/search', { query: 'x', unlike: [{ id: 'elm' }] })).status).toBe(400);
    expect((await server.ask('POST', '/v1/search', { like: [] })).status).toBe(400);
    const turns = [{ role: 'user', text: 'x' }];
    expect((await server.ask('POST', '/v1/search', { like: { id: 'oak' }, turns })).body.detail).toMatch(/`turns`/);
    const port = await sagittaIn(server.folder.path, 'serve', '--port', '99999', '--in', server.directory);
    expect([port.code, port.stderr]).toEqual([2, expect.stringMatching(/--port must be .* from 0 to 65535/)]);
    const nearest = idsOf(await collection.similar(like, { k: 3, by: 'nearest' }));
    expect(idsOf(await client.similar(like, { k: 3, likeBy: 'nearest' }))).toEqual(nearest);
    const args = ['search', '--like', 'gulls', '--like', 'oak', '--unlike', 'elm', '-k', '3', '--in', server.directory];
    const { stdout } = await sagittaIn(server.folder.path, ...args, '--json');
    expect(idsOf(JSON.parse(stdout))).toEqual(expected);
    for (const wrong of [
      ['words', '--like', 'gulls'],
      ['--unlike', 'gulls'],
      ['--like', 'gulls', '--relevant'],
    ]) {
      const refused = await sagittaIn(server.folder.path, 'search', ...wrong, '--in', server.directory);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toMatch(/--like/);
    }
  });
});
