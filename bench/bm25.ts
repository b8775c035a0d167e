// BM25 on WordNet's entries against MiniSearch and Orama: 4-word queries, top 10, one thread, raw text in, ids out.
import { create, insertMultiple, save, search } from '@orama/orama';
import MiniSearch from 'minisearch';
import { MemorySections } from '../src/base/index.ts';
import { Random } from '../src/base/random.ts';
import { furtherForms } from '../src/corpus/passages.ts';
import { analyzeQuery } from '../src/corpus/query-analysis.ts';
import { InvertedIndex, InvertedIndexBuilder, type NumberedField, type QueryTerm } from '../src/index/index.ts';
import { analyzerFor, TermNumbers } from '../src/text/index.ts';
import { interleave, median, pairedRatio, report } from './harness.ts';
import { readWordNet, type WordNetEntry } from './lib-wordnet.ts';

const QUERIES = 1000;
const ROUNDS = 10;
const SEED = 20_240_501;

interface Engine {
  readonly name: string;
  /** Queries that it answers in a round: fewer for the slow, figures are per query. The second of them with stop words. */
  readonly perRound: readonly [number, number];
  /** Bytes of the index when saved. */
  readonly saved: () => number | Promise<number>;
  readonly search: (query: string) => unknown;
}

const entries = readWordNet();
const words = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
const english = analyzerFor('en');
const unstemmed = analyzerFor('en', { stem: false });

/** Four distinct words of one entry each. */
function draw(analyze: (text: string) => string[]): string[] {
  const random = new Random(SEED);
  return Array.from({ length: QUERIES }, () => {
    for (;;) {
      const distinct = [...new Set(analyze(entries[random.below(entries.length)]!.text))];
      if (distinct.length >= 4) return random.shuffle(distinct).slice(0, 4).join(' ');
    }
  });
}
const querySets = [draw((text) => unstemmed.terms(text)), draw(words)];

/** What is indexed of a text, and what a query is searched for. */
interface Analysis {
  readonly fields: (text: string, numbers: TermNumbers) => NumberedField[];
  readonly terms: (query: string) => QueryTerm[];
}

const plain: Analysis = {
  fields: (text, numbers) => [{ terms: numbers.encode(words(text)), boost: 1 }],
  terms: (query) => words(query).map((term) => ({ term, weight: 1 })),
};
/** As collections do it: stems that rank, and what else a word is found by. */
const asCollections: Analysis = {
  fields: (text, numbers) => {
    const reading = english.read(text, numbers);
    const fields = [{ terms: reading.terms, boost: 1 }];
    return [...fields, furtherForms([reading], fields, numbers)];
  },
  terms: (query) => [...analyzeQuery(query, ['en']).terms],
};

