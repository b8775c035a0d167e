import type { InputDocument, PassageRecord } from '../content/index.ts';
import type { EncoderWindow } from '../encode/encoder.ts';
import type { NumberedField } from '../index/index.ts';
import {
  type Analyzer,
  analyzerFor,
  type Block,
  detectLanguage,
  markdownBlocks,
  type Reading,
  type TermNumbers,
  textBlocks,
} from '../text/index.ts';
import { passagePlaces } from '../text/passages.ts';
import { embeddingText } from './embedding-text.ts';
import { fitPassages, type PassagePlace } from './fitting.ts';
import { analysisLanguage, primary, type WordAnalysis } from './query-analysis.ts';
import type { IndexingSettings } from './settings.ts';

/** A passage with its terms, as numbers, and the text that the encoder sees. */
export interface PreparedPassage extends PassageRecord {
  readonly fields: readonly NumberedField[];
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
 * @param numbers what numbers the terms.
 * @param window of the encoder that is to read them: longer passages are cut further.
 * @param signal stops it between two passages; every few milliseconds others have their turn, so that it can come.
 */
export async function preparePassages(
  document: Preparable,
  language: string,
  settings: IndexingSettings,
  numbers: TermNumbers,
  window?: EncoderWindow,
  signal?: AbortSignal,
): Promise<PreparedPassages> {
  const analyzer = analyzerFor(analysisLanguage(language, settings));
  const title = analyzer.read(document.title, numbers);
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
    const fields = fieldsOf({ title, headings, text }, analyzer, settings, numbers);
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
  numbers: TermNumbers,
): NumberedField[] {
  const analyzer = analyzerFor(analysisLanguage(language, settings));
  return fieldsOf({ ...passage, title: analyzer.read(passage.title, numbers) }, analyzer, settings, numbers);
}

function fieldsOf(
  passage: {
    /** Read once: it stands above many passages. */
    readonly title: Reading;
    readonly headings: readonly string[];
    readonly text: string;
  },
  analyzer: Analyzer,
  { titleBoost, headingBoost }: IndexingSettings,
  numbers: TermNumbers,
): NumberedField[] {
  const { title } = passage;
  const own = analyzer.read(passage.text, numbers);
  const headings = passage.headings.map((heading) => analyzer.read(heading, numbers));
  const fields: NumberedField[] = [{ terms: own.terms, boost: 1 }];
  const readings: Reading[] = [own];
  if (titleBoost > 0 && title.terms.length + title.further.length > 0) {
    readings.push(title);
    fields.push({ terms: title.terms, boost: titleBoost });
  }
  if (headingBoost > 0 && headings.length > 0) {
    readings.push(...headings);
    for (const { terms } of headings) fields.push({ terms, boost: headingBoost });
  }
  fields.push({
    ...furtherForms(readings, fields, numbers),
    words: inOrder([title, ...headings, own], numbers),
  });
  return fields;
}

/** A text as the only field of its kind: its terms, and what it is found by besides. */
export function sourceTerms(
  text: string,
  { language }: { readonly language: string },
  analysis: WordAnalysis,
  numbers: TermNumbers,
): NumberedField[] {
  const reading = analysis.analyzerOf(language).read(text, numbers);
  const field: NumberedField = { terms: reading.terms, boost: 1 };
  return [field, { ...furtherForms([reading], [field], numbers), words: reading.words }];
}

/** The words of several texts, 0 between two of them. */
function inOrder(readings: readonly Reading[], numbers: TermNumbers): Uint32Array {
  const texts = readings.filter(({ words }) => words.length > 0);
  if (texts.length < 2) return texts[0]?.words ?? NO_WORDS;
  const all = numbers.room(texts.reduce((sum, { words }) => sum + words.length + 1, -1));
  let at = 0;
  for (const { words } of texts) {
    if (at > 0) all[at++] = 0;
    all.set(words, at);
    at += words.length;
  }
  return all;
}

const NO_WORDS = new Uint32Array(0);

/**
 * What a passage is found by besides its terms: each form once, however often it occurs, and none that is a term already.
 * It makes the passage no longer, so that ranking by terms is what it would be without.
 */
export function furtherForms(
  readings: readonly Reading[],
  fields: readonly NumberedField[],
  numbers: TermNumbers,
): NumberedField {
  const further = numbers.without(
    readings.map((reading) => reading.further),
    fields.map(({ terms }) => terms),
  );
  return { terms: further, boost: 1, length: 0 };
}
