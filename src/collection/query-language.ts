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

/** Languages by whose analysis a query is searched. */
export interface QueryLanguages {
  /** Its own when the collection holds it; else those that the collection mainly holds, since names and numbers match across languages. */
  readonly own: readonly string[];
  /** All others that the collection holds. */
  readonly others: readonly string[];
}

/** @param language from {@link queryLanguage}, or as the caller says. */
export function languagesFor(
  language: string,
  { languages }: Pick<Snapshot, 'languages'>,
  settings: IndexingSettings,
): QueryLanguages {
  let total = 0;
  for (const count of languages.values()) total += count;
  const own = new Set<string>();
  const others = new Set<string>();
  const known = language !== 'und' && languages.has(language);
  for (const [candidate, count] of languages) {
    const major = known ? candidate === language : count >= total * MINOR_LANGUAGE;
    (major ? own : others).add(analysisLanguage(candidate, settings));
  }
  if (own.size === 0) own.add(settings.language);
  return { own: [...own], others: [...others].filter((other) => !own.has(other)) };
}
