import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { facetsSchema, type SearchAnswer, searchBatchAnswerSchema } from '../src/api/index.ts';
import { createClient, type SagittaClient } from '../src/client/index.ts';
import { type Collection, openCollection, type SearchOptions } from '../src/collection/index.ts';
import { type TestServer, testServer } from './support/server.ts';

/** Reports of a lighthouse: sixty documents, two years, two keepers, some without a keeper. */
const REPORTS = Array.from({ length: 60 }, (_, i) => ({
  id: `report/${String(i).padStart(2, '0')}`,
  title: `Report ${i}`,
  format: 'markdown',
  text: `# Lamp\n\nThe lamp burned ${i} hours${' and more'.repeat(i % 7)}.\n\n# Fog\n\nFog came in the morning of day ${i}.\n`,
  metadata: { year: 1900 + (i % 2), ...(i % 3 === 0 ? {} : { keeper: i % 3 === 1 ? 'Ada' : 'Brun' }), hours: i },
}));

let server: TestServer;
let client: SagittaClient;
let collection: Collection;
beforeAll(async () => {
  server = await testServer(REPORTS);
  client = createClient({ url: server.url });
  collection = await openCollection(server.directory);
});
afterAll(async () => {
  await collection.close();
  await server[Symbol.asyncDispose]();
});

interface Page {
  readonly hits: readonly { readonly rank: number; readonly id: string; readonly start: number }[];
  readonly next?: string | undefined;
}

/** All pages of a search. @param between runs after each page. */
async function pages(
  search: (cursor: string | undefined) => Promise<Page>,
  between: (page: number) => Promise<unknown> = async () => undefined,
): Promise<Page['hits'][]> {
  const found: Page['hits'][] = [];
  let cursor: string | undefined;
  do {
    const { hits, next } = await search(cursor);
    found.push(hits);
    cursor = next;
    await between(found.length);
  } while (cursor !== undefined);
  return found;
}

const places = (hits: Page['hits']): string[] => hits.map(({ id, start }) => `${id} ${start}`);

describe('paging', () => {
  const kinds: [string, SearchOptions][] = [
    ['hybrid', {}],
    ['words', { retriever: 'bm25' }],
    ['one passage a document', { perDocument: 1 }],
    ['repeats folded', { collapse: true }],
    ['a filter', { filter: 'year = 1901' }],
    ['an order', { sort: 'keeper, hours desc', retriever: 'bm25' }],
  ];
  it.each(kinds)('gives the pages of one long list: %s', async (_, options) => {
    const all = await collection.search('lamp hours fog', { ...options, k: 200 });
    const paged = await pages((cursor) =>
      collection.search('lamp hours fog', { ...options, k: 7, ...(cursor === undefined ? {} : { cursor }) }),
    );
    expect(places(paged.flat())).toEqual(places(all.hits));
    expect(paged.flat().map(({ rank }) => rank)).toEqual(all.hits.map(({ rank }) => rank));
    expect(paged.length).toBeGreaterThan(3);
  });

  it('repeats nothing and loses nothing while documents come and go', async () => {
    await using own = await testServer(REPORTS);
    const writer = createClient({ url: own.url });
    const before = places((await writer.search('lamp', { k: 200, retriever: 'bm25' })).hits);
    const paged = await pages(
      (cursor) => writer.search('lamp', { k: 10, retriever: 'bm25', ...(cursor === undefined ? {} : { cursor }) }),
      async (page) => {
        // Better than all others, so that everything moves down by one; and one that was shown goes.
        await writer.add([{ id: `new/${page}`, text: 'lamp lamp lamp' }]);
        await writer.remove([before[page]!.split(' ')[0]!]);
      },
    );
    const found = places(paged.flat());
    expect(new Set(found).size).toBe(found.length);
    for (const place of before) expect(found).toContain(place);
    expect(paged[1]![0]!.id).toBe('new/1');
  });

  it('refuses the cursor of another search, and what is none', async () => {
    const { next } = await client.search('lamp', { k: 3 });
    await expect(client.search('fog', { k: 3, cursor: next! })).rejects.toThrow(/belongs to another search/);
    await expect(client.search('lamp', { k: 3, cursor: next!, filter: 'year = 1900' })).rejects.toThrow(/another/);
    expect((await client.search('lamp', { k: 5, cursor: next!, explain: true })).hits).toHaveLength(5);
    for (const cursor of ['x', '', 'AQ', 'é', `${next}AA`])
      await expect(client.search('lamp', { cursor })).rejects.toThrow(/none that a search gave out/);
  });

  it('says why the last page is short', async () => {
    const { next } = await collection.search('lamp', { k: 59, retriever: 'bm25' });
    const last = await collection.search('lamp', { k: 59, retriever: 'bm25', cursor: next! });
    expect(last.shortfall).toMatchObject({ requested: 59, returned: 1, reason: expect.stringMatching(/60 passages/) });
    expect(last.next).toBeUndefined();
  });
});

