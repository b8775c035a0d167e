export {
  ANALYSIS_VERSION,
  type Analysis,
  type Analyzer,
  type AnalyzerOptions,
  analyzerFor,
  isNear,
  type Reading,
} from './analyzer.ts';
export type { Block, BlockKind } from './blocks.ts';
export { charactersFor, cutToTokens, mostTokens, share } from './budget.ts';
export {
  type CodeLanguage,
  type CodeSplitter,
  type CodeSplitterOptions,
  createCodeSplitter,
  type TreeSitterRuntime,
} from './code.ts';
export { isLinedLanguage, type LinedLanguage, linedBlocks } from './code-lines.ts';
export { areFormsOfOne } from './english-forms.ts';
export { type FrontMatter, frontMatter } from './front-matter.ts';
export { highlight, type Range, type Snippet, snippet } from './highlight.ts';
export { label, shortened } from './label.ts';
export { type DetectedLanguage, type DetectOptions, detectLanguage } from './language.ts';
export { loadLanguage, primaryLanguage } from './languages.ts';
export { loadMarkdown, type MarkdownDocument, markdownBlocks } from './markdown.ts';
export { plainForm } from './normalize.ts';
export type { Token } from './part.ts';
export { type Passage, type PassageOptions, splitPassages } from './passages.ts';
export { phraseWords } from './phrase-words.ts';
export { type PlainText, plainSnippet, plainText } from './plain.ts';
export {
  type FieldBound,
  formatQuery,
  parseQuery,
  type QueryClause,
  type QueryPart,
  type QuerySyntax,
  type QuerySyntaxOptions,
} from './query.ts';
export { lineStarts, sentenceStarts } from './sentences.ts';
export { isGrammatical } from './stop-words.ts';
export { parseSynonyms, type Synonyms } from './synonyms.ts';
export { TermNumbers } from './term-numbers.ts';
export { textBlocks } from './text-blocks.ts';
export { countTokens } from './token-count.ts';
