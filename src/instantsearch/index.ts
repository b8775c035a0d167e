export {
  type FacetValuesResult,
  type InstantSearchClient,
  type InstantSearchHit,
  type InstantSearchOptions,
  type InstantSearchParameters,
  type InstantSearchRequest,
  type InstantSearchResult,
  instantSearchClient,
} from './client.ts';
export type { FilterParameters, NestedFilters } from './filters.ts';
