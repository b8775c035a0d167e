import type { BitSet } from '../../base/bits.ts';
import { CorruptFileError, InvalidArgumentError } from '../../base/errors.ts';
import type { Hits } from '../../base/hits.ts';
import { Turns } from '../../base/parallel.ts';
import { readSection, type SectionSink, type SectionSource } from '../../base/sections.ts';
import { VectorSets, Vectors } from '../../base/vectors.ts';
import { MaxSim } from './max-sim.ts';
import { Section, TokenHeader } from './token-format.ts';

/** Rows that are read and scored together, about: 1.5 MiB of codes at 384 components. */
const BATCH = 4096;
const COPY_BYTES = 1 << 20;

export interface TokenSearchParams {
  /** At most this many hits; a whole number, at least 1. */
  readonly k: number;
  /** Only these items may be returned; a set of `count` bits. Default: all. */
  readonly allowed?: BitSet | undefined;
  /** Items that still exist, likewise. */
  readonly live?: BitSet | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An index to be merged, and which of its items are kept (`count` bits). */
export interface TokenPart {
  readonly index: TokenIndex;
  readonly live: BitSet;
}

/**
 * A vector for each token of an item, scored by late interaction ({@link MaxSim}). Vectors are int8 codes with a scale each, a fourth of
 * float32: at 384 components a token takes 392 bytes. They stay in the source and are read where they are scored, so that opening
 * costs nothing; ranking a hundred candidates again reads those only, and a search of all reads all. Made by `TokenIndexBuilder`.
 *
 * Memory: 4 bytes an item from the first use on, and a batch of about 8 MiB while it scores.
 */
export class TokenIndex {
  readonly #header: TokenHeader;
  #offsets: Uint32Array | undefined;

  private constructor(private readonly source: SectionSource) {
    this.#header = TokenHeader.read(source);
  }

  /** Opens an index; reads 16 bytes of it. @throws CorruptFileError, IncompatibleError */
  static open(source: SectionSource): TokenIndex {
    return new TokenIndex(source);
  }

