import { spawnSync } from 'node:child_process';
import type { Worker } from 'node:worker_threads';
import { gte, openCollection, type SearchOptions } from 'sagitta-search';
import { InvalidArgumentError, NotFoundError, ThreadError } from 'sagitta-search/base';
import { type Encoder, testEncoder } from 'sagitta-search/encode';
import { rrf } from 'sagitta-search/search';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Collection } from '../src/collection/index.ts';
import { type TestFolder, testFolder } from './support/files.ts';
import { testServer } from './support/server.ts';

const WORDS = ['river', 'lamp', 'copper', 'violin', 'harbour', 'wheat', 'engine', 'winter', 'mirror', 'garden'];
const word = (i: number) => WORDS[i % WORDS.length]!;
const documents = Array.from({ length: 300 }, (_, i) => ({
  id: `d${i}`,
  title: `${word(i)} ${word(i >> 3)}`,
  text: `The ${word(i + 1)} and the ${word(3 * i)} were seen near the ${word(i >> 2)}, number ${i}.`,
  language: 'en',
  metadata: { by: word(7 * i), year: 1990 + (i % 30) },
}));

/** What two runs of one question have alike: all but the time that they took. */
const timeless = (value: unknown): unknown => {
  const said = (name: string, member: unknown): unknown => {
    if (name === 'tookMs') return undefined;
    return typeof member === 'string' ? member.replace(/[\d.]+ ms\b/, 'some ms') : member;
  };
  return JSON.parse(JSON.stringify(value, said));
};

/** The threads of Node that begin while `work` runs. */
async function startedBy(work: () => Promise<unknown>): Promise<Worker[]> {
  const started: Worker[] = [];
  const note = (worker: Worker) => started.push(worker);
  process.on('worker', note);
  await work().finally(() => process.off('worker', note));
  return started;
}

let folder: TestFolder;
let directory: string;
let one: Collection;
let two: Collection;
beforeAll(async () => {
  folder = testFolder();
  directory = folder.at('c');
  {
    await using made = await openCollection(directory, { create: true, encoder: 'hash:64' });
    await made.add(documents.slice(0, 200));
    await made.add(documents.slice(200));
    await made.remove(['d7', 'd8']);
    await made.addField('tokens', { kind: 'vectors', encoder: 'hash:16' });
    await made.addField('impact', { kind: 'impacts', encoder: 'hash:32' });
    await made.namePipeline('both', 'fuse(words, tokens) > group(1)');
    await made.setSynonyms('lantern => lamp');
  }
  one = await openCollection(directory);
  two = await openCollection(directory, { threads: 2 });
}, 120_000);
afterAll(async () => {
  await one.close();
  await two.close();
  folder[Symbol.dispose]();
});

