export type { DocumentRecord, InputDocument, Metadata, MetadataValue, PassageRecord } from './document.ts';
export type { Comparison, Filter, Scalar } from './filter.ts';
export type { Content, Query, Representation, Turn, WeightedTerm } from './query.ts';
