/** A byte array that doubles as it fills; what lies beyond its length is zero. */
export class GrowingBytes {
  bytes = new Uint8Array(1024);
  length = 0;

  /** Lengthens by `count` zero bytes and returns where they begin. */
  extend(count: number): number {
    const offset = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const bytes = new Uint8Array(Math.max(this.length, 2 * this.bytes.length));
      bytes.set(this.bytes);
      this.bytes = bytes;
    }
    return offset;
  }

  push(byte: number): void {
    const offset = this.extend(1);
    this.bytes[offset] = byte;
  }

  append(more: Uint8Array): void {
    const offset = this.extend(more.length);
    this.bytes.set(more, offset);
  }

  /** A whole number below 2^32 in groups of seven bits, the lowest first; all but the last have the high bit. */
  varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.push((rest & 127) | 128);
      rest = Math.floor(rest / 128);
    }
    this.push(rest);
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}