function sagitta(name: string, { fields, terms }: Analysis): Engine {
  const builder = new InvertedIndexBuilder();
  const numbers = new TermNumbers();
  for (const { text } of entries) builder.addNumbered(fields(text, numbers), numbers);
  const sections = builder.build();
  const saved = [...sections.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
  const index = InvertedIndex.open(new MemorySections(sections));
  // Opening is lazy: this reads everything.
  index.documentFrequency('');
  return {
    name,
    perRound: [QUERIES, QUERIES],
    saved: () => saved,
    search: (query) => index.search(terms(query), { k: 10 }),
  };
}

function miniSearch(): Engine {
  const index = new MiniSearch({ fields: ['text'] });
  index.addAll(entries);
  return {
    name: 'minisearch',
    perRound: [QUERIES / ROUNDS, 5],
    saved: () => Buffer.byteLength(JSON.stringify(index)),
    search: (query) => index.search(query).slice(0, 10),
  };
}

async function orama(): Promise<Engine> {
  const index = create({ schema: { text: 'string' } as const });
  await insertMultiple(index, entries as WordNetEntry[], 5000);
  return {
    name: 'orama',
    perRound: [20, 0],
    saved: () => Buffer.byteLength(JSON.stringify(save(index))),
    search: (query) => search(index, { term: query, limit: 10 }),
  };
}

/** Everything a process holds: objects, buffers, and the memories of WebAssembly. */
async function memory(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

async function measured(
  build: () => Engine | Promise<Engine>,
): Promise<{ engine: Engine; seconds: number; megabytes: number }> {
  const before = await memory();
  const start = performance.now();
  const engine = await build();
  const seconds = (performance.now() - start) / 1000;
  return { engine, seconds, megabytes: (await memory()) - before };
}

const built = [
  await measured(() => sagitta('sagitta', plain)),
  await measured(() => sagitta('sagitta, English analysis', asCollections)),
  await measured(miniSearch),
  await measured(orama),
];

/** Milliseconds per query, by query set and engine, one for each round. */
const perQuery: Map<string, number[]>[] = [];
for (const [set, queries] of querySets.entries()) {
  const contestants = built.map(({ engine }) => engine).filter(({ perRound }) => perRound[set]! > 0);
  const next = new Map(contestants.map(({ name }) => [name, 0]));
  const times = await interleave(
    contestants.map(({ name, perRound, search }) => ({
      name,
      run: async () => {
        let at = next.get(name)!;
        for (let i = 0; i < perRound[set]!; i++) {
          const answer = search(queries[at]!);
          if (answer instanceof Promise) await answer;
          at = (at + 1) % QUERIES;
        }
        next.set(name, at);
      },
    })),
    { rounds: ROUNDS },
  );
  perQuery.push(
    new Map(contestants.map(({ name, perRound }) => [name, times.get(name)!.map((time) => time / perRound[set]!)])),
  );
}
const [withoutStopWords, withStopWords] = perQuery as [Map<string, number[]>, Map<string, number[]>];
const faster = (set: Map<string, number[]>, ours: string, theirs: string) =>
  pairedRatio(set.get(theirs)!, set.get(ours)!);

const row = (name: string) => built.find(({ engine }) => engine.name === name)!;
const stopWordColumn = 'with stop words';
report({
  name: 'bm25',
  threads: 1,
  columns: ['engine', 'queries/s', stopWordColumn, 'build s', 'memory MB', 'saved MB'],
  rows: await Promise.all(
    built.map(async ({ engine, seconds, megabytes }) => ({
      engine: engine.name,
      'queries/s': 1000 / median(withoutStopWords.get(engine.name)!),
      ...(withStopWords.has(engine.name) ? { [stopWordColumn]: 1000 / median(withStopWords.get(engine.name)!) } : {}),
      'build s': seconds,
      'memory MB': megabytes,
      'saved MB': (await engine.saved()) / 1e6,
    })),
  ),
  ratios: {
    'queries/s: sagitta / minisearch': faster(withoutStopWords, 'sagitta', 'minisearch'),
    'queries/s: sagitta / orama': faster(withoutStopWords, 'sagitta', 'orama'),
    'queries/s: sagitta, English analysis / minisearch': faster(
      withoutStopWords,
      'sagitta, English analysis',
      'minisearch',
    ),
    'queries/s with stop words: sagitta / minisearch': faster(withStopWords, 'sagitta', 'minisearch'),
    'build time: minisearch / sagitta': row('minisearch').seconds / row('sagitta').seconds,
    'memory: minisearch / sagitta': row('minisearch').megabytes / row('sagitta').megabytes,
  },
  notes: [
    `${entries.length} WordNet entries (words and gloss); ${QUERIES} queries of 4 distinct words of one entry (seed ${SEED}), top 10.`,
    'Stop words are in every index, and not searched for with English analysis; the first figure is of queries without them. Orama needs',
    'seconds for a query with them and sits the second out. Figures are medians over rounds, in each of which a peer answers',
    'only a part of the queries.',
    'Every engine gets raw text and splits it itself; analysis counts, both in building and in searching. All settings of the',
    'peers are their defaults, so that Orama also matches prefixes.',
    'Memory: heap and external bytes that the finished index adds after garbage collection, texts of the entries excluded;',
    'English analysis includes its cache of stems. Ours holds the saved sections and their copy in WebAssembly.',
  ],
});
