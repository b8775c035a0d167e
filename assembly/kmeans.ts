// Assignment of rows to centroids as a blocked matrix product: 4 rows against 8 centroids at a time, centroids across the
// lanes, so that no sum is ever taken across lanes and any number of components will do.

// @ts-ignore: decorator
@inline
function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// @ts-ignore: decorator
@inline
function select(a: v128, b: v128, mask: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_laneselect(a, b, mask);
  return v128.bitselect(a, b, mask);
}

/** Merges the lanes' winners into out and best; equal values go to the lower number. */
// @ts-ignore: decorator
@inline
function settle(values: v128, numbers: v128, best: usize, out: usize): void {
  let value = load<f32>(best);
  let winner: u32 = 0xffff_ffff;
  const v0 = f32x4.extract_lane(values, 0), v1 = f32x4.extract_lane(values, 1);
  const v2 = f32x4.extract_lane(values, 2), v3 = f32x4.extract_lane(values, 3);
  const n0 = <u32>i32x4.extract_lane(numbers, 0), n1 = <u32>i32x4.extract_lane(numbers, 1);
  const n2 = <u32>i32x4.extract_lane(numbers, 2), n3 = <u32>i32x4.extract_lane(numbers, 3);
  if (v0 > value) { value = v0; winner = n0; }
  if (v1 > value || (v1 == value && n1 < winner && winner != 0xffff_ffff)) { value = v1; winner = n1; }
  if (v2 > value || (v2 == value && n2 < winner && winner != 0xffff_ffff)) { value = v2; winner = n2; }
  if (v3 > value || (v3 == value && n3 < winner && winner != 0xffff_ffff)) { value = v3; winner = n3; }
  if (winner != 0xffff_ffff) {
    store<f32>(best, value);
    store<u32>(out, winner);
  }
}

/**
 * For every row the centroid with the greatest row . centroid + biases[centroid], if that beats best[row]: stored in
 * out[row] (first + the centroid's number) and best[row]. `k` is a multiple of 8. Component c of centroid i lies at
 * centroids + (i >> 3) * panel + c * step + (i & 7) * 4; row r begins at rows + r * stride.
 */
export function assignRows(
  rows: usize, stride: usize, count: i32, dim: i32, centroids: usize, panel: usize, step: usize, k: i32, biases: usize,
  first: u32, out: usize, best: usize,
): void {
  const numbersAtStart = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3));
  const bytes = <usize>dim << 2;
  for (let r = 0; r < count; r += 4) {
    // Fewer than four rows: the last one is repeated, and settled again to no effect.
    const left = count - 1 - r;
    const row0 = rows + <usize>r * stride;
    const i1 = min(left, 1), i2 = min(left, 2), i3 = min(left, 3);
    const d1 = <usize>i1 * stride, d2 = <usize>i2 * stride, d3 = <usize>i3 * stride;
    let best0 = f32x4.splat(-Infinity), best1 = best0, best2 = best0, best3 = best0;
    let at0 = numbersAtStart, at1 = at0, at2 = at0, at3 = at0;
    let numbers = numbersAtStart;
    let bias = biases;
    for (let p = 0; p < k; p += 8) {
      const b0 = v128.load(bias), b1 = v128.load(bias, 16);
      bias += 32;
      let s00 = b0, s01 = b1, s10 = b0, s11 = b1, s20 = b0, s21 = b1, s30 = b0, s31 = b1;
      let c = centroids + <usize>(p >> 3) * panel;
      let row = row0;
      const end = row0 + bytes;
      while (row < end) {
        const c0 = v128.load(c), c1 = v128.load(c, 16);
        const x0 = v128.load32_splat(row);
        s00 = madd(x0, c0, s00);
        s01 = madd(x0, c1, s01);
        const x1 = v128.load32_splat(row + d1);
        s10 = madd(x1, c0, s10);
        s11 = madd(x1, c1, s11);
        const x2 = v128.load32_splat(row + d2);
        s20 = madd(x2, c0, s20);
        s21 = madd(x2, c1, s21);
        const x3 = v128.load32_splat(row + d3);
        s30 = madd(x3, c0, s30);
        s31 = madd(x3, c1, s31);
        c += step;
        row += 4;
      }
      const next = i32x4.add(numbers, i32x4.splat(4));
      at0 = select(numbers, at0, f32x4.gt(s00, best0));
      best0 = f32x4.pmax(best0, s00);
      at0 = select(next, at0, f32x4.gt(s01, best0));
      best0 = f32x4.pmax(best0, s01);
      at1 = select(numbers, at1, f32x4.gt(s10, best1));
      best1 = f32x4.pmax(best1, s10);
      at1 = select(next, at1, f32x4.gt(s11, best1));
      best1 = f32x4.pmax(best1, s11);
      at2 = select(numbers, at2, f32x4.gt(s20, best2));
      best2 = f32x4.pmax(best2, s20);
      at2 = select(next, at2, f32x4.gt(s21, best2));
      best2 = f32x4.pmax(best2, s21);
      at3 = select(numbers, at3, f32x4.gt(s30, best3));
      best3 = f32x4.pmax(best3, s30);
      at3 = select(next, at3, f32x4.gt(s31, best3));
      best3 = f32x4.pmax(best3, s31);
      numbers = i32x4.add(next, i32x4.splat(4));
    }
    const o = <usize>r << 2;
    settle(best0, at0, best + o, out + o);
    settle(best1, at1, best + o + (<usize>i1 << 2), out + o + (<usize>i1 << 2));
    settle(best2, at2, best + o + (<usize>i2 << 2), out + o + (<usize>i2 << 2));
    settle(best3, at3, best + o + (<usize>i3 << 2), out + o + (<usize>i3 << 2));
  }
}

