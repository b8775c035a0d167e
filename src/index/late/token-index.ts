import type { BitSet } from '../../base/bits.ts';
import { CorruptFileError, InvalidArgumentError } from '../../base/errors.ts';
import type { Hits } from '../../base/hits.ts';
import { Turns } from '../../base/parallel.ts';
import { readSection, type SectionSink, type SectionSource } from '../../base/sections.ts';
import type { Vectors } from '../../base/vectors.ts';
import { blockEnds, SettledHits } from '../blocks.ts';
import { Section, TokenHeader } from './token-format.ts';
import { TokenLists } from './token-lists.ts';
import { mergeTokens } from './token-merge.ts';
import { ByteRows, CodedRows, type RowScorer, type TokenPart, type TokenSource } from './token-rows.ts';

/** Rows that are read and scored together, about: 1.5 MiB of bytes at 384 components. */
const BATCH = 4096;

export interface TokenSearchParams {
  /** At most this many hits; a whole number, at least 1. */
  readonly k: number;
  /** Only these items may be returned; a set of `count` bits. Default: all. */
  readonly allowed?: BitSet | undefined;
  /** Items that still exist, likewise. */
  readonly live?: BitSet | undefined;
  /** Of residual codes: lists that are looked into for each of the query's vectors, at least 1. Default 8. */
  readonly nprobe?: number | undefined;
  /** Of residual codes: items that are scored exactly, as a multiple of k; at least 1, and 256 of them at the least. Default 8. */
  readonly refine?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const PROBES = 8;
const REFINE = 8;
const LEAST_REFINED = 256;
/** Items that are scored one after the other before it is asked whether that still changes what is found; so many rounds in a row must not have. */
const ROUND = 64;
const QUIET_ROUNDS = 2;

/**
 * A vector for each token of an item, scored by late interaction (the sum over the query's vectors of the greatest inner product, `MaxSim`). Rows stay in
 * the source and are read where they are scored, so that opening costs nothing; ranking a hundred candidates again reads those only.
 *
 * Rows are kept in one of two ways. As **bytes**, a fourth of float32: so `TokenIndexBuilder` makes them, and a search scores every allowed item. As
 * **residual codes** (Santhanam et al. 2022, ColBERTv2): the number of the nearest centroid, and two bits for each component of what is left, rotated
 * before so that its components are alike; `dim / 4 + 4` bytes a row, 20 with 64 components. {@link TokenIndex.merge} makes them of 16,384
 * rows or more. A search then looks only at items in the lists of the centroids nearest to the query's vectors, orders them by what their centroids
 * promise, and scores the first of them by their codes, until that changes nothing any more (PLAID, Santhanam et al. 2022; WARP, Scheerer et al. 2025).
 *
 * Memory: 4 bytes an item from the first use on; a search of residual codes also holds 2 bytes a row and 4 for each pair of a centroid and an item.
 */
export class TokenIndex implements TokenSource {
  readonly #header: TokenHeader;
  readonly #rowsOf: ByteRows | CodedRows;
  #offsets: Uint32Array | undefined;
  #lists: TokenLists | undefined;

  private constructor(source: SectionSource) {
    this.source = source;
    this.#header = TokenHeader.read(source);
    this.#rowsOf =
      this.#header.centroids === 0 ? new ByteRows(source, this.#header) : new CodedRows(source, this.#header);
  }

  /** Where it lies. */
  readonly source: SectionSource;

  /** Opens an index; reads 20 bytes of it. @throws CorruptFileError, IncompatibleError */
  static open(source: SectionSource): TokenIndex {
    return new TokenIndex(source);
  }

  /**
   * Concatenates the live items of several indexes of one dimension, in order, in steps. What is coded is copied as it is as long as there are not far
   * more centroids than rows need; else all is coded anew.
   * @throws InvalidArgumentError for none, or for other dimensions.
   */
  static merge(parts: readonly TokenPart[], sink: SectionSink): Generator<void> {
    return mergeTokens(parts, sink);
  }

  /** Components of a vector. */
  get dim(): number {
    return this.#header.dim;
  }

  /** Items, with and without vectors; they are numbered 0 to `count - 1`. */
  get count(): number {
    return this.#header.items;
  }

  /** Vectors of all items. */
  get vectorCount(): number {
    return this.#header.rows;
  }

  /** Bytes of a vector, without those that all share. */
  get rowBytes(): number {
    return this.#header.centroids === 0 ? this.dim + 4 : 2 + this.#header.recordBytes;
  }

  /** How rows are kept. */
  get rows(): ByteRows | CodedRows {
    return this.#rowsOf;
  }

  /** First row of each item, and the number of rows. */
  get offsets(): Uint32Array {
    if (this.#offsets === undefined) {
      const offsets = new Uint32Array(readSection(this.source, Section.offsets).buffer);
      const ascending = offsets.every((offset, i) => i === 0 || offset >= offsets[i - 1]!);
      if (offsets[0] !== 0 || offsets.at(-1) !== this.vectorCount || !ascending) {
        throw new CorruptFileError(Section.offsets, `they do not run from 0 to ${this.vectorCount}`);
      }
      this.#offsets = offsets;
    }
    return this.#offsets;
  }

  /** The vectors of an item as they are scored; undefined when it has none. */
  vector(id: number): Vectors | undefined {
    if (!Number.isInteger(id) || id < 0 || id >= this.count) {
      throw new InvalidArgumentError(`There is no item ${id}.`, `Pass a whole number from 0 to ${this.count - 1}.`);
    }
    const { offsets } = this;
    return offsets[id] === offsets[id + 1] ? undefined : this.#rowsOf.read(offsets[id]!, offsets[id + 1]!);
  }

