export * from './collections.ts';
export * from './common.ts';
export * from './documents.ts';
export * from './facets.ts';
export * from './folders.ts';
export * from './names.ts';
export * from './present.ts';
export * from './search.ts';
export type * from './source.ts';
