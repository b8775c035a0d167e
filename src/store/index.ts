export type { DocumentRecord, Metadata, MetadataValue, PassageRecord, WeightedTerm } from '../content/index.ts';
export { SnapshotCorpus } from './corpus.ts';
export { type OpenIndexFile, openIndexFile, readVectorFile, writeIndexFile } from './local/index-file.ts';
export { createLocalStore, LocalStore, openLocalStore } from './local/store.ts';
export { documentBase, shownLocation } from './location.ts';
export { isPostgresAddress, parsePostgresAddress } from './postgres/address.ts';
export type { Database, Sql, SqlValue } from './postgres/sql.ts';
export { openPostgresStore, type PostgresOptions, PostgresStore } from './postgres/store.ts';
export type * from './types.ts';
