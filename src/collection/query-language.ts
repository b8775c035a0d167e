import type { Snapshot } from '../store/types.ts';
import { detectLanguage } from '../text/index.ts';
import { analysisLanguage } from './prepare.ts';
import type { IndexingSettings } from './types.ts';

/** Share of documents below which a language is not worth an analysis of its own for queries of unknown language. */
const MINOR_LANGUAGE = 0.05;
const DETECTION_THRESHOLD = 0.5;

/**
 * Language that a query is taken to be in, wherever it is asked: what its script and its words say, and where they say too
 * little, what nearly all documents are in. `und` where that settles nothing.
 */
export function queryLanguage(text: string, { languages }: Pick<Snapshot, 'languages'>): string {
  const { language, confidence } = detectLanguage(text, { sample: 2_000, prior: languages });
  return confidence >= DETECTION_THRESHOLD ? language : 'und';
}

/**
 * Languages whose analysis a query gets: its own when the collection holds it; else those that the collection mainly
 * holds, since names, numbers and loan words match across languages.
 */
export function languagesFor(
  language: string,
  { languages }: Pick<Snapshot, 'languages'>,
  settings: IndexingSettings,
): string[] {
  if (language !== 'und' && languages.has(language)) return [language];
  let total = 0;
  for (const count of languages.values()) total += count;
  const major = new Set<string>();
  for (const [candidate, count] of languages) {
    if (count >= total * MINOR_LANGUAGE) major.add(analysisLanguage(candidate, settings));
  }
  return major.size > 0 ? [...major] : [settings.language];
}
