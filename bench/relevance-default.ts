// What relevance is judged by where a collection has not learned it: learns it from development collections, for minilm, static and words
// alone, prints it for src/search/relevance-defaults.ts, and reports on collections that took no part, beside the best fixed cuts.
// `npm run bench -- relevance-default [--keep FOLDER] [ENCODER...]`: collections and lists are kept in the folder for another run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeRuntime } from '../src/encode/runtime.ts';
import { hitScores, type RelevanceParameters, relevanceOf, type ScoredList } from '../src/search/index.ts';
import { evenly, f1, learnRelevance, withoutAnswers } from '../src/train/index.ts';
import { report } from './harness.ts';
import { mean } from './lib-beir.ts';
import { type Lists, type ListWithMissed, listsOf } from './lib-relevance.ts';

/** Gives each hit of a list a score: those of at least a threshold are kept. */
type Score = (list: ScoredList) => ArrayLike<number>;

const baselines: Readonly<Record<string, { readonly score: Score; readonly at: readonly number[] }>> = {
  k: { score: ({ hits }) => hits.map((_, i) => -i), at: [0, -1, -2, -4, -9] },
  cosine: { score: (list) => hitScores(list.hits).map(([, cosine]) => cosine), at: range(0.1, 0.9, 0.02) },
  fused: {
    score: ({ hits }) => hits.map(({ contributions = [] }) => contributions.reduce((sum, { share }) => sum + share, 0)),
    at: range(0.1, 1, 0.02),
  },
  BM25: { score: (list) => hitScores(list.hits).map(([words]) => 10 * words), at: range(1, 40, 1) },
};

/**
 * What each is judged by, in places of `hitScores`: not BM25, which grows with the collection. Cosines of minilm see more than words do; coverage
 * beside them would cut what says the same in other words.
 */
const SCORES: Readonly<Record<string, readonly number[]>> = { minilm: [1, 2], static: [1, 2, 3, 4], none: [3, 4] };
/**
 * And of the list, in places of `listFeatures`: the best cosine, with minilm the best fused score, and how much of the
 * query a hit could match.
 */
const FEATURES: Readonly<Record<string, readonly number[]>> = { minilm: [3, 7, 11], static: [3, 7], none: [7, 9] };
/** Share of the queries of development collections with an answer in their list that may lose all of it. */
const MOST_LOST = 0.035;

const args = process.argv.slice(2);
const at = args.indexOf('--keep');
const [, keep] = at < 0 ? [] : args.splice(at, 2);
const folder = keep ?? mkdtempSync(join(tmpdir(), 'sagitta-relevance-'));
const chosen = args.filter((one) => !one.startsWith('--'));
try {
  for (const encoder of chosen.length > 0 ? chosen : ['minilm', 'static', 'none']) {
    const development = await listsOf('development', encoder, folder);
    const learned = await learn([...development.values()], encoder);
    console.log(`\n${encoder}: ${JSON.stringify(learned)},`);
    show(encoder, learned, development, await listsOf('report', encoder, folder));
  }
} finally {
  if (keep === undefined) rmSync(folder, { recursive: true, force: true });
}

async function learn(development: readonly Lists[], encoder: string): Promise<RelevanceParameters> {
  return learnRelevance(interleaved(development.map(({ own }) => own)), {
    runtime: await nativeRuntime(),
    by: 'list',
    encoder,
    depth: 20,
    scores: SCORES[encoder]!,
    features: FEATURES[encoder]!,
    listWeight: 1,
    mostLost: MOST_LOST,
    foreign: interleaved(development.flatMap(({ foreign, general, gibberish }) => [foreign, general, gibberish])),
  });
}

/** One of each in turn, so that every third comes from all of them. */
function interleaved<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}

function show(
  encoder: string,
  learned: RelevanceParameters,
  development: ReadonlyMap<string, Lists>,
  reported: ReadonlyMap<string, Lists>,
): void {
  const ours = { score: (list: ScoredList) => relevanceOf(list, learned), threshold: learned.threshold };
  const others = Object.entries(baselines)
    .filter(([name]) => encoder !== 'none' || name === 'k' || name === 'BM25')
    .map(([name, { score, at: thresholds }]) => {
      const quality = (threshold: number) =>
        mean([...development.values()].map((set) => meanF1(mixed(set), score, threshold)));
      const [threshold] = thresholds.map((one) => [one, quality(one)] as const).sort(([, a], [, b]) => b - a)[0]!;
      return { name, score, threshold };
    });
  const rows = [
    ...[...development].map((one) => [...one, 'dev'] as const),
    ...[...reported].map((one) => [...one, ''] as const),
  ].map(([name, set, part]) => ({
    set: `${name} ${part}`,
    AUC: auc(set.own, set.foreign, ours.score),
    'AUC cosine': auc(set.own, set.foreign, baselines['cosine']!.score),
    'AUC BM25': auc(set.own, set.foreign, baselines['BM25']!.score),
    'AUC removed': auc(set.own, set.own.flatMap(withoutAnswers), ours.score),
    'AUC unanswerable': set.unanswerable.length === 0 ? '' : auc(set.own, set.unanswerable, ours.score),
    F1: meanF1(mixed(set), ours.score, ours.threshold),
    ...Object.fromEntries(others.map((one) => [`F1 ${one.name}`, meanF1(mixed(set), one.score, one.threshold)])),
    'F1 own': mean(set.own.map((list) => f1Of(list, ours.score, ours.threshold))),
    'own empty': emptyShare(set.own, ours),
    'foreign empty': emptyShare(set.foreign, ours),
    'gibberish empty': emptyShare(set.gibberish, ours),
  }));
  const table = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [key, typeof value === 'number' ? value.toFixed(3) : value]),
    ),
  );
  report({
    name: `relevance-default ${encoder}`,
    threads: 2,
    columns: Object.keys(rows[0]!),
    rows: table,
    notes: [
      `thresholds chosen on the development collections: relevance ${learned.threshold}, ${others.map(({ name, threshold }) => `${name} ${name === 'k' ? 1 - threshold : threshold.toFixed(2)}`).join(', ')}`,
      "F1: mean of the collection's own queries and of foreign ones, both halves alike; AUC removed: against its own queries with the answers taken away",
    ],
  });
}

/** What is measured of a collection: its own queries and foreign ones. */
function mixed({ own, foreign }: Lists): ListWithMissed[] {
  return [...own, ...foreign];
}

function f1Of({ relevant, missed, ...list }: ListWithMissed, score: Score, threshold: number): number {
  const kept = Array.from(score({ ...list }), (value) => value >= threshold);
  return f1(relevant, kept, missed);
}

function meanF1(lists: readonly ListWithMissed[], score: Score, threshold: number): number {
  const weights = evenly(lists);
  return mean(lists.map((list, i) => weights[i]! * f1Of(list, score, threshold)));
}

function emptyShare(
  lists: readonly ScoredList[],
  { score, threshold }: { readonly score: Score; readonly threshold: number },
): number {
  return mean(lists.map((list) => (Array.from(score(list)).some((value) => value >= threshold) ? 0 : 1)));
}

/** Chance that the best score of a query with an answer is above that of one without. */
function auc(answered: readonly ScoredList[], unanswered: readonly ScoredList[], score: Score): number {
  const best = (list: ScoredList): number => Math.max(Number.NEGATIVE_INFINITY, ...Array.from(score(list)));
  const [above, below] = [answered.map(best), unanswered.map(best)];
  return mean(above.map((one) => mean(below.map((other) => (one > other ? 1 : one === other ? 0.5 : 0)))));
}

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);
}
