import { CorruptFileError } from '../../base/errors.ts';
import { ByteReader } from './byte-reader.ts';
import type { GrowingBytes } from './growing.ts';

/** Half of a byte says a length below this; from there on the rest follows as a varint. */
const MORE = 15;

/**
 * Writes a name by the bytes that it shares with the name before it: a byte with both lengths, what is beyond 15 of either as a varint each, and
 * the bytes of its own.
 */
export function writeFrontCoded(target: GrowingBytes, before: Uint8Array, name: Uint8Array): void {
  const most = Math.min(before.length, name.length);
  let shared = 0;
  while (shared < most && name[shared] === before[shared]) shared++;
  const own = name.length - shared;
  target.push((Math.min(shared, MORE) << 4) | Math.min(own, MORE));
  if (shared >= MORE) target.varint(shared - MORE);
  if (own >= MORE) target.varint(own - MORE);
  target.append(name.subarray(shared));
}

/** Reads names, and what stands between them. */
export class FrontCodingReader extends ByteReader {
  /** Bytes that the name shares with the one before. */
  shared = 0;
  /** Bytes of its own, before which the reader stands. */
  own = 0;

  /** Begins the next name. @param before length of the one before. */
  next(before: number): void {
    const head = this.byte();
    this.shared = head >>> 4;
    this.own = head & MORE;
    if (this.shared === MORE) this.shared += this.varint();
    if (this.own === MORE) this.own += this.varint();
    if (this.shared > before) throw new CorruptFileError(this.section, 'a name shares more than there is');
    if (this.own > this.end - this.at) throw this.damaged();
  }
}
