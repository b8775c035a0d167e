export type { DocumentRecord, InputDocument, Metadata, MetadataValue, PassageRecord } from './document.ts';
export type { Content, Query, Representation, Turn, WeightedTerm } from './query.ts';
