/** Numbers and Rice codes, the lowest bit of a byte first. */
export class BitWriter {
  #bytes = new Uint8Array(1024);
  #bit = 0;

  /** The next number. @param count its bits, at most 8. */
  bits(value: number, count: number): void {
    this.#room(count);
    this.#put(value, count);
  }

  /** The distances of ascending places, the first from `before`, less one. @param bits of the remainders. */
  distances(places: Uint32Array, from: number, to: number, before: number, bits: number): void {
    let previous = before;
    for (let i = from; i < to; i++) {
      const distance = (places[i]! - previous - 1) >>> 0;
      previous = places[i]!;
      const quotient = distance >>> bits;
      this.#room(quotient + 1 + bits);
      this.#bit += quotient;
      // A one ends the quotient, and the rest stands behind it.
      this.#put((((distance - quotient * 2 ** bits) << 1) | 1) >>> 0, 1 + bits);
    }
  }

  #put(value: number, count: number): void {
    const shift = this.#bit & 7;
    let at = this.#bit >> 3;
    this.#bytes[at++]! |= value << shift;
    for (let rest = value >>> (8 - shift); rest !== 0; rest >>>= 8) this.#bytes[at++] = rest;
    this.#bit += count;
  }

  #room(bits: number): void {
    // A code is written by whole bytes.
    const needed = ((this.#bit + bits) >> 3) + 8;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  /** What was written, to the end of its last byte; the next begins anew. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, (this.#bit + 7) >> 3);
    this.#bytes.fill(0, 0, taken.length);
    this.#bit = 0;
    return taken;
  }
}
