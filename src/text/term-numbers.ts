import { wellFormed } from '../base/byte-order.ts';

/** Numbers that are made room for at once. */
const ROOM = 16_384;
const NONE = new Uint32Array(0);
let made = 0;

/**
 * Numbers terms and words, so that each of them is looked up once and from then on is 4 bytes: documents that wait for publication hold numbers, and an
 * index is made of them. Unpaired surrogates have no UTF-8: terms that differ in them alone have one number.
 */
export class TermNumbers {
  readonly #numbers = new Map<string, number>([['', 0]]);
  /** What the numbers stand for. The number 0 is the empty string: no word, between two texts. */
  readonly names: string[] = [''];
  /** Unlike that of every other. */
  readonly serial = ++made;
  /** Rough bytes held. */
  bytes = 0;
  /** Where the next numbers go: an array of its own for each list would cost more than to number its terms. */
  #room = new Uint32Array(0);
  #used = 0;
  /** When each number was met last in {@link without}. */
  #seen = new Uint32Array(1024);
  #round = 0;

  of(term: string): number {
    return this.#numbers.get(term) ?? this.#add(term);
  }

  #add(term: string): number {
    const name = wellFormed(term);
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.names.push(name) - 1;
      this.#numbers.set(name, number);
      this.bytes += 80 + 2 * name.length;
    }
    if (name !== term) this.#numbers.set(term, number);
    return number;
  }

  /** The numbers of a list, in order. */
  encode(terms: readonly string[]): Uint32Array {
    const numbers = this.room(terms.length);
    for (let i = 0; i < terms.length; i++) numbers[i] = this.of(terms[i]!);
    return numbers;
  }

  /** Room for a list of numbers. */
  room(length: number): Uint32Array {
    if (length === 0) return NONE;
    this.#makeRoom(length);
    this.#used += length;
    return this.#room.subarray(this.#used - length, this.#used);
  }

  #makeRoom(length: number): void {
    if (this.#used + length <= this.#room.length) return;
    this.#room = new Uint32Array(Math.max(ROOM, length));
    this.#used = 0;
  }

  /** The numbers of some lists that are in none of `others`, each once. */
  without(lists: readonly Uint32Array[], others: readonly Uint32Array[]): Uint32Array {
    if (this.#seen.length < this.names.length) {
      this.#seen = new Uint32Array(2 * this.names.length);
      this.#round = 0;
    }
    const seen = this.#seen;
    const round = ++this.#round;
    for (const list of others) for (let i = 0; i < list.length; i++) seen[list[i]!] = round;
    let count = 0;
    for (const list of lists) count += list.length;
    this.#makeRoom(count);
    const left = this.#room;
    const from = this.#used;
    count = from;
    for (const list of lists) {
      for (let i = 0; i < list.length; i++) {
        const number = list[i]!;
        if (seen[number] === round) continue;
        seen[number] = round;
        left[count++] = number;
      }
    }
    return this.room(count - from);
  }
}
