import type { BitSet } from '../../base/bits.ts';
import { CodeReader, CodeWriter } from './codes.ts';

/** The passages that hold a term, ascending within what one row holds. */
export interface Postings {
  readonly passages: Uint32Array;
  /** Weighted number of occurrences, and weighted length of the passage, as of `InvertedIndexBuilder`. */
  readonly frequencies: Float32Array;
  readonly lengths: Float32Array;
}

/** Frequencies and lengths are multiples of a half with the usual boosts; then they are numbers of halves, else float32. */
const HALVES = 0;
const FLOATS = 1;

/** One row's postings as bytes. @param at the entries' places in the arrays, ascending by passage. */
export function encodePostings({ passages, frequencies, lengths }: Postings, at: readonly number[]): Uint8Array {
  const writer = new CodeWriter();
  const whole = at.every((i) => isHalves(frequencies[i]!) && isHalves(lengths[i]!));
  writer.byte(whole ? HALVES : FLOATS);
  let before = -1;
  for (const i of at) {
    writer.varint(passages[i]! - before - 1);
    before = passages[i]!;
    if (whole) {
      writer.varint(2 * frequencies[i]!);
      writer.varint(2 * lengths[i]!);
    } else {
      writer.float(frequencies[i]!);
      writer.float(lengths[i]!);
    }
  }
  return writer.finish();
}

function isHalves(value: number): boolean {
  return Number.isInteger(2 * value) && value < 2 ** 30;
}

/** A row of a term: how many passages it names, and its codes. */
export interface CodedPostings {
  readonly count: number;
  readonly data: Uint8Array;
}

/** The postings of a term from all its rows, without those of dead passages. @throws CorruptFileError for codes that are none. */
export function decodePostings(rows: readonly CodedPostings[], dead: BitSet | undefined, term: string): Postings {
  const most = rows.reduce((sum, { count }) => sum + count, 0);
  const passages = new Uint32Array(most);
  const frequencies = new Float32Array(most);
  const lengths = new Float32Array(most);
  let kept = 0;
  for (const { count, data } of rows) {
    const reader = new CodeReader(data, `postings of "${term.slice(0, 50)}"`);
    const kind = reader.byte();
    if (kind > FLOATS) throw reader.damaged();
    let passage = -1;
    for (let i = 0; i < count; i++) {
      passage += reader.varint() + 1;
      const frequency = kind === HALVES ? reader.varint() / 2 : reader.float();
      const length = kind === HALVES ? reader.varint() / 2 : reader.float();
      if (dead?.has(passage) === true) continue;
      passages[kept] = passage;
      frequencies[kept] = frequency;
      lengths[kept++] = length;
    }
    if (!reader.done) throw reader.damaged();
  }
  return {
    passages: passages.slice(0, kept),
    frequencies: frequencies.slice(0, kept),
    lengths: lengths.slice(0, kept),
  };
}
