export type { DocumentRecord, Metadata, MetadataValue, PassageRecord, WeightedTerm } from '../content/index.ts';
export { SnapshotCorpus } from './corpus.ts';
export { type OpenIndexFile, openIndexFile, readVectorFile, writeIndexFile } from './local/index-file.ts';
export { createLocalStore, LocalStore, openLocalStore } from './local/store.ts';
export type * from './types.ts';
