export {
  MeaningIndex,
  type PackedVectors,
  packVectors,
  type StaticMeaning,
  unpackVectors,
  type WordVectors,
} from './meaning.ts';
export {
  type ElementHit,
  FORMAT,
  StaticIndex,
  type StaticManifest,
  type StaticPassage,
  type StaticShard,
} from './static-index.ts';
export { likeness, type PlainWord, shardOf, wordsOf } from './words.ts';
