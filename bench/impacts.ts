// Learned impacts against BM25 on WordNet's entries: queries of 4 words, top 10, one thread. `npm run bench -- impacts`. Impacts are made up (BM25's saturation times a factor of
// 0 to 2), as what they are does not change what they cost; `npm run bench -- impacts-trained` says what learned ones are worth.
import { MemorySections } from '../src/base/index.ts';
import { Random } from '../src/base/random.ts';
import {
  ImpactIndex,
  ImpactIndexBuilder,
  InvertedIndex,
  InvertedIndexBuilder,
  inverseDocumentFrequency,
} from '../src/index/index.ts';
import { analyzerFor } from '../src/text/index.ts';
import { interleave, median, pairedRatio, report } from './harness.ts';
import { readWordNet } from './lib-wordnet.ts';

const QUERIES = 1000;
const ROUNDS = 10;
const SEED = 20_240_501;

const entries = readWordNet();
const english = analyzerFor('en');
const terms = entries.map(({ text }) => english.terms(text));
const average = terms.reduce((sum, { length }) => sum + length, 0) / terms.length;

const random = new Random(SEED);
const words = new InvertedIndexBuilder();
const weighed = new ImpactIndexBuilder();
for (const own of terms) {
  words.add([{ terms: own, boost: 1 }]);
  const counts = new Map<string, number>();
  for (const term of own) counts.set(term, (counts.get(term) ?? 0) + 1);
  const norm = 0.9 * (0.6 + (0.4 * own.length) / average);
  weighed.add(Array.from(counts, ([term, count]) => ({ term, weight: (2 * random.next() * count) / (count + norm) })));
}
const sections = { bm25: words.build(), impacts: weighed.build() };
const bm25 = InvertedIndex.open(new MemorySections(sections.bm25));
const impacts = ImpactIndex.open(new MemorySections(sections.impacts));

const queries = Array.from({ length: QUERIES }, () => {
  for (;;) {
    const distinct = [...new Set(terms[random.below(terms.length)]!)];
    if (distinct.length >= 4) return random.shuffle(distinct).slice(0, 4);
  }
});
const examined = { bm25: 0, impacts: 0 };
const search = {
  bm25: (query: readonly string[]) =>
    bm25.search(
      query.map((term) => ({ term, weight: 1 })),
      { k: 10 },
    ),
  // As a search weighs them.
  impacts: (query: readonly string[]) =>
    impacts.search(
      query.map((term) => ({ term, weight: inverseDocumentFrequency(terms.length, bm25.documentFrequency(term)) })),
      { k: 10 },
    ),
};
const names = ['bm25', 'impacts'] as const;
for (const query of queries) for (const name of names) examined[name] += search[name](query).examined / QUERIES;
const times = await interleave(
  names.map((name) => ({
    name,
    run: () => {
      for (const query of queries) search[name](query);
    },
  })),
  { rounds: ROUNDS },
);
const megabytes = (made: ReadonlyMap<string, Uint8Array>) =>
  [...made.values()].reduce((sum, { byteLength }) => sum + byteLength, 0) / 1e6;
report({
  name: 'impacts',
  threads: 1,
  columns: ['ranked by', 'queries/s', 'scored for a query', 'saved MB'],
  rows: names.map((name) => ({
    'ranked by': name,
    'queries/s': (1000 * QUERIES) / median(times.get(name)!),
    'scored for a query': examined[name],
    'saved MB': megabytes(sections[name]),
  })),
  ratios: { 'queries/s: impacts / bm25': pairedRatio(times.get('bm25')!, times.get('impacts')!) },
  notes: [
    `${entries.length} WordNet entries (words and gloss), stemmed; ${QUERIES} queries of 4 distinct terms of one entry (seed ${SEED}), top 10. Queries are terms already.`,
  ],
});
