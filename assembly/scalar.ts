// Float queries against rows of bytes and of half-precision floats. Rows begin `stride` bytes apart.

// @ts-ignore: decorator
@inline
function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// @ts-ignore: decorator
@inline
function sum4(a: v128): f32 {
  return (f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 2)) + (f32x4.extract_lane(a, 1) + f32x4.extract_lane(a, 3));
}

/** out[r] = bias + query . bytes of row r, unsigned. */
export function dotRowsBytes(
  query: usize, rows: usize, stride: usize, count: i32, dim: i32, bias: f32, out: usize,
): void {
  const whole = dim & ~7;
  for (let r = 0; r < count; r++, rows += stride) {
    let s0 = f32x4.splat(0), s1 = f32x4.splat(0);
    let q = query;
    let i = 0;
    for (; i < whole; i += 8, q += 32) {
      const w = v128.load_ext<u8>(rows + <usize>i);
      s0 = madd(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(w)), v128.load(q), s0);
      s1 = madd(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(w)), v128.load(q, 16), s1);
    }
    let s = sum4(f32x4.add(s0, s1));
    for (; i < dim; i++, q += 4) s += <f32>load<u8>(rows + <usize>i) * load<f32>(q);
    store<f32>(out + (<usize>r << 2), s + bias);
  }
}

/** The four half-precision floats in the low halves of the lanes. */
// @ts-ignore: decorator
@inline
function widen(h: v128): v128 {
  // Exponent and mantissa move up into place; the product mends the exponent's bias, for subnormals as well.
  const magnitude = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13);
  const sign = i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16);
  return v128.or(f32x4.mul(magnitude, f32x4.splat(reinterpret<f32>(0x77800000))), sign);
}

/** out[r] = query . half-precision floats of row r; finite ones only. */
export function dotRowsHalf(query: usize, rows: usize, stride: usize, count: i32, dim: i32, out: usize): void {
  const whole = dim & ~3;
  for (let r = 0; r < count; r++, rows += stride) {
    let s = f32x4.splat(0);
    let q = query;
    let i = 0;
    for (; i < whole; i += 4, q += 16) s = madd(widen(v128.load_ext<u16>(rows + (<usize>i << 1))), v128.load(q), s);
    let total = sum4(s);
    for (; i < dim; i++, q += 4) {
      total += f32x4.extract_lane(widen(i32x4.splat(<i32>load<u16>(rows + (<usize>i << 1)))), 0) * load<f32>(q);
    }
    store<f32>(out + (<usize>r << 2), total);
  }
}
