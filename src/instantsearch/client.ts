import { LIMITS, type RetrieverName } from '../api/common.ts';
import type { Facets } from '../api/facets.ts';
import type { Hit } from '../api/search.ts';
import { given } from '../base/given.ts';
import type { SagittaClient } from '../client/index.ts';
import { type FilterParameters, filterOf } from './filters.ts';

/** Parameters that widgets of InstantSearch send, as far as they have a meaning here; others are passed over. */
export interface InstantSearchParameters extends FilterParameters {
  readonly query?: string | undefined;
  readonly page?: number | undefined;
  /** Default 20. */
  readonly hitsPerPage?: number | undefined;
  readonly facets?: string | readonly string[] | undefined;
  readonly maxValuesPerFacet?: number | undefined;
  readonly highlightPreTag?: string | undefined;
  readonly highlightPostTag?: string | undefined;
  readonly facetName?: string | undefined;
  readonly facetQuery?: string | undefined;
  readonly maxFacetHits?: number | undefined;
}

export interface InstantSearchRequest {
  /** A collection of the server, or a name of {@link InstantSearchOptions.indexes}. */
  readonly indexName: string;
  readonly params?: InstantSearchParameters | undefined;
}

/** Options of {@link instantSearchClient}. */
export interface InstantSearchOptions {
  /** What index names mean that are no collections: another order for the widget `sortBy`, or a collection of another name. */
  readonly indexes?: Readonly<Record<string, { readonly collection?: string; readonly sort?: string }>>;
  /** Whether the last word may be the beginning of one. Default true: people search as they type. */
  readonly complete?: boolean;
  readonly retriever?: RetrieverName;
  /** In place of `retriever`: a text such as `fuse(words, meaning) > group(1)`, or the name of a pipeline. */
  readonly pipeline?: string;
}

/** A hit: the document's metadata as attributes, and what matched. */
export interface InstantSearchHit {
  readonly objectID: string;
  readonly [attribute: string]: unknown;
}

/** An answer, as InstantSearch reads it. */
export interface InstantSearchResult {
  readonly hits: InstantSearchHit[];
  readonly nbHits: number;
  readonly page: number;
  readonly nbPages: number;
  readonly hitsPerPage: number;
  readonly processingTimeMS: number;
  readonly exhaustiveNbHits: boolean;
  readonly query: string;
  readonly params: string;
  readonly index: string;
  readonly facets: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly facets_stats: Readonly<Record<string, { readonly min: number; readonly max: number }>>;
}

export interface FacetValuesResult {
  readonly facetHits: readonly { readonly value: string; readonly highlighted: string; readonly count: number }[];
  readonly exhaustiveFacetsCount: boolean;
  readonly processingTimeMS: number;
}

/** A `searchClient` of InstantSearch. */
export interface InstantSearchClient {
  search(requests: readonly InstantSearchRequest[]): Promise<{ results: InstantSearchResult[] }>;
  searchForFacetValues(requests: readonly InstantSearchRequest[]): Promise<FacetValuesResult[]>;
}

/**
 * What `instantsearch({ searchClient })` and its kin for React and Vue search with: a server of ours instead of Algolia's. Attributes for widgets are
 * the fields that filters name; attributes of hits are `title`, `path`, `text`, `headings` and the metadata.
 * @param source `createClient({ url })`; the server's `--cors` has to name the website.
 */
