import type { BitSet } from '../../../base/bits.ts';
import { compareBytes } from '../../../base/byte-order.ts';
import type { SectionData } from '../../../base/sections.ts';
import { PositionsEncoder } from './encode.ts';
import { documentAt } from './format.ts';
import type { Positions, WordPlaces } from './positions.ts';
import type { TermDocuments } from './rows.ts';

/** What building from the live documents of all parts would give. @param terms of the merged index. */
export function mergePositions(
  parts: readonly { readonly positions: Positions; readonly live: BitSet }[],
  terms: TermDocuments,
): SectionData {
  const sizes: number[] = [];
  let total = 0;
  const streams = parts.map(({ positions, live }) => {
    const { bases } = positions;
    /** Where a live document's places begin now; -1 for dead ones. */
    const moved = new Float64Array(bases.length - 1).fill(-1);
    for (let document = 0; document < moved.length; document++) {
      if (!live.has(document)) continue;
      const size = bases[document + 1]! - bases[document]!;
      sizes.push(size);
      moved[document] = total;
      total += size;
    }
    return new LiveWords(positions, moved);
  });
  const encoder = new PositionsEncoder(Uint32Array.from(sizes), total, terms);
  let places = new Uint32Array(1024);
  for (;;) {
    let least: Uint8Array | undefined;
    for (const { current } of streams) {
      if (current !== undefined && (least === undefined || compareBytes(current.word, least) < 0)) least = current.word;
    }
    if (least === undefined) return encoder.finish();
    const holders = streams.filter(({ current }) => current !== undefined && compareBytes(current.word, least) === 0);
    const room = holders.reduce((sum, { current }) => sum + current!.count, 0);
    if (room > places.length) places = new Uint32Array(2 * room);
    let count = 0;
    for (const holder of holders) {
      count = holder.append(places, count);
      holder.advance();
    }
    if (count > 0) encoder.add(least, places, 0, count);
  }
}

/** The words of one part in order. */
class LiveWords {
  readonly #words: Iterator<WordPlaces>;
  current: WordPlaces | undefined;

  constructor(
    private readonly positions: Positions,
    private readonly moved: Float64Array,
  ) {
    this.#words = positions.words();
    this.advance();
  }

  advance(): void {
    const { done, value } = this.#words.next();
    this.current = done === true ? undefined : value;
  }

  /** Appends the current word's places in live documents, renumbered, and returns the new count. */
  append(target: Uint32Array, from: number): number {
    const { bases } = this.positions;
    let count = from;
    let document = 0;
    for (const place of this.positions.places(this.current!)) {
      document = documentAt(bases, place, document);
      const start = this.moved[document]!;
      if (start >= 0) target[count++] = start + place - bases[document]!;
    }
    return count;
  }
}
