import type { WeightedTerm } from '../content/index.ts';
import { type Corpus, WORDS } from '../corpus/index.ts';
import { type SimilarTerm, Vocabulary } from '../index/index.ts';
import { analyzerFor, areFormsOfOne, isGrammatical, isNear, plainForm } from '../text/index.ts';

/** What a match of a word that is not the one asked for counts beside one that is: by kind, before its share of letters. */
const WEIGHTS = { part: 0.5, beginning: 0.5, oneEdit: 0.5, twoEdits: 0.25, compound: 0.3, head: 0.15 } as const;
/** The same of a word that stands within another (`windows` in `windows11`), where others have the word itself. */
const PART_AS_WELL = 0.1;
/** Words of a query that are looked at, and corrected, at most: a question, not a text. */
const MOST_WORDS = 200;
const MOST_CORRECTIONS = 16;
/** Terms that one word becomes, at most, of each kind. */
const MOST_BEGINNINGS = 24;
const MOST_SIMILAR = 4;
const MOST_HEADS = 16;
/** Shorter words have too many neighbours; from the second length on two edits are allowed. */
const ONE_EDIT = 4;
const TWO_EDITS = 8;
/** Least letters of a part of a compound, and most of a compound. */
const PART = 4;
const LONGEST_COMPOUND = 60;
/** Languages that write compounds in one word, and what may stand between their parts. */
const COMPOUNDING = new Set(['de', 'nl', 'sv', 'da', 'no', 'fi', 'hu', 'et', 'is']);
const LINKS = ['', 's', 'es', 'n', 'en', 'er', 'e', 'ns', 'ens'];

const vocabularies = new WeakMap<Corpus, Promise<Vocabulary>>();

/** The words of a corpus, sorted when they are first needed: some 200 bytes a term. */
export function vocabularyOf(corpus: Corpus): Promise<Vocabulary> {
  let vocabulary = vocabularies.get(corpus);
  if (vocabulary === undefined) {
    vocabulary = corpus.terms(WORDS).then((terms) => new Vocabulary(terms));
    vocabularies.set(corpus, vocabulary);
  }
  return vocabulary;
}

/** Terms that begin so, each weighted by the share of it that was typed. */
export async function beginnings(corpus: Corpus, prefix: string, languages: Iterable<string>): Promise<WeightedTerm[]> {
  const stems = [...languages]
    .flatMap((language) => analyzerFor(language).terms(prefix))
    .filter((one) => one.length > 2);
  return beginningsOf(corpus, [plainForm(prefix), ...stems]);
}

async function beginningsOf(corpus: Corpus, prefixes: readonly string[]): Promise<WeightedTerm[]> {
  const vocabulary = await vocabularyOf(corpus);
  const found = new Map<string, number>();
  for (const beginning of new Set(prefixes)) {
    if (beginning === '') continue;
    for (const { term } of vocabulary.beginning(beginning, MOST_BEGINNINGS)) {
      const share = Math.min(1, beginning.length / term.length);
      found.set(term, Math.max(found.get(term) ?? 0, WEIGHTS.beginning * share));
    }
  }
  return weighted(found);
}

/** Numbers between dots, which others may follow: `v2.4` of `v2.4.1`, `192.168` of an address. */
const VERSION = /^v?\d+(?:\.\d+)*$/;

/** A word that no document has, and what was probably meant. */
export interface Correction {
  /** Where it stands in the text. */
  readonly start: number;
  readonly end: number;
  /** The best of the terms that stand in for it. */
  readonly term: string;
}

/** Ways in which a word stands for others: itself within another, what is written alike, what begins so, parts of a compound, compounds that end so. */
export type VariantKind = 'part' | 'similar' | 'beginning' | 'compound' | 'head';
const EVERY_KIND: ReadonlySet<VariantKind> = new Set<VariantKind>(['part', 'similar', 'beginning', 'compound', 'head']);

/** What is looked for besides the words of a text. */
export interface WordVariants {
  readonly terms: readonly WeightedTerm[];
  readonly corrections: readonly Correction[];
}

