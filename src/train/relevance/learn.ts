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
 * what is not relevant is as hard as it will be. So that nothing is found where nothing answers, the same lists without their relevant hits
 * are learned from as well, and those of foreign questions.
 *
 * A third of the queries is held back: they choose the form of the map and what decides on it (see {@link RelevanceOptions}), and the
 * threshold, that of greatest mean F1 per list, where lists with and without something relevant count alike. The simplest, the linear map that the list decides on, gives way only to one whose mean F1 on
 * the lists held back is greater by more than two standard errors of the difference; of several the best.
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
  const { by = 'held-out', foreign = [], withoutAnswers: unanswered = true } = options;
  const embeddings = embeddedLists(lists).length;
  if (by !== 'held-out' && by !== 'list' && embeddings < FEWEST_EMBEDDINGS) {
    throw new InvalidArgumentError(
      `${embeddings} of ${lists.length} judged queries have an embedding, too few to learn from.`,
      `Give at least ${FEWEST_EMBEDDINGS} with one, or let the list decide (\`by: 'list'\`).`,
    );
  }
  const [learning, choosing] = [heldBack(lists, false), heldBack(lists, true)];
  const emptied = unanswered ? learning.flatMap(withoutAnswers) : [];
  return best(
    [...learning, ...emptied, ...heldBack(foreign, false)],
    [...choosing, ...heldBack(foreign, true)],
    candidatesOf(embeddings, options),
    options,
  );
}

function heldBack(lists: readonly JudgedList[], is: boolean): JudgedList[] {
  return lists.filter((_, i) => (i % HELD_BACK === 0) === is);
}

/** One list in so many is held back. */
const HELD_BACK = 3;

/** The list as it were if what answers the query was not there; none where nothing answers it anyway. */
export function withoutAnswers(list: JudgedList): JudgedList[] {
  if (!list.relevant.includes(true)) return [];
  const hits = list.hits.filter((_, i) => !list.relevant[i]);
  return [{ ...list, hits, relevant: hits.map(() => false) }];
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
): Promise<RelevanceParameters> {
  const [simplest, ...others] = candidates;
  const first = cutOf(choosing, await learnMap(learning, { ...options, ...simplest! }), options);
  let [chosen, most] = [first, 0];
  for (const candidate of others) {
    const other = cutOf(choosing, await learnMap(learning, { ...options, ...candidate }), options);
    const gains = other.values.map((value, i) => value - first.values[i]!);
    const gain = mean(gains);
    if (gain > most && gain > SIGNIFICANT * Math.sqrt(variance(gains) / gains.length)) [chosen, most] = [other, gain];
  }
  return { ...chosen.learned, threshold: chosen.threshold };
}

/** Standard errors of the difference that a gain is worth something from. */
const SIGNIFICANT = 2;

/** Step of the thresholds that are tried. */
const FIRST = 0.02;

/** The threshold of greatest mean F1 over lists, of a grid, and what each list has there, times its weight. */
function cutOf(
  lists: readonly JudgedList[],
  learned: LearnedMap,
  { mostLost = 1 }: RelevanceOptions,
): { learned: LearnedMap; threshold: number; values: number[] } {
  const weights = evenly(lists);
  const probabilities = lists.map((list) => relevanceOf(list, { ...learned, threshold: 0 }));
  const answered = lists.flatMap(({ relevant }, q) => (relevant.includes(true) ? [probabilities[q]!] : []));
  const lost = (at: number) => mean(answered.map((list) => (list.some((r) => r >= at) ? 0 : 1)));
  let [threshold, values] = [FIRST, lists.map(() => 0)];
  for (let step = 1; step < 1 / FIRST; step++) {
    const at = step * FIRST;
    if (step > 1 && lost(at) > mostLost) break;
    const own = lists.map(({ relevant }, q) => {
      const kept = Array.from(probabilities[q]!, (r) => r >= at);
      return weights[q]! * f1(relevant, kept);
    });
    if (step === 1 || mean(own) > mean(values)) [threshold, values] = [at, own];
  }
  return { learned, threshold, values };
}

/** Weights of lists, 1 on average, with which those that hold something relevant and those that do not count alike. */
export function evenly(lists: readonly JudgedList[]): number[] {
  const answered = lists.map(({ relevant }) => relevant.includes(true));
  const count = answered.filter(Boolean).length;
  const kinds = [count, lists.length - count].filter((one) => one > 0).length;
  return answered.map((is) => lists.length / kinds / (is ? count : lists.length - count));
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
