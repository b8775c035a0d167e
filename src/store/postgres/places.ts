import type { BitSet } from '../../base/bits.ts';
import { CodeReader, CodeWriter } from './codes.ts';
import type { CodedPostings } from './postings.ts';

/** Where a word stands in passages: of each passage the places, ascending. */
export type Places = ReadonlyMap<number, readonly number[]>;

/** One row's places as bytes. @param places ascending by passage. */
export function encodePlaces(places: readonly (readonly [passage: number, at: readonly number[]])[]): Uint8Array {
  const writer = new CodeWriter();
  let before = -1;
  for (const [passage, at] of places) {
    writer.varint(passage - before - 1);
    before = passage;
    writer.varint(at.length);
    let last = -1;
    for (const place of at) {
      writer.varint(place - last - 1);
      last = place;
    }
  }
  return writer.finish();
}

/** The places of a word from all its rows, without those in dead passages. @throws CorruptFileError for codes that are none. */
export function decodePlaces(rows: readonly CodedPostings[], dead: BitSet | undefined, word: string): Places {
  const places = new Map<number, number[]>();
  for (const { count, data } of rows) {
    const reader = new CodeReader(data, `places of "${word.slice(0, 50)}"`);
    let passage = -1;
    for (let i = 0; i < count; i++) {
      passage += reader.varint() + 1;
      const own: number[] = [];
      let place = -1;
      for (let left = reader.varint(); left > 0; left--) {
        place += reader.varint() + 1;
        own.push(place);
      }
      if (dead?.has(passage) !== true) places.set(passage, own);
    }
    if (!reader.done) throw reader.damaged();
  }
  return places;
}

/** Passages in which words stand one after the other. @param lists of the words, in their order. */
export function followingEachOther(lists: readonly Places[]): number[] {
  const [rarest] = lists.map((list, offset) => ({ list, offset })).sort((a, b) => a.list.size - b.list.size);
  if (rarest === undefined) return [];
  const found: number[] = [];
  for (const [passage, places] of rarest.list) {
    const others = lists.map((list) => new Set(list.get(passage)));
    const begins = places.map((place) => place - rarest.offset);
    if (begins.some((begin) => others.every((own, offset) => own.has(begin + offset)))) found.push(passage);
  }
  return found;
}
