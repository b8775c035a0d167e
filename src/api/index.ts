export * from './collections.ts';
export * from './common.ts';
export * from './documents.ts';
export * from './search.ts';
