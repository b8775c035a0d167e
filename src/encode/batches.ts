/**
 * Divides items into runs of the model. Items of similar length share a run, so that little is padded, and a run holds
 * at most `maxLength` in sum (an item that is longer has a run of its own) and at most `maxCount` items.
 * Returns item numbers; every item is in exactly one run.
 */
export function batchesByLength(lengths: readonly number[], maxLength: number, maxCount: number): number[][] {
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const batches: number[][] = [];
  let sum = 0;
  for (const item of order) {
    if (batches.length === 0 || sum + lengths[item]! > maxLength || batches.at(-1)!.length >= maxCount) {
      batches.push([]);
      sum = 0;
    }
    batches.at(-1)!.push(item);
    sum += lengths[item]!;
  }
  return batches;
}
