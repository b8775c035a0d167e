/**
 * Sagitta: an embedding-based retrieval engine. This entry opens collections; the parts that they are made of have
 * entries of their own (`sagitta-search/search`, `sagitta-search/index`, `sagitta-search/text`, ...).
 */
export * from './base/index.ts';
export * from './collection/index.ts';
export {
  and,
  contains,
  eq,
  exists,
  type Filter,
  gt,
  gte,
  lt,
  lte,
  matches,
  ne,
  not,
  oneOf,
  or,
  parseFilter,
  startsWith,
} from './search/index.ts';
export {
  type Database,
  type OpenIndexFile,
  openIndexFile,
  readVectorFile,
  type Sql,
  type SqlValue,
  writeIndexFile,
} from './store/index.ts';
