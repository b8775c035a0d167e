/** A fixed-size set of small non-negative integers, one bit each; bit `i` is bit `i % 8` of byte `i >> 3`. */
export class BitSet {
  readonly bytes: Uint8Array;

  /** @param size members are `0 <= i < size`. @param bytes `ceil(size / 8)` bytes; zeros when omitted. Not copied. */
  constructor(
    readonly size: number,
    bytes?: Uint8Array,
  ) {
    this.bytes = bytes ?? new Uint8Array((size + 7) >> 3);
  }

  has(i: number): boolean {
    return (this.bytes[i >> 3]! & (1 << (i & 7))) !== 0;
  }

  add(i: number): void {
    this.bytes[i >> 3]! |= 1 << (i & 7);
  }

  delete(i: number): void {
    this.bytes[i >> 3]! &= ~(1 << (i & 7));
  }

  /** Adds every `i` with `from <= i < to`. */
  addRange(from: number, to: number): void {
    for (let i = from; i < to; i++) this.add(i);
  }

  /** Number of members. */
  get count(): number {
    let count = 0;
    for (const byte of this.bytes) count += POPCOUNT[byte]!;
    return count;
  }

  clone(): BitSet {
    return new BitSet(this.size, this.bytes.slice());
  }

  /** Members in ascending order. */
  *[Symbol.iterator](): Generator<number> {
    for (let byte = 0; byte < this.bytes.length; byte++) {
      for (let rest = this.bytes[byte]!; rest !== 0; rest &= rest - 1) yield byte * 8 + (31 - Math.clz32(rest & -rest));
    }
  }
}

const POPCOUNT = Uint8Array.from({ length: 256 }, (_, value) => {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
});
