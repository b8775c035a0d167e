/**
 * Kinds of indexes that few collections have, and that are large: a browser loads them for a collection that does (`store/browser/seldom.ts`
 * stands in for this file there).
 */
export {
  ImpactIndex,
  ImpactIndexBuilder,
  IvfIndex,
  IvfModel,
  impactCodes,
  parseSpec,
  TokenIndex,
  TokenIndexBuilder,
  tokenCodes,
} from '../../index/index.ts';
