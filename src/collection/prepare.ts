import { setImmediate as nextTick } from 'node:timers/promises';
import type { Encoder, EncoderWindow } from '../encode/encoder.ts';
import { speaks, weightedTerms } from '../search/index.ts';
import type { FieldTerms, PassageRecord, PassageToEncode, WeightedTerm } from '../store/types.ts';
import {
  type Analysis,
  analyzerFor,
  type Block,
  detectLanguage,
  markdownBlocks,
  plainForm,
  splitPassages,
  textBlocks,
} from '../text/index.ts';
import { embeddingText } from './embedding-text.ts';
import { fitPassages, type PassagePlace } from './fitting.ts';
import type { IndexingSettings, InputDocument } from './types.ts';

/** A passage with its terms, and the text that the encoder sees. */
export interface PreparedPassage extends PassageRecord {
  readonly fields: readonly FieldTerms[];
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
  const whole: PassagePlace[] = splitPassages(document.text, document.blocks, { maxTokens, overlap });
  if (whole.length === 0 && document.title.trim() !== '') whole.push({ start: 0, end: 0, headings: [] });
  const { places, cut } =
    window === undefined ? { places: whole, cut: 0 } : await fitPassages(document, whole, window, overlap);
  const passages: PreparedPassage[] = [];
  let from = performance.now();
  for (const { start, end, headings, page } of places) {
    if (performance.now() - from > YIELD_AFTER) {
      await nextTick();
      signal?.throwIfAborted();
      from = performance.now();
    }
    const text = document.text.slice(start, end);
    const analyses = [{ analysis: [analyzer.analyze(text)], boost: 1 }];
    if (settings.titleBoost > 0) analyses.push({ analysis: [title], boost: settings.titleBoost });
    if (settings.headingBoost > 0) {
      analyses.push({ analysis: headings.map((heading) => analyzer.analyze(heading)), boost: settings.headingBoost });
    }
    const fields = analyses
      .filter(({ analysis }) => analysis.length > 0)
      .map(({ analysis, boost }): FieldTerms => ({ terms: analysis.flatMap(({ terms }) => terms), boost }));
    fields.push(
      furtherForms(
        fields,
        analyses.flatMap(({ analysis }) => analysis),
      ),
    );
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

/**
 * What a passage is found by besides its terms: each form once, however often it occurs, and none that is a term already.
 * It makes the passage no longer, so that ranking by terms is what it would be without.
 */
export function furtherForms(fields: readonly FieldTerms[], analyses: readonly Analysis[]): FieldTerms {
  const known = new Set(fields.flatMap(({ terms }) => terms));
  const further = new Set<string>();
  for (const { forms, stopWords } of analyses) {
    for (const form of [...forms, ...stopWords]) if (!known.has(form)) further.add(form);
  }
  return { terms: [...further], boost: 1, length: 0 };
}

/** Vectors of stored passages, undefined where the encoder does not know the language. */
export async function encodePassages(
  encoder: Encoder,
  passages: readonly PassageToEncode[],
  signal?: AbortSignal,
): Promise<(Float32Array | undefined)[]> {
  const known = passages.filter(({ language }) => speaks(encoder, language));
  const texts = known.map(({ title, headings, text }) => embeddingText(title, headings, text));
  const vectors = await encoder.encode(texts, { role: 'document', ...(signal === undefined ? {} : { signal }) });
  let row = 0;
  return passages.map(({ language }) => (speaks(encoder, language) ? vectors.row(row++) : undefined));
}

/** Which analysis a language gets; text of unknown language is analysed as the collection's default language. */
export function analysisLanguage(language: string, settings: IndexingSettings): string {
  return language === 'und' ? settings.language : language;
}

/** What a match of a further form counts beside one of a term: of 0, 0.1, 0.2 and 0.3 the best on SciFact's training queries. */
const FORM_WEIGHT = 0.1;

/**
 * The query's terms under every analysis in question, and the further forms of its words at a fraction of their weight. A
 * term that several analyses agree on counts once, so adding a language never changes the weight of what is common to both.
 * Grammatical words are left out unless there are no others ({@link leftOut}).
 *
 * @param others languages of documents whose terms are further forms: so every word of a document finds it, whatever the
 * query was taken for. None, where only documents in `languages` are looked for.
 */
export function analyzeQuery(
  text: string,
  languages: readonly string[],
  others: readonly string[] = [],
): WeightedTerm[] {
  const weights = new Map<string, number>();
  const analyses = languages.map((language) => analyzerFor(language).analyze(text));
  const count = (terms: readonly string[]): void => {
    for (const { term, weight } of weightedTerms(terms)) {
      if (weight > (weights.get(term) ?? 0)) weights.set(term, weight);
    }
  };
  for (const { terms } of analyses) count(terms);
  if (weights.size === 0) for (const { stopWords } of analyses) count(stopWords);
  const further = (term: string): void => {
    if (!weights.has(term)) weights.set(term, FORM_WEIGHT);
  };
  for (const { forms } of analyses) forms.forEach(further);
  if (others.length > 0) {
    const left = new Set(leftOut(text, languages));
    for (const language of others) {
      for (const { term, start, end } of analyzerFor(language).tokens(text)) {
        if (!left.has(plainForm(text.slice(start, end)))) further(term);
      }
    }
  }
  return Array.from(weights, ([term, weight]) => ({ term, weight }));
}

/** Grammatical words of a query that it is not searched for, lower case and without marks, each once. */
export function leftOut(text: string, languages: readonly string[]): string[] {
  const analyses = languages.map((language) => analyzerFor(language).analyze(text));
  const searched = new Set(analyses.flatMap(({ terms }) => terms));
  if (searched.size === 0) return [];
  return [...new Set(analyses.flatMap(({ stopWords }) => stopWords))].filter((word) => !searched.has(word));
}

/** The language of a tag such as `en-GB`. */
export function primary(tag: string): string {
  return tag.toLowerCase().split(/[-_]/)[0] || 'und';
}
