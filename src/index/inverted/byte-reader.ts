import { CorruptFileError } from '../../base/errors.ts';

/** Reads numbers and stretches of bytes one after the other. */
export class ByteReader {
  constructor(
    readonly bytes: Uint8Array,
    readonly section: string,
    /** Of the next byte. */
    public at = 0,
    readonly end = bytes.length,
  ) {}

  byte(): number {
    if (this.at >= this.end) throw this.damaged();
    return this.bytes[this.at++]!;
  }

  /** What `GrowingBytes.varint` wrote. */
  varint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      if (factor > 2 ** 28) throw this.damaged();
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  }

  take(count: number): Uint8Array {
    if (count > this.end - this.at) throw this.damaged();
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  protected damaged(): CorruptFileError {
    return new CorruptFileError(this.section, 'what it holds leads out of the section');
  }
}