/**
 * Words of a text that stand within others, by letters beside digits; and what stands in for words that no document has: what is written nearly like them (never for words with digits), what
 * begins with them (of numbers, what goes on with a dot), the parts of a compound; and compounds that end with a word, in languages that have them.
 * Of a long text the first words are looked at.
 * @param kinds that are wanted. Default: all.
 */
export async function wordVariants(
  corpus: Corpus,
  text: string,
  languages: readonly string[],
  kinds: ReadonlySet<VariantKind> = EVERY_KIND,
): Promise<WordVariants> {
  const found = new Map<string, number>();
  const add = (term: string, weight: number): void => {
    found.set(term, Math.max(found.get(term) ?? 0, weight));
  };
  const corrections: Correction[] = [];
  const compounding = languages.some((language) => COMPOUNDING.has(language));
  const words = wordsOf(text, languages);
  const counts = await corpus.frequencies(
    WORDS,
    words.flatMap(({ forms }) => forms),
  );
  let at = 0;
  const there = new Set<string>();
  for (const { written, forms } of words) {
    const [plain, ...terms] = counts.subarray(at, at + forms.length);
    const isTerm = terms.some((count) => count > 0);
    if (plain! > 0 || isTerm) there.add(written);
    // Parts of words have no stem, and queries look for the stem alone where the form is near it.
    const isLeftOut = languages.some((language) => forms.some((term, i) => i > 0 && isNear(term, forms[0]!, language)));
    if (plain! > 0 && isLeftOut && kinds.has('part')) add(forms[0]!, isTerm ? PART_AS_WELL : WEIGHTS.part);
    at += forms.length;
  }
  if (!compounding && there.size === words.length) return { terms: weighted(found), corrections };
  const composed = new Set(words.flatMap(({ within }) => (within === undefined ? [] : [within])));
  for (const { written, start, end, within, forms } of words) {
    // Of what is written together either the whole is there, or its parts are words of their own.
    if (within === undefined ? composed.has(written) && !there.has(written) : there.has(within)) continue;
    if (there.has(written)) {
      if (compounding && kinds.has('head') && forms[0]!.length > PART)
        for (const head of await heads(corpus, forms)) add(head, WEIGHTS.head);
      continue;
    }
    const parts = compounding && kinds.has('compound') ? await compoundParts(corpus, forms[0]!, languages) : [];
    for (const part of parts) add(part, WEIGHTS.compound);
    if (kinds.has('beginning') && VERSION.test(forms[0]!))
      for (const { term, weight } of await beginningsOf(corpus, [`${forms[0]}.`])) add(term, weight);
    if (parts.length > 0 || /[\p{N}_./\\@]/u.test(written) || corrections.length >= MOST_CORRECTIONS) continue;
    // `what` is no mistake for `that`, though no document has it.
    const isMistake = !languages.some((language) => isGrammatical(written.toLowerCase(), language));
    const similar = isMistake && kinds.has('similar') ? await similarTo(corpus, forms) : [];
    for (const { term, edits } of similar) add(term, edits === 1 ? WEIGHTS.oneEdit : WEIGHTS.twoEdits);
    // `wrote` is no mistake for `write`.
    if (similar[0] !== undefined && !areFormsOfOne(forms[0]!, similar[0].term))
      corrections.push({ start, end, term: similar[0].term });
    if (forms[0]!.length < PART || !kinds.has('beginning')) continue;
    for (const { term, weight } of await beginnings(corpus, written, languages)) add(term, weight);
  }
  return { terms: weighted(found), corrections };
}

interface Word {
  readonly written: string;
  /** The word that it is a part of. */
  readonly within: string | undefined;
  readonly start: number;
  readonly end: number;
  /** In plain form, and its terms in every language. */
  readonly forms: readonly string[];
}

/**
 * The first words of a text, each once, in order. Where one is written together of several (`stress-resistant`, `getUserName`), these follow
 * it, and say what it is a part of.
 */
