import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCollection } from '../../src/collection/index.ts';
import { nativeRuntime } from '../../src/encode/runtime.ts';
import { evaluate, type TestCollection, type TestDocument } from '../../src/eval/index.ts';
import {
  hitScores,
  type QueryWords,
  type RelevanceParameters,
  relevanceOf,
  type ScoredHit,
  type ScoredList,
} from '../../src/search/index.ts';
import { f1, type JudgedList, learnRelevance, type RelevanceOptions } from '../../src/train/index.ts';
import { documentsOf, sourcesOf, vectorsOf } from '../datasets/embeddings.ts';
import type { Lab } from '../grading/lab.ts';
import { type ComparativeClaim, type Config, type Contestant, material } from '../grading/types.ts';

/** Hits of a query that are looked at. */
const DEPTH = 50;

interface Hit extends ScoredHit {
  readonly id: string;
}

interface List {
  readonly hits: readonly Hit[];
  readonly words?: QueryWords;
}

/** Relevant documents of a query. */
type Truth = readonly string[];
/** Documents that are kept. */
type Answer = readonly string[];

interface Lists {
  readonly lists: Readonly<Record<string, List>>;
  /** Embeddings of the queries. */
  readonly vectors: ReadonlyMap<string, Float32Array>;
  readonly truth: ReadonlyMap<string, Truth>;
  readonly split: (query: string) => 'train' | 'dev' | 'test';
  readonly sources: Readonly<Record<string, string>>;
}

/** Hybrid search's first hits for all claims of SciFact: a third of the training claims for choosing, the test claims for reporting. */
function load(lab: Lab): Promise<Lists> {
  return lab.once('relevance lists', async () => {
    const [train, test] = [await lab.collection('scifact', { split: 'train' }), await lab.collection('scifact')];
    const asked = new Map([...train.queries].slice(0, lab.pick(60, 809)));
    for (const [id, text] of [...test.queries].slice(0, lab.pick(60, 300))) asked.set(id, text);
    const judged = (id: string) => [...(test.queries.has(id) ? test : train).judgements.get(id)!.keys()];
    const documents = await documentsOf(lab, test, new Set([...asked.keys()].flatMap(judged)));
    const lists = await lab.remember(
      ['relevance lists', train.fingerprint, test.fingerprint, String(asked.size), String(documents.length)],
      () => search(documents, asked, lab),
    );
    const own = [...train.queries.keys()];
    const position = new Map(own.map((id, i) => [id, i]));
    const relevant = (collection: TestCollection, id: string): Truth =>
      [...collection.judgements.get(id)!].filter(([, grade]) => grade > 0).map(([document]) => document);
    const encoded = await vectorsOf(lab, [...asked.values()], 'query');
    const vectors = new Map([...asked.keys()].map((id, row) => [id, encoded.row(row)]));
    return {
      lists,
      vectors,
      truth: new Map([...asked.keys()].map((id) => [id, relevant(test.queries.has(id) ? test : train, id)])),
      split: (id) => (test.queries.has(id) ? 'test' : position.get(id)! % 3 === 0 ? 'dev' : 'train'),
      sources: { ...sourcesOf(train), ...sourcesOf(test) },
    };
  });
}

