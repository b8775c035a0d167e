import { CorruptFileError } from '../../base/errors.ts';

/** Writes varints (seven bits a byte, the lowest first) and float32. */
export class CodeWriter {
  #bytes = new Uint8Array(256);
  length = 0;

  #room(count: number): void {
    if (this.length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.length + count, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.length++] = value;
  }

  varint(value: number): void {
    this.#room(5);
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.length++] = (rest & 127) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.length++] = rest;
  }

  float(value: number): void {
    this.#room(4);
    new DataView(this.#bytes.buffer).setFloat32(this.length, value, true);
    this.length += 4;
  }

  bytes(more: Uint8Array): void {
    this.#room(more.length);
    this.#bytes.set(more, this.length);
    this.length += more.length;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}

/** Reads what {@link CodeWriter} wrote. */
export class CodeReader {
  #at = 0;

  /** @param what it is, for the message about damage. */
  constructor(
    private readonly from: Uint8Array,
    private readonly what: string,
  ) {}

  get done(): boolean {
    return this.#at === this.from.length;
  }

  byte(): number {
    if (this.#at >= this.from.length) throw this.damaged();
    return this.from[this.#at++]!;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      if (this.#at >= this.from.length || factor > 2 ** 28) throw this.damaged();
      const byte = this.from[this.#at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  }

  float(): number {
    if (this.#at + 4 > this.from.length) throw this.damaged();
    const { buffer, byteOffset } = this.from;
    this.#at += 4;
    return new DataView(buffer, byteOffset + this.#at - 4).getFloat32(0, true);
  }

  damaged(): CorruptFileError {
    return new CorruptFileError(
      this.what,
      'its codes do not make sense',
      'Restore the database from a backup, or index again into a new collection.',
    );
  }
}
