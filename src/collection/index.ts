export {
  type AddReport,
  Collection,
  type OpenOptions,
  openCollection,
  type StoredDocument,
  verifyCollection,
} from './collection.ts';
export type { CollectionPlanOptions } from './planning.ts';
export { DEFAULT_SETTINGS } from './settings.ts';
export type {
  AddOptions,
  DocumentRanking,
  IndexingSettings,
  IndexOptions,
  IndexProgress,
  IndexReport,
  InputDocument,
  Range,
  RetrieverName,
  SearchHit,
  SearchOptions,
  SearchResult,
  Shortfall,
} from './types.ts';
