import { type Corpus, WORDS } from '../corpus/index.ts';
import { analyzerFor, type QueryClause, type QueryPart } from '../text/index.ts';

/**
 * A query without the quotation marks of phrases that no passage has: their words are looked for one by one then.
 * @returns undefined where there is no such phrase, or none of its words is known.
 */
export async function relaxed(
  clauses: readonly QueryClause[],
  unmet: readonly QueryClause[],
  corpus: Corpus,
  languages: readonly string[],
): Promise<string | undefined> {
  const phrases = unmet.flatMap(({ any }) => any.flatMap((part) => (part.kind === 'phrase' ? [part.text] : [])));
  const terms = languages.flatMap((language) => phrases.flatMap((text) => analyzerFor(language).terms(text)));
  if (terms.length === 0 || !(await corpus.frequencies(WORDS, terms)).some((count) => count > 0)) return undefined;
  return clauses.map((clause) => written(clause, unmet.includes(clause))).join(' ');
}

/** A clause as one types it. */
function written({ occur, any }: QueryClause, isRelaxed: boolean): string {
  const strict = any.some(({ kind }) => kind === 'phrase' || kind === 'field');
  const sign = occur === 'not' ? '-' : occur === 'must' && !strict ? '+' : '';
  return sign + any.map((part) => (isRelaxed && part.kind === 'phrase' ? part.text : typed(part))).join(' OR ');
}

function typed(part: QueryPart): string {
  if (part.kind === 'word') return part.text;
  if (part.kind === 'prefix') return `${part.text}*`;
  if (part.kind === 'phrase') return `"${part.text}"`;
  return `${part.field}:${/\s/.test(part.value) ? `"${part.value}"` : part.value}`;
}

/** What a clause asks for, in words: `the phrase "low tide"`. */
export function demandOf({ any }: QueryClause): string {
  return any
    .map((part) => {
      if (part.kind === 'field') return `${part.field} "${part.value}"`;
      if (part.kind === 'prefix') return `a word that begins with "${part.text}"`;
      return `the ${part.kind} "${part.text}"`;
    })
    .join(' or ');
}