function wordsOf(text: string, languages: readonly string[]): Word[] {
  const words = new Map<string, Word & { readonly forms: string[] }>();
  for (const language of languages) {
    let reach = 0;
    let whole: string | undefined;
    for (const { term, start, end } of analyzerFor(language).tokens(text)) {
      const written = text.slice(start, end);
      const within = end <= reach ? whole : undefined;
      if (within === undefined) [reach, whole] = [end, written];
      else if (written === within) {
        addTo(words.get(written)?.forms, term);
        continue;
      }
      const known = words.get(written);
      if (known !== undefined) addTo(known.forms, term);
      else if (words.size >= MOST_WORDS) break;
      else {
        const forms = [plainForm(written)];
        addTo(forms, term);
        words.set(written, { written, within, start, end, forms });
      }
    }
  }
  return [...words.values()];
}

function addTo(forms: string[] | undefined, term: string): void {
  if (forms?.includes(term) === false) forms.push(term);
}

/** The nearest terms that there are: two edits away is far where something is one edit away. */
async function similarTo(corpus: Corpus, forms: readonly string[]): Promise<SimilarTerm[]> {
  const fit = forms.filter((form) => form.length >= ONE_EDIT && /^\p{L}+$/u.test(form) && !DENSE.test(form));
  for (const edits of [1, 2]) {
    const near = await similarWithin(
      corpus,
      edits === 1 ? fit : fit.filter(({ length }) => length >= TWO_EDITS),
      edits,
    );
    if (near.length > 0) return near;
  }
  return [];
}

/** Signs of scripts without spaces are words; two of them that differ in one have little in common. */
const DENSE = /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

async function similarWithin(corpus: Corpus, forms: readonly string[], most: number): Promise<SimilarTerm[]> {
  const vocabulary = await vocabularyOf(corpus);
  const found = new Map<string, SimilarTerm>();
  for (const form of forms) {
    for (const near of vocabulary.similar(form, most, 4 * MOST_SIMILAR)) found.set(near.term, near);
  }
  const near = [...found.values()].sort((a, b) => b.frequency - a.frequency || (a.term < b.term ? -1 : 1));
  // The vocabulary still has words of what was deleted.
  const live: SimilarTerm[] = [];
  for (let from = 0; from < near.length && live.length < MOST_SIMILAR; from += MOST_SIMILAR) {
    const some = near.slice(from, from + MOST_SIMILAR);
    const counts = await corpus.frequencies(
      WORDS,
      some.map(({ term }) => term),
    );
    live.push(...some.filter((_, i) => counts[i]! > 0));
  }
  return live.slice(0, MOST_SIMILAR);
}

/** The parts of a compound that there are, both; none where it is no compound of these. */
async function compoundParts(corpus: Corpus, word: string, languages: readonly string[]): Promise<string[]> {
  if (word.length > LONGEST_COMPOUND) return [];
  const vocabulary = await vocabularyOf(corpus);
  const known = (part: string): string | undefined => {
    const forms = [part, ...languages.flatMap((language) => analyzerFor(language).terms(part))];
    return forms.find((form) => vocabulary.frequency(form) > 0);
  };
  for (let at = word.length - PART; at >= PART; at--) {
    const last = known(word.slice(at));
    if (last === undefined) continue;
    for (const link of LINKS) {
      if (!word.slice(0, at).endsWith(link) || at - link.length < PART) continue;
      const first = known(word.slice(0, at - link.length));
      if (first !== undefined) return [first, last];
    }
  }
  return [];
}

/** Compounds that end with the word, and begin with another. */
async function heads(corpus: Corpus, forms: readonly string[]): Promise<string[]> {
  const vocabulary = await vocabularyOf(corpus);
  const found = new Set<string>();
  for (const form of forms) {
    if (form.length <= PART) continue;
    for (const { term } of vocabulary.ending(form, 4 * MOST_HEADS)) {
      const rest = term.slice(0, -form.length);
      const isWord = LINKS.some((link) => {
        const part = rest.endsWith(link) ? rest.slice(0, rest.length - link.length) : '';
        return part.length >= PART - 1 && vocabulary.frequency(part) > 0;
      });
      if (isWord && found.size < MOST_HEADS) found.add(term);
    }
  }
  return [...found];
}

function weighted(terms: ReadonlyMap<string, number>): WeightedTerm[] {
  return Array.from(terms, ([term, weight]) => ({ term, weight }));
}
