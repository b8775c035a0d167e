/** What {@link LateKernels.maxSimCodes} computes, in float32, one step after the other. Changes `best`. */
export function maxSimCodes(
  codes: Uint8Array,
  stride: number,
  ids: Uint16Array,
  scales: Float32Array,
  groups: number,
  near: Float32Array,
  steps: Float32Array,
  table: Float32Array,
  lanes: number,
  best: Float32Array,
): void {
  for (let r = 0; r < ids.length; r++) {
    const id = ids[r]!;
    for (let q = 0; q < lanes; q++) {
      let sum = 0;
      for (let g = 0; g < groups; g++) {
        sum = Math.fround(sum + table[(g * 256 + codes[r * stride + g]!) * lanes + q]!);
      }
      const value = Math.fround(near[id * lanes + q]! + Math.fround(steps[id]! * sum));
      best[q] = Math.max(best[q]!, Math.fround(scales[r]! * value));
    }
  }
}

/** What {@link LateKernels.maxSimCentroids} computes. */
export function maxSimCentroids(
  items: Uint32Array,
  offsets: Uint32Array,
  ids: Uint16Array,
  near: Uint8Array,
  lanes: number,
): Int32Array {
  return Int32Array.from(items, (item) => {
    let sum = 0;
    for (let q = 0; q < lanes; q++) {
      let best = 0;
      for (let r = offsets[item]!; r < offsets[item + 1]!; r++) best = Math.max(best, near[ids[r]! * lanes + q]!);
      sum += best;
    }
    return sum;
  });
}
