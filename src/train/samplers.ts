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

/**
 * Locality-centric batches by a walk on the graph of queries and documents (Xiao et al. 2022, BiDR, section 3.3): from a query over its
 * positive, and one of its hard negatives, to queries that these documents are linked to. `walk` goes on from the query met last, `snow`
 * from the one met first; where no query is left to go to, from a random one. Each query occurs once.
 * @param queries that are walked over. @param positives, negatives rows of documents for each query. @param links queries of a document.
 */
export function proximityBatches(
  queries: readonly number[],
  positives: readonly ArrayLike<number>[],
  negatives: readonly ArrayLike<number>[],
  links: ReadonlyMap<number, readonly number[]>,
  size: number,
  random: Random,
  order: 'walk' | 'snow',
): SampledBatch[] {
  checkSize(size);
  const unused = new Set(random.shuffle([...queries]));
  const batches: number[][] = [];
  while (unused.size >= size) {
    const batch: number[] = [];
    const met: number[] = [];
    while (batch.length < size) {
      let next = order === 'walk' ? met.pop() : met.shift();
      while (next !== undefined && !unused.has(next)) next = order === 'walk' ? met.pop() : met.shift();
      const query = next ?? (unused.values().next().value as number);
      unused.delete(query);
      batch.push(query);
      const own = positives[query]!;
      const hard = negatives[query]!;
      const documents = [
        own[random.below(own.length)]!,
        ...(hard.length === 0 ? [] : [hard[random.below(hard.length)]!]),
      ];
      for (const document of documents) for (const other of links.get(document) ?? []) met.push(other);
    }
    batches.push(batch);
  }
  return random.shuffle(batches);
}

function checkSize(size: number): void {
  if (!Number.isInteger(size) || size < 1) {
    throw new InvalidArgumentError(`A batch of ${size} is impossible.`, 'Give a whole number of at least 1.');
  }
}
