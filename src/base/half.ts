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

/** The value of a half-precision number; infinities and NaN, which no weight has, are read as numbers beyond 65,504. */
export function halfToFloat(half: number): number {
  const exponent = (half >> 10) & 31;
  const mantissa = half & 0x3ff;
  const magnitude = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15);
  return half & 0x8000 ? -magnitude : magnitude;
}

/** The value of a `bfloat16`, the upper half of a float32. */
export function bfloat16ToFloat(half: number): number {
  bits[0] = half << 16;
  return number[0]!;
}
