/** Postings in a full block. */
export const BLOCK_SIZE = 128;

/** Stands before a block whose widths do not fit into one byte. */
export const WIDE = 0xff;

/** What stands before a block of postings: bits of a document and of a frequency, 0 to 32 each. */
export function blockHeader(documentBits: number, frequencyBits: number): readonly number[] {
  const header = (frequencyBits << 5) | documentBits;
  return documentBits < 32 && header < WIDE ? [header] : [WIDE, documentBits, frequencyBits];
}

/** Bits needed for values up to `greatest`: 0 for 0. */
export function bitWidth(greatest: number): number {
  return 32 - Math.clz32(greatest);
}

/** Bytes of `count` values of `bits` bits: rounded up to whole bytes, the same for both layouts. */
export function packedBytes(count: number, bits: number): number {
  return Math.ceil((count * bits) / 8);
}

const words = new Uint32Array(BLOCK_SIZE);
const wordBytes = new Uint8Array(words.buffer);

/**
 * Packs the first 128 values vertically (SIMD-BP128, Lemire & Boytsov 2015): value `j` lies in 32-bit lane `j % 4`, from
 * bit `(j >> 2) * bits` of that lane on, so that one vector operation unpacks four values.
 *
 * @param bits 0 to 32, enough for every value.
 */
export function packBlock(values: Uint32Array, bits: number, target: Uint8Array, offset: number): void {
  words.fill(0, 0, 4 * bits);
  for (let j = 0; j < BLOCK_SIZE; j++) {
    const value = values[j]!;
    const bit = (j >> 2) * bits;
    const word = (bit >> 5) * 4 + (j & 3);
    const shift = bit & 31;
    words[word]! |= value << shift;
    if (shift + bits > 32) words[word + 4]! |= value >>> (32 - shift);
  }
  target.set(wordBytes.subarray(0, 16 * bits), offset);
}

/** Packs the first `count` values as one bit stream, lowest bits first. The target's bytes must be zero. */
export function packStream(values: Uint32Array, count: number, bits: number, target: Uint8Array, offset: number): void {
  let byte = offset;
  let shift = 0;
  for (let j = 0; j < count; j++) {
    let value = values[j]!;
    for (let left = bits; left > 0; ) {
      const taken = Math.min(8 - shift, left);
      target[byte]! |= (value & ((1 << taken) - 1)) << shift;
      value >>>= taken;
      left -= taken;
      shift += taken;
      if (shift === 8) {
        shift = 0;
        byte++;
      }
    }
  }
}
