import { type Corpus, fieldOf, WORDS } from '../corpus/index.ts';
import { asks } from './sentence-features.ts';
import { leans, type SentenceRange, sentencesOf } from './sentences.ts';
import type { Evidence } from './types.ts';

/** Numbers of a sentence that {@link extractInputs} gives. */
export const EXTRACT_FEATURES = 16;

/** A passage that is made shorter before anything is asked. */
export type Extractable = Pick<Evidence, 'title' | 'headings' | 'text' | 'language'>;

/** The sentences of a passage, and what is known of each without a question. */
export interface ExtractInputs {
  readonly sentences: readonly SentenceRange[];
  /** A row of {@link EXTRACT_FEATURES} numbers, 0 to 1, for each sentence. */
  readonly features: readonly (readonly number[])[];
}

/** Places in a row. */
export const EXTRACT = { first: 0, position: 2, rarity: 3, typical: 5 } as const;

/** Terms of a sentence that count as 1. */
const LONG = 32;

/**
 * What is known of each sentence without a question, 0 to 1: whether it is the first of its passage, and the last; where it stands (0 to 1); how rare its terms are on average, and the rarest (the
 * logarithm of how seldom passages of the corpus hold them, as a share of the greatest); how like the passage it is (cosine of their terms, weighted by frequency and rarity), and as a share of the best; what
 * share of the passage's weighted terms it holds; what share of its terms no sentence before it has, and no other; what share of the title's terms it holds; what shares of its words hold digits and begin with a
 * capital; whether it leans on the one before; whether it is a question, a row of a table or code; how long it is.
 *
 * Costs the analysis of the texts and one look at the frequencies of their terms; no encoder runs.
 */
export async function extractInputs(passages: readonly Extractable[], corpus: Corpus): Promise<ExtractInputs[]> {
  const { analysis } = fieldOf(corpus, WORDS, ['terms']);
  const cut = passages.map(({ text, title, headings, language }) => {
    const analyzer = analysis.analyzerOf(language);
    const sentences = sentencesOf(text);
    return {
      sentences,
      terms: sentences.map(({ start, end }) => analyzer.terms(text.slice(start, end))),
      named: new Set([title, ...headings].flatMap((name) => analyzer.terms(name))),
    };
  });
  const all = [...new Set(cut.flatMap(({ terms }) => terms.flat()))];
  const counts = await corpus.frequencies(WORDS, all);
  const most = Math.log(corpus.passageCount + 1) || 1;
  const rarity = new Map(
    all.map((term, i) => [term, Math.max(0, Math.log((corpus.passageCount + 1) / (counts[i]! + 1))) / most]),
  );
  return cut.map(({ sentences, terms, named }, i) => {
    const { text, language } = passages[i]!;
    return { sentences, features: rowsOf(text, language, sentences, terms, named, rarity) };
  });
}

function rowsOf(
  text: string,
  language: string,
  sentences: readonly SentenceRange[],
  terms: readonly (readonly string[])[],
  named: ReadonlySet<string>,
  rarity: ReadonlyMap<string, number>,
): number[][] {
  const whole = weights(terms.flat(), rarity);
  const own = terms.map((held) => weights(held, rarity));
  const alike = own.map((one) => cosine(one, whole));
  const likest = Math.max(...alike, Number.EPSILON);
  const total = sum(whole.values()) || 1;
  /** How many sentences hold a term, and which is the first. */
  const holders = new Map<string, { count: number; readonly first: number }>();
  for (const [i, one] of own.entries()) {
    for (const term of one.keys()) {
      const known = holders.get(term);
      if (known === undefined) holders.set(term, { count: 1, first: i });
      else known.count++;
    }
  }
  return sentences.map(({ start, end, kind }, i) => {
    const held = [...own[i]!.keys()];
    const among = (test: (term: string) => boolean): number => held.filter(test).length / (held.length || 1);
    const rare = held.map((term) => rarity.get(term) ?? 0);
    const said = text.slice(start, end);
    const words = said.match(/[\p{L}\p{N}]+/gu) ?? [];
    const share = (test: RegExp): number => words.filter((word) => test.test(word)).length / (words.length || 1);
    return [
      i === 0 ? 1 : 0,
      i === sentences.length - 1 ? 1 : 0,
      sentences.length === 1 ? 0 : i / (sentences.length - 1),
      sum(rare) / (rare.length || 1),
      Math.max(0, ...rare),
      alike[i]!,
      alike[i]! / likest,
      sum(held.map((term) => whole.get(term) ?? 0)) / total,
      among((term) => holders.get(term)!.first === i),
      among((term) => holders.get(term)!.count === 1),
      named.size === 0 ? 0 : [...named].filter((term) => own[i]!.has(term)).length / named.size,
      share(/\p{N}/u),
      share(/^\p{Lu}/u),
      leans(said, language) ? 1 : 0,
      kind !== 'prose' || asks(said) ? 1 : 0,
      Math.min(1, held.length / LONG),
    ];
  });
}

/** Weight of each term: how often it is there, times how rare it is. */
function weights(terms: readonly string[], rarity: ReadonlyMap<string, number>): Map<string, number> {
  const found = new Map<string, number>();
  for (const term of terms) found.set(term, (found.get(term) ?? 0) + (rarity.get(term) ?? 0));
  return found;
}

function cosine(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let inner = 0;
  for (const [term, weight] of a) inner += weight * (b.get(term) ?? 0);
  const lengths = Math.sqrt(squares(a) * squares(b));
  return lengths === 0 ? 0 : Math.min(1, inner / lengths);
}

function squares(weighted: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const weight of weighted.values()) total += weight * weight;
  return total;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
