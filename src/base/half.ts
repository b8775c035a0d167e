/** Numbers of 16 bits that weights and codes are stored in. */

const bits = new Uint32Array(1);
const number = new Float32Array(bits.buffer);

/** The nearest half-precision number (IEEE 754 binary16), ties to even; magnitudes above 65,504 become 65,504. */
export function floatToHalf(value: number): number {
  number[0] = Math.max(-65_504, Math.min(65_504, value));
  const sign = (bits[0]! >>> 16) & 0x8000;
  const magnitude = bits[0]! & 0x7fff_ffff;
  // Below the least normal number, steps are 2^-24.
  if (magnitude < 0x3880_0000) return sign | roundEven(Math.abs(number[0]!) * 2 ** 24);
  const kept = magnitude >>> 13;
  const rest = magnitude & 0x1fff;
  return sign | (kept - 0x1c000 + (rest > 0x1000 || (rest === 0x1000 && (kept & 1) === 1) ? 1 : 0));
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** The value of a half-precision number, infinities and not-a-numbers included. */
export function halfToFloat(half: number): number {
  const exponent = (half >> 10) & 31;
  const mantissa = half & 0x3ff;
  let magnitude: number;
  if (exponent === 0) magnitude = mantissa * 2 ** -24;
  else if (exponent < 31) magnitude = (1 + mantissa / 1024) * 2 ** (exponent - 15);
  else magnitude = mantissa === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
  return half & 0x8000 ? -magnitude : magnitude;
}

/** Fewer numbers than this are converted one by one. */
const TABLE_PAYS = 1 << 14;
let table: Float32Array | undefined;

/**
 * Writes the values of half-precision numbers to `out` from `at` on: about a nanosecond each, through a table of 256 KiB that is made
 * at the first call with many.
 */
export function halvesToFloats(halves: Uint16Array, out: Float32Array, at = 0): void {
  if (table === undefined && halves.length < TABLE_PAYS) {
    for (let i = 0; i < halves.length; i++) out[at + i] = halfToFloat(halves[i]!);
    return;
  }
  table ??= Float32Array.from({ length: 0x10000 }, (_, half) => halfToFloat(half));
  for (let i = 0; i < halves.length; i++) out[at + i] = table[halves[i]!]!;
}

/** The value of a `bfloat16`, the upper half of a float32. */
export function bfloat16ToFloat(half: number): number {
  bits[0] = half << 16;
  return number[0]!;
}
