import type { BitSet } from '../base/bits.ts';
import type { Query, WeightedTerm } from '../content/index.ts';
import { type Corpus, fieldOf, type TermsField, WORDS } from '../corpus/index.ts';
import { analyzerFor, parseQuery, type QueryClause, type QuerySyntax, type Synonyms } from '../text/index.ts';
import { demandedBy } from './demands.ts';
import { BUILT_IN } from './filter.ts';
import { relaxed } from './relaxing.ts';
import { termsOf } from './represent.ts';
import { metadataFields } from './selection.ts';
import { beginnings, type Correction, wordVariants } from './variants.ts';

/** A query as it is carried out. */
export interface Question {
  /** What is asked: the words. */
  readonly text: string;
  readonly language: string;
  /** What BM25 looks for besides: beginnings, corrections, parts of compounds. */
  readonly further: readonly WeightedTerm[];
  /** Passages that have what must be there, and not what must not; undefined where nothing is said of that. */
  readonly demanded: BitSet | undefined;
  /** Of that, what no passage has. */
  readonly unmet: readonly QueryClause[];
  /** The query with words that no document has replaced by what was probably meant, or without the marks of phrases that none has. */
  readonly suggestion?: string;
}

export interface QuestionOptions {
  /** Whether signs have a meaning (`parseQuery`). */
  readonly syntax: boolean;
  /** Whether the last word may be a beginning: for search as one types. */
  readonly complete: boolean;
  /** Whether words stand for others: what is written alike, what begins so, parts of compounds, synonyms. */
  readonly variants: boolean;
  /** Whether the caller shows what was probably meant. */
  readonly suggest: boolean;
  /** Language of the query, where it is known. */
  readonly language: string | undefined;
  readonly synonyms: Synonyms | undefined;
}

