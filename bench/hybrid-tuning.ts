// Which fusion, with which weights? nDCG@10 on development judgements only: SciFact's training queries, and collections
// that docs/search.md does not report on. Queries are encoded once; each fusion then combines the same rankings again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCollection } from '../src/collection/index.ts';
import { DEFAULT_ENCODER, openEncoder } from '../src/encode/registry.ts';
import { bm25, convex, dense, type Fusion, fuse, type Ranking, type Retriever, rrf } from '../src/search/index.ts';
import { report } from './harness.ts';
import { mean, ndcg, type Parts, readCollection } from './lib-beir.ts';

const sets: readonly (readonly [name: string, parts?: Parts])[] = [
  ['scifact', { qrels: 'qrels-train.tsv' }],
  ['pubmedqa'],
  ['hotpotqa_100'],
  ['mtrag_un'],
  ['gorilla_apibench'],
  ['openclipart'],
];
const MOST_QUERIES = 1000;
const DEPTH = 50;
const contestants: readonly (readonly [name: string, fusion: Fusion, weights: readonly [number, number]])[] = [
  ['bm25', rrf(), [1, 0]],
  ['dense', rrf(), [0, 1]],
  ...[0.3, 0.5].map((w) => [`rrf ${w}`, rrf(), [1 - w, w]] as const),
  ...[0.3, 0.5].map((w) => [`convex max,min-max ${w}`, convex({ normalize: ['max', 'min-max'] }), [1 - w, w]] as const),
  ...[0.5, 0.7].map((w) => [`convex 0,-1 ${w}`, convex({ normalize: ['max', { floor: -1 }] }), [1 - w, w]] as const),
  ...(['max', 'limit'] as const).flatMap((normalize) =>
    [0.2, 0.3, 0.4, 0.5, 0.6, 0.7].map((w) => [`convex ${normalize} ${w}`, convex({ normalize }), [1 - w, w]] as const),
  ),
];

const scores = new Map<string, Record<string, number>>(contestants.map(([name]) => [name, {}]));
const notes: string[] = [];
/** The encoder whose share is chosen: `npm run bench -- hybrid-tuning static`. */
const spec = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? DEFAULT_ENCODER;
const encoder = await openEncoder(spec);
for (const [name, parts] of sets) {
  const collection = await readCollection(name, parts);
  if (collection === undefined) {
    notes.push(`${name}: needs-data`);
    continue;
  }
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-tuning-'));
  try {
    await using index = await openCollection(folder, { create: true, encoder });
    await index.add(collection.documents);
    const corpus = await index.corpus();
    const lexical = bm25(corpus);
    const semantic = dense(corpus);
    const queries = [...collection.queries].slice(0, MOST_QUERIES);
    const found = new Map<string, number[]>(contestants.map(([contestant]) => [contestant, []]));
    for (const [id, text] of queries) {
      // The same object throughout: it is encoded once.
      const query = { content: text, language: 'en' };
      const rankings = await Promise.all(
        [lexical, semantic].map((retriever) => retriever(query, { k: DEPTH, limit: true })),
      );
      const first = remember(rankings[0]!, lexical);
      const second = remember(rankings[1]!, semantic);
      for (const [contestant, fusion, weights] of contestants) {
        const { hits } = await fuse([first, second], fusion, { weights, candidates: DEPTH })(query, { k: DEPTH });
        const owners = await corpus.documentsOf(hits.map(({ passage }) => passage));
        const documents = (await corpus.documents([...new Set(owners)])).map((document) => document.id);
        found.get(contestant)!.push(ndcg(documents, collection.judgements.get(id)!));
      }
    }
    for (const [contestant, values] of found) scores.get(contestant)![name] = mean(values);
    corpus.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A ranking that is there already; other passages are scored as its retriever would. */
function remember(ranking: Ranking, { score }: Retriever): Retriever {
  return Object.assign(async () => ranking, score === undefined ? {} : { score });
}

const names = sets.map(([name]) => name).filter((name) => scores.get('bm25')![name] !== undefined);
report({
  name: 'hybrid-tuning',
  threads: 2,
  columns: ['fusion', ...names, 'mean', 'worst - BM25', 'worst - better'],
  rows: contestants.map(([contestant]) => {
    const own = scores.get(contestant)!;
    const against = (reference: (name: string) => number): number =>
      Math.min(...names.map((name) => own[name]! - reference(name)));
    return {
      fusion: contestant,
      ...Object.fromEntries(names.map((name) => [name, own[name]!.toFixed(4)])),
      mean: mean(names.map((name) => own[name]!)).toFixed(4),
      'worst - BM25': against((name) => scores.get('bm25')![name]!).toFixed(4),
      'worst - better': against((name) => Math.max(scores.get('bm25')![name]!, scores.get('dense')![name]!)).toFixed(4),
    };
  }),
  notes: [...notes, `the first ${MOST_QUERIES} queries of each set; nDCG@10`],
});