export function instantSearchClient(source: SagittaClient, options: InstantSearchOptions = {}): InstantSearchClient {
  const { indexes = {}, complete = true, retriever, pipeline } = options;
  const at = (name: string) => source.collection(indexes[name]?.collection ?? name);

  const answer = async ({ indexName, params = {} }: InstantSearchRequest): Promise<InstantSearchResult> => {
    const { query = '', page = 0, hitsPerPage = 20, facets, maxValuesPerFacet = 100 } = params;
    const start = performance.now();
    const collection = at(indexName);
    const sort = indexes[indexName]?.sort;
    const filter = filterOf(params);
    const asked = typeof facets === 'string' ? [facets] : (facets ?? []);
    // Without a field that everything has, nothing says how many documents there are.
    const fields = asked.includes('*') ? undefined : [...new Set(['format', ...asked])];
    const values = Math.min(maxValuesPerFacet, MOST_VALUES);
    const depth = Math.min((page + 1) * hitsPerPage, LIMITS.k);
    const counting = given({ filter, fields });
    let counted: Facets | undefined;
    let hits: InstantSearchHit[] = [];
    if (query.trim() === '') {
      const [count, list] = await Promise.all([
        collection.facets({ ...counting, values }),
        depth === 0 ? undefined : collection.list({ ...given({ filter, sort }), limit: Math.min(depth, LIMITS.page) }),
      ]);
      counted = count;
      hits = (list?.documents ?? []).map((document) => browsed(document));
    } else if (depth === 0) {
      counted = await collection.facets({ query, ...counting, values });
    } else {
      const found = await collection.search(query, {
        k: depth,
        perDocument: 1,
        complete,
        facets: { ...given({ fields }), values },
        ...given({ filter, sort, retriever, pipeline }),
      });
      counted = found.facets;
      hits = found.hits.map((hit) => hitOf(hit, params));
    }
    const nbHits = Math.max(hits.length, counted?.documents ?? 0);
    return {
      hits: hits.slice(page * hitsPerPage, (page + 1) * hitsPerPage),
      nbHits,
      page,
      nbPages: hitsPerPage === 0 ? 0 : Math.ceil(Math.min(nbHits, LIMITS.k) / hitsPerPage),
      hitsPerPage,
      processingTimeMS: Math.round(performance.now() - start),
      exhaustiveNbHits: false,
      query,
      params: '',
      index: indexName,
      ...facetsOf(counted, asked),
    };
  };

  return {
    search: async (requests) => ({ results: await Promise.all(requests.map(answer)) }),
    searchForFacetValues: (requests) =>
      Promise.all(
        requests.map(async ({ indexName, params = {} }) => {
          const { facetName = '', facetQuery = '', maxFacetHits = 10, query = '' } = params;
          const start = performance.now();
          const filter = filterOf(params);
          const { facets } = await at(indexName).facets({
            fields: [facetName],
            values: MOST_VALUES,
            ...given({ filter, query: query.trim() === '' ? undefined : query }),
          });
          const wanted = facetQuery.toLowerCase();
          const facetHits = (facets[0]?.values ?? [])
            .map(({ value, documents }) => ({ value: String(value), count: documents }))
            .filter(({ value }) => value.toLowerCase().includes(wanted))
            .slice(0, maxFacetHits)
            .map(({ value, count }) => {
              const from = value.toLowerCase().indexOf(wanted);
              const ranges = wanted === '' ? [] : [{ start: from, end: from + wanted.length }];
              return { value, count, highlighted: marked(value, ranges, params) };
            });
          return {
            facetHits,
            exhaustiveFacetsCount: true,
            processingTimeMS: Math.round(performance.now() - start),
          };
        }),
      ),
  };
}

/** Values of one field that a server counts at most. */
const MOST_VALUES = 100;

type Tags = Pick<InstantSearchParameters, 'highlightPreTag' | 'highlightPostTag'>;

/** A text with what matched between tags. InstantSearch escapes what is between them. */
function marked(text: string, ranges: readonly { start: number; end: number }[], tags: Tags): string {
  const { highlightPreTag: before = '<em>', highlightPostTag: after = '</em>' } = tags;
  let out = '';
  let at = 0;
  for (const { start, end } of ranges) {
    if (start < at) continue;
    out += text.slice(at, start) + before + text.slice(start, end) + after;
    at = end;
  }
  return out + text.slice(at);
}

function hitOf({ id, title, path, text, headings, metadata, highlights, snippet }: Hit, tags: Tags): InstantSearchHit {
  const full = (value: string, ranges: readonly { start: number; end: number }[]) => ({
    value: marked(value, ranges, tags),
    matchLevel: ranges.length > 0 ? 'full' : 'none',
    matchedWords: [...new Set(ranges.map(({ start, end }) => value.slice(start, end)))],
  });
  return {
    ...metadata,
    ...given({ path }),
    objectID: id,
    title,
    text,
    headings,
    _highlightResult: { title: full(title, []), text: full(text, highlights) },
    _snippetResult: { text: full(snippet.text, snippet.highlights) },
  };
}

function browsed(document: {
  readonly id: string;
  readonly title: string;
  readonly path?: string | undefined;
  readonly metadata: object;
}) {
  const { id, title, path, metadata } = document;
  const plain = { value: title, matchLevel: 'none', matchedWords: [] };
  return { ...metadata, ...given({ path }), objectID: id, title, _highlightResult: { title: plain } };
}

function facetsOf(
  counted: Facets | undefined,
  asked: readonly string[],
): Pick<InstantSearchResult, 'facets' | 'facets_stats'> {
  const wanted = (counted?.facets ?? []).filter(({ field }) => asked.includes('*') || asked.includes(field));
  return {
    facets: Object.fromEntries(
      wanted.map(({ field, values }) => [
        field,
        Object.fromEntries(values.map(({ value, documents }) => [String(value), documents])),
      ]),
    ),
    facets_stats: Object.fromEntries(
      wanted.flatMap(({ field, range }) =>
        range === undefined ? [] : [[field, { min: range.least, max: range.greatest }] as const],
      ),
    ),
  };
}
