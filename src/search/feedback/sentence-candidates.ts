import { Recent } from '../../base/recent.ts';
import { Vectors } from '../../base/vectors.ts';
import type { Query } from '../../content/index.ts';
import { type Corpus, type TermsField, type VectorField, WORDS } from '../../corpus/index.ts';
import { dot, unitRow, unitRows } from '../../math/index.ts';
import { sentenceStarts } from '../../text/sentences.ts';
import { encode, termsOf } from '../represent.ts';
import type { RankedPassage } from '../types.ts';

/**
 * What is known of a sentence that a query may be answered with, of all the candidates of the query brought to mean 0 and deviation 1:
 *
 * - `meaning`, `words`: its cosine to the query, and its share of the query's words, weighted by rarity
 * - `passage`, `rank`: the cosine of its passage to the query, and 1 by the rank of that
 * - `central`: its cosine to the mean of all candidates
 * - `place`: where it stands in its passage, from first to last
 * - `title`: whether it is the title of its document
 * - `length`: the logarithm of its words
 */
export const HYPOTHESIS_SIGNALS = [
  'meaning',
  'words',
  'passage',
  'rank',
  'central',
  'place',
  'title',
  'length',
] as const;

/** One of {@link HYPOTHESIS_SIGNALS}. */
export type HypothesisSignal = (typeof HYPOTHESIS_SIGNALS)[number];

/** Sentences of the first passages of a query. */
export interface SentenceCandidates {
  /** The query's vector, of unit length. */
  readonly asked: Float32Array;
  readonly texts: readonly string[];
  /** Of unit length, one for each sentence. */
  readonly vectors: Vectors;
  /** Of each sentence one for each of {@link HYPOTHESIS_SIGNALS}. */
  readonly signals: Float64Array;
}

interface Sentences {
  readonly texts: readonly string[];
  readonly vectors: Vectors;
  readonly terms: readonly ReadonlySet<string>[];
  readonly hasTitle: boolean;
}

/** Fewer words say too little to be a sentence. */
const FEWEST_WORDS = 4;
/** Sentences of a passage that are looked at, the first. */
const MOST = 40;
/** Passages whose sentences are kept. */
const KEPT = 10_000;
const kept = new WeakMap<Corpus, Map<string, Recent<number, Sentences>>>();

/**
 * The sentences of passages that a query found, and the titles of their documents, with what is known of each. A passage is read and encoded once for a corpus, some 5 ms a sentence
 * with MiniLM.
 * @param hits best first. @returns undefined where the encoder has no say about the query, and where there is no sentence.
 */
export async function sentenceCandidates(
  query: Query,
  hits: readonly RankedPassage[],
  corpus: Corpus,
  field: VectorField,
  signal?: AbortSignal,
): Promise<SentenceCandidates | undefined> {
  const encoded = await encode(field, query, signal);
  if (encoded.query === undefined || hits.length === 0) return undefined;
  const asked = unit(encoded.query as Float32Array);
  const ordinals = hits.map(({ passage }) => passage);
  const words = corpus.fields.find((one): one is TermsField => one.kind === 'terms' && one.name === WORDS);
  const read = await sentencesOf(corpus, field, words, ordinals, signal);
  const ascending = Uint32Array.from(ordinals).sort();
  const passages = (await corpus.get(field.name, ascending)) as readonly (Float32Array | undefined)[];
  const rarity = words === undefined ? new Map<string, number>() : await rarities(corpus, words, query);
  const all = [...rarity.values()].reduce((sum, value) => sum + value, 0);
  const texts = read.flatMap((one) => one.texts);
  if (texts.length === 0) return undefined;
  const vectors = Vectors.concat(read.filter((one) => one.texts.length > 0).map((one) => one.vectors));
  const centre = unit(meanRow(vectors));
  const signals = new Float64Array(texts.length * HYPOTHESIS_SIGNALS.length);
  let at = 0;
  for (const [rank, { texts: own, terms, hasTitle }] of read.entries()) {
    const passage = passages[ascending.indexOf(ordinals[rank]!)];
    for (const [place, text] of own.entries()) {
      const vector = vectors.row(at);
      let shared = 0;
      for (const [term, value] of rarity) if (terms[place]!.has(term)) shared += value;
      signals.set(
        [
          dot(asked, vector),
          all === 0 ? 0 : shared / all,
          passage === undefined ? 0 : dot(asked, passage),
          1 / (rank + 1),
          dot(centre, vector),
          place / Math.max(1, own.length - 1),
          Number(hasTitle && place === 0),
          Math.log(wordCount(text)),
        ],
        at * HYPOTHESIS_SIGNALS.length,
      );
      at++;
    }
  }
  return { asked, texts, vectors, signals: standardised(signals, texts.length) };
}

