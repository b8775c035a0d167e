export type { InputDocument } from '../content/index.ts';
export { DEFAULT_SETTINGS, type IndexingSettings } from '../corpus/index.ts';
export type {
  DocumentRanking,
  PassageReference,
  Range,
  RetrieverName,
  SearchHit,
  SearchOptions,
  SearchResult,
  Shortfall,
  SimilarOptions,
  Suggestion,
  Suggestions,
  SuggestOptions,
} from '../search/index.ts';
export { RELEVANCE_DEPTH } from '../search/index.ts';
export { ENCODERS } from '../store/local/beside.ts';
export type { AddReport } from './add-documents.ts';
export type { AddFieldOptions, AddFieldReport } from './add-field.ts';
export type { BuildOptions, BuildReport, DeployOptions } from './building.ts';
export { Collection } from './collection.ts';
export { type Contexts, contextsOf } from './contexts.ts';
export { type CopyOptions, type CopyReport, copyCollection } from './copying.ts';
export type { GivenEncoder } from './encoders.ts';
export { type Extension, joinExtensions, loadExtensions } from './extensions.ts';
export { LEARNED } from './learned-feedback.ts';
export { listPaths } from './list-paths.ts';
export { type OpenOptions, openCollection } from './open.ts';
export { withOwn } from './own-parts.ts';
export type { StoredPipelines } from './pipelines.ts';
export type { CollectionPlanOptions } from './planning.ts';
export type { BatchedQuery, StoredDocument } from './reads.ts';
export type { ReencodeCollectionReport } from './reencoding.ts';
export { queryEmbedding } from './relevant.ts';
export { CROSS } from './reranking.ts';
export { type Source, sourceRuns } from './sources.ts';
export type { AddOptions, IndexOptions, IndexProgress, IndexReport, RelevantOptions, RelevantResult } from './types.ts';
export { verifyCollection } from './verify.ts';
