import { Deletions } from './deletions.ts';
import { type NearTerm, TermTrie } from './term-trie.ts';

/** A term of a vocabulary. */
export interface VocabularyTerm {
  readonly term: string;
  /** Documents that have it, about. */
  readonly frequency: number;
}

/** A term that is written nearly like a word. */
export interface SimilarTerm extends VocabularyTerm {
  /** Letters inserted, left out, exchanged, or swapped with their neighbour. */
  readonly edits: number;
}

/** A sorted vocabulary that finds terms by their beginning, by their end, and by what they look like. */
export class Vocabulary {
  readonly #terms: readonly string[];
  readonly #frequencies: Uint32Array;
  /** Numbers of terms in the order of their reversed spelling; made when first asked for. */
  #backwards: Uint32Array | undefined;
  /** What terms are without one letter. The same. */
  #deletions: Deletions | undefined;
  /** Trees of the terms as they are and reversed. The same. */
  #tries: { readonly forwards: TermTrie; readonly backwards: TermTrie } | undefined;

  /** @param terms distinct, in any order. */
  constructor(terms: Iterable<readonly [term: string, frequency: number]>) {
    const all = [...terms].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#terms = all.map(([term]) => term);
    this.#frequencies = Uint32Array.from(all, ([, frequency]) => frequency);
  }

  get size(): number {
    return this.#terms.length;
  }

  /** 0 for a term that is not there. */
  frequency(term: string): number {
    const at = this.#lowerBound(term);
    return this.#terms[at] === term ? this.#frequencies[at]! : 0;
  }

  /** Terms that begin so, the most frequent first, at most `limit`; the term itself among them. */
  beginning(prefix: string, limit: number): VocabularyTerm[] {
    const from = this.#lowerBound(prefix);
    const to = this.#behind(prefix, from);
    const all = new Uint32Array(to - from);
    for (let i = 0; i < all.length; i++) all[i] = from + i;
    return this.#frequent(all, limit);
  }

  /** Terms that end so, and are longer, the most frequent first, at most `limit`. */
  ending(suffix: string, limit: number): VocabularyTerm[] {
    const longer = this.#endingSo(suffix).filter((i) => this.#terms[i]!.length > suffix.length);
    return this.#frequent(longer, limit);
  }