  /** Concatenates the live items of several indexes of one dimension, in order; codes are copied as they are. */
  static merge(parts: readonly TokenPart[], sink: SectionSink): void {
    const dims = [...new Set(parts.map(({ index }) => index.dim))];
    if (dims.length !== 1) {
      throw new InvalidArgumentError(
        `Token vectors of ${dims.join(' and ') || 'no'} components do not mix.`,
        'Pass one or more indexes, all of one dimension.',
      );
    }
    const offsets = [0];
    const ranges = parts.map(({ index, live }) => {
      const kept: { from: number; to: number }[] = [];
      const own = index.#rows;
      for (let item = 0; item < index.count; item++) {
        if (!live.has(item)) continue;
        const [from, to] = [own[item]!, own[item + 1]!];
        offsets.push(offsets.at(-1)! + to - from);
        const last = kept.at(-1);
        if (last?.to === from) last.to = to;
        else kept.push({ from, to });
      }
      return kept;
    });
    const header = new TokenHeader(dims[0]!, offsets.length - 1, offsets.at(-1)!);
    header.begin(sink, Section.header);
    sink.write(header.encode());
    header.begin(sink, Section.offsets);
    sink.write(new Uint8Array(Uint32Array.from(offsets).buffer));
    for (const [name, rowBytes] of [
      [Section.scales, 4],
      [Section.codes, header.dim],
    ] as const) {
      header.begin(sink, name);
      const most = Math.max(1, Math.floor(COPY_BYTES / rowBytes));
      for (const [i, { index }] of parts.entries()) {
        for (const { from, to } of ranges[i]!) {
          for (let row = from; row < to; row += most) {
            const piece = new Uint8Array((Math.min(to, row + most) - row) * rowBytes);
            index.source.readInto(name, piece, row * rowBytes);
            sink.write(piece);
          }
        }
      }
    }
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

  /** The vectors of an item as they are scored; undefined when it has none. */
  vector(id: number): Vectors | undefined {
    if (!Number.isInteger(id) || id < 0 || id >= this.count) {
      throw new InvalidArgumentError(`There is no item ${id}.`, `Pass a whole number from 0 to ${this.count - 1}.`);
    }
    const { vectors } = this.#read(id, id + 1);
    return vectors.count === 0 ? undefined : vectors;
  }

  /** Scores of given items; NaN for one without vectors. @param ids ascending. */
  scores(query: Vectors, ids: Uint32Array): Float32Array {
    const scorer = this.#scorer(query);
    const scores = new Float32Array(ids.length);
    for (let at = 0; at < ids.length; ) {
      let end = at + 1;
      while (end < ids.length && ids[end] === ids[end - 1]! + 1 && this.#fits(ids[at]!, ids[end]! + 1)) end++;
      scores.set(scorer.score(this.#read(ids[at]!, ids[end - 1]! + 1)), at);
      at = end;
    }
    return scores.map((score) => (score === Number.NEGATIVE_INFINITY ? Number.NaN : score));
  }

  /** The items with the best scores, equal ones by ascending id. Every allowed item is scored; others have their turn meanwhile. */
  async search(query: Vectors, { k, allowed, live, signal }: TokenSearchParams): Promise<Hits> {
    if (!Number.isInteger(k) || k < 1) {
      throw new InvalidArgumentError(`k is ${k}.`, 'Pass a whole number, 1 or more.');
    }
    const scorer = this.#scorer(query);
    const turns = new Turns();
    const rows = this.#rows;
    const wanted = (item: number): boolean =>
      rows[item + 1]! > rows[item]! && allowed?.has(item) !== false && live?.has(item) !== false;
    const ids: number[] = [];
    const scores: number[] = [];
    for (let item = 0; item < this.count; ) {
      if (!wanted(item)) {
        item++;
        continue;
      }
      let end = item + 1;
      while (end < this.count && wanted(end) && this.#fits(item, end + 1)) end++;
      for (const score of scorer.score(this.#read(item, end))) {
        ids.push(item++);
        scores.push(score);
      }
      await turns.give(signal);
    }
    const order = [...ids.keys()].sort((a, b) => scores[b]! - scores[a]! || ids[a]! - ids[b]!).slice(0, k);
    return {
      ids: Uint32Array.from(order, (i) => ids[i]!),
      scores: Float32Array.from(order, (i) => scores[i]!),
      examined: ids.length,
    };
  }

  #scorer(query: Vectors): MaxSim {
    if (query.dim !== this.dim) {
      throw new InvalidArgumentError(
        `Query tokens have ${query.dim} components, document tokens ${this.dim}.`,
        'Use one encoder for both.',
      );
    }
    return new MaxSim(query);
  }

  #fits(from: number, to: number): boolean {
    return this.#rows[to]! - this.#rows[from]! <= BATCH;
  }

  /** First row of each item, and the number of rows. */
  get #rows(): Uint32Array {
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

  /** The vectors of neighbouring items. */
  #read(from: number, to: number): VectorSets {
    const { dim } = this;
    const rows = this.#rows;
    const [first, end] = [rows[from]!, rows[to]!];
    const scales = new Float32Array(end - first);
    const codes = new Int8Array((end - first) * dim);
    this.source.readInto(Section.scales, new Uint8Array(scales.buffer), 4 * first);
    this.source.readInto(Section.codes, new Uint8Array(codes.buffer), dim * first);
    const vectors = new Float32Array(codes.length);
    for (let row = 0, i = 0; row < scales.length; row++) {
      const scale = scales[row]!;
      for (const stop = i + dim; i < stop; i++) vectors[i] = codes[i]! * scale;
    }
    const offsets = rows.slice(from, to + 1).map((row) => row - first);
    return new VectorSets(new Vectors(vectors, dim), offsets);
  }
}
