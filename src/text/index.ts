export { type Analyzer, type AnalyzerOptions, analyzerFor, type Token } from './analyzer.ts';
export type { Block, BlockKind } from './blocks.ts';
export { loadLanguage, primaryLanguage } from './languages.ts';
