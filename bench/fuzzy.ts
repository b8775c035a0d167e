// Search as people type, on WordNet's entries, against MiniSearch and Orama: words that are not finished, and words with a mistake. Top 10, one
// thread, raw text in, ids out. `npm run bench -- fuzzy`.
import { create, insertMultiple, search } from '@orama/orama';
import MiniSearch from 'minisearch';
import { Random } from '../src/base/random.ts';
import { memoryCorpus } from '../src/corpus/index.ts';
import { rankCorpus } from '../src/search/index.ts';
import { type Contestant, interleave, median, pairedRatio, report } from './harness.ts';
import { readWordNet, type WordNetEntry } from './lib-wordnet.ts';

const ROUNDS = 8;
const SEED = 20_240_502;
/** Queries of a round: fewer for the slow, figures are per query. */
const PER_ROUND = { sagitta: 200, minisearch: 20, orama: 6 } as const;
type Engine = keyof typeof PER_ROUND;

const entries = readWordNet();
const random = new Random(SEED);

/** A word of six letters or more of some entry, and another word of it. */
function drawWords(): [string, string] {
  for (;;) {
    const words = entries[random.below(entries.length)]!.text.toLowerCase().match(/\p{L}+/gu) ?? [];
    const long = words.filter(({ length }) => length >= 6);
    if (long.length >= 2) return [long[random.below(long.length)]!, long[random.below(long.length)]!];
  }
}

/** One letter left out, put in, exchanged, or swapped with the next, never the first. */
function mistyped(word: string): string {
  const at = 1 + random.below(word.length - 2);
  const letter = String.fromCharCode(97 + random.below(26));
  const kinds = [
    word.slice(0, at) + word.slice(at + 1),
    word.slice(0, at) + letter + word.slice(at),
    word.slice(0, at) + letter + word.slice(at + 1),
    word.slice(0, at) + word[at + 1] + word[at] + word.slice(at + 2),
  ];
  return kinds[random.below(kinds.length)]!;
}

const sets: Readonly<Record<string, readonly string[]>> = {
  'beginning of a word': Array.from({ length: 400 }, () => drawWords()[0].slice(0, 4 + random.below(2))),
  'word and beginning': Array.from({ length: 400 }, () => {
    const [one, two] = drawWords();
    return `${one} ${two.slice(0, 4 + random.below(2))}`;
  }),
  'word with a mistake': Array.from({ length: 400 }, () => mistyped(drawWords()[0])),
  'two words, a mistake': Array.from({ length: 400 }, () => {
    const [one, two] = drawWords();
    return `${mistyped(one)} ${two}`;
  }),
};

const corpus = await memoryCorpus(entries.map(({ id, text }) => ({ id: String(id), text, language: 'en' })));
const mini = new MiniSearch({ fields: ['text'] });
mini.addAll(entries);
const index = create({ schema: { text: 'string' } as const });
await insertMultiple(index, entries as WordNetEntry[], 5000);

const engines: Readonly<Record<Engine, (query: string) => unknown>> = {
  sagitta: (query) => rankCorpus(corpus, query, { k: 10, complete: true, language: 'en' }),
  minisearch: (query) => mini.search(query, { prefix: true, fuzzy: 0.2 }).slice(0, 10),
  orama: (query) => search(index, { term: query, limit: 10, tolerance: 1 }),
};

const rows: Record<string, string | number>[] = [];
const ratios: Record<string, number> = {};
for (const [set, queries] of Object.entries(sets)) {
  const next: Record<Engine, number> = { sagitta: 0, minisearch: 0, orama: 0 };
  const contestants = (Object.keys(PER_ROUND) as Engine[]).map(
    (name): Contestant => ({
      name,
      run: async () => {
        for (let i = 0; i < PER_ROUND[name]; i++) await engines[name](queries[next[name]++ % queries.length]!);
      },
    }),
  );
  const times = await interleave(contestants, { rounds: ROUNDS });
  const perQuery = (name: Engine): number[] => times.get(name)!.map((time) => time / PER_ROUND[name]);
  rows.push({
    queries: set,
    ...Object.fromEntries(
      (Object.keys(PER_ROUND) as Engine[]).map((name) => [`${name}, queries/s`, 1000 / median(perQuery(name))]),
    ),
  });
  for (const other of ['minisearch', 'orama'] as const) {
    ratios[`${set}: sagitta / ${other}`] = pairedRatio(perQuery(other), perQuery('sagitta'));
  }
}

report({
  name: 'fuzzy',
  threads: 1,
  columns: ['queries', ...Object.keys(PER_ROUND).map((name) => `${name}, queries/s`)],
  rows,
  ratios,
  notes: [
    `${entries.length} WordNet entries; 400 queries of each kind (seed ${SEED}), words of at least six letters, beginnings of four or five;`,
    'sagitta: `complete`, and what else it does for words that no document has; minisearch: prefix and fuzzy 0.2; orama: tolerance 1.',
    'Medians over rounds in one process, in each of which a peer answers only a part of the queries.',
  ],
});