async function search(
  documents: readonly TestDocument[],
  queries: ReadonlyMap<string, string>,
  lab: Lab,
): Promise<Record<string, List>> {
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-relevance-'));
  try {
    await using index = await openCollection(folder, { create: true, encoder: lab.encoder });
    lab.say(`indexing ${documents.length} documents`);
    await index.add(documents, { signal: lab.signal });
    lab.say(`asking ${queries.size} queries`);
    const lists: Record<string, List> = {};
    for (const [id, text] of queries) {
      lab.checkTime();
      const { hits, words } = await index.search(text, { k: DEPTH, perDocument: 1, explain: true });
      lists[id] = {
        hits: hits.map((hit) => ({ id: hit.id, contributions: hit.contributions!, match: hit.match! })),
        words: words!,
      };
    }
    return lists;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function listOf({ lists, vectors }: Lists, query: string): ScoredList {
  return { ...lists[query]!, vector: vectors.get(query)! };
}

function quality(truth: Truth, answer: Answer): number {
  const kept = answer.map(() => true);
  const relevant = answer.map((id) => truth.includes(id));
  return f1(relevant, kept, truth.length - relevant.filter(Boolean).length);
}

/** The first k, or all above a score: the score of words, of vectors, or their sum as hybrid search weighs it. */
function fixedCut({ lists }: Lists): Contestant<Truth, Answer> {
  const configs: Config[] = [
    ...[1, 2, 3, 5].map((k) => ({ cut: 'k', at: k })),
    ...[0.6, 0.8, 1, 1.2, 1.5, 2, 2.5].map((at) => ({ cut: 'BM25 / 10', at })),
    ...[0.4, 0.5, 0.6, 0.7].map((at) => ({ cut: 'cosine', at })),
  ];
  return {
    name: 'fixed k or fixed score',
    configs,
    fit: async ({ cut, at }) => ({
      answer: (query) => {
        const { hits } = lists[query]!;
        const wanted = Number(at);
        if (cut === 'k') return hits.slice(0, wanted).map(({ id }) => id);
        const scores = hitScores(hits);
        return hits.filter((_, i) => scores[i]![cut === 'cosine' ? 1 : 0] >= wanted).map(({ id }) => id);
      },
    }),
  };
}

function adapter(lists: Lists, name: string, by: RelevanceOptions['by'] = 'held-out'): Contestant<Truth, Answer> {
  return {
    name,
    configs: [10, 20, 50].map((depth) => ({ depth })),
    fit: async ({ depth }, { train, signal }) => {
      const learned = await learnFrom(lists, train, { by, depth: Number(depth), signal });
      return {
        answer: (query) => {
          const { hits } = lists.lists[query]!;
          const probabilities = relevanceOf(listOf(lists, query), learned);
          return hits.filter((_, i) => probabilities[i]! >= learned.threshold).map(({ id }) => id);
        },
        costs: { threshold: learned.threshold },
      };
    },
  };
}

async function learnFrom(
  lists: Lists,
  train: ReadonlyMap<string, Truth>,
  options: Omit<RelevanceOptions, 'runtime'>,
): Promise<RelevanceParameters> {
  const judged: JudgedList[] = [...train].map(([query, truth]) => ({
    ...listOf(lists, query),
    relevant: lists.lists[query]!.hits.map(({ id }) => truth.includes(id)),
  }));
  return learnRelevance(judged, { runtime: await nativeRuntime(), ...options });
}

/** F1 of what `search --relevant` keeps. */
export const cut: ComparativeClaim = {
  id: 'cut',
  kind: 'comparative',
  statement:
    'On queries with labels held out, what `search --relevant` keeps has a better F1 than the best fixed number of hits or fixed score keeps.',
  metric: 'mean F1 of what is kept',
  margin: {},
  load: async (lab) => {
    const lists = await load(lab);
    return material<Truth, Answer>({
      truth: lists.truth,
      split: lists.split,
      sources: lists.sources,
      measure: quality,
      baseline: fixedCut(lists),
      method: adapter(lists, 'calibrated'),
      controls: [
        adapter(lists, "by the query's list alone", 'list'),
        // The sample of a quick run is too small for a head.
        ...lab.pick([], [adapter(lists, 'by list and embedding', 'both')]),
      ],
      notes: await cuts(lists, lab),
    });
  },
};

/** Precision, recall and consistency of cuts on the test queries, for the reader; no verdict hangs on it. */
async function cuts(lists: Lists, lab: Lab): Promise<string[]> {
  const queries = [...lists.truth.keys()].filter((id) => lists.split(id) === 'test');
  const train = new Map([...lists.truth].filter(([id]) => lists.split(id) === 'train'));
  const learned = await learnFrom(lists, train, { signal: lab.signal });
  const judgements = new Map(queries.map((id) => [id, new Map(lists.truth.get(id)!.map((document) => [document, 1]))]));
  const row = (
    name: string,
    score: (hits: readonly Hit[], query: string) => ArrayLike<number>,
    keep: (value: number, rank: number) => boolean,
  ): string => {
    let [both, kept, wanted, empty] = [0, 0, 0, 0];
    const run = new Map(
      queries.map((id) => {
        const { hits } = lists.lists[id]!;
        const scores = Array.from(score(hits, id));
        const answer = hits.filter((_, i) => keep(scores[i]!, i));
        kept += answer.length;
        if (answer.length === 0) empty++;
        both += answer.filter((hit) => lists.truth.get(id)!.includes(hit.id)).length;
        wanted += lists.truth.get(id)!.length;
        return [id, { ids: hits.map((hit) => hit.id), scores }] as const;
      }),
    );
    const { pooled } = evaluate(run, judgements, { metrics: ['auc'] });
    return `| ${name} | ${(both / Math.max(1, kept)).toFixed(3)} | ${(both / wanted).toFixed(3)} | ${(kept / queries.length).toFixed(2)} | ${empty} | ${pooled!.auc.toFixed(3)} | ${pooled!.opis.toFixed(4)} |`;
  };
  const lexical = (hits: readonly Hit[]): number[] => hitScores(hits).map(([words]) => words);
  return [
    [
      `Cuts on ${queries.length} test queries (hybrid search, ${DEPTH} hits); the calibrated one by the map "${learned.map ?? 'linear'}" that ${learned.query === undefined ? "the query's list" : "the query's list and its embedding"} decided on:`,
      '',
      '| cut | precision | recall | hits kept | nothing kept | pooled AUC | OPIS |',
      '|---|---|---|---|---|---|---|',
      row(
        `calibrated, probability at least ${learned.threshold}`,
        (_, query) => relevanceOf(listOf(lists, query), learned),
        (value) => value >= learned.threshold,
      ),
      ...[1, 2, 3].map((k) => row(`the first ${k}`, lexical, (_, rank) => rank < k)),
      ...[8, 10, 12, 15].map((at) => row(`BM25 at least ${at}`, lexical, (value) => value >= at / 10)),
    ].join('\n'),
  ];
}
