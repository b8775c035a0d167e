// Float32 kernels. Addresses are byte offsets; `dim` counts components and may be any positive number.

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

// @ts-ignore: decorator
@inline
function dot(a: usize, b: usize, dim: i32): f32 {
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
  let i = 0;
  for (; i + 16 <= dim; i += 16) {
    const o = <usize>i << 2;
    s0 = madd(v128.load(a + o), v128.load(b + o), s0);
    s1 = madd(v128.load(a + o, 16), v128.load(b + o, 16), s1);
    s2 = madd(v128.load(a + o, 32), v128.load(b + o, 32), s2);
    s3 = madd(v128.load(a + o, 48), v128.load(b + o, 48), s3);
  }
  for (; i + 4 <= dim; i += 4) {
    const o = <usize>i << 2;
    s0 = madd(v128.load(a + o), v128.load(b + o), s0);
  }
  let s = sum4(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; i < dim; i++) {
    const o = <usize>i << 2;
    s += load<f32>(a + o) * load<f32>(b + o);
  }
  return s;
}

// @ts-ignore: decorator
@inline
function squaredL2(a: usize, b: usize, dim: i32): f32 {
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
  let i = 0;
  for (; i + 16 <= dim; i += 16) {
    const o = <usize>i << 2;
    const d0 = f32x4.sub(v128.load(a + o), v128.load(b + o));
    const d1 = f32x4.sub(v128.load(a + o, 16), v128.load(b + o, 16));
    const d2 = f32x4.sub(v128.load(a + o, 32), v128.load(b + o, 32));
    const d3 = f32x4.sub(v128.load(a + o, 48), v128.load(b + o, 48));
    s0 = madd(d0, d0, s0);
    s1 = madd(d1, d1, s1);
    s2 = madd(d2, d2, s2);
    s3 = madd(d3, d3, s3);
  }
  for (; i + 4 <= dim; i += 4) {
    const o = <usize>i << 2;
    const d = f32x4.sub(v128.load(a + o), v128.load(b + o));
    s0 = madd(d, d, s0);
  }
  let s = sum4(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; i < dim; i++) {
    const o = <usize>i << 2;
    const d = load<f32>(a + o) - load<f32>(b + o);
    s += d * d;
  }
  return s;
}

/** out[r] = query . rows[r], for `count` rows of `dim` floats. */
export function dotRows(query: usize, rows: usize, count: i32, dim: i32, out: usize): void {
  const stride = <usize>dim << 2;
  for (let r = 0; r < count; r++) {
    store<f32>(out + (<usize>r << 2), dot(query, rows + <usize>r * stride, dim));
  }
}

/** out[r] = |query - rows[r]|^2, for `count` rows of `dim` floats. */
export function l2Rows(query: usize, rows: usize, count: i32, dim: i32, out: usize): void {
  const stride = <usize>dim << 2;
  for (let r = 0; r < count; r++) {
    store<f32>(out + (<usize>r << 2), squaredL2(query, rows + <usize>r * stride, dim));
  }
}

/** out[i] = query . rows[ids[i]], for `count` row numbers (u32). */
export function dotRowsAt(query: usize, rows: usize, ids: usize, count: i32, dim: i32, out: usize): void {
  const stride = <usize>dim << 2;
  for (let i = 0; i < count; i++) {
    const at = <usize>i << 2;
    store<f32>(out + at, dot(query, rows + <usize>load<u32>(ids + at) * stride, dim));
  }
}

/** out[i] = |query - rows[ids[i]]|^2, for `count` row numbers (u32). */
export function l2RowsAt(query: usize, rows: usize, ids: usize, count: i32, dim: i32, out: usize): void {
  const stride = <usize>dim << 2;
  for (let i = 0; i < count; i++) {
    const at = <usize>i << 2;
    store<f32>(out + at, squaredL2(query, rows + <usize>load<u32>(ids + at) * stride, dim));
  }
}
