// Kernels of late interaction. Query vectors are lanes: `lanes` is their number rounded up to a multiple of 16, and tables hold so many
// entries for each row. Lanes without a query vector hold whatever is harmless (0) and are not looked at by the caller.

/**
 * best[q] = max(best[q], scales[r] * (near[q of ids[r]] + steps[ids[r]] * sum over g of table[g][codes[r][g]][q])) for the rows r of one item.
 *
 * `codes` has `groups` bytes for each row, `stride` bytes from one to the next, `table` 256 entries for each group, `near` an entry for each centroid; an entry is `lanes` floats.
 * Sums run over the groups in order.
 */
export function maxSimCodes(
  codes: usize, stride: i32, ids: usize, scales: usize, count: i32, groups: i32, near: usize, steps: usize, table: usize, lanes: i32, best: usize,
): void {
  const entry = <usize>lanes << 2;
  const group = entry << 8;
  for (let r = 0; r < count; r++, codes += stride) {
    const id = <usize>load<u16>(ids + (<usize>r << 1));
    const scale = f32x4.splat(load<f32>(scales + (<usize>r << 2)));
    const step = f32x4.splat(load<f32>(steps + (id << 2)));
    const from = near + id * entry;
    for (let q: usize = 0; q < entry; q += 64) {
      let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
      let at = table + q;
      for (let g = 0; g < groups; g++, at += group) {
        const row = at + <usize>load<u8>(codes + g) * entry;
        s0 = f32x4.add(s0, v128.load(row));
        s1 = f32x4.add(s1, v128.load(row, 16));
        s2 = f32x4.add(s2, v128.load(row, 32));
        s3 = f32x4.add(s3, v128.load(row, 48));
      }
      const c = from + q;
      const b = best + q;
      v128.store(b, f32x4.max(v128.load(b), f32x4.mul(scale, f32x4.add(v128.load(c), f32x4.mul(step, s0)))));
      v128.store(b, f32x4.max(v128.load(b, 16), f32x4.mul(scale, f32x4.add(v128.load(c, 16), f32x4.mul(step, s1)))), 16);
      v128.store(b, f32x4.max(v128.load(b, 32), f32x4.mul(scale, f32x4.add(v128.load(c, 32), f32x4.mul(step, s2)))), 32);
      v128.store(b, f32x4.max(v128.load(b, 48), f32x4.mul(scale, f32x4.add(v128.load(c, 48), f32x4.mul(step, s3)))), 48);
    }
  }
}

/**
 * out[i] = sum over q of the greatest near[ids[r]][q] of the rows r of item items[i], rows offsets[item] to offsets[item + 1] (exclusive).
 * Entries of `near` are `lanes` bytes, one entry for each centroid.
 */
export function maxSimCentroids(
  items: usize, count: i32, offsets: usize, ids: usize, near: usize, lanes: i32, out: usize,
): void {
  for (let i = 0; i < count; i++) {
    const item = <usize>load<u32>(items + (<usize>i << 2)) << 2;
    const from = ids + (<usize>load<u32>(offsets + item) << 1);
    const to = ids + (<usize>load<u32>(offsets + item, 4) << 1);
    let sum = 0;
    for (let q = 0; q < lanes; q += 16) {
      let best = i8x16.splat(0);
      for (let at = from; at < to; at += 2) {
        best = i8x16.max_u(best, v128.load(near + <usize>load<u16>(at) * <usize>lanes + <usize>q));
      }
      const words = i16x8.extadd_pairwise_i8x16_u(best);
      const sums = i32x4.extadd_pairwise_i16x8_u(words);
      sum += i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
    }
    store<i32>(out + (<usize>i << 2), sum);
  }
}
