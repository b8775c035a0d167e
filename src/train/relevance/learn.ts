import { InvalidArgumentError } from '../../base/errors.ts';
import { mean, variance } from '../../eval/index.ts';
import { type RelevanceGrounds, type RelevanceMap, type RelevanceParameters, relevanceOf } from '../../search/index.ts';
import { embeddedLists, FEWEST_EMBEDDINGS } from './components.ts';
import type { JudgedList, RelevanceOptions } from './types.ts';
import { type LearnedMap, learnMap } from './weights.ts';

/** Lists that are learned from, at least. */
const FEWEST_LISTS = 30;

/**
 * Learns what relevance is judged by, from judged lists: binary cross-entropy of every hit, lists that the search itself returned, so that
 * what is not relevant is as hard as it will be. A third of the lists is held back: they choose the form of the map and what decides on it
 * (see {@link RelevanceOptions}), and the threshold, that of greatest mean F1 per query.
 *
 * The simplest, the linear map that the list decides on, gives way only to one that lowers the cross-entropy of the lists held back by more
 * than one standard error of the difference; of several the best.
 *
 * @param lists of at least 30 queries. What was not judged counts as not relevant.
 * @throws InvalidArgumentError for fewer, for a head without 100 embeddings, and for embeddings that are not finite or of several lengths.
 */
export async function learnRelevance(
  lists: readonly JudgedList[],
  options: RelevanceOptions,
): Promise<RelevanceParameters> {
  if (lists.length < FEWEST_LISTS) {
    throw new InvalidArgumentError(
      `${lists.length} judged queries are too few to learn from.`,
      `Give at least ${FEWEST_LISTS}.`,
    );
  }
  const { by = 'held-out' } = options;
  const embeddings = embeddedLists(lists).length;
  if (by !== 'held-out' && by !== 'list' && embeddings < FEWEST_EMBEDDINGS) {
    throw new InvalidArgumentError(
      `${embeddings} of ${lists.length} judged queries have an embedding, too few to learn from.`,
      `Give at least ${FEWEST_EMBEDDINGS} with one, or let the list decide (\`by: 'list'\`).`,
    );
  }
  const [learning, choosing] = [lists.filter((_, i) => i % 3 !== 0), lists.filter((_, i) => i % 3 === 0)];
  const learned = await best(learning, choosing, candidatesOf(embeddings, options), options);
  return { ...learned, threshold: bestThreshold(choosing, learned) };
}

interface Candidate {
  readonly by: RelevanceGrounds;
  readonly map: RelevanceMap;
}

/** What is tried: the simplest comes first. */
function candidatesOf(embeddings: number, { by = 'held-out', map }: RelevanceOptions): Candidate[] {
  if (by !== 'held-out') return [{ by, map: map ?? 'linear' }];
  const maps: readonly RelevanceMap[] = map === undefined ? ['linear', 'standard'] : [map];
  const grounds: readonly RelevanceGrounds[] = embeddings < FEWEST_EMBEDDINGS ? ['list'] : ['list', 'both'];
  return grounds.flatMap((one) => maps.map((form) => ({ by: one, map: form })));
}

/** The first candidate, unless another is significantly better on the lists held back. */
async function best(
  learning: readonly JudgedList[],
  choosing: readonly JudgedList[],
  candidates: readonly Candidate[],
  options: RelevanceOptions,
): Promise<LearnedMap> {
  const [simplest, ...others] = candidates;
  const first = await learnMap(learning, { ...options, ...simplest! });
  const losses = crossEntropies(choosing, first, options.depth);
  let [chosen, most] = [first, 0];
  for (const candidate of others) {
    const other = await learnMap(learning, { ...options, ...candidate });
    const gains = crossEntropies(choosing, other, options.depth).map((loss, i) => losses[i]! - loss);
    const gain = mean(gains);
    if (gain > most && gain > Math.sqrt(variance(gains) / gains.length)) [chosen, most] = [other, gain];
  }
  return chosen;
}

/** Of each list. */
function crossEntropies(lists: readonly JudgedList[], learned: LearnedMap, depth = 20): number[] {
  return lists.map(({ hits, relevant, vector }) =>
    relevanceOf(hits, { ...learned, threshold: 0 }, vector)
      .slice(0, depth)
      .reduce((sum, r, i) => sum - Math.log(Math.max(1e-12, relevant[i] ? r : 1 - r)), 0),
  );
}

/** The threshold of greatest mean F1 over queries, of a grid. */
function bestThreshold(lists: readonly JudgedList[], learned: LearnedMap): number {
  const probabilities = lists.map(({ hits, vector }) => relevanceOf(hits, { ...learned, threshold: 0 }, vector));
  let [best, least] = [-1, 0.5];
  for (let step = 1; step < 50; step++) {
    const threshold = step / 50;
    const total = lists.reduce(
      (all, { relevant }, q) =>
        all +
        f1(
          relevant,
          Array.from(probabilities[q]!, (r) => r >= threshold),
        ),
      0,
    );
    if (total > best) [best, least] = [total, threshold];
  }
  return least;
}

/** F1 of what is kept of one list: 1 when nothing was to be kept and nothing is. @param missed relevant documents outside the list. */
export function f1(relevant: readonly boolean[], kept: readonly boolean[], missed = 0): number {
  let [both, wanted, returned] = [0, missed, 0];
  relevant.forEach((is, i) => {
    if (is) wanted++;
    if (kept[i]) returned++;
    if (is && kept[i]) both++;
  });
  return wanted + returned === 0 ? 1 : (2 * both) / (wanted + returned);
}
