import { type Corpus, fieldOf, WORDS } from '../corpus/index.ts';
import { highlight } from '../text/index.ts';
import type { Range } from './options.ts';
import { readQuestion, termsOfQuestion } from './question.ts';

/** Characters of a text that are looked at. */
const LOOKED_AT = 1_000_000;
/** Ranges that are given, at most. */
const MOST = 5000;

/**
 * Where a text holds words of a query, as hits of a search highlight them: corrected, completed, with synonyms left out. Ranges are
 * ascending and disjoint; of a long text they are those of its first million characters, 5,000 at most.
 * @param language of the text (ISO 639-1, or `und`).
 */
export async function marksIn(corpus: Corpus, text: string, language: string, query: string): Promise<Range[]> {
  if (query.trim() === '') return [];
  const field = fieldOf(corpus, WORDS, ['terms']);
  const question = await readQuestion(query, corpus, {
    syntax: true,
    complete: true,
    language: undefined,
    synonyms: undefined,
    variants: true,
    suggest: false,
  });
  const terms = new Set(termsOfQuestion(field, question));
  return highlight(text.slice(0, LOOKED_AT), terms, field.analysis.analyzerOf(language)).slice(0, MOST);
}
