import type { BitSet } from '../../base/bits.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import type { Hits } from '../../base/hits.ts';
import { MemorySections, type SectionData, type SectionSource } from '../../base/sections.ts';
import type { KernelBuild } from '../../kernels/arena.ts';
import { NO_TERM } from '../../kernels/postings.ts';
import { normalization } from './bounds.ts';
import { PostingsData } from './data.ts';
import { type LexicalMeta, readMeta } from './format.ts';
import { mergePostings } from './merge.ts';
import { mergePositions } from './positions/merge.ts';
import { Positions } from './positions/positions.ts';

/** What BM25 needs to know of the whole collection; shared by all segments so that their scores are comparable. */
export interface LexicalStatistics {
  /** Number of documents. */
  readonly count: number;
  /** Mean of their lengths. */
  readonly averageLength: number;
  /** Number of documents that contain the term. */
  documentFrequency(term: string): number;
  /** False: a term counts no more for being rare. Default: it does, by {@link inverseDocumentFrequency}. */
  readonly idf?: false;
}

/** A query term. */
export interface QueryTerm {
  readonly term: string;
  /** Multiplies the term's contribution, 0 or more; the weights of a repeated term add up. */
  readonly weight: number;
}

export interface LexicalSearchParams {
  /** At most this many hits, at least 1. */
  readonly k: number;
  /** Documents that have not been deleted. Default: all. One bit per document. */
  readonly live?: BitSet;
  /** Documents that may be returned. Default: all. One bit per document. */
  readonly allowed?: BitSet;
  /** Default: this index's own, which count deleted documents, too. */
  readonly statistics?: LexicalStatistics;
  /** Only documents with a greater score, as where others have found as many already. Default 0: all that match. */
  readonly above?: number;
}

/** How a document came by its score. */
export interface LexicalExplanation {
  /** Bit for bit the score of {@link InvertedIndex.search}; 0 for a document that matches nothing. */
  readonly score: number;
  /** One entry for each distinct query term in the order in which the scores are added up. */
  readonly contributions: readonly LexicalContribution[];
}

export interface LexicalContribution {
  readonly term: string;
  /** Weighted number of occurrences in the document, 0 where the term is absent. */
  readonly tf: number;
  readonly documentFrequency: number;
  readonly idf: number;
  readonly score: number;
}

interface ScoredTerm {
  readonly term: string;
  /** Number in the dictionary, or {@link NO_TERM}. */
  readonly number: number;
  readonly documentFrequency: number;
  readonly idf: number;
  /** Query weight times idf, float32. */
  readonly weight: number;
}

/** Terms of a query that are looked for one by one: to make a table takes longer than to use it. */
const FEW = 16;
/** Weights below this count as zero, so that no contribution is a denormal number. */
export const LEAST_WEIGHT = 1e-30;

/**
 * BM25 over compressed block-max postings. The score of a document of length `len` is the sum over the query's terms of
 *
 * `weight * idf * tf / (tf + k1 * (1 - b + b * len / averageLength))`, `idf = ln(1 + (N - df + 0.5) / (df + 0.5))`
 *
 * (Robertson and Zaragoza 2009, without the constant factor `k1 + 1`, as in Lucene since version 8). Hits have a positive
 * score. The search is exact: it returns what scoring every document would. To make that a fact about bits, contributions
 * are computed in float32 and added in a fixed order: descending `weight * idf`, equal ones by ascending UTF-8 bytes.
 *
 * Immutable; not usable from several threads at once. Reads its sections when first used.
 */
export class InvertedIndex {
  readonly #meta: LexicalMeta;
  readonly #source: SectionSource;
  readonly #build: KernelBuild | undefined;
  readonly #own: LexicalStatistics;
  #loaded: PostingsData | undefined;
  #positions: Positions | undefined;
  /** What was searched for last: it holds for the same list of terms as long as nobody changes it. */
  #last:
    | {
        readonly terms: readonly QueryTerm[];
        readonly statistics: LexicalStatistics;
        readonly scored: readonly ScoredTerm[];
      }
    | undefined;

