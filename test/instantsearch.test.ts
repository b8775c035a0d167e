import instantsearch from 'instantsearch.js';
import {
  connectHits,
  connectPagination,
  connectRange,
  connectRefinementList,
  connectSearchBox,
  connectSortBy,
} from 'instantsearch.js/es/connectors/index.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createClient } from '../src/client/index.ts';
import { type InstantSearchHit, instantSearchClient } from '../src/instantsearch/index.ts';
import { NOTES, type TestServer, testServer } from './support/server.ts';

/** InstantSearch itself, with its connectors: what its widgets are made of, without their markup. */
let server: TestServer;
beforeAll(async () => {
  const gulls = Array.from({ length: 30 }, (_, i) => ({
    id: `gulls/${i}`,
    title: `Gull ${i}`,
    text: `A gull of the harbour, number ${i}.`,
    metadata: { year: 1980 + i, tags: [i % 2 === 0 ? 'even' : 'odd', 'a-b'] },
  }));
  server = await testServer([...NOTES, ...gulls]);
});
afterAll(() => server[Symbol.asyncDispose]());

const clientOf = () =>
  instantSearchClient(createClient({ url: server.url }), {
    indexes: { newest: { collection: 'notes', sort: 'year desc' } },
    retriever: 'bm25',
  });

/** What the widgets of a page show, and how they are used. */
// biome-ignore lint/suspicious/noExplicitAny: what each connector gives its renderer
type Shown = Record<'box' | 'hits' | 'tags' | 'pages' | 'years' | 'order', any>;

function page() {
  const shown = {} as Shown;
  const errors: unknown[] = [];
  const search = instantsearch({ indexName: 'notes', searchClient: clientOf() as never });
  const keep = (name: keyof Shown) => (given: object) => {
    shown[name] = given;
  };
  search.addWidgets([
    connectSearchBox(keep('box'))({}),
    connectHits(keep('hits'))({}),
    connectRefinementList(keep('tags'))({ attribute: 'tags', operator: 'or' }),
    connectPagination(keep('pages'))({}),
    connectRange(keep('years'))({ attribute: 'year' }),
    connectSortBy(keep('order'))({
      items: [
        { value: 'notes', label: 'Best' },
        { value: 'newest', label: 'Newest' },
      ],
    }),
  ]);
  search.on('error', (error: unknown) => errors.push(error));
  search.start();
  const ids = (): string[] => (shown.hits?.items ?? []).map(({ objectID }: InstantSearchHit) => objectID);
  const until = async (check: () => void) => {
    await vi.waitFor(check, { timeout: 10_000 });
    expect(errors).toEqual([]);
  };
  return { search, shown, ids, until };
}

describe('InstantSearch over a server', () => {
  it('browses, searches as one types, refines, pages and sorts', async () => {
    const { search, shown, ids, until } = page();
    await until(() => expect(shown.hits.results.nbHits).toBe(34));
    const counts = (): [string, number][] =>
      shown.tags.items.map(({ value, count }: { value: string; count: number }) => [value, count]);
    expect(Object.fromEntries(counts())).toMatchObject({ even: 15, odd: 15, guide: 2, 'a-b': 30 });
    expect(shown.years.range).toEqual({ min: 1963, max: 2021 });

    shown.box.refine('signing ke');
    await until(() => expect(ids()[0]).toBe('docs/keys.md'));
    expect(shown.hits.items[0]._highlightResult.text.value).toMatch(/<mark>signing<\/mark>/i);
    expect(shown.hits.items[0]).toMatchObject({ title: 'Keys', year: 2021 });

    shown.box.refine('gull');
    await until(() => expect(shown.hits.results.nbHits).toBe(30));
    const first = ids();
    expect(first).toHaveLength(20);
    expect(shown.pages.nbPages).toBe(2);
    shown.pages.refine(1);
    await until(() => expect(ids()).toHaveLength(10));
    expect(ids().some((id) => first.includes(id))).toBe(false);

    // Other values can be chosen as well: counts of the field leave its own condition out.
    shown.tags.refine('even');
    await until(() => expect(shown.hits.results.nbHits).toBe(15));
    expect(Object.fromEntries(counts())).toMatchObject({ even: 15, odd: 15 });
    shown.tags.refine('odd');
    await until(() => expect(shown.hits.results.nbHits).toBe(30));
    shown.tags.refine('odd');
    shown.years.refine([1990, 1995]);
    await until(() => expect(shown.hits.results.nbHits).toBe(3));

    shown.order.refine('newest');
    await until(() => expect(ids()).toEqual(['gulls/14', 'gulls/12', 'gulls/10']));
    search.dispose();
  });

  it('searches for values of a facet', async () => {
    const { search, shown, until } = page();
    await until(() => expect(shown.hits.results.nbHits).toBe(34));
    shown.tags.searchForItems('gui');
    await until(() => expect(shown.tags.items).toHaveLength(1));
    expect(shown.tags.items[0]).toMatchObject({ value: 'guide', count: 2 });
    expect(shown.tags.items[0].highlighted).toMatch(/<mark>gui<\/mark>de/);
    search.dispose();
  });
});

describe('its requests', () => {
  const total = async (params: object): Promise<number> =>
    (await clientOf().search([{ indexName: 'notes', params }])).results[0]!.nbHits;

  it('understand filters of every kind, and refuse others aloud', async () => {
    expect(await total({ facetFilters: ['tags:a-b', ['year:1980', 'year:1981']] })).toBe(2);
    expect(await total({ facetFilters: 'tags:-even' })).toBe(19);
    expect(await total({ facetFilters: ['draft:false'] })).toBe(1);
    expect(await total({ facetFilters: ['title:He said "x\\"'] })).toBe(0);
    expect(await total({ numericFilters: ['year>=1980', 'year < 1983'] })).toBe(3);
    expect(await total({ numericFilters: 'year:1980 TO 1983' })).toBe(4);
    expect(await total({ filters: 'year >= 2020', facetFilters: ['tags:security'] })).toBe(1);
    for (const params of [{ facetFilters: ['tags'] }, { facetFilters: ['a b:c'] }, { numericFilters: ['year~5'] }]) {
      await expect(total(params)).rejects.toThrow(/cannot be read\. Write/);
    }
  });
});
