export type { Query, Representation, Turn, WeightedTerm } from '../content/index.ts';
export {
  type Corpus,
  type CorpusPassage,
  type Field,
  type FieldDefinition,
  type FieldParams,
  type FieldSource,
  MEANING,
  MemoryCorpus,
  type MemoryCorpusOptions,
  memoryCorpus,
  WORDS,
  weightedTerms,
} from '../corpus/index.ts';
export { MaxSim } from '../index/index.ts';
export { bm25 } from './bm25.ts';
export { type Completion, completions } from './completions.ts';
export { CONDITIONS } from './conditions.ts';
export { DEEPEST } from './cursor.ts';
export { type DenseOptions, dense } from './dense.ts';
export { type ExpansionOptions, expandQuery } from './expand-query.ts';
export { countFacets, type FacetCount, type FacetCounts, type FacetOptions } from './facets.ts';
export {
  bo1,
  CONVERSATION_SIGNALS,
  type ConversationFeedbackOptions,
  type ConversationModel,
  composeHypothesis,
  conversationFeedback,
  type Feedback,
  HYPOTHESIS_SIGNALS,
  type Hypothesis,
  type HypothesisFeedbackOptions,
  type HypothesisModel,
  type HypothesisSignal,
  hypothesisFeedback,
  KEYWORD_MATCH,
  type LearnedFeedbackOptions,
  learnedFeedback,
  type QueryUpdate,
  type QueryUpdateForm,
  type QueryUpdateShape,
  queryUpdateShapes,
  type RocchioOptions,
  readConversationModel,
  readHypothesisModel,
  readQueryUpdate,
  rm3,
  rocchio,
  type TermFeedbackOptions,
  type TokenFeedbackOptions,
  tokenFeedback,
  updatedQuery,
  writeConversationModel,
  writeHypothesisModel,
  writeQueryUpdate,
} from './feedback/index.ts';
export {
  and,
  BUILT_IN as BUILT_IN_FIELDS,
  type Comparison,
  checkFields,
  checkFilter,
  contains,
  eq,
  exists,
  type Filter,
  filterFields,
  gt,
  gte,
  lt,
  lte,
  matches,
  ne,
  not,
  oneOf,
  or,
  type Scalar,
  startsWith,
} from './filter.ts';
export { compileFilter, explainNothing, fieldValues } from './filter-match.ts';
export { parseFilter } from './filter-parser.ts';
export { CANDIDATES, type FuseOptions, fuse } from './fuse.ts';
export { type ConvexOptions, convex, type Fusion, type Normalization, rrf, type Share } from './fusions.ts';
export { type HopSearchOptions, hopSearch } from './hop-search.ts';
export { type HybridOptions, hybrid } from './hybrid.ts';
export { impacts, impactTerms } from './impacts.ts';
export { interleave } from './interleave.ts';
export { marksIn } from './marks.ts';
export { type NeighbourOptions, refineByNeighbours } from './neighbours.ts';
export type {
  DocumentRanking,
  PassageReference,
  Range,
  RetrieverName,
  SearchHit,
  SearchOptions,
  SearchResult,
  Shortfall,
  SimilarOptions,
} from './options.ts';
export {
  BUILT_IN,
  type CompiledPipeline,
  checkPipelineName,
  compilePipeline,
  type Extensions,
  type FuseParameters,
  type Judging,
  OPERATORS,
  type Operator,
  type OperatorParameter,
  type OperatorScope,
  type ParameterValue,
  Pipeline,
  type PipelineEnvironment,
  type PipelineInput,
  type PipelineStep,
  pipeline,
  RELEVANCE_DEPTH,
  type Reranker,
  type RerankOptions,
  type StepInput,
  shippedRelevance,
} from './pipeline/index.ts';
export { type QueryHead, queryComponents } from './query-head.ts';
export {
  formatRelevance,
  HIT_SCORES,
  hitScores,
  LEAST_BASE,
  LEAST_EXPONENT,
  LIST_FEATURES,
  listFeatures,
  numbersOfMap,
  parseRelevance,
  type RelevanceGrounds,
  type RelevanceMap,
  type RelevanceParameters,
  relevanceMaps,
  relevanceOf,
  type ScoredHit,
  type ScoredList,
} from './relevance.ts';
export { defaultRelevance } from './relevance-defaults.ts';
export { type ModelRerankerOptions, modelReranker } from './reranking/index.ts';
export { rankCorpus, type SearchEnvironment, searchCorpus } from './searching.ts';
export { allowedPassages, documentFilter } from './selection.ts';
export { similarInCorpus } from './similar.ts';
export { checkSort, compareSorted, parseSort, type Sort, type SortKey, sortValues } from './sort.ts';
export { type Suggestion, type Suggestions, type SuggestOptions, suggestValues } from './suggest.ts';
export type {
  Contribution,
  RankedPassage,
  Ranking,
  RelevanceCut,
  RetrieveParams,
  Retriever,
  StageTrace,
} from './types.ts';
export { WALK_DEFAULTS, type WalkOptions, walk } from './walk.ts';
export { QueryMatcher, type QueryWord, type QueryWords, type WordMatch } from './word-match.ts';
export {
  type EnsembleOptions,
  ensemble,
  type HydeOptions,
  hyde,
  type PartsOptions,
  parts,
  type QueryWriter,
  standalone,
  userTurns,
  type WriteOptions,
} from './writing/index.ts';
