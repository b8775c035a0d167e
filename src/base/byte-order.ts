const SURROGATE = /[\ud800-\udfff]/;

/** Unpaired surrogates replaced by U+FFFD, as UTF-8 encoding does. */
export function wellFormed(term: string): string {
  return SURROGATE.test(term) ? new TextDecoder().decode(new TextEncoder().encode(term)) : term;
}

/** Sorts by UTF-8 bytes, which is the order of code points: unlike that of code units where surrogates occur. */
export function sortedByBytes(names: readonly string[]): string[] {
  return Array.from(orderByBytes(names), (at) => names[at]!);
}

/** First units of a name that its key has, 7 bits each. */
const KEY_UNITS = 4;
/** Names whose places fit beside their keys into the 53 bits of a number. */
const MOST_KEYED = 2 ** (53 - 7 * KEY_UNITS);

/**
 * The places of names in the order of {@link sortedByBytes}. Numbers are sorted many times faster than strings: the first of a key and a place, and then the
 * strings of each key.
 */
export function orderByBytes(names: readonly string[]): Uint32Array {
  const order = new Uint32Array(names.length);
  if (names.length > MOST_KEYED) {
    for (let at = 0; at < order.length; at++) order[at] = at;
    return order.sort((a, b) => inByteOrder(names[a]!, names[b]!));
  }
  const keyed = new Float64Array(names.length);
  for (let at = 0; at < keyed.length; at++) keyed[at] = keyOf(names[at]!) * MOST_KEYED + at;
  keyed.sort();
  for (let from = 0; from < keyed.length; ) {
    const key = Math.floor(keyed[from]! / MOST_KEYED);
    let to = from;
    for (; to < keyed.length && keyed[to]! < (key + 1) * MOST_KEYED; to++) order[to] = keyed[to]! - key * MOST_KEYED;
    if (to - from > 1) order.subarray(from, to).sort((a, b) => inByteOrder(names[a]!, names[b]!));
    from = to;
  }
  return order;
}

/** A number that is no less than that of any name before it. Units behind one that is no ASCII count nothing. */
function keyOf(name: string): number {
  let key = 0;
  let plain = true;
  for (let i = 0; i < KEY_UNITS; i++) {
    const unit = plain && i < name.length ? name.charCodeAt(i) : 0;
    if (unit > 126) plain = false;
    key = (key << 7) | Math.min(unit, 127);
  }
  return key;
}

function inByteOrder(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return byteRank(x) - byteRank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others, but lie below U+E000 as code units. */
function byteRank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x1_0000 : unit;
}

/** The order of the dictionary. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
