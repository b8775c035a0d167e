import { type Comparison, compareSystems, quantile } from '../../eval/index.ts';
import type { SearchEnvironment } from '../../search/index.ts';
import type { SnapshotCorpus } from '../../store/corpus.ts';
import { named } from './comparison.ts';
import { type DocumentList, METRIC, measure, ranked } from './corpus.ts';
import { change, isGain, isLoss } from './decision.ts';
import type { TuneExample } from './examples.ts';

/** Queries by which the time of a search is told. */
const TIMED = 50;

/** What queries find by a pipeline, and the median milliseconds of a search. */
export async function timedSearches(
  live: SnapshotCorpus,
  pipeline: string,
  environment: SearchEnvironment,
  queries: readonly TuneExample[],
  signal?: AbortSignal,
): Promise<{ readonly lists: readonly DocumentList[]; readonly ms: number }> {
  const times: number[] = [];
  const lists: DocumentList[] = [];
  for (const { query } of queries) {
    const begun = performance.now();
    lists.push(...(await ranked(live, pipeline, environment, [query], signal)));
    if (times.length < TIMED) times.push(performance.now() - begun);
  }
  return { lists, ms: quantile(times, 0.5) };
}

/** What searches of test queries came to before and after something was trained. */
export interface ServedComparison {
  /** nDCG@10 of all test queries. */
  readonly served: Comparison;
  /** The same of those none of whose relevant documents was one of training; absent when there are fewer than two. */
  readonly servedUnseen?: Comparison;
}

/** Compares two lists for each test query. @param level of significance. */
export function compareServed(
  before: readonly DocumentList[],
  after: readonly DocumentList[],
  {
    train,
    test,
    level,
  }: { readonly train: readonly TuneExample[]; readonly test: readonly TuneExample[]; readonly level: number },
): ServedComparison {
  const compare = (chosen: readonly number[]): Comparison => {
    const of = (name: string, lists: readonly DocumentList[]) =>
      named(
        name,
        measure(
          chosen.map((i) => lists[i]!),
          chosen.map((i) => test[i]!),
        ),
      );
    return compareSystems([of('before', before), of('after', after)], { metrics: [METRIC], level })[0]!;
  };
  const unseen = unseenOf(test, train);
  return {
    served: compare([...test.keys()]),
    ...(unseen.length < 2 ? {} : { servedUnseen: compare(unseen) }),
  };
}

/** Which queries have no relevant document that is one of training. */
export function unseenOf(queries: readonly TuneExample[], train: readonly TuneExample[]): number[] {
  const known = new Set(train.flatMap(({ relevant }) => relevant));
  return [...queries.keys()].filter((i) => queries[i]!.relevant.every((id) => !known.has(id)));
}

/** Why what was trained is not to be used, a sentence; undefined when it is. @param pipeline that it is searched by. */
export function reasonAgainst({ served, servedUnseen }: ServedComparison, pipeline: string): string | undefined {
  const searches = `searches by ${pipeline}`;
  if (!isGain(served)) {
    return `nDCG@10 of ${searches} changed by ${change(served)}, which is ${isLoss(served) ? 'a significant loss' : 'no significant gain'}.`;
  }
  if (servedUnseen === undefined || !isLoss(servedUnseen)) return undefined;
  return `On queries for documents that were not trained on, nDCG@10 of ${searches} changed by ${change(servedUnseen)}: it learned the others by heart.`;
}
