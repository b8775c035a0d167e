import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';

/** One query's ranking, reduced to what metrics need: where the judged documents stand. */
export interface JudgedRanking {
  /** Documents returned. */
  readonly length: number;
  /** Ranks of judged documents, from 0, ascending. */
  readonly ranks: Uint32Array;
  /** Their grades, 0 or more. */
  readonly grades: Float64Array;
  /** Scores of all documents returned, descending. */
  readonly scores: Float32Array;
  /** Grades of all documents judged, returned or not, descending, those above 0. */
  readonly ideal: Float64Array;
  /** Relevant documents, returned or not. */
  readonly relevant: number;
  /** Documents judged and not relevant, returned or not. */
  readonly nonRelevant: number;
  /** Grade from which a document is relevant. */
  readonly level: number;
}

/** A measure of one query's ranking; averages over queries are taken by `evaluate`. */
export interface Metric {
  /** Canonical name, e.g. `ndcg@10`. */
  readonly name: string;
  /** Depth that a run must have for the value to mean what it says; undefined for the whole ranking. */
  readonly depth: number | undefined;
  /** NaN where it is not defined (AUC without a document that is not relevant). */
  readonly value: (ranking: JudgedRanking) => number;
}

/** What {@link parseMetric} knows, with its definition; `k` is a whole number, at least 1. */
export const metricFamilies: Readonly<Record<string, string>> = {
  'ndcg@k': 'normalised discounted cumulative gain, linear gains, discount log2(rank + 1); trec_eval ndcg_cut, BEIR',
  ndcg: 'the same over the whole ranking; trec_eval ndcg',
  'ndcg_exp@k': 'with exponential gains 2^grade - 1 (Burges et al. 2005)',
  'mrr@k': 'reciprocal rank of the first relevant document, 0 beyond k; BEIR',
  mrr: 'the same over the whole ranking; trec_eval recip_rank',
  map: 'average precision; trec_eval map',
  'map@k': 'average precision of the first k, divided by all relevant documents; trec_eval map_cut',
  'recall@k': 'share of the relevant documents among the first k; trec_eval recall',
  'precision@k': 'share of the first k that is relevant, always out of k; trec_eval P',
  rprec: 'precision at the number of relevant documents; trec_eval Rprec',
  'success@k': '1 when a relevant document is among the first k; trec_eval success',
  'complete@k':
    '1 when all relevant documents are among the first k, as questions of several hops need (Tang & Yang 2024)',
  bpref: 'binary preference, judged documents only (Buckley & Voorhees 2004); trec_eval bpref',
  'rbp(p)': 'rank-biased precision with persistence p (Moffat & Zobel 2008), e.g. rbp(0.8)',
  auc: 'chance that a relevant document has a greater score than one that is not; relevant ones not returned come last',
  'judged@k': 'share of the first k that was judged at all',
};

/** What `sagitta eval` reports when nothing else is asked for. */
export const defaultMetrics: readonly string[] = [
  'ndcg@10',
  'mrr@10',
  'map',
  'recall@10',
  'recall@100',
  'precision@10',
  'rprec',
  'success@10',
  'bpref',
  'rbp(0.8)',
  'auc',
];

const ALIASES: Readonly<Record<string, string>> = {
  ndcg_cut: 'ndcg',
  rr: 'mrr',
  recip_rank: 'mrr',
  ap: 'map',
  map_cut: 'map',
  r: 'recall',
  p: 'precision',
  hit: 'success',
  hit_rate: 'success',
};

/**
 * A metric by name, in the spelling of {@link metricFamilies} or of trec_eval and ir_measures (`nDCG@10`, `P@5`, `AP`, `RR@10`,
 * `ndcg_cut_10`, `recall_100`, `RBP(p=0.8)`).
 * @throws InvalidArgumentError for a name that is none, with the nearest that is.
 */
export function parseMetric(text: string): Metric {
  const spelled = text.trim().toLowerCase();
  const rbp = /^rbp(?:\((?:p=)?([0-9.]+)\))?$/.exec(spelled);
  if (rbp !== null) return rankBiasedPrecision(rbp[1] === undefined ? 0.8 : Number(rbp[1]), text);
  const match = /^([a-z_]+?)(?:[@_]([0-9]+))?$/.exec(spelled);
  const family = match === null ? spelled : (ALIASES[match[1]!] ?? match[1]!);
  const k = match?.[2] === undefined ? undefined : Number(match[2]);
  const make = FAMILIES[family];
  if (make === undefined || (k !== undefined && k < 1) || !allowed(family, k)) {
    const guess = nearest(spelled.replace(/[0-9]+/, 'k'), Object.keys(metricFamilies));
    throw new InvalidArgumentError(
      `"${text}" is not a metric.`,
      `${guess === undefined ? '' : `Did you mean ${guess}? `}Known: ${Object.keys(metricFamilies).join(', ')}.`,
    );
  }
  return { name: k === undefined ? family : `${family}@${k}`, depth: k, value: make(k ?? Number.POSITIVE_INFINITY) };
}

const CUT_ONLY = ['recall', 'precision', 'success', 'complete', 'judged'];
const WHOLE_ONLY = ['rprec', 'bpref', 'auc'];

