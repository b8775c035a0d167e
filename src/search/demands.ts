import { BitSet } from '../base/bits.ts';
import { given } from '../base/given.ts';
import { type Corpus, WORDS } from '../corpus/index.ts';
import {
  analyzerFor,
  type FieldBound,
  phraseWords,
  plainForm,
  type QueryClause,
  type QueryPart,
  type QuerySyntax,
} from '../text/index.ts';
import type { Filter } from './filter.ts';
import { numberOf } from './filter-match.ts';
import { allowedPassages, allPassages } from './selection.ts';
import { vocabularyOf } from './variants.ts';

/** What a query demands by its signs. */
export interface Demands {
  /** Passages that satisfy every clause that demands something. */
  readonly passages: BitSet;
  /** Clauses that no passage satisfies, whatever the others say. */
  readonly unmet: readonly QueryClause[];
}

/** @returns undefined for a query that demands nothing. */
export async function demandedBy(
  { clauses }: QuerySyntax,
  corpus: Corpus,
  languages: readonly string[],
): Promise<Demands | undefined> {
  const strict = clauses.filter(({ occur }) => occur !== 'should');
  if (strict.length === 0) return undefined;
  let demanded: BitSet | undefined;
  const unmet: QueryClause[] = [];
  for (const clause of [...strict].sort((a, b) => Number(a.occur === 'not') - Number(b.occur === 'not'))) {
    const holding = await holdingAny(clause, corpus, languages);
    if (clause.occur === 'must') {
      if (holding.count === 0) unmet.push(clause);
      demanded = demanded === undefined ? holding : both(demanded, holding);
    } else demanded = without(demanded ?? (await allPassages(corpus)), holding);
  }
  return { passages: demanded!, unmet };
}

async function holdingAny({ any }: QueryClause, corpus: Corpus, languages: readonly string[]): Promise<BitSet> {
  const found = new BitSet(corpus.passageSpace);
  for (const part of any) {
    for (const passage of await holdingPart(part, corpus, languages)) found.add(passage);
  }
  return found;
}

async function holdingPart(part: QueryPart, corpus: Corpus, languages: readonly string[]): Promise<BitSet> {
  if (part.kind === 'field') return allowedPassages(corpus, condition(part));
  if (part.kind === 'prefix') {
    const begins = (await vocabularyOf(corpus)).beginning(plainForm(part.text), Number.POSITIVE_INFINITY);
    return holding(
      corpus,
      begins.map(({ term }) => term),
    );
  }
  if (part.kind === 'word') return holdingWord(corpus, part.text, languages);
  return corpus.phrase(WORDS, phraseWords(part.text));
}

/** Names and titles are seldom known in full; values of other fields are. */
function condition({ field: name, value, bounds }: Extract<QueryPart, { kind: 'field' }>): Filter {
  // What people know from other search boxes.
  const field = name === 'lang' ? 'language' : name;
  if (bounds === undefined) return { field, op: ['title', 'path', 'id'].includes(field) ? 'contains' : '=', value };
  return { and: bounds.map((bound) => ({ field, op: bound.op, value: boundary(bound) })) };
}

/** What a bound is compared with: of dates texts, where a month or day ends behind all that begins with it. */
function boundary({ op, value }: FieldBound): string | number {
  const number = numberOf(value);
  if (number !== undefined) return number;
  return op === '<=' || op === '>' ? `${value}\uffff` : value;
}

/** Passages with all parts of a word, in some language. */
async function holdingWord(corpus: Corpus, word: string, languages: readonly string[]): Promise<BitSet> {
  const found = new BitSet(corpus.passageSpace);
  const seen = new Set<string>();
  for (const language of languages) {
    const { terms, stopWords } = analyzerFor(language).analyze(word);
    const wanted = [...new Set(terms.length > 0 ? terms : stopWords)];
    if (wanted.length === 0 || seen.has(wanted.join(' '))) continue;
    seen.add(wanted.join(' '));
    let all: BitSet | undefined;
    for (const term of wanted) {
      const having = await holding(corpus, [term]);
      all = all === undefined ? having : both(all, having);
    }
    for (const passage of all!) found.add(passage);
  }
  for (const passage of await holding(corpus, [plainForm(word)])) found.add(passage);
  return found;
}

/** Passages with one of the terms. */
export async function holding(corpus: Corpus, terms: readonly string[], allowed?: BitSet): Promise<BitSet> {
  const found = new BitSet(corpus.passageSpace);
  if (terms.length === 0 || corpus.passageCount === 0) return found;
  const plain = terms.map((term) => ({ term, weight: 1 }));
  const { ids } = await corpus.search(WORDS, plain, { k: corpus.passageCount, ...given({ allowed }) });
  for (const id of ids) found.add(id);
  return found;
}

/** The intersection. */
export function both(a: BitSet, b: BitSet): BitSet {
  const found = new BitSet(a.size);
  for (const passage of a) if (b.has(passage)) found.add(passage);
  return found;
}

function without(a: BitSet, b: BitSet): BitSet {
  const found = new BitSet(a.size);
  for (const passage of a) if (!b.has(passage)) found.add(passage);
  return found;
}