  private constructor(source: SectionSource, build?: KernelBuild) {
    this.#meta = readMeta(source);
    this.#source = source;
    this.#build = build;
    this.#own = {
      count: this.count,
      averageLength: this.averageLength,
      documentFrequency: (term) => this.documentFrequency(term),
    };
  }

  /**
   * Opens what {@link InvertedIndexBuilder} or {@link InvertedIndex.merge} made. Reads only the header; the first search
   * reads and checks the rest.
   *
   * @param build which kernels to run; default the fastest.
   * @throws CorruptFileError if sizes or offsets contradict each other, now or at the first search.
   */
  static open(source: SectionSource, build?: KernelBuild): InvertedIndex {
    return new InvertedIndex(source, build);
  }

  /**
   * Joins indexes of the same parameters: the live documents of the first, then those of the second, and so on. The result
   * is byte for byte what building from these documents would give. Memory: the result, its postings once more, and one term's postings.
   */
  static merge(parts: readonly { readonly index: InvertedIndex; readonly live: BitSet }[]): SectionData {
    for (const { index, live } of parts) index.#expectSize('live', live);
    const postings = mergePostings(parts.map(({ index, live }) => ({ data: index.#data(), live })));
    const merged = InvertedIndex.open(new MemorySections(postings));
    const positions = mergePositions(
      parts.map(({ index, live }) => ({ positions: index.#places(), live })),
      merged.#data(),
    );
    return new Map([...postings, ...positions]);
  }

  #data(): PostingsData {
    this.#loaded ??= new PostingsData(this.#meta, this.#source, this.#build);
    return this.#loaded;
  }

  #places(): Positions {
    this.#positions ??= new Positions(this.#source, this.#meta.count, () => this.#data());
    return this.#positions;
  }

  /** Number of documents, deleted ones included. */
  get count(): number {
    return this.#meta.count;
  }

  /** Sum of the documents' lengths, deleted ones included. */
  get totalLength(): number {
    return this.#meta.totalLength;
  }

  /** Mean length of a document; 0 for an empty index. */
  get averageLength(): number {
    return this.#meta.count === 0 ? 0 : this.#meta.totalLength / this.#meta.count;
  }

  /** Number of distinct terms. */
  get termCount(): number {
    return this.#meta.terms;
  }

  /** Parameters that it was built with. */
  get parameters(): { readonly k1: number; readonly b: number } {
    return { k1: this.#meta.k1, b: this.#meta.b };
  }

  /** Length of a document: the sum of the boosts of its terms' occurrences, or of the lengths that their fields say. */
  lengthOf(id: number): number {
    this.#expectDocument(id);
    return this.#data().length(id);
  }

  /** Sum of the lengths of the documents in `live`. */
  liveLength(live: BitSet): number {
    this.#expectSize('live', live);
    return this.#data().liveLength(live);
  }

  /** How many documents contain the term; among the live ones if `live` is given, which costs a pass over its postings. */
  documentFrequency(term: string, live?: BitSet): number {
    if (live !== undefined) this.#expectSize('live', live);
    if (this.#meta.count === 0) return 0;
    const data = this.#data();
    const number = data.numberOf(term);
    if (number === NO_TERM) return 0;
    return live === undefined ? data.frequency(number) : data.count(number, live);
  }

  /**
   * Documents in which these words stand one after the other in one text, ascending, deleted ones included. Reads the places of these words,
   * no texts. @param words as the builder was given them ({@link IndexedField}); none finds nothing.
   */
  phrase(words: readonly string[]): Uint32Array {
    return this.#places().phrase(words);
  }

  /** Reads all places of words. @throws CorruptFileError where they do not fit together. */
  checkPlaces(): void {
    const positions = this.#places();
    for (const word of positions.words()) positions.places(word);
  }

  /** The `k` best documents, best first, equal scores by ascending id. Exact. */
  search(terms: readonly QueryTerm[], params: LexicalSearchParams): Hits {
    const { k, live, allowed, statistics = this.#own, above = 0 } = params;
    if (!Number.isInteger(k) || k < 1) {
      throw new InvalidArgumentError(`k is ${k}.`, 'Pass a whole number, at least 1.');
    }
    if (live !== undefined) this.#expectSize('live', live);
    if (allowed !== undefined) this.#expectSize('allowed', allowed);
    const scored = this.#matching(terms, statistics);
    if (scored.length === 0) return { ids: new Uint32Array(0), scores: new Float32Array(0), examined: 0 };
    const data = this.#data();
    const [numbers, weights, frequencies]: [number[], number[], number[]] = [[], [], []];
    for (const { number, weight } of scored) {
      numbers.push(number);
      weights.push(weight);
      frequencies.push(data.frequency(number));
    }
    return data.search({
      terms: numbers,
      weights,
      frequencies,
      averageLength: statistics.averageLength,
      k,
      above,
      live,
      allowed,
    });
  }

  /**
   * Scores of given documents, bit for bit those of {@link InvertedIndex.search}; 0 for one that matches nothing. Costs a look into the
   * postings of each term for each document. @param ids ascending.
   */
  scores(
    terms: readonly QueryTerm[],
    ids: Uint32Array,
    params: Pick<LexicalSearchParams, 'statistics'> = {},
  ): Float32Array {
    const { statistics = this.#own } = params;
    const scores = new Float32Array(ids.length);
    let before = -1;
    for (const id of ids) {
      this.#expectDocument(id);
      if (id < before) throw new InvalidArgumentError('Documents are not in ascending order.', 'Sort their numbers.');
      before = id;
    }
    const scored = this.#matching(terms, statistics);
    if (scored.length === 0 || ids.length === 0) return scores;
    const norms = Float64Array.from(ids, (id) => this.#norm(id, statistics));
    const frequencies = this.#data().frequenciesIn(
      scored.map(({ number }) => number),
      ids,
    );
    let at = 0;
    for (const { weight } of scored) {
      for (let i = 0; i < ids.length; i++, at++) {
        const tf = frequencies[at]!;
        if (tf > 0) scores[i]! += Math.fround(weight * Math.fround(tf / Math.fround(tf + norms[i]!)));
      }
    }
    return scores;
  }

  /** What the length of a document adds to a term's frequency in the denominator, float32. */
  #norm(id: number, { averageLength }: LexicalStatistics): number {
    const { k1, b } = this.#meta;
    const { constant, slope } = normalization(k1, b, averageLength);
    return Math.fround(Math.fround(constant) + Math.fround(Math.fround(slope) * this.#data().length(id)));
  }

  /** Breaks a document's score down, whether or not the document is among the hits. Costs a pass over the postings. */
  explain(
    terms: readonly QueryTerm[],
    id: number,
    params: Pick<LexicalSearchParams, 'statistics'> = {},
  ): LexicalExplanation {
    this.#expectDocument(id);
    const { statistics = this.#own } = params;
    const data = this.#data();
    const norm = this.#norm(id, statistics);
    let sum = 0;
    const contributions = this.#score(terms, statistics, false).map(
      ({ term, number, documentFrequency, idf, weight }): LexicalContribution => {
        const tf = number === NO_TERM ? 0 : data.frequenciesIn([number], Uint32Array.of(id))[0]!;
        const saturated = tf === 0 ? 0 : Math.fround(tf / Math.fround(tf + norm));
        const score = weight < LEAST_WEIGHT ? 0 : Math.fround(weight * saturated);
        sum = Math.fround(sum + score);
        return { term, tf, documentFrequency, idf, score };
      },
    );
    return { score: sum, contributions };
  }

  /** The dictionary's terms that begin with `prefix`, in ascending UTF-8 order. */
  *terms(prefix = ''): Generator<string> {
    if (this.#meta.terms === 0) return;
    const data = this.#data();
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    for (let term = data.lowerBound(prefix); term < this.#meta.terms; term++) {
      const text = decoder.decode(data.termBytes(term));
      if (!text.startsWith(prefix)) return;
      yield text;
    }
  }

  /** All terms with the number of documents that hold them, in ascending UTF-8 order. */
  *frequencies(): Generator<readonly [term: string, documents: number]> {
    if (this.#meta.terms === 0) return;
    const data = this.#data();
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    for (let term = 0; term < this.#meta.terms; term++)
      yield [decoder.decode(data.termBytes(term)), data.frequency(term)];
  }

  /** All terms with their documents, deleted ones included, and the frequencies there, in ascending UTF-8 order. */
  *postings(): Generator<{
    readonly term: string;
    readonly documents: Uint32Array;
    readonly frequencies: Float32Array;
  }> {
    if (this.#meta.terms === 0) return;
    const data = this.#data();
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    for (let term = 0; term < this.#meta.terms; term++)
      yield { term: decoder.decode(data.termBytes(term)), ...data.read(term) };
  }

  /** The terms that can score of a query's; a query is searched for and then asked for scores of passages that others found. */
  #matching(terms: readonly QueryTerm[], statistics: LexicalStatistics): readonly ScoredTerm[] {
    if (this.#last?.terms !== terms || this.#last.statistics !== statistics) {
      this.#last = { terms, statistics, scored: this.#score(terms, statistics, true) };
    }
    return this.#last.scored;
  }

  /** Distinct terms with their weights, in the order of summation; only those that can score, if `matching`. */
  #score(terms: readonly QueryTerm[], statistics: LexicalStatistics, matching: boolean): ScoredTerm[] {
    const names: string[] = [];
    const weights: number[] = [];
    const many = terms.length > FEW ? new Map<string, number>() : undefined;
    for (const { term, weight } of terms) {
      if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
        throw new InvalidArgumentError(
          `The query term "${term.slice(0, 50)}" has the weight ${weight}.`,
          'Pass a finite number, 0 or more.',
        );
      }
      const known = many === undefined ? names.indexOf(term) : (many.get(term) ?? -1);
      if (known >= 0) weights[known]! += weight;
      else {
        many?.set(term, names.length);
        names.push(term);
        weights.push(weight);
      }
    }
    const { count, averageLength } = statistics;
    if (!(count >= 0 && averageLength >= 0 && averageLength < Number.POSITIVE_INFINITY)) {
      throw new InvalidArgumentError(
        `Statistics of ${count} documents of average length ${averageLength} are impossible.`,
        'Pass the number of documents and the mean of their lengths.',
      );
    }
    if (matching && (this.#meta.terms === 0 || count === 0 || names.length === 0)) return [];
    const data = this.#data();
    const numbers = data.lookup(names);
    const scored: ScoredTerm[] = [];
    for (let i = 0; i < names.length; i++) {
      const number = numbers[i]!;
      if (matching && number === NO_TERM) continue;
      const term = names[i]!;
      // Its own statistics need no second look-up.
      const documentFrequency =
        statistics !== this.#own ? statistics.documentFrequency(term) : number === NO_TERM ? 0 : data.frequency(number);
      const idf = statistics.idf === false ? 1 : inverseDocumentFrequency(count, documentFrequency);
      const weight = Math.fround(weights[i]! * idf);
      if (matching && weight < LEAST_WEIGHT) continue;
      scored.push({ term, number, documentFrequency, idf, weight });
    }
    // Known terms are numbered in byte order; unknown ones contribute nothing, wherever they stand.
    return scored.sort((x, y) => y.weight - x.weight || x.number - y.number);
  }

  #expectSize(name: string, set: BitSet): void {
    if (set.size !== this.#meta.count) {
      throw new InvalidArgumentError(
        `\`${name}\` has ${set.size} bits for ${this.#meta.count} documents.`,
        'Pass one bit per document.',
      );
    }
  }

  #expectDocument(id: number): void {
    if (!(Number.isInteger(id) && id >= 0 && id < this.#meta.count)) {
      throw new InvalidArgumentError(
        `There is no document ${id} among ${this.#meta.count}.`,
        'Pass an id from 0 to the number of documents, exclusive.',
      );
    }
  }
}

/** What a term tells that `documentFrequency` of `count` passages hold, `ln(1 + (count - df + 0.5) / (df + 0.5))`: positive, also where all do. */
export function inverseDocumentFrequency(count: number, documentFrequency: number): number {
  const df = Math.min(documentFrequency, count);
  return Math.log(1 + (count - df + 0.5) / (df + 0.5));
}
