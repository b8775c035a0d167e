export { FlatIndex, type FlatOptions, type FlatPart, type FlatSearchParams } from './flat.ts';
export { FlatIndexBuilder } from './flat-builder.ts';
export {
  InvertedIndex,
  type LexicalContribution,
  type LexicalExplanation,
  type LexicalSearchParams,
  type LexicalStatistics,
  type QueryTerm,
} from './inverted.ts';
export { type IndexedField, InvertedIndexBuilder } from './inverted-build.ts';
export type { Bm25Parameters } from './inverted-encode.ts';
