import type { BitSet } from '../../base/bits.ts';
import { compareBytes } from '../../base/byte-order.ts';
import { CorruptFileError, InvalidArgumentError } from '../../base/errors.ts';
import type { SectionData } from '../../base/sections.ts';
import type { PostingsData } from './data.ts';
import { codebookFor, PostingsEncoder } from './encode.ts';
import { section } from './format.ts';

export interface MergePart {
  readonly data: PostingsData;
  readonly live: BitSet;
}

/** See {@link InvertedIndex.merge}. */
export function mergePostings(parts: readonly MergePart[]): SectionData {
  const [first] = parts;
  if (first === undefined) {
    throw new InvalidArgumentError('There is nothing to merge.', 'Pass at least one index.');
  }
  const { k1, b } = first.data.meta;
  for (const { meta } of parts.map(({ data }) => data)) {
    if (meta.k1 !== k1 || meta.b !== b) {
      throw new InvalidArgumentError(
        `Indexes with k1 ${k1}, b ${b} and with k1 ${meta.k1}, b ${meta.b} cannot be merged.`,
        'Merge indexes that were built with the same parameters.',
      );
    }
  }

  let base = 0;
  const streams = parts.map(({ data, live }) => {
    const stream = new LiveStream(data, live, base);
    base += stream.count;
    return stream;
  });
  const lengths = new Float32Array(base);
  for (const stream of streams) stream.copyLengths(lengths);

  const encoder = new PostingsEncoder(lengths, codebookFor(frequenciesOf(streams)), { k1, b });
  let documents = new Uint32Array(1024);
  let frequencies = new Float32Array(1024);
  for (;;) {
    let least: Uint8Array | undefined;
    for (const { term } of streams) {
      if (term !== undefined && (least === undefined || compareBytes(term, least) < 0)) least = term;
    }
    if (least === undefined) return encoder.finish();
    const holders = streams.filter(({ term }) => term !== undefined && compareBytes(term, least) === 0);
    const room = holders.reduce((sum, { frequency }) => sum + frequency, 0);
    if (room > documents.length) {
      documents = new Uint32Array(2 * room);
      frequencies = new Float32Array(2 * room);
    }
    let count = 0;
    for (const holder of holders) {
      count = holder.append(documents, frequencies, count);
      holder.advance();
    }
    if (count > 0) encoder.add(least, documents, frequencies, 0, count);
  }
}

/** The distinct term frequencies of live documents, as far as they matter: all if any index has a codebook. */
function frequenciesOf(streams: readonly LiveStream[]): Set<number> {
  const distinct = new Set<number>();
  if (streams.every(({ isPlain }) => isPlain)) return distinct;
  for (const stream of streams) stream.collectFrequencies(distinct);
  return distinct;
}

/** The terms of one index in order, with postings reduced to live documents and renumbered from `base` on. */
class LiveStream {
  /** Number of live documents. */
  readonly count: number;
  readonly #numbers: Uint32Array;
  #at = -1;
  term: Uint8Array | undefined;
  frequency = 0;

  constructor(
    private readonly data: PostingsData,
    private readonly live: BitSet,
    private readonly base: number,
  ) {
    this.#numbers = new Uint32Array(data.meta.count);
    let count = 0;
    for (let document = 0; document < data.meta.count; document++) {
      this.#numbers[document] = live.has(document) ? base + count++ : DEAD;
    }
    this.count = count;
    this.advance();
  }

  get isPlain(): boolean {
    return this.data.isPlain;
  }

  advance(): void {
    this.#at++;
    const more = this.#at < this.data.meta.terms;
    this.term = more ? this.data.termBytes(this.#at) : undefined;
    this.frequency = more ? this.data.frequency(this.#at) : 0;
  }

  /** Appends the current term's live postings and returns the new count. */
  append(documents: Uint32Array, frequencies: Float32Array, from: number): number {
    let count = from;
    const postings = this.data.read(this.#at);
    for (let i = 0; i < postings.documents.length; i++) {
      const document = this.#numbers[postings.documents[i]!];
      if (document === DEAD) continue;
      if (document === undefined || (count > from && document <= documents[count - 1]!)) {
        throw new CorruptFileError(section.postings, `the documents of term ${this.#at} do not ascend`);
      }
      documents[count] = document;
      frequencies[count++] = postings.frequencies[i]!;
    }
    return count;
  }

  collectFrequencies(distinct: Set<number>): void {
    for (let term = 0; term < this.data.meta.terms; term++) {
      const { documents, frequencies } = this.data.read(term);
      for (let i = 0; i < documents.length; i++) if (this.live.has(documents[i]!)) distinct.add(frequencies[i]!);
    }
  }

  copyLengths(target: Float32Array): void {
    const lengths = this.data.lengths();
    let next = this.base;
    for (let document = 0; document < lengths.length; document++) {
      if (this.#numbers[document] !== DEAD) target[next++] = lengths[document]!;
    }
  }
}

const DEAD = 0xffff_ffff;