/** out[r * columns + i] = row r . centroid i + biases[i], with `columns` a multiple of 8 and centroids as above. */
export function multiplyRows(
  rows: usize, stride: usize, count: i32, dim: i32, centroids: usize, columns: i32, biases: usize, out: usize,
): void {
  const bytes = <usize>dim << 2;
  const panel = bytes << 3;
  const outStride = <usize>columns << 2;
  for (let r = 0; r < count; r += 4) {
    const left = count - 1 - r;
    const row0 = rows + <usize>r * stride;
    const i1 = min(left, 1), i2 = min(left, 2), i3 = min(left, 3);
    const d1 = <usize>i1 * stride, d2 = <usize>i2 * stride, d3 = <usize>i3 * stride;
    for (let p = 0; p < columns; p += 8) {
      const b0 = v128.load(biases + (<usize>p << 2)), b1 = v128.load(biases + (<usize>p << 2), 16);
      let s00 = b0, s01 = b1, s10 = b0, s11 = b1, s20 = b0, s21 = b1, s30 = b0, s31 = b1;
      let c = centroids + <usize>(p >> 3) * panel;
      let row = row0;
      const end = row0 + bytes;
      while (row < end) {
        const c0 = v128.load(c), c1 = v128.load(c, 16);
        const x0 = v128.load32_splat(row);
        s00 = madd(x0, c0, s00);
        s01 = madd(x0, c1, s01);
        const x1 = v128.load32_splat(row + d1);
        s10 = madd(x1, c0, s10);
        s11 = madd(x1, c1, s11);
        const x2 = v128.load32_splat(row + d2);
        s20 = madd(x2, c0, s20);
        s21 = madd(x2, c1, s21);
        const x3 = v128.load32_splat(row + d3);
        s30 = madd(x3, c0, s30);
        s31 = madd(x3, c1, s31);
        c += 32;
        row += 4;
      }
      const o = out + <usize>r * outStride + (<usize>p << 2);
      v128.store(o, s00);
      v128.store(o, s01, 16);
      v128.store(o + <usize>i1 * outStride, s10);
      v128.store(o + <usize>i1 * outStride, s11, 16);
      v128.store(o + <usize>i2 * outStride, s20);
      v128.store(o + <usize>i2 * outStride, s21, 16);
      v128.store(o + <usize>i3 * outStride, s30);
      v128.store(o + <usize>i3 * outStride, s31, 16);
    }
  }
}