/** Reads a query for one corpus. */
export async function readQuestion(
  source: string,
  corpus: Corpus,
  { syntax, complete, variants, suggest, language: given, synonyms }: QuestionOptions,
): Promise<Question> {
  const { analysis } = fieldOf(corpus, WORDS, ['terms']);
  const names = syntax && /\w:\S/.test(source) ? await fieldNames(corpus) : undefined;
  const parsed = syntax ? parseQuery(source, { hasField: (name) => names?.has(name) === true }) : undefined;
  const text = parsed?.text ?? source;
  const language = given ?? analysis.languageOf(text);
  const { own, others } = analysis.languagesFor(language);
  const signs = parsed?.plain === false ? parsed : undefined;
  const completed: WeightedTerm[] = [];
  const [typed] = complete && isBeingTyped(signs) ? lastWord(source) : [];
  if (typed !== undefined) completed.push(...(await beginnings(corpus, typed, own)));
  const words = signs === undefined ? text : correctable(signs);
  // A beginning is no mistake.
  const finished = completed.length > 0 && words.endsWith(typed!) ? words.slice(0, -typed!.length) : words;
  const said = variants ? await wordVariants(corpus, finished, own) : { terms: [], corrections: [] };
  const further = new Map(said.terms.map(({ term, weight }) => [term, weight]));
  const add = ({ term, weight }: WeightedTerm): void => {
    further.set(term, Math.max(further.get(term) ?? 0, weight));
  };
  for (const prefix of prefixesOf(signs)) for (const one of await beginnings(corpus, prefix, own)) add(one);
  completed.forEach(add);
  for (const other of variants ? (synonyms?.expand(text) ?? []) : []) {
    const weight = other.includes(' ') ? SYNONYM / 2 : SYNONYM;
    for (const term of new Set(own.flatMap((one) => analyzerFor(one).terms(other)))) add({ term, weight });
  }
  for (const word of grammatical(signs, own)) if (!further.has(word)) further.set(word, GRAMMATICAL);
  const demands = signs === undefined ? undefined : await demandedBy(signs, corpus, [...own, ...others]);
  const unmet = demands?.unmet ?? [];
  const meant = () =>
    signs === undefined
      ? corrected(corpus, text, said.corrections, own)
      : relaxed(signs.clauses, unmet, corpus, [...own, ...others]);
  const suggestion = suggest ? await meant() : undefined;
  return {
    text,
    language,
    further: Array.from(further, ([term, weight]) => ({ term, weight })),
    demanded: demands?.passages,
    unmet,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

/** The terms of a query with those that it is searched for besides. */
export function withFurther(
  field: TermsField,
  query: Query,
  further: readonly WeightedTerm[],
): readonly WeightedTerm[] {
  const terms = termsOf(field, query);
  const known = new Set(terms.map(({ term }) => term));
  return [...terms, ...further.filter(({ term }) => !known.has(term))];
}

/** All terms that a question is searched for by its words. */
export function termsOfQuestion(field: TermsField, { text, language, further }: Question): readonly string[] {
  return withFurther(field, { content: text, language }, further).map(({ term }) => term);
}

const fields = new WeakMap<Corpus, Promise<ReadonlySet<string>>>();

/** Names that conditions and orders may have. */
export function fieldNames(corpus: Corpus): Promise<ReadonlySet<string>> {
  let names = fields.get(corpus);
  if (names === undefined) {
    names = metadataFields(corpus).then(
      (known) => new Set([...BUILT_IN, 'lang', ...Array.from(known, (field) => [field, `metadata.${field}`]).flat()]),
    );
    fields.set(corpus, names);
  }
  return names;
}

/** Only words are corrected: phrases are meant as they are written, beginnings as such. */
function correctable({ clauses }: QuerySyntax): string {
  const parts = clauses.flatMap(({ occur, any }) => (occur === 'not' ? [] : any));
  return parts.flatMap((part) => (part.kind === 'word' ? [part.text] : [])).join(' ');
}

/** What a synonym counts beside the word itself; each word of several half of that. */
const SYNONYM = 0.7;
/** What a grammatical word counts that has to be there: next to nothing, but what has it is found. */
const GRAMMATICAL = 0.01;

/** Grammatical words of what must be there. */
function grammatical(signs: QuerySyntax | undefined, languages: readonly string[]): string[] {
  const needed = (signs?.clauses ?? []).filter(({ occur }) => occur === 'must');
  const texts = needed.flatMap(({ any }) => any.map((part) => ('text' in part ? part.text : '')));
  return languages.flatMap((language) => texts.flatMap((text) => analyzerFor(language).analyze(text).stopWords));
}

function prefixesOf(signs: QuerySyntax | undefined): string[] {
  const clauses = signs?.clauses ?? [];
  return clauses.flatMap(({ occur, any }) =>
    occur === 'not' ? [] : any.flatMap((part) => (part.kind === 'prefix' ? [part.text] : [])),
  );
}

/** Whether a query ends with a word that is asked for: not with one that must not be there, or the value of a field. */
function isBeingTyped(signs: QuerySyntax | undefined): boolean {
  const last = signs?.clauses.at(-1);
  return last === undefined || (last.occur !== 'not' && last.any.at(-1)!.kind === 'word');
}

/** The word that is being typed, unless it is finished. */
function lastWord(source: string): string[] {
  const word = /[\p{L}\p{M}\p{N}]{2,}$/u.exec(source)?.[0];
  return word === undefined ? [] : [word];
}

/** The text with its corrections, in words as documents have them. */
async function corrected(
  corpus: Corpus,
  text: string,
  corrections: readonly Correction[],
  languages: readonly string[],
): Promise<string | undefined> {
  if (corrections.length === 0) return undefined;
  let out = '';
  let at = 0;
  for (const { start, end, term } of [...corrections].sort((a, b) => a.start - b.start)) {
    if (start < at) continue;
    out += text.slice(at, start) + (await asWritten(corpus, term, languages));
    at = end;
  }
  return out + text.slice(at);
}

/** A term in the spelling of the first passage that has it. */
export async function asWritten(corpus: Corpus, term: string, languages: readonly string[]): Promise<string> {
  const { ids } = await corpus.search(WORDS, [{ term, weight: 1 }], { k: 1 });
  const [passage] = await corpus.passages(ids);
  if (passage === undefined) return term;
  const [document] = await corpus.documents([passage.document]);
  for (const text of [passage.text, document!.title, ...passage.headings]) {
    for (const analyzer of [document!.language, ...languages].map((one) => analyzerFor(one))) {
      const place = analyzer.places(text).find((one) => one.term === term);
      if (place !== undefined) return text.slice(place.start, place.end).toLowerCase();
    }
  }
  return term;
}