  /**
   * Terms within `most` edits of a word, the fewest edits first, then the most frequent; not the word itself.
   * @param most 1 or 2: time grows with the share of the vocabulary that is near.
   */
  similar(word: string, most: number, limit: number): SimilarTerm[] {
    const found = this.#near(word, most).filter(({ edits }) => edits > 0);
    found.sort(
      (a, b) => a.edits - b.edits || this.#frequencies[b.number]! - this.#frequencies[a.number]! || a.number - b.number,
    );
    return found
      .slice(0, limit)
      .map(({ number, edits }) => ({ term: this.#terms[number]!, frequency: this.#frequencies[number]!, edits }));
  }

  #near(word: string, most: number): NearTerm[] {
    const found = new Map<number, NearTerm>();
    if (most === 1) {
      this.#deletions ??= new Deletions(this.#terms);
      if (this.#deletions.covers(word)) {
        this.#deletions.candidates(word, (number) => {
          const edits = withinOne(word, this.#terms[number]!);
          if (edits !== undefined) found.set(number, { number, edits });
        });
        return [...found.values()];
      }
    }
    // Of the edits at most half are in the first half of the word, or at most half in the second.
    this.#tries ??= this.#grow();
    const { forwards, backwards } = this.#tries;
    const middle = word.length >> 1;
    const half = most >> 1;
    for (const near of forwards.near(word, most, { letters: middle, most: half })) found.set(near.number, near);
    const order = this.#backwards!;
    const rest = { letters: word.length - middle, most: half };
    for (const { number, edits } of backwards.near(reversed(word), most, rest)) {
      found.set(order[number]!, { number: order[number]!, edits });
    }
    if (most === 1 && middle > 0) {
      // Two letters that are swapped across the middle are an edit of both halves.
      const swapped = word.slice(0, middle - 1) + word[middle]! + word[middle - 1]! + word.slice(middle + 1);
      const at = this.#lowerBound(swapped);
      if (swapped !== word && this.#terms[at] === swapped) found.set(at, { number: at, edits: 1 });
    }
    return [...found.values()];
  }

  #grow() {
    this.#backwards ??= this.#reversed();
    return {
      forwards: new TermTrie(this.#terms),
      backwards: new TermTrie(Array.from(this.#backwards, (i) => reversed(this.#terms[i]!))),
    };
  }

  #lowerBound(term: string): number {
    let low = 0;
    let high = this.#terms.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#terms[middle]! < term) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first place at `from` or behind whose term does not begin with `prefix`; the one at `from` does, or none does. */
  #behind(prefix: string, from: number): number {
    const terms = this.#terms;
    return behindAll(terms.length, from, (place) => terms[place]!.startsWith(prefix));
  }

  /** Numbers of the terms that end so. */
  #endingSo(suffix: string): Uint32Array {
    this.#backwards ??= this.#reversed();
    const order = this.#backwards;
    const terms = this.#terms;
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (endsBefore(terms[order[middle]!]!, suffix)) low = middle + 1;
      else high = middle;
    }
    return order.subarray(
      low,
      behindAll(order.length, low, (place) => terms[order[place]!]!.endsWith(suffix)),
    );
  }

  #frequent(numbers: Uint32Array, limit: number): VocabularyTerm[] {
    const chosen = numbers.sort((a, b) => this.#frequencies[b]! - this.#frequencies[a]! || a - b).subarray(0, limit);
    return Array.from(chosen, (i) => ({ term: this.#terms[i]!, frequency: this.#frequencies[i]! }));
  }

  #reversed(): Uint32Array {
    const spelled = this.#terms.map(reversed);
    return Uint32Array.from(spelled.keys()).sort((a, b) => (spelled[a]! < spelled[b]! ? -1 : 1));
  }
}

/** The first place at `from` or behind that is not `wanted`, as none behind it is; `count` where all are. */
function behindAll(count: number, from: number, wanted: (place: number) => boolean): number {
  let step = 1;
  let low = from;
  while (low + step < count && wanted(low + step)) {
    low += step;
    step *= 2;
  }
  let high = Math.min(count, low + step);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (wanted(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether a term stands before a suffix where both are read backwards. */
function endsBefore(term: string, suffix: string): boolean {
  for (let i = 1; i <= suffix.length; i++) {
    if (i > term.length) return true;
    const difference = term.charCodeAt(term.length - i) - suffix.charCodeAt(suffix.length - i);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Edits between two words where it is none or one: a letter inserted, left out, exchanged, or swapped with its neighbour. */
function withinOne(a: string, b: string): 0 | 1 | undefined {
  const longer = a.length - b.length;
  if (longer > 1 || longer < -1) return undefined;
  const shorter = Math.min(a.length, b.length);
  let at = 0;
  while (at < shorter && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === shorter) return longer === 0 ? 0 : 1;
  let [i, j] = longer === 0 ? [at + 1, at + 1] : longer > 0 ? [at + 1, at] : [at, at + 1];
  if (longer === 0 && a.charCodeAt(at) === b.charCodeAt(at + 1) && a.charCodeAt(at + 1) === b.charCodeAt(at)) {
    i = at + 2;
    j = at + 2;
  }
  while (i < a.length && a.charCodeAt(i) === b.charCodeAt(j)) {
    i++;
    j++;
  }
  return i === a.length ? 1 : undefined;
}

/** By code units: halves of surrogate pairs are compared, and never shown. */
function reversed(term: string): string {
  let spelled = '';
  for (let i = term.length - 1; i >= 0; i--) spelled += term[i];
  return spelled;
}