describe('a conversation before the query', () => {
  it('counts over HTTP too, where the pipeline does not say how', async () => {
    const turns = [{ role: 'user', text: 'What of the fog in the morning of day 41?' } as const];
    const asked = { k: 1, retriever: 'bm25' } as const;
    const [alone] = (await client.search('then?', asked)).hits;
    expect(alone).toBeUndefined();
    const found = await client.search('then?', { ...asked, turns });
    expect(found.hits[0]!.id).toBe('report/41');
    expect(found.retriever).toBe('bm25 > rewrite(turns)');
    const own = await client.search('then?', { k: 1, pipeline: 'words > rewrite(turns, n=1)', turns });
    expect(own.retriever).toBe('words > rewrite(turns, n=1)');
  });
});

describe('an order', () => {
  const hours = async (sort: string, filter?: string): Promise<unknown[]> => {
    const { hits } = await client.search('lamp', {
      retriever: 'bm25',
      k: 4,
      sort,
      ...(filter === undefined ? {} : { filter }),
    });
    return hits.map(({ metadata }) => metadata['hours']);
  };
  it('is by fields, documents without the field last', async () => {
    expect(await hours('hours desc')).toEqual([59, 58, 57, 56]);
    expect(await hours('keeper desc, hours')).toEqual([2, 5, 8, 11]);
    expect(await hours('keeper, hours desc', 'hours < 9')).toEqual([7, 4, 1, 8]);
    const { hits } = await client.search('lamp', { retriever: 'bm25', k: 60, sort: 'keeper' });
    expect(hits.slice(-20).every(({ metadata }) => metadata['keeper'] === undefined)).toBe(true);
    // Meaning finds more than what is put in order.
    for (const perDocument of [undefined, 2]) {
      const one = { k: 40, sort: 'hours', ...(perDocument === undefined ? {} : { perDocument }) };
      const { hits: few, shortfall: why } = await collection.search('17', { ...one, k: 120 });
      expect(few.length).toBeLessThan(120);
      expect(why!.reason).toMatch(
        /^only what holds a word of the query is put into another order: \d+ of \d+ passages holds? one$/,
      );
    }
    await expect(client.search('lamp', { sort: 'ours desc' })).rejects.toThrow(/Did you mean "hours"/);
    await expect(client.search('lamp', { sort: 'hours down' })).rejects.toThrow(/is no order/);
  });

  it('is of lists too, page by page', async () => {
    const all = await client.list({ sort: 'year desc, hours desc', limit: 60 });
    expect(all.documents.map(({ id }) => id).slice(0, 3)).toEqual(['report/59', 'report/57', 'report/55']);
    const first = await client.list({ sort: 'year desc, hours desc', limit: 40 });
    const second = await client.list({ sort: 'year desc, hours desc', limit: 40, after: first.next! });
    expect([...first.documents, ...second.documents]).toEqual(all.documents);
    await expect(client.list({ sort: 'year', after: first.next! })).rejects.toThrow(/none of a list in this order/);
  });
});

