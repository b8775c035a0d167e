import type { Corpus } from '../corpus/index.ts';
import { analyzerFor, plainForm } from '../text/index.ts';
import { asWritten } from './question.ts';
import { vocabularyOf } from './variants.ts';

/** A query whose last word was finished. */
export interface Completion {
  readonly text: string;
  /** Where in `text` the last word begins. */
  readonly from: number;
  /** Passages that have the word, about. */
  readonly passages: number;
}

/** Terms that are looked at for each completion: several may be spelled alike. */
const SPARE = 3;

/**
 * What a query that is being typed may become: its last word, of two letters at least, finished by words that passages have, the most
 * frequent first and in the spelling of one of them. Stop words are none of these.
 */
export async function completions(corpus: Corpus, query: string, limit: number): Promise<Completion[]> {
  const word = /[\p{L}\p{M}\p{N}]{2,}$/u.exec(query)?.[0];
  if (word === undefined) return [];
  const from = query.length - word.length;
  const before = query.slice(0, from);
  const beginning = plainForm(word);
  const languages = [...corpus.languages.keys()];
  const found = new Map<string, Completion>();
  for (const { term, frequency } of (await vocabularyOf(corpus)).beginning(beginning, limit * SPARE)) {
    if (found.size >= limit) break;
    const written = await asWritten(corpus, term, languages);
    const plain = plainForm(written);
    // A stem is no word, and what was typed already is no completion.
    if (plain === beginning || !plain.startsWith(beginning) || /\s/.test(written) || isGrammatical(written, languages))
      continue;
    if (!found.has(plain)) found.set(plain, { text: before + written, from, passages: frequency });
  }
  return [...found.values()];
}

function isGrammatical(word: string, languages: readonly string[]): boolean {
  return languages.some((language) => analyzerFor(language).terms(word).length === 0);
}
