import type { InputDocument, PassageRecord } from '../content/index.ts';
import type { EncoderWindow } from '../encode/encoder.ts';
import type { IndexedField } from '../index/index.ts';
import {
  type Analysis,
  type Analyzer,
  analyzerFor,
  type Block,
  detectLanguage,
  markdownBlocks,
  phraseWords,
  textBlocks,
} from '../text/index.ts';
import { passagePlaces } from '../text/passages.ts';
import { embeddingText } from './embedding-text.ts';
import { fitPassages, type PassagePlace } from './fitting.ts';
import { analysisLanguage, primary, type WordAnalysis } from './query-analysis.ts';
import type { IndexingSettings } from './settings.ts';

/** A passage with its terms, and the text that the encoder sees. */
export interface PreparedPassage extends PassageRecord {
  readonly fields: readonly IndexedField[];
  readonly embeddingText: string;
}

/** What preparation needs to know of a document, wherever it came from. */
export interface Preparable {
  readonly title: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly language?: string;
}

/** Structure of a document that the program gave: its own blocks, or what its format implies. */
export function blocksOf(document: InputDocument): readonly Block[] {
  if (document.blocks !== undefined && document.blocks.length > 0) return document.blocks;
  return document.format === 'markdown' ? markdownBlocks(document.text).blocks : textBlocks(document.text);
}

/** The document's language: declared, else detected, else `und`. */
export function languageOf(document: Preparable, settings: IndexingSettings): string {
  if (document.language !== undefined) return primary(document.language);
  if (!settings.detectLanguage) return settings.language;
  const { language, confidence } = detectLanguage(document.text.trim() === '' ? document.title : document.text);
  return confidence >= 0.5 ? language : 'und';
}

/** A document's passages, and how many of them the encoder does not read to their end. */
export interface PreparedPassages {
  readonly passages: readonly PreparedPassage[];
  readonly cut: number;
}

/** Lets others have their turn; where there is no `setImmediate`, as in browsers, after a millisecond or more. */
const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve);
  });
/** Milliseconds of work between two turns of the event loop. */
const YIELD_AFTER = 12;

/**
 * Cuts a document into passages and analyses each: text, title and the headings above it, as fields with boosts. A title
 * without a text is a passage of its own, an empty one; without either there is none.
 * @param window of the encoder that is to read them: longer passages are cut further.
 * @param signal stops it between two passages; every few milliseconds others have their turn, so that it can come.
 */
export async function preparePassages(
  document: Preparable,
  language: string,
  settings: IndexingSettings,
  window?: EncoderWindow,
  signal?: AbortSignal,
): Promise<PreparedPassages> {
  const analyzer = analyzerFor(analysisLanguage(language, settings));
  const title = analyzer.analyze(document.title);
  const { passageTokens: maxTokens, passageOverlap: overlap } = settings;
  const whole: PassagePlace[] = passagePlaces(document.text, document.blocks, { maxTokens, overlap });
  if (whole.length === 0 && document.title.trim() !== '') whole.push({ start: 0, end: 0, headings: [] });
  const { places, cut } =
    window === undefined ? { places: whole, cut: 0 } : await fitPassages(document, whole, window, overlap);
  const passages: PreparedPassage[] = [];
  let from = performance.now();
  for (const { start, end, headings, page } of places) {
    if (performance.now() - from > YIELD_AFTER) {
      await nextTurn();
      signal?.throwIfAborted();
      from = performance.now();
    }
    const text = document.text.slice(start, end);
    const fields = fieldsOf({ title: document.title, analysed: title, headings, text }, analyzer, settings);
    passages.push({
      start,
      end,
      headings,
      ...(page === undefined ? {} : { page }),
      fields,
      embeddingText: embeddingText(document.title, headings, text),
    });
  }
  return { passages, cut };
}

/** What a passage that was cut before is indexed by, as {@link preparePassages} has it. */
export function passageFields(
  passage: { readonly title: string; readonly headings: readonly string[]; readonly text: string },
  language: string,
  settings: IndexingSettings,
): IndexedField[] {
  const analyzer = analyzerFor(analysisLanguage(language, settings));
  return fieldsOf({ ...passage, analysed: analyzer.analyze(passage.title) }, analyzer, settings);
}

function fieldsOf(
  passage: {
    readonly title: string;
    /** Of the title, which stands above many passages. */
    readonly analysed: Analysis;
    readonly headings: readonly string[];
    readonly text: string;
  },
  analyzer: Analyzer,
  settings: IndexingSettings,
): IndexedField[] {
  const { title, analysed, headings, text } = passage;
  const own = analyzer.read(text);
  const analyses: Analysis[] = [own];
  const fields: IndexedField[] = [{ terms: own.terms, boost: 1 }];
  if (settings.titleBoost > 0) {
    analyses.push(analysed);
    fields.push({ terms: analysed.terms, boost: settings.titleBoost });
  }
  if (settings.headingBoost > 0 && headings.length > 0) {
    const above = headings.map((heading) => analyzer.analyze(heading));
    analyses.push(...above);
    fields.push({ terms: above.flatMap(({ terms }) => terms), boost: settings.headingBoost });
  }
  const further = furtherForms(fields, analyses);
  fields.push({ ...further, words: inOrder([title, ...headings].map(phraseWords), own.words) });
  return fields;
}

/** A text as the only field of its kind: its terms, and what it is found by besides. */
export function sourceTerms(
  text: string,
  { language }: { readonly language: string },
  analysis: WordAnalysis,
): IndexedField[] {
  const analysed = analysis.analyzerOf(language).analyze(text);
  const field: IndexedField = { terms: analysed.terms, boost: 1 };
  return [field, { ...furtherForms([field], [analysed]), words: phraseWords(text) }];
}

/** The words of several texts, an empty one between two of them. */
function inOrder(before: readonly (readonly string[])[], last: readonly string[]): readonly string[] {
  if (before.every(({ length }) => length === 0)) return last;
  const words: string[] = [];
  for (const own of [...before, last]) {
    if (words.length > 0 && own.length > 0) words.push('');
    for (const word of own) words.push(word);
  }
  return words;
}

/**
 * What a passage is found by besides its terms: each form once, however often it occurs, and none that is a term already.
 * It makes the passage no longer, so that ranking by terms is what it would be without.
 */
export function furtherForms(fields: readonly IndexedField[], analyses: readonly Analysis[]): IndexedField {
  const known = new Set<string>();
  for (const { terms } of fields) for (const term of terms) known.add(term);
  const further = new Set<string>();
  for (const { forms, stopWords } of analyses) {
    for (const form of forms) if (!known.has(form)) further.add(form);
    for (const form of stopWords) if (!known.has(form)) further.add(form);
  }
  return { terms: [...further], boost: 1, length: 0 };
}
