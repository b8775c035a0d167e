export {
  type AddReport,
  Collection,
  type StoredDocument,
} from './collection.ts';
export { ENCODERS } from './encoder-versions.ts';
export { listPaths } from './index-paths.ts';
export { type OpenOptions, openCollection } from './open.ts';
export type { CollectionPlanOptions } from './planning.ts';
export type { DeployOptions, ReencodeCollectionOptions, ReencodeCollectionReport } from './reencoding.ts';
export { judgesRelevance, queryEmbedding, RELEVANCE_DEPTH } from './relevant.ts';
export { allowedPassages, documentFilter } from './searching.ts';
export { DEFAULT_SETTINGS } from './settings.ts';
export type {
  AddOptions,
  DocumentRanking,
  IndexingSettings,
  IndexOptions,
  IndexProgress,
  IndexReport,
  InputDocument,
  PassageReference,
  Range,
  RelevantOptions,
  RelevantResult,
  RetrieverName,
  SearchHit,
  SearchOptions,
  SearchResult,
  Shortfall,
  SimilarOptions,
} from './types.ts';
export { verifyCollection } from './verify.ts';
