// What does a hybrid query cost beside BM25 and dense retrieval alone? 100,000 WordNet entries with 384-d vectors of hashed words, in
// one segment and in several; every query is new and encoded. `npm run bench -- hybrid-cost [--passages N]`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../src/base/random.ts';
import { openCollection, type RetrieverName } from '../src/collection/index.ts';
import { interleave, median, report } from './harness.ts';
import { drawQuery, readWordNet } from './lib-wordnet.ts';

const at = process.argv.indexOf('--passages');
const PASSAGES = at < 0 ? 100_000 : Number(process.argv[at + 1]);
const ENCODER = 'hash:384';
const SEGMENTS = [30, 7, 1] as const;
const ROUNDS = 9;
/** Queries that each retriever answers in a round. */
const PER_ROUND = 20;
const SEED = 20_240_502;
const retrievers: readonly RetrieverName[] = ['bm25', 'dense', 'hybrid'];

const entries = readWordNet().slice(0, PASSAGES);
const random = new Random(SEED);
const nextQuery = (): string => drawQuery(entries, random);

const rows: Record<string, string | number>[] = [];
const ratios: Record<string, number> = {};
for (const wanted of SEGMENTS) {
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-hybrid-cost-'));
  try {
    await using collection = await openCollection(join(folder, 'collection'), { create: true, encoder: ENCODER });
    const each = Math.ceil(entries.length / wanted);
    for (let from = 0; from < entries.length; from += each) {
      await collection.add(entries.slice(from, from + each).map((entry) => ({ ...entry, language: 'en' })));
    }
    if (wanted === 1) await collection.compact({ full: true });
    const { segments } = await collection.inspect();
    for (const kind of ['search', 'rank'] as const) {
      const times = await interleave(
        retrievers.map((retriever) => ({
          name: retriever,
          run: async () => {
            for (let i = 0; i < PER_ROUND; i++) await collection[kind](nextQuery(), { retriever });
          },
        })),
        { rounds: ROUNDS, warmup: 3 },
      );
      const [bm25, dense, hybrid] = retrievers.map((name) => median(times.get(name)!) / PER_ROUND) as [
        number,
        number,
        number,
      ];
      const label = `${kind}, ${segments.length} segment${segments.length === 1 ? '' : 's'}`;
      rows.push({ query: label, 'BM25 ms': bm25, 'dense ms': dense, 'hybrid ms': hybrid });
      ratios[`${label}: hybrid / (BM25 + dense)`] = hybrid / (bm25 + dense);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

report({
  name: 'hybrid-cost',
  threads: 1,
  columns: ['query', 'BM25 ms', 'dense ms', 'hybrid ms'],
  rows,
  ratios,
  notes: [
    `${entries.length} WordNet entries with vectors of ${ENCODER}, not compacted but for the one segment; five words of an entry, top 10,`,
    `seed ${SEED}. Each retriever is asked with its own defaults: fusion looks at 50 candidates of each, which a list of ten does not.`,
    `Medians of ${ROUNDS} rounds of ${PER_ROUND} queries, in each of which the three take turns; files in the page cache.`,
  ],
});
