import type { Query, WeightedTerm } from '../content/index.ts';
import { type Analyzer, analyzerFor, detectLanguage, plainForm } from '../text/index.ts';
import type { IndexingSettings } from './settings.ts';

/** Share of documents below which a language is not worth an analysis of its own for queries of unknown language. */
const MINOR_LANGUAGE = 0.05;
const DETECTION_THRESHOLD = 0.5;
/** What a match of a further form counts beside one of a term: of 0, 0.1, 0.2 and 0.3 the best on SciFact's training queries. */
const FORM_WEIGHT = 0.1;

/** Documents by language. */
type Languages = ReadonlyMap<string, number>;

/** What the words of a query become. */
export interface AnalysedWords {
  readonly terms: readonly WeightedTerm[];
  /** What the query's own words are by each of its analyses, without further forms; at least one. */
  readonly readings: readonly (readonly WeightedTerm[])[];
  /** Grammatical words that it is not searched for, lower case and without marks, each once. */
  readonly leftOut: readonly string[];
}

/** How queries are analysed where they meet the words of a collection; documents' words are analysed alike. */
export class WordAnalysis {
  readonly #byLanguage = new Map<string, QueryLanguages>();

  /** @param languages documents by language. */
  constructor(
    readonly settings: IndexingSettings,
    readonly languages: Languages,
  ) {}

  /** See {@link queryLanguage}. */
  languageOf(text: string): string {
    return queryLanguage(text, this);
  }

  /** See {@link languagesFor}. */
  languagesFor(language = 'und'): QueryLanguages {
    let found = this.#byLanguage.get(language);
    if (found === undefined) {
      found = languagesFor(language, this, this.settings);
      this.#byLanguage.set(language, found);
    }
    return found;
  }

  analyse({ content, language }: Query): AnalysedWords {
    const { own, others } = this.languagesFor(language);
    return analyzeQuery(content, own, others);
  }

  /** What the words of a document in this language were analysed by. */
  analyzerOf(language: string): Analyzer {
    return analyzerFor(analysisLanguage(language, this.settings));
  }
}

/**
 * Language that a query is taken to be in, wherever it is asked: what its script and its words say, and where they say too
 * little, what nearly all documents are in. `und` where that settles nothing.
 */
export function queryLanguage(text: string, { languages }: { readonly languages: Languages }): string {
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
  { languages }: { readonly languages: Languages },
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

/** Which analysis a language gets; text of unknown language is analysed as the collection's default language. */
export function analysisLanguage(language: string, settings: IndexingSettings): string {
  return language === 'und' ? settings.language : language;
}

/**
 * The query's terms under every analysis in question, and the further forms of its words at a fraction of their weight. A
 * term that several analyses agree on counts once, so adding a language never changes the weight of what is common to both.
 * Grammatical words are left out unless there are no others.
 *
 * @param others languages of documents whose terms are further forms: so every word of a document finds it, whatever the
 * query was taken for. None, where only documents in `languages` are looked for.
 */
export function analyzeQuery(
  text: string,
  languages: readonly string[],
  others: readonly string[] = [],
): AnalysedWords {
  const analyses = languages.map((language) => analyzerFor(language).analyze(text));
  const grammatical = analyses.every(({ terms }) => terms.length === 0);
  const readings = analyses.map(({ terms, stopWords }) => weightedTerms(grammatical ? stopWords : terms));
  const found = new TermList();
  for (const reading of readings) for (const { term, weight } of reading) found.raise(term, weight);
  const leftOut: string[] = [];
  if (!grammatical)
    for (const { stopWords } of analyses)
      for (const word of stopWords) if (!found.has(word) && !leftOut.includes(word)) leftOut.push(word);
  for (const { forms } of analyses) for (const form of forms) found.raise(form, FORM_WEIGHT);
  for (const language of others) {
    for (const { term, start, end } of analyzerFor(language).tokens(text)) {
      if (!leftOut.includes(plainForm(text.slice(start, end)))) found.raise(term, FORM_WEIGHT);
    }
  }
  return { terms: found.terms, readings, leftOut };
}

/** Counts repeated terms: `['a', 'b', 'a']` becomes `a` with weight 2 and `b` with weight 1, in order of appearance. */
export function weightedTerms(terms: Iterable<string>): WeightedTerm[] {
  const counted = new TermList();
  for (const term of terms) counted.add(term, 1);
  return counted.terms;
}

/** Terms of a list that are looked for one by one: a query has few, for which a table takes longer to be made than to be used. */
const FEW = 12;

/** Terms with weights, each once, in order of appearance. */
class TermList {
  readonly terms: { readonly term: string; weight: number }[] = [];
  /** Places of the terms, where there are many. */
  #places: Map<string, number> | undefined;

  has(term: string): boolean {
    return this.#place(term) >= 0;
  }

  /** Adds up the weights of a term. */
  add(term: string, weight: number): void {
    const place = this.#place(term);
    if (place < 0) this.#append(term, weight);
    else this.terms[place]!.weight += weight;
  }

  /** The greatest of the weights of a term counts. */
  raise(term: string, weight: number): void {
    const place = this.#place(term);
    if (place < 0) this.#append(term, weight);
    else if (this.terms[place]!.weight < weight) this.terms[place]!.weight = weight;
  }

  #append(term: string, weight: number): void {
    this.#places?.set(term, this.terms.length);
    this.terms.push({ term, weight });
  }

  #place(term: string): number {
    const { terms } = this;
    if (terms.length > FEW) {
      this.#places ??= new Map(terms.map((one, place) => [one.term, place]));
      return this.#places.get(term) ?? -1;
    }
    for (let i = 0; i < terms.length; i++) if (terms[i]!.term === term) return i;
    return -1;
  }
}

/** The language of a tag such as `en-GB`. */
export function primary(tag: string): string {
  return tag.toLowerCase().split(/[-_]/)[0] || 'und';
}
