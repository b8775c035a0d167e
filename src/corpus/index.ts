export type {
  Corpus,
  CorpusFilters,
  CorpusPassage,
  Field,
  FieldParams,
  FieldSource,
  ImpactsField,
  TermsField,
  VectorField,
  VectorsField,
} from './corpus.ts';
export { embeddingText } from './embedding-text.ts';
export { checkRepresentation, fieldOf, MEANING, WORDS } from './fields.ts';
export { weighedTerms, wordedText } from './impacts.ts';
export { checkInput } from './input.ts';
export { type FieldDefinition, MemoryCorpus, type MemoryCorpusOptions, memoryCorpus } from './memory.ts';
export {
  blocksOf,
  languageOf,
  type Preparable,
  type PreparedPassage,
  passageFields,
  preparePassages,
} from './passages.ts';
export { type AnalysedWords, primary, queryLanguage, WordAnalysis, weightedTerms } from './query-analysis.ts';
export { checkLanguage, DEFAULT_SETTINGS, type IndexingSettings, resolveSettings } from './settings.ts';
export { metadataSource, narrowestWindow, parseFieldSource, sourceText } from './sources.ts';