  /** Scores of given items; NaN for one without vectors. @param ids ascending. */
  scores(query: Vectors, ids: Uint32Array): Float32Array {
    return this.#scores(this.#scorer(query), ids).map((score) =>
      score === Number.NEGATIVE_INFINITY ? Number.NaN : score,
    );
  }

  /** The items with the best scores, equal ones by ascending id. Others have their turn meanwhile. */
  async search(query: Vectors, params: TokenSearchParams): Promise<Hits> {
    const { k, allowed, live, nprobe = PROBES, refine = REFINE } = params;
    for (const [name, value] of Object.entries({ k, nprobe })) {
      if (!Number.isInteger(value) || value < 1) {
        throw new InvalidArgumentError(`${name} is ${value}.`, 'Pass a whole number, 1 or more.');
      }
    }
    if (!(refine >= 1)) throw new InvalidArgumentError(`refine is ${refine}.`, 'Pass a number of 1 or more.');
    const scorer = this.#scorer(query);
    const { offsets } = this;
    const wanted = (item: number): boolean =>
      offsets[item + 1]! > offsets[item]! && allowed?.has(item) !== false && live?.has(item) !== false;
    const rows = this.#rowsOf;
    if (!(rows instanceof CodedRows)) return this.#searchAll(scorer, wanted, params);
    const lists = this.#listsOf(rows);
    const prepared = lists.prepare(rows.rotation.apply(query));
    const settled = new SettledHits();
    let examined = 0;
    const turns = new Turns();
    for (const end of blockEnds(k)) {
      const most = Math.max(LEAST_REFINED, Math.ceil(refine * end));
      let probes = nprobe;
      let items = lists.candidates(prepared, probes, wanted);
      // A filter, or few rows near to the query, may leave fewer than there are to be found.
      while (items.length < end && probes < rows.book.centroids.count) {
        probes *= 4;
        items = lists.candidates(prepared, probes, wanted);
      }
      const order = lists.promising(prepared, items, most);
      const found = await this.#best(scorer, order, end, turns, params.signal);
      examined = Math.max(examined, found.examined);
      settled.append(found.ids, found.scores, end);
      if (found.ids.length < end) break;
    }
    return settled.hits(k, examined);
  }

  /** The best of items that are scored in their order, until two rounds of them in a row add nothing. */
  async #best(
    scorer: RowScorer,
    items: Uint32Array,
    k: number,
    turns: Turns,
    signal: AbortSignal | undefined,
  ): Promise<Hits> {
    const ids: number[] = [];
    const scores: number[] = [];
    let least = Number.NEGATIVE_INFINITY;
    let quiet = 0;
    for (let at = 0; at < items.length; at += ROUND) {
      const some = items.slice(at, at + ROUND).sort();
      const found = this.#scores(scorer, some);
      let better = 0;
      for (const [i, score] of found.entries()) {
        ids.push(some[i]!);
        scores.push(score);
        if (score > least) better++;
      }
      if (ids.length > k) least = scores.toSorted((a, b) => b - a)[k - 1]!;
      quiet = better === 0 ? quiet + 1 : 0;
      if (quiet >= QUIET_ROUNDS && at >= LEAST_REFINED / 2) break;
      await turns.give(signal);
    }
    return { ...bestOf(ids, scores, k), examined: ids.length };
  }

  async #searchAll(
    scorer: RowScorer,
    wanted: (item: number) => boolean,
    { k, signal }: TokenSearchParams,
  ): Promise<Hits> {
    const turns = new Turns();
    const ids: number[] = [];
    const scores: number[] = [];
    for (let item = 0; item < this.count; ) {
      if (!wanted(item)) {
        item++;
        continue;
      }
      let end = item + 1;
      while (end < this.count && wanted(end) && this.#fits(item, end + 1)) end++;
      for (const score of scorer.score(this.offsets.slice(item, end + 1))) {
        ids.push(item++);
        scores.push(score);
      }
      await turns.give(signal);
    }
    return { ...bestOf(ids, scores, k), examined: ids.length };
  }

  /** @param ids ascending. @returns minus infinity for one without vectors. */
  #scores(scorer: RowScorer, ids: Uint32Array): Float32Array {
    const scores = new Float32Array(ids.length);
    for (let at = 0; at < ids.length; ) {
      let end = at + 1;
      while (end < ids.length && ids[end] === ids[end - 1]! + 1 && this.#fits(ids[at]!, ids[end]! + 1)) end++;
      scores.set(scorer.score(this.offsets.slice(ids[at]!, ids[end - 1]! + 2)), at);
      at = end;
    }
    return scores;
  }

  #scorer(query: Vectors): RowScorer {
    if (query.dim !== this.dim) {
      throw new InvalidArgumentError(
        `Query tokens have ${query.dim} components, document tokens ${this.dim}.`,
        'Use one encoder for both.',
      );
    }
    if (query.count === 0) throw new InvalidArgumentError('The query has no tokens.', 'Ask for at least one word.');
    return this.#rowsOf.scorer(query);
  }

  #listsOf(rows: CodedRows): TokenLists {
    this.#lists ??= new TokenLists(rows.book, rows.ids(0, this.vectorCount), this.offsets);
    return this.#lists;
  }

  #fits(from: number, to: number): boolean {
    return this.offsets[to]! - this.offsets[from]! <= BATCH;
  }
}

/** Equal scores in order of ascending id. */
function bestOf(ids: readonly number[], scores: readonly number[], k: number): Pick<Hits, 'ids' | 'scores'> {
  const order = [...ids.keys()].sort((a, b) => scores[b]! - scores[a]! || ids[a]! - ids[b]!).slice(0, k);
  return {
    ids: Uint32Array.from(order, (i) => ids[i]!),
    scores: Float32Array.from(order, (i) => scores[i]!),
  };
}
