/**
 * Divides items into runs of the model. Items of similar length share a run, so that little is padded, and a run holds
 * at most `maxLength` in sum (an item that is longer has a run of its own) and at most `maxCount` items.
 * Returns item numbers; every item is in exactly one run.
 * @param alike whether the items of a run must have the same length.
 */
export function batchesByLength(
  lengths: readonly number[],
  maxLength: number,
  maxCount: number,
  alike = false,
): number[][] {
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const batches: number[][] = [];
  let sum = 0;
  for (const item of order) {
    const length = lengths[item]!;
    const batch = batches.at(-1);
    const fits =
      batch !== undefined &&
      sum + length <= maxLength &&
      batch.length < maxCount &&
      !(alike && lengths[batch[0]!] !== length);
    if (fits) {
      batch.push(item);
      sum += length;
    } else {
      batches.push([item]);
      sum = length;
    }
  }
  return batches;
}
