// Score-aware assignment of product-quantizer codes (Guo et al., "Accelerating large-scale inference with anisotropic
// vector quantization", ICML 2020): coordinate descent over the sub-quantizers.

/**
 * Improves the codes (one byte each, `m` a row) of targets so as to lower |e|^2 + weight * (e . u)^2, e being target minus
 * reconstruction and u the direction (not normalised: the weight includes 1 / |u|^2). Per row, `inner` holds the m * k
 * products centroid . target part, `along` those with the direction's part, `squares` the m * k squared norms of
 * centroids, and `products` the m products of target part and direction part. Returns the number of codes changed.
 */
export function descendCodes(
  codes: usize, m: i32, k: i32, inner: usize, along: usize, squares: usize, products: usize, weight: f32, passes: i32,
): i32 {
  let parallel: f32 = 0;
  for (let j = 0; j < m; j++) {
    const at = (<usize>(j * k) + <usize>load<u8>(codes + <usize>j)) << 2;
    parallel += load<f32>(products + (<usize>j << 2)) - load<f32>(along + at);
  }
  let changed = 0;
  for (let pass = 0; pass < passes; pass++) {
    const before = changed;
    for (let j = 0; j < m; j++) {
      const table = <usize>(j * k) << 2;
      const code = <u32>load<u8>(codes + <usize>j);
      // What the error along the direction is without this sub-quantizer's reconstruction.
      const rest = parallel + load<f32>(along + table + (<usize>code << 2));
      let values = f32x4.splat(Infinity);
      let winners = i32x4.splat(0);
      let numbers = i32x4(0, 1, 2, 3);
      const rests = f32x4.splat(rest), weights = f32x4.splat(weight), two = f32x4.splat(2);
      for (let i: usize = 0; i < <usize>k << 2; i += 16) {
        const p = f32x4.sub(rests, v128.load(along + table + i));
        const loss = f32x4.add(
          f32x4.sub(v128.load(squares + table + i), f32x4.mul(two, v128.load(inner + table + i))),
          f32x4.mul(weights, f32x4.mul(p, p)),
        );
        winners = v128.bitselect(numbers, winners, f32x4.lt(loss, values));
        values = f32x4.pmin(values, loss);
        numbers = i32x4.add(numbers, i32x4.splat(4));
      }
      let value = f32x4.extract_lane(values, 0);
      let winner = <u32>i32x4.extract_lane(winners, 0);
      let v = f32x4.extract_lane(values, 1), n = <u32>i32x4.extract_lane(winners, 1);
      if (v < value || (v == value && n < winner)) { value = v; winner = n; }
      v = f32x4.extract_lane(values, 2); n = <u32>i32x4.extract_lane(winners, 2);
      if (v < value || (v == value && n < winner)) { value = v; winner = n; }
      v = f32x4.extract_lane(values, 3); n = <u32>i32x4.extract_lane(winners, 3);
      if (v < value || (v == value && n < winner)) { value = v; winner = n; }
      if (winner != code) {
        store<u8>(codes + <usize>j, winner);
        parallel = rest - load<f32>(along + table + (<usize>winner << 2));
        changed++;
      }
    }
    if (changed == before) break;
  }
  return changed;
}

/** out[j] = a[starts[j] .. starts[j + 1]] . b[the same]. */
export function dotParts(a: usize, b: usize, starts: usize, m: i32, out: usize): void {
  for (let j = 0; j < m; j++) {
    const end = load<u32>(starts + (<usize>j << 2), 4);
    let sum: f32 = 0;
    for (let c = load<u32>(starts + (<usize>j << 2)); c < end; c++) {
      sum += load<f32>(a + (<usize>c << 2)) * load<f32>(b + (<usize>c << 2));
    }
    store<f32>(out + (<usize>j << 2), sum);
  }
}
