import type { Query } from '../content/index.ts';
import type { Corpus } from '../corpus/index.ts';
import { plainText } from '../text/index.ts';
import { type Gathering, gathered } from './pipeline/group.ts';
import type { RankedPassage, Ranking, Retriever } from './types.ts';

/** Share of the runs of words that two passages have in common, of all that either has, from which one repeats the other. */
const SAME = 0.9;
/** The same of the shorter one alone, for two forms of one page, which are cut at other places. */
const SAME_PAGE = 0.6;
/** Words of a run. */
const RUN = 3;

interface Signature {
  /** Hashes of the runs of words. */
  readonly runs: ReadonlySet<number>;
  /** Words with digits, in order: two records that differ in a number are two. */
  readonly numbers: string;
  readonly document: number;
  /** Path without the endings of its name; undefined without a path. */
  readonly page: string | undefined;
}

/** A ranking in which what repeats something stands with it. */
export interface Collapsed {
  readonly ranking: Ranking;
  /** At most k. */
  readonly chosen: readonly RankedPassage[];
  /** For each of them the passages that repeat it, best first. */
  readonly repeats: readonly (readonly number[])[];
}

/**
 * Gathers `k` passages that say something new. A passage repeats another if it has the same words but for one in thirty, and the same numbers
 * in the same order; or if they are from two forms of one page (`guide.html`, `guide.txt`) and most of the shorter one is in the
 * other. Markup and white space make no difference. The first k of a longer list are the shorter list.
 */
export async function collapsed(
  retriever: Retriever,
  query: Query,
  corpus: Corpus,
  { k, ...rest }: Gathering,
): Promise<Collapsed> {
  const folding = new Folding(corpus);
  const limit = Math.max(1, corpus.passageCount);
  for (let depth = Math.min(limit, 2 * k); ; depth = Math.min(limit, depth * 4)) {
    const { ranking, chosen: found } = await gathered(retriever, query, corpus, { ...rest, k: depth });
    const kept = await folding.fold(
      found.map(({ passage }) => passage),
      k,
    );
    if (kept.size < k && found.length === depth && depth < limit) continue;
    return {
      ranking,
      chosen: Array.from(kept.keys(), (place) => found[place]!),
      repeats: Array.from(kept.values(), (places) => places.map((place) => found[place]!.passage)),
    };
  }
}

class Folding {
  readonly #signatures = new Map<number, Signature>();

  constructor(private readonly corpus: Corpus) {}

  /**
   * Splits a ranking into passages that say something new and those that repeat one of these, until `enough` are kept.
   * @returns for each passage that was kept, by its place in the list, the places of those that repeat it.
   */
  async fold(passages: readonly number[], enough: number): Promise<Map<number, number[]>> {
    await this.#read(passages);
    const kept = new Map<number, number[]>();
    /** Places of passages that were kept, by the runs that they have. */
    const holders = new Map<number, number[]>();
    for (const [place, passage] of passages.entries()) {
      const signature = this.#signatures.get(passage)!;
      const first = this.#repeated(signature, passages, holders);
      if (first !== undefined) {
        kept.get(first)!.push(place);
        continue;
      }
      if (kept.size === enough) break;
      kept.set(place, []);
      for (const run of signature.runs) {
        const held = holders.get(run);
        if (held === undefined) holders.set(run, [place]);
        else held.push(place);
      }
    }
    return kept;
  }

  /** The place of the first passage that this one repeats. */
  #repeated(
    signature: Signature,
    passages: readonly number[],
    holders: ReadonlyMap<number, readonly number[]>,
  ): number | undefined {
    const common = new Map<number, number>();
    for (const run of signature.runs) {
      for (const place of holders.get(run) ?? []) common.set(place, (common.get(place) ?? 0) + 1);
    }
    let first: number | undefined;
    for (const [place, count] of common) {
      if (first !== undefined && place > first) continue;
      if (repeats(signature, this.#signatures.get(passages[place]!)!, count)) first = place;
    }
    return first;
  }

  async #read(passages: readonly number[]): Promise<void> {
    const fresh = passages.filter((passage) => !this.#signatures.has(passage));
    const found = await this.corpus.passages(fresh);
    const documents = await this.corpus.documents(found.map(({ document }) => document));
    fresh.forEach((passage, i) => {
      const { format, path } = documents[i]!;
      const { text } = plainText(found[i]!.text, format);
      const words = text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
      this.#signatures.set(passage, {
        runs: runsOf(words),
        numbers: words.filter((word) => /\p{N}/u.test(word)).join(' '),
        document: found[i]!.document,
        page: path?.replace(/(?<=[^/])(?:\.[\p{L}\p{N}]{1,5}){1,2}$/u, ''),
      });
    });
  }
}

function repeats(a: Signature, b: Signature, common: number): boolean {
  if (a.document !== b.document && a.page !== undefined && a.page === b.page) {
    return common >= SAME_PAGE * Math.min(a.runs.size, b.runs.size);
  }
  return common >= SAME * (a.runs.size + b.runs.size - common) && a.numbers === b.numbers;
}

/** FNV-1a of every run of words, and of the whole where there are fewer. */
function runsOf(words: readonly string[]): ReadonlySet<number> {
  const runs = new Set<number>();
  if (words.length === 0) return runs;
  for (let i = 0; i + RUN <= Math.max(RUN, words.length); i++) {
    let hash = 0x811c9dc5;
    for (const word of words.slice(i, i + RUN)) {
      for (let j = 0; j < word.length; j++) hash = Math.imul(hash ^ word.charCodeAt(j), 0x01000193);
      hash = Math.imul(hash ^ 32, 0x01000193);
    }
    runs.add(hash >>> 0);
  }
  return runs;
}
