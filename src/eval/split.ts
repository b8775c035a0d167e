import { Random } from '../base/random.ts';
import type { Judgements } from './types.ts';

/**
 * Splits judged queries so that no relevant document of one part is relevant in another: what was learned from one part's documents
 * cannot be mistaken for what was learned in general. Queries that share a relevant document, directly or through others, stay
 * together; large groups come first, each to the part that lacks most.
 *
 * @param ids queries, each with judgements. @param shares of the parts, of sum 1. @param seed order among groups of one size.
 * @returns ids by part. Parts can be far from their share, or empty, where many queries hang together.
 */
export function splitByDocuments(
  ids: readonly string[],
  judgements: Judgements,
  shares: readonly number[],
  seed: number,
): string[][] {
  const parent = Int32Array.from(ids, (_, i) => i);
  const root = (i: number): number => {
    let at = i;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  const first = new Map<string, number>();
  ids.forEach((id, i) => {
    for (const [document, grade] of judgements.get(id) ?? []) {
      if (!(grade > 0)) continue;
      const known = first.get(document);
      if (known === undefined) first.set(document, i);
      else parent[root(i)] = root(known);
    }
  });
  const groups = new Map<number, string[]>();
  ids.forEach((id, i) => {
    const group = groups.get(root(i));
    if (group === undefined) groups.set(root(i), [id]);
    else group.push(id);
  });
  const drawn = new Random(seed).shuffle([...groups.values()]).sort((a, b) => b.length - a.length);
  const parts = shares.map((): string[] => []);
  const lacking = shares.map((share) => share * ids.length);
  for (const group of drawn) {
    const part = lacking.indexOf(Math.max(...lacking));
    for (const id of group) parts[part]!.push(id);
    lacking[part]! -= group.length;
  }
  return parts;
}
