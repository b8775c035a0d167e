const SURROGATE = /[\ud800-\udfff]/;

/** Unpaired surrogates replaced by U+FFFD, as UTF-8 encoding does. */
export function wellFormed(term: string): string {
  return SURROGATE.test(term) ? new TextDecoder().decode(new TextEncoder().encode(term)) : term;
}

/** Sorts by UTF-8 bytes, which is the order of code points: unlike that of code units where surrogates occur. */
export function sortedByBytes(names: readonly string[]): string[] {
  if (!names.some((name) => SURROGATE.test(name))) return [...names].sort();
  return [...names].sort((a, b) => {
    const length = Math.min(a.length, b.length);
    for (let i = 0; i < length; i++) {
      const x = a.charCodeAt(i);
      const y = b.charCodeAt(i);
      if (x !== y) return byteRank(x) - byteRank(y);
    }
    return a.length - b.length;
  });
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