describe('searches on two threads', () => {
  const options: readonly SearchOptions[] = [
    { retriever: 'bm25' },
    { retriever: 'dense', k: 25 },
    { retriever: 'hybrid', weights: [0.3, 0.7], candidates: 20, explain: true },
    { filter: 'year >= 2010 and by = "lamp"', perDocument: 1 },
    { filter: gte('year', 2015), k: 100 },
    { pipeline: 'both', k: 7 },
    { pipeline: [{ op: 'words' }, { op: 'rerank', by: 'tokens', depth: 30 }] as never },
    { pipeline: 'fuse(words, meaning, impact) > neighbours', explain: true },
    { sort: 'year desc', collapse: true },
    { vector: new Float32Array(64).fill(0.125) },
    { fusion: rrf() },
  ];

  it.each(options.map((each) => [JSON.stringify(each), each] as const))('give what one gives: %s', async (_, each) => {
    for (const query of ['copper harbour', 'a violin in "the garden"', 'lantern +river', 'nothing of it']) {
      const expected = await one.search(query, each);
      expect(timeless(await two.search(query, each))).toEqual(timeless(expected));
    }
  });

  it('answer whatever else reads', async () => {
    const ask = async (collection: Collection) => {
      const page = await collection.search('lamp', { k: 5 });
      return timeless([
        page.hits[0]!.highlights,
        await collection.search('lamp', { k: 5, cursor: page.next! }),
        await collection.rank('winter wheat', { k: 50 }),
        await collection.similar({ id: 'd3' }, { k: 4 }),
        await collection.facets({ query: 'engine', fields: ['by', 'year'] }),
        await collection.suggestValues('copper and wheat', { field: 'by' }),
        await collection.context('Where was the harbour seen?'),
        await collection.ask('Where was the harbour seen?'),
      ]);
    };
    expect(await ask(two)).toEqual(await ask(one));
  });

  it('come back in the order of the queries, each with its own options', async () => {
    const queries = Array.from({ length: 60 }, (_, i) =>
      i % 3 === 0
        ? `${word(i)} ${word(i + 4)}`
        : { query: word(i), k: 1 + (i % 5), filter: `year > ${1990 + (i % 20)}` },
    );
    const batch = await two.searchAll(queries, { k: 4, retriever: 'hybrid' });
    expect(batch.map(({ query }) => query)).toEqual(
      queries.map((each) => (typeof each === 'string' ? each : each.query)),
    );
    expect(timeless(batch)).toEqual(timeless(await one.searchAll(queries, { k: 4, retriever: 'hybrid' })));
    const alone = await one.search(word(1), { k: 2, filter: 'year > 1991', retriever: 'hybrid' });
    expect(timeless(batch[1])).toEqual(timeless(alone));
    expect(await two.searchAll([])).toEqual([]);
  });

  it("hand on a search's mistakes as what they are", async () => {
    for (const collection of [one, two]) {
      await expect(collection.search('lamp', { filter: 'nowhere = 1' })).rejects.toThrow(InvalidArgumentError);
      await expect(collection.search('lamp', { kk: 1 } as never)).rejects.toThrow('Did you mean "k"?');
      await expect(collection.similar({ id: 'gone' })).rejects.toThrow(NotFoundError);
      await expect(collection.searchAll(['lamp', ''])).rejects.toThrow(/^The query is empty\./);
      await expect(collection.searchAll('lamp' as never)).rejects.toThrow(/`searchAll` was given the text "lamp"/);
      await expect(collection.searchAll(['lamp', {} as never])).rejects.toThrow('Give a list of texts');
    }
    await expect(openCollection(directory, { threads: 0 })).rejects.toThrow('Pass a whole number from 1 to 256.');
  });

  it('see what was written before them, while others search', async () => {
    using place = testFolder();
    await using collection = await openCollection(place.at('c'), { create: true, encoder: 'hash:32', threads: 2 });
    await collection.add(documents.slice(0, 50));
    let writing = true;
    const searching = async () => {
      let searches = 0;
      for (; writing; searches++) await collection.search('copper river', { k: 5 });
      return searches;
    };
    const others = Promise.allSettled([searching(), searching(), searching()]);
    await using elsewhere = await openCollection(place.at('c'), { threads: 2 });
    for (let i = 0; i < 25; i++) {
      await collection.add([{ id: `new${i}`, text: `zebra${i} at the harbour` }]);
      for (const reader of [collection, elsewhere]) {
        const { hits } = await reader.search(`+zebra${i}`, { retriever: 'bm25' });
        expect(hits.map(({ id }) => id)).toEqual([`new${i}`]);
      }
      await collection.remove([`new${i - 1}`]);
      expect((await elsewhere.search(`+zebra${i - 1}`, { retriever: 'bm25' })).hits).toEqual([]);
    }
    await collection.compact({ full: true });
    expect((await elsewhere.search('+zebra24')).hits.map(({ id }) => id)).toEqual(['new24']);
    writing = false;
    for (const searched of await others) {
      expect(searched).toMatchObject({ status: 'fulfilled' });
      expect(searched.status === 'fulfilled' && searched.value).toBeGreaterThan(5);
    }
  }, 60_000);

  it('are all about one state in a batch, whatever is written meanwhile', async () => {
    using place = testFolder();
    await using collection = await openCollection(place.at('c'), { create: true, encoder: 'none', threads: 2 });
    await collection.add(documents.slice(0, 50));
    await collection.searchAll(['zebra', 'lamp', 'copper', 'wheat']);
    for (let round = 0; round < 3; round++) {
      const batch = collection.searchAll(
        Array.from({ length: 200 }, () => '+zebra'),
        { k: 100 },
      );
      for (let i = 0; i < 5; i++) await collection.add([{ id: `${round} ${i}`, text: `a zebra, ${round} ${i}` }]);
      const found = new Set((await batch).map(({ hits }) => hits.length));
      expect([...found]).toEqual([5 * round]);
    }
  }, 60_000);

  it('use encoders of the program, and fail as they fail', async () => {
    using place = testFolder();
    const inner = testEncoder({ dim: 16 });
    const own: Encoder = {
      ...inner,
      id: 'own',
      denseShare: 0.9,
      encode: vi.fn(async (texts, given) => {
        if (texts.includes('broken')) throw new RangeError('the encoder is out of order');
        return inner.encode(texts, given);
      }),
    };
    const open = (threads: number) => openCollection(place.at('c'), { create: true, encoder: own, threads });
    await using collection = await open(2);
    await collection.add(documents.slice(0, 40));
    await using alone = await open(1);
    const expected = timeless(await alone.search('copper harbour', { explain: true }));
    const asked = vi.mocked(own.encode).mock.calls.length;
    expect(timeless(await collection.search('copper harbour', { explain: true }))).toEqual(expected);
    expect(vi.mocked(own.encode).mock.calls.length).toBeGreaterThan(asked);
    for (const each of [alone, collection]) {
      const failing = each.search('broken', { retriever: 'dense' });
      await expect(failing).rejects.toMatchObject({ name: 'RangeError', message: 'the encoder is out of order' });
    }
  });

  it('stay with the calling thread where they need what only the program has', async () => {
    const shortest = {
      id: 'shortest',
      score: async (_: unknown, candidates: readonly string[]) => candidates.map(({ length }) => -length),
    };
    await using plain = await openCollection(directory, { extensions: { rerankers: [shortest] } });
    await using threaded = await openCollection(directory, { extensions: { rerankers: [shortest] }, threads: 2 });
    const pipeline = 'words > rerank(shortest)';
    const started = await startedBy(async () => {
      const found = await threaded.search('lamp', { pipeline });
      expect(timeless(found)).toEqual(timeless(await plain.search('lamp', { pipeline })));
    });
    expect(started).toEqual([]);
  });

  it('stop for a signal at once', async () => {
    await expect(two.search('lamp', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    const controller = new AbortController();
    const searching = two.search('lamp', { signal: controller.signal }).catch((error: Error) => error.message);
    const batch = two.searchAll(
      Array.from({ length: 2000 }, (_, i) => word(i)),
      { signal: controller.signal },
    );
    controller.abort(new Error('no more'));
    await expect(batch).rejects.toThrow('no more');
    expect(await searching).toBe('no more');
    expect((await two.search('lamp')).hits.length).toBeGreaterThan(0);
  });

  it('fail with their thread by name, and another takes its place', async () => {
    await using collection = await openCollection(directory, { threads: 2 });
    const started = await startedBy(() => collection.searchAll(['lamp', 'river', 'copper', 'wheat']));
    expect(started).toHaveLength(2);
    const batch = collection.searchAll(Array.from({ length: 500 }, (_, i) => word(i)));
    const failed = expect(batch).rejects.toThrow(ThreadError);
    await started[0]!.terminate();
    await failed;
    const again = await startedBy(async () => {
      const results = await collection.searchAll(
        Array.from({ length: 40 }, (_, i) => word(i)),
        { k: 3 },
      );
      expect(results.every(({ hits }) => hits.length === 3)).toBe(true);
    });
    expect(again).toHaveLength(1);
  });

  it('are finished when the collection is closed, and refused from then on', async () => {
    const collection = await openCollection(directory, { threads: 2 });
    const searching = Array.from({ length: 20 }, (_, i) => collection.search(word(i), { k: 2 }));
    const batch = collection.searchAll(Array.from({ length: 50 }, (_, i) => word(i)));
    const first = await searching[0]!;
    const closed = collection.close();
    expect(first.hits).toHaveLength(2);
    expect((await Promise.all(searching)).every(({ hits }) => hits.length === 2)).toBe(true);
    expect(await batch).toHaveLength(50);
    await closed;
    await expect(collection.search('lamp')).rejects.toThrow(/is closed/);
    await expect(collection.searchAll(['lamp'])).rejects.toThrow(/is closed/);
  });

  it('keep no process alive that has nothing else to do', () => {
    const script = `
      import { openCollection } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)};
      const collection = await openCollection(${JSON.stringify(directory)}, { threads: 2 });
      const results = await collection.searchAll(['lamp', 'river', 'copper']);
      console.log(results.map(({ hits }) => hits.length).join(' '));
    `;
    const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
    expect([status, stdout], stderr).toEqual([0, '10 10 10\n']);
  }, 90_000);
});

describe('threads of a server', () => {
  it('see what was written before they were asked, whichever of them is', async () => {
    await using server = await testServer(documents.slice(0, 40), { threads: 2, timeout: 60_000 }, 'hash:32');
    const search = async (query: string): Promise<string[]> => {
      const { status, body } = await server.ask('POST', '/v1/search', { query, k: 5 });
      expect(status, JSON.stringify(body)).toBe(200);
      return body.hits.map(({ id }: { readonly id: string }) => id);
    };
    for (let i = 0; i < 5; i++) {
      const put = await server.ask('PUT', `/v1/documents/new${i}`, { text: `zebra${i} at the harbour` });
      expect(put.status).toBe(200);
      // Several at once, so that both threads have one.
      const found = await Promise.all(Array.from({ length: 6 }, () => search(`+zebra${i}`)));
      expect(found).toEqual(Array.from({ length: 6 }, () => [`new${i}`]));
      expect((await server.ask('DELETE', `/v1/documents/new${i}`)).status).toBe(200);
      expect(await Promise.all([search(`+zebra${i}`), search(`+zebra${i}`)])).toEqual([[], []]);
    }
  }, 60_000);

  it('search fields of tokens and of impacts as the library does', async () => {
    await using server = await testServer(documents.slice(0, 60), {}, 'hash:64');
    await using collection = await openCollection(server.directory);
    await collection.addField('tokens', { kind: 'vectors', encoder: 'hash:16' });
    await collection.addField('impact', { kind: 'impacts', encoder: 'hash:32' });
    for (const pipeline of ['tokens', 'impact', 'fuse(words, tokens, impact)']) {
      const { status, body } = await server.ask('POST', '/v1/search', { query: 'copper harbour', pipeline, k: 5 });
      const { hits } = await collection.search('copper harbour', { pipeline, k: 5 });
      expect(status, JSON.stringify(body)).toBe(200);
      const seen = body.hits as { readonly id: string; readonly score: number }[];
      expect(seen.map(({ id, score }) => [id, score])).toEqual(hits.map(({ id, score }) => [id, score]));
    }
  });
});