function allowed(family: string, k: number | undefined): boolean {
  return k === undefined ? !CUT_ONLY.includes(family) : !WHOLE_ONLY.includes(family);
}

type Measure = (ranking: JudgedRanking) => number;

const linear = (grade: number): number => grade;
const exponential = (grade: number): number => 2 ** grade - 1;

const FAMILIES: Readonly<Record<string, (k: number) => Measure>> = {
  ndcg: (k) => ndcg(k, linear),
  ndcg_exp: (k) => ndcg(k, exponential),
  mrr: (k) => (ranking) => {
    const first = firstRelevant(ranking);
    return first < k ? 1 / (first + 1) : 0;
  },
  map:
    (k) =>
    ({ ranks, grades, level, relevant }) => {
      let [found, sum] = [0, 0];
      for (let i = 0; i < ranks.length && ranks[i]! < k; i++) {
        if (grades[i]! >= level) sum += ++found / (ranks[i]! + 1);
      }
      return ratio(sum, relevant);
    },
  recall: (k) => (ranking) => ratio(relevantWithin(ranking, k), ranking.relevant),
  precision: (k) => (ranking) => relevantWithin(ranking, k) / k,
  rprec: () => (ranking) => ratio(relevantWithin(ranking, ranking.relevant), ranking.relevant),
  success: (k) => (ranking) => (firstRelevant(ranking) < k ? 1 : 0),
  complete: (k) => (ranking) => (ranking.relevant > 0 && relevantWithin(ranking, k) === ranking.relevant ? 1 : 0),
  bpref:
    () =>
    ({ ranks, grades, level, relevant, nonRelevant }) => {
      let [above, sum] = [0, 0];
      for (let i = 0; i < ranks.length; i++) {
        if (grades[i]! < level) above++;
        else sum += above === 0 ? 1 : 1 - Math.min(above, relevant) / Math.min(nonRelevant, relevant);
      }
      return ratio(sum, relevant);
    },
  auc: () => areaUnderCurve,
  judged:
    (k) =>
    ({ ranks }) => {
      let count = 0;
      while (count < ranks.length && ranks[count]! < k) count++;
      return count / k;
    },
};

function ndcg(k: number, gain: (grade: number) => number): Measure {
  return ({ ranks, grades, ideal }) => {
    let best = 0;
    for (let i = 0; i < ideal.length && i < k; i++) best += gain(ideal[i]!) * discount(i);
    if (best === 0) return 0;
    let sum = 0;
    for (let i = 0; i < ranks.length && ranks[i]! < k; i++) sum += gain(grades[i]!) * discount(ranks[i]!);
    return sum / best;
  };
}

const DISCOUNTS = Float64Array.from({ length: 1024 }, (_, rank) => 1 / Math.log2(rank + 2));

function discount(rank: number): number {
  return rank < DISCOUNTS.length ? DISCOUNTS[rank]! : 1 / Math.log2(rank + 2);
}

function rankBiasedPrecision(p: number, text: string): Metric {
  if (!(p > 0 && p < 1)) {
    throw new InvalidArgumentError(
      `The persistence of "${text}" is ${p}.`,
      'Give a number between 0 and 1, e.g. rbp(0.8).',
    );
  }
  return {
    name: `rbp(${p})`,
    depth: undefined,
    value: ({ ranks, grades, level }) => {
      let sum = 0;
      for (let i = 0; i < ranks.length; i++) if (grades[i]! >= level) sum += p ** ranks[i]!;
      return (1 - p) * sum;
    },
  };
}

function firstRelevant({ ranks, grades, level }: JudgedRanking): number {
  for (let i = 0; i < ranks.length; i++) if (grades[i]! >= level) return ranks[i]!;
  return Number.POSITIVE_INFINITY;
}

function relevantWithin({ ranks, grades, level }: JudgedRanking, k: number): number {
  let count = 0;
  for (let i = 0; i < ranks.length && ranks[i]! < k; i++) if (grades[i]! >= level) count++;
  return count;
}

/** Mann-Whitney's statistic over the documents returned, ties counting half; relevant ones not returned are below all of them. */
function areaUnderCurve({ ranks, grades, level, scores, length, relevant }: JudgedRanking): number {
  const found: number[] = [];
  for (let i = 0; i < ranks.length; i++) if (grades[i]! >= level) found.push(scores[ranks[i]!]!);
  const others = length - found.length;
  if (others === 0 || relevant === 0) return Number.NaN;
  let wins = 0;
  for (const score of found) {
    const above = countAbove(scores, score, false);
    const notBelow = countAbove(scores, score, true);
    // Relevant documents are not opponents of each other.
    const [ra, re] = [found.filter((s) => s > score).length, found.filter((s) => s === score).length];
    wins += others - (notBelow - re - ra) + (notBelow - above - re) / 2;
  }
  return wins / (others * relevant);
}

/** How many of descending `scores` are above `score` (or equal to it). */
export function countAbove(scores: Float32Array, score: number, orEqual: boolean): number {
  let [low, high] = [0, scores.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (orEqual ? scores[middle]! >= score : scores[middle]! > score) low = middle + 1;
    else high = middle;
  }
  return low;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
