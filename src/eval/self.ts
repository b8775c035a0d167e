import type { Judgements, RankedList, Run } from './types.ts';

/**
 * A run without the documents that have their query's own id, where queries are documents of the collection (duplicate questions,
 * counter-arguments): of course a document finds itself. BEIR's `ignore_identical_ids`, Pyserini's `--remove-query`.
 */
export function runWithoutSelf(run: Run): Run {
  return new Map([...run].map(([query, list]) => [query, listWithout(list, query)]));
}

/** Judgements without those of a query's own document, which could not be found any more. */
export function judgementsWithoutSelf(judgements: Judgements): Judgements {
  return new Map(
    [...judgements].map(([query, grades]) =>
      grades.has(query) ? [query, new Map([...grades].filter(([id]) => id !== query))] : [query, grades],
    ),
  );
}

/** The list without one document; the list itself where it does not hold it. */
export function listWithout(list: RankedList, id: string): RankedList {
  if (!list.ids.includes(id)) return list;
  const kept = list.ids.flatMap((other, i) => (other === id ? [] : [i]));
  return { ids: kept.map((i) => list.ids[i]!), scores: kept.map((i) => list.scores[i]!) };
}