describe('fields of hits', () => {
  it('are those that were chosen', async () => {
    const { hits } = await client.search('lamp', { k: 1, fields: ['title', 'metadata.year'] });
    expect(Object.keys(hits[0]!).sort()).toEqual(['id', 'metadata', 'rank', 'score', 'title']);
    expect(Object.keys(hits[0]!.metadata)).toEqual(['year']);
    expect(Object.keys((await client.search('lamp', { k: 1, fields: [] })).hits[0]!)).toEqual(['rank', 'score', 'id']);
    await expect(client.search('lamp', { fields: ['titel'] })).rejects.toThrow(/did you mean "title"/);
  });
});

describe('facets', () => {
  const counts = ({ facets }: { facets: readonly { field: string; values: readonly unknown[] }[] }, field: string) =>
    facets.find((facet) => facet.field === field)?.values;

  it('are of the documents that a query finds, as a search has them and by themselves', async () => {
    const query = 'more lamp -hours OR';
    const one = await client.facets({ query: 'and more', fields: ['keeper', 'year'] });
    const withMore = REPORTS.filter(({ text }) => text.includes('and more'));
    expect(one.documents).toBe(withMore.length);
    expect(counts(one, 'keeper')).toContainEqual({
      value: 'Ada',
      documents: withMore.filter(({ metadata }) => metadata.keeper === 'Ada').length,
    });
    const { facets } = await client.search('and more', { k: 1, facets: { fields: ['keeper', 'year'] } });
    expect(facetsSchema.parse(facets)).toEqual(one);
    expect((await client.facets({ query: '+more +"day 3"' })).documents).toBe(1);
    expect((await client.facets({ query })).documents).toBe((await collection.facets({ query })).documents);
    // Conditions alone, also while they are typed: nothing stands for the value of a field, or for what must not be there.
    for (const query of ['keeper:Ada', '-more', '-keeper:Ada']) {
      const found = await client.search(query, { k: 1000, complete: true, facets: { fields: ['keeper'] } });
      expect(found.facets!.documents, query).toBe(new Set(found.hits.map(({ id }) => id)).size);
      expect(found.hits.every(({ highlights }) => highlights!.length === 0)).toBe(true);
    }
    await expect(client.facets({ fields: ['keepr'] })).rejects.toThrow(/Did you mean "keeper"/);
  });

  it('leave the conditions on a field out where that field is counted, if asked', async () => {
    const filter = 'keeper = Ada and year = 1900';
    const narrow = await client.facets({ filter, query: 'lamp' });
    expect(counts(narrow, 'keeper')).toEqual([{ value: 'Ada', documents: 10 }]);
    const wide = await client.facets({ filter, query: 'lamp', disjunctive: true });
    expect(wide.documents).toBe(10);
    expect(counts(wide, 'keeper')).toEqual([
      { value: 'Ada', documents: 10 },
      { value: 'Brun', documents: 10 },
    ]);
    expect(counts(wide, 'year')).toEqual([
      { value: 1900, documents: 10 },
      { value: 1901, documents: 10 },
    ]);
    expect(await client.facets({ filter, disjunctive: true })).toEqual(wide);
  });
});

describe('a batch', () => {
  it('answers each search in its place, problems too', async () => {
    const searches = [
      { query: 'lamp', k: 2 },
      { query: 'lamp', filter: 'yeer = 1900' },
      { query: 'fog', k: 1, collection: 'notes' },
    ];
    const { status, body } = await server.ask('POST', '/v1/search/batch', { searches });
    expect(status).toBe(200);
    const { answers } = searchBatchAnswerSchema.parse(body);
    const [first, second, third] = answers as [SearchAnswer, { code: string }, SearchAnswer];
    expect(first.hits).toEqual((await client.search('lamp', { k: 2 })).hits);
    expect(second).toMatchObject({ status: 400, detail: expect.stringMatching(/no document has the field "yeer"/i) });
    expect(third.hits).toHaveLength(1);
    expect(await client.searchAll(searches.slice(2))).toMatchObject([{ query: 'fog' }]);
    expect((await server.ask('POST', '/v1/search/batch', { searches: [{ kk: 1 }] })).body.detail).toMatch(/kk/);
  });
});
