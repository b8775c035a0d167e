import { sortedByBytes } from '../../base/byte-order.ts';
import type { NumberedField } from '../../index/index.ts';
import { termKey } from './changes.ts';
import { encodePlaces } from './places.ts';
import { encodePostings } from './postings.ts';
import { PLACES, TERMS } from './tables.ts';

/** A row of `terms`, before it is born. */
export interface TermRow {
  readonly shard: number;
  readonly kind: number;
  readonly term: string;
  /** Passages. */
  readonly count: number;
  readonly data: Uint8Array;
}

interface OfTerm {
  readonly passages: number[];
  readonly frequencies: number[];
  readonly lengths: number[];
}

/** Gathers what passages hold, by term and by word; frequencies and lengths as `InvertedIndexBuilder` has them. */
export class TermRows {
  readonly #terms = new Map<string, Map<number, OfTerm>>();
  readonly #words = new Map<string, Map<number, [passage: number, at: number[]][]>>();

  /** Adds a passage; they come in ascending order. @param names what the numbers of terms and words stand for. @returns its length. */
  add(shard: number, passage: number, fields: readonly NumberedField[], names: readonly string[]): number {
    const frequencies = new Map<number, number>();
    let sum = 0;
    for (const { terms, boost, length: each = boost } of fields) {
      if (boost === 0) continue;
      sum += each * terms.length;
      for (const term of terms) frequencies.set(term, (frequencies.get(term) ?? 0) + boost);
    }
    const length = Math.fround(sum);
    for (const [term, frequency] of frequencies) {
      const own = listOf(
        this.#terms,
        termKey(names[term]!),
        shard,
        (): OfTerm => ({ passages: [], frequencies: [], lengths: [] }),
      );
      // Terms that differ in unpaired surrogates alone are one.
      if (own.passages.at(-1) === passage) {
        own.frequencies[own.frequencies.length - 1] = Math.fround(own.frequencies.at(-1)! + frequency);
        continue;
      }
      own.passages.push(passage);
      own.frequencies.push(Math.fround(frequency));
      own.lengths.push(length);
    }
    const places = new Map<string, number[]>();
    // An empty place stands between fields as between texts.
    const words = fields.flatMap(({ words: own }) =>
      own === undefined || own.length === 0 ? [] : [undefined, ...own],
    );
    for (const [at, number] of words.entries()) {
      const word = number === undefined ? '' : names[number]!;
      if (word === '') continue;
      const before = places.get(word);
      if (before === undefined) places.set(word, [at]);
      else before.push(at);
    }
    for (const [word, at] of places) {
      const own = listOf(this.#words, termKey(word), shard, (): [number, number[]][] => []);
      const last = own.at(-1);
      if (last?.[0] === passage) last[1] = [...last[1], ...at].sort((a, b) => a - b);
      else own.push([passage, at]);
    }
    return length;
  }

  /** All rows, terms before words, in the order of their keys. */
  *rows(): Generator<TermRow> {
    for (const term of sortedByBytes([...this.#terms.keys()])) {
      for (const [shard, own] of this.#terms.get(term)!) {
        const lists = {
          passages: Uint32Array.from(own.passages),
          frequencies: Float32Array.from(own.frequencies),
          lengths: Float32Array.from(own.lengths),
        };
        const at = [...own.passages.keys()];
        yield { shard, kind: TERMS, term, count: at.length, data: encodePostings(lists, at) };
      }
    }
    for (const term of sortedByBytes([...this.#words.keys()])) {
      for (const [shard, places] of this.#words.get(term)!) {
        yield { shard, kind: PLACES, term, count: places.length, data: encodePlaces(places) };
      }
    }
  }
}

function listOf<T>(lists: Map<string, Map<number, T>>, key: string, shard: number, make: () => T): T {
  let byShard = lists.get(key);
  if (byShard === undefined) {
    byShard = new Map();
    lists.set(key, byShard);
  }
  let list = byShard.get(shard);
  if (list === undefined) {
    list = make();
    byShard.set(shard, list);
  }
  return list;
}
