import type { WeightedTerm } from '../content/index.ts';
import type { EncodeOptions, TermEncoder, WordedText } from '../encode/encoder.ts';
import { analyzerFor } from '../text/index.ts';
import { analysisLanguage } from './query-analysis.ts';
import type { IndexingSettings } from './settings.ts';

/** A text with its words, as the index of words has them: so a query finds impacts by the terms that it finds words by. */
export function wordedText(
  { text, language }: { readonly text: string; readonly language: string },
  settings: IndexingSettings,
): WordedText {
  return { text, words: analyzerFor(analysisLanguage(language, settings)).tokens(text) };
}

/** Each term of texts with the greatest of the weights that an encoder gives its occurrences; terms of weight 0 are left out. */
export async function weighedTerms(
  encoder: TermEncoder,
  texts: readonly { readonly text: string; readonly language: string }[],
  settings: IndexingSettings,
  options: EncodeOptions = {},
): Promise<readonly WeightedTerm[][]> {
  if (texts.length === 0) return [];
  const worded = texts.map((text) => wordedText(text, settings));
  const weights = await encoder.weigh(worded, options);
  return worded.map(({ words }, i) => {
    const greatest = new Map<string, number>();
    words.forEach(({ term }, at) => {
      const weight = weights[i]![at]!;
      // What is negative or no number is refused where it is kept.
      if (weight < 0 || !(weight <= (greatest.get(term) ?? 0))) greatest.set(term, weight);
    });
    return Array.from(greatest, ([term, weight]) => ({ term, weight }));
  });
}