/** In the order of the passages. */
async function sentencesOf(
  corpus: Corpus,
  field: VectorField,
  words: TermsField | undefined,
  ordinals: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Sentences[]> {
  const byField = kept.get(corpus) ?? new Map<string, Recent<number, Sentences>>();
  kept.set(corpus, byField);
  const known = byField.get(field.name) ?? new Recent<number, Sentences>(KEPT);
  byField.set(field.name, known);
  const found = new Map(ordinals.map((ordinal) => [ordinal, known.get(ordinal)]));
  const missing = ordinals.filter((ordinal) => found.get(ordinal) === undefined);
  if (missing.length > 0) {
    const passages = await corpus.passages(missing);
    const documents = await corpus.documents(passages.map(({ document }) => document));
    const texts = passages.map(({ text }, i) => candidateTexts(documents[i]!.title, text));
    const encoder = await field.open();
    const inputs = texts.flatMap((one) => one.texts);
    const how = { role: 'document', ...(signal === undefined ? {} : { signal }) } as const;
    const vectors = inputs.length === 0 ? Vectors.zeros(0, field.dim) : unitRows(await encoder.encode(inputs, how));
    let from = 0;
    for (const [i, one] of texts.entries()) {
      const analyzer = words?.analysis.analyzerOf(documents[i]!.language);
      const made = {
        ...one,
        vectors: vectors.slice(from, from + one.texts.length),
        terms: one.texts.map((text) => new Set(analyzer?.analyze(text).terms)),
      };
      from += one.texts.length;
      known.set(missing[i]!, made);
      found.set(missing[i]!, made);
    }
  }
  return ordinals.map((ordinal) => found.get(ordinal)!);
}

/** The title, unless it says too little or is the first sentence, and the sentences of a passage. */
export function candidateTexts(title: string, text: string): { readonly texts: string[]; readonly hasTitle: boolean } {
  const own = sentencesIn(text);
  const hasTitle = wordCount(title) >= FEWEST_WORDS && !own.includes(title);
  return { texts: hasTitle ? [title, ...own] : own, hasTitle };
}

function sentencesIn(text: string): string[] {
  const starts = sentenceStarts(text, 0, text.length);
  return starts
    .map((start, i) => text.slice(start, starts[i + 1] ?? text.length).trim())
    .filter((sentence) => wordCount(sentence) >= FEWEST_WORDS)
    .slice(0, MOST);
}

function wordCount(text: string): number {
  return text.match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}'-]*/gu)?.length ?? 0;
}

/** The query's terms with what each counts. */
async function rarities(corpus: Corpus, field: TermsField, query: Query): Promise<Map<string, number>> {
  const terms = termsOf(field, query);
  const names = [...new Set(terms.map(({ term }) => term))];
  const counts = await corpus.frequencies(field.name, names);
  return new Map(names.map((term, i) => [term, Math.log1p(corpus.passageCount / (1 + counts[i]!))]));
}

/** A copy of length 1; zeros stay. */
export function unit(vector: Float32Array): Float32Array {
  const copy = vector.slice();
  unitRow(copy);
  return copy;
}

function meanRow({ data, dim, count }: Vectors): Float32Array {
  const mean = new Float32Array(dim);
  for (let i = 0; i < data.length; i++) mean[i % dim]! += data[i]! / count;
  return mean;
}

/** Each signal to mean 0 and deviation 1 over the sentences; 0 where all have the same. */
function standardised(signals: Float64Array, count: number): Float64Array {
  const width = HYPOTHESIS_SIGNALS.length;
  for (let c = 0; c < width; c++) {
    let [sum, squares] = [0, 0];
    for (let i = c; i < signals.length; i += width) sum += signals[i]!;
    const mean = sum / count;
    for (let i = c; i < signals.length; i += width) squares += (signals[i]! - mean) ** 2;
    const deviation = Math.sqrt(squares / count);
    for (let i = c; i < signals.length; i += width)
      signals[i] = deviation < 1e-9 ? 0 : (signals[i]! - mean) / deviation;
  }
  return signals;
}
