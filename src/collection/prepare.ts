import { setImmediate as nextTick } from 'node:timers/promises';
import type { Encoder, EncoderWindow } from '../encode/encoder.ts';
import { speaks, weightedTerms } from '../search/index.ts';
import type { FieldTerms, PassageRecord, PassageToEncode, WeightedTerm } from '../store/types.ts';
import { analyzerFor, type Block, detectLanguage, markdownBlocks, splitPassages, textBlocks } from '../text/index.ts';
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
  const titleTerms = analyzer.terms(document.title);
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
    const fields: FieldTerms[] = [{ terms: analyzer.terms(text), boost: 1 }];
    if (settings.titleBoost > 0) fields.push({ terms: titleTerms, boost: settings.titleBoost });
    if (settings.headingBoost > 0 && headings.length > 0) {
      fields.push({ terms: headings.flatMap((heading) => analyzer.terms(heading)), boost: settings.headingBoost });
    }
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

/**
 * The query's terms under every analysis in question. A term that several analyses agree on counts once, so adding a
 * language never changes the weight of what is common to both.
 */
export function analyzeQuery(text: string, languages: Iterable<string>): WeightedTerm[] {
  const weights = new Map<string, number>();
  for (const language of languages) {
    for (const { term, weight } of weightedTerms(analyzerFor(language).terms(text))) {
      weights.set(term, Math.max(weight, weights.get(term) ?? 0));
    }
  }
  return Array.from(weights, ([term, weight]) => ({ term, weight }));
}

/** The language of a tag such as `en-GB`. */
export function primary(tag: string): string {
  return tag.toLowerCase().split(/[-_]/)[0] || 'und';
}
