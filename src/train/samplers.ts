import { InvalidArgumentError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Vectors } from '../base/vectors.ts';

/** A batch: numbers of examples. Every sampler gives an epoch; the last examples that fill no batch are left out. */
export type SampledBatch = readonly number[];

/**
 * Batches for in-batch negatives: in none of them do two examples share a key (the same query, the same document), so
 * that no example's positive is taken for another's negative. Examples that find no batch come in later ones.
 * @param keys of each example.
 */
export function distinctBatches(keys: readonly (readonly string[])[], size: number, random: Random): SampledBatch[] {
  checkSize(size);
  let waiting = random.shuffle([...keys.keys()]);
  const batches: number[][] = [];
  while (waiting.length >= size) {
    const batch: number[] = [];
    const taken = new Set<string>();
    const left: number[] = [];
    for (const example of waiting) {
      if (batch.length < size && keys[example]!.every((key) => !taken.has(key))) {
        batch.push(example);
        for (const key of keys[example]!) taken.add(key);
      } else left.push(example);
    }
    if (batch.length < size) break;
    batches.push(batch);
    waiting = left;
  }
  return batches;
}

/**
 * PK batches: `classes` classes with `instances` examples each, for objectives over pairs of a class. A class with fewer
 * examples gives all of them, some more than once; one with a single example is left out.
 * @param labels class of each example.
 */
export function pkBatches(
  labels: readonly number[],
  classes: number,
  instances: number,
  random: Random,
): SampledBatch[] {
  checkSize(classes);
  checkSize(instances);
  const members = new Map<number, number[]>();
  labels.forEach((label, example) => {
    const list = members.get(label);
    if (list === undefined) members.set(label, [example]);
    else list.push(example);
  });
  const groups: number[][] = [];
  for (const list of members.values()) {
    if (list.length < 2) continue;
    random.shuffle(list);
    for (let from = 0; from < list.length; from += instances) {
      const group = list.slice(from, from + instances);
      if (group.length === 1 && from > 0) continue;
      while (group.length < instances) group.push(list[random.below(list.length)]!);
      groups.push(group);
    }
  }
  random.shuffle(groups);
  const batches: number[][] = [];
  // A class occurs once in a batch, or its examples would be negatives of each other's group only by chance.
  let waiting = groups;
  while (waiting.length >= classes) {
    const chosen: number[][] = [];
    const seen = new Set<number>();
    const left: number[][] = [];
    for (const group of waiting) {
      const label = labels[group[0]!]!;
      if (chosen.length < classes && !seen.has(label)) {
        chosen.push(group);
        seen.add(label);
      } else left.push(group);
    }
    if (chosen.length < classes) break;
    batches.push(chosen.flat());
    waiting = left;
  }
  return batches;
}

/**
 * Batches of one task each (CoDiEmb 2025, NV-Embed 2024), in random order; each task gets as many as its examples fill.
 * @param tasks of each example. @param size of a batch, for all tasks or by task.
 */
export function taskBatches(
  tasks: readonly string[],
  size: number | Readonly<Record<string, number>>,
  random: Random,
): { readonly task: string; readonly batch: SampledBatch }[] {
  const members = new Map<string, number[]>();
  tasks.forEach((task, example) => {
    members.set(task, [...(members.get(task) ?? []), example]);
  });
  const batches: { task: string; batch: number[] }[] = [];
  for (const [task, list] of members) {
    const length = typeof size === 'number' ? size : (size[task] ?? Number.NaN);
    checkSize(length);
    random.shuffle(list);
    for (let from = 0; from + length <= list.length; from += length) {
      batches.push({ task, batch: list.slice(from, from + length) });
    }
  }
  return random.shuffle(batches);
}

/**
 * Locality-centric batches: examples near to each other share a batch, so that in-batch negatives are hard. Random
 * examples are the centres; each other one joins the nearest centre that has room. Costs `n * n / size` products.
 * @param vectors of the examples, unit length.
 */
export function localBatches(vectors: Vectors, size: number, random: Random): SampledBatch[] {
  checkSize(size);
  const order = random.shuffle(Array.from({ length: vectors.count }, (_, i) => i));
  const count = Math.floor(vectors.count / size);
  const batches = order.slice(0, count).map((centre) => [centre]);
  for (const example of order.slice(count, count * size)) {
    const row = vectors.row(example);
    let best: number[] | undefined;
    let nearest = Number.NEGATIVE_INFINITY;
    for (const batch of batches) {
      if (batch.length === size) continue;
      const centre = vectors.row(batch[0]!);
      let product = 0;
      for (let d = 0; d < row.length; d++) product += row[d]! * centre[d]!;
      if (product > nearest) {
        nearest = product;
        best = batch;
      }
    }
    best!.push(example);
  }
  return random.shuffle(batches);
}

function checkSize(size: number): void {
  if (!Number.isInteger(size) || size < 1) {
    throw new InvalidArgumentError(`A batch of ${size} is impossible.`, 'Give a whole number of at least 1.');
  }
}
