/**
 * Writer of the Protocol Buffers wire format (https://protobuf.dev/programming-guides/encoding), as far as ONNX needs
 * it. Long byte strings are referenced rather than copied until `finish` lays the message out once.
 */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** A whole number of at most 2^53 in magnitude; fields of type int32, int64, enum. */
  integer(field: number, value: number): this {
    return this.#varint(field * 8).#varint(value);
  }

  /** A 32-bit float. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#varint(field * 8 + 5).#push(bytes);
  }

  /** Bytes, held by reference until `finish`. */
  bytes(field: number, value: Uint8Array): this {
    return this.#varint(field * 8 + 2)
      .#varint(value.length)
      .#push(value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** A nested message, written by `fill`. */
  message(field: number, fill: (writer: ProtobufWriter) => void): this {
    const nested = new ProtobufWriter();
    fill(nested);
    this.#varint(field * 8 + 2).#varint(nested.#length);
    for (const part of nested.#parts) this.#push(part);
    return this;
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  #varint(value: number): this {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    return this.#push(Uint8Array.from(bytes));
  }

  #push(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}
