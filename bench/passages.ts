// How long should passages be, and how much should two pieces of a section share? nDCG@10 of documents on development judgements, for words,
// meaning and both. `npm run bench -- passages [ENCODER]`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../src/base/random.ts';
import { openCollection, type RetrieverName } from '../src/collection/index.ts';
import { DEFAULT_ENCODER, openEncoder } from '../src/encode/registry.ts';
import { report } from './harness.ts';
import { mean, ndcg, type Parts, readCollection, type TestCollection } from './lib-beir.ts';

const sets: readonly (readonly [name: string, parts?: Parts])[] = [
  ['scifact', { qrels: 'qrels-train.tsv' }],
  ['pubmedqa'],
  ['mtrag_un'],
  ['hotpotqa_100'],
];
const MOST_QUERIES = 300;
/** Documents of a set: those that answer its queries, and others at random. */
const MOST_DOCUMENTS = 1500;
/** Most words of a passage, and those that two pieces share. */
const settings: readonly (readonly [passageTokens: number, passageOverlap: number])[] = [
  [128, 0],
  [128, 30],
  [200, 0],
  [200, 30],
  [200, 60],
  [256, 30],
];
const retrievers: readonly RetrieverName[] = ['bm25', 'dense', 'hybrid'];

const spec = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? DEFAULT_ENCODER;
const encoder = await openEncoder(spec);
const collections = (await Promise.all(sets.map(([name, parts]) => readCollection(name, parts)))).filter(
  (one) => one !== undefined,
);
const rows: Record<string, string | number>[] = [];
for (const [passageTokens, passageOverlap] of settings) {
  const found: Record<RetrieverName, number[]> = { bm25: [], dense: [], hybrid: [] };
  let passages = 0;
  for (const collection of collections) {
    const folder = mkdtempSync(join(tmpdir(), 'sagitta-passages-'));
    try {
      const queries = [...collection.queries].slice(0, MOST_QUERIES);
      await using index = await openCollection(folder, {
        create: true,
        encoder,
        settings: { passageTokens, passageOverlap },
      });
      await index.add(sampled(collection, queries));
      passages += (await index.inspect()).passages;
      for (const retriever of retrievers) {
        const values: number[] = [];
        for (const [id, text] of queries) {
          const { hits } = await index.search(text, { retriever, k: 10, perDocument: 1 });
          const documents = hits.map((hit) => hit.id);
          values.push(ndcg(documents, collection.judgements.get(id)!));
        }
        found[retriever].push(mean(values));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  rows.push({
    words: passageTokens,
    overlap: passageOverlap,
    passages,
    BM25: mean(found.bm25).toFixed(4),
    dense: mean(found.dense).toFixed(4),
    hybrid: mean(found.hybrid).toFixed(4),
    ...Object.fromEntries(collections.map(({ name }, i) => [name, found.hybrid[i]!.toFixed(4)])),
  });
}

function sampled(
  { documents, judgements }: TestCollection,
  queries: readonly (readonly [string, string])[],
): TestCollection['documents'] {
  const random = new Random(1);
  const wanted = new Set(queries.flatMap(([id]) => [...judgements.get(id)!.keys()]));
  const share = (MOST_DOCUMENTS - wanted.size) / Math.max(1, documents.length - wanted.size);
  return documents.filter(({ id }) => wanted.has(id) || random.next() < share);
}

report({
  name: 'passages',
  threads: 2,
  columns: ['words', 'overlap', 'passages', 'BM25', 'dense', 'hybrid', ...collections.map(({ name }) => name)],
  rows,
  notes: [
    `means over the sets, and hybrid for each; encoder ${spec}; the first ${MOST_QUERIES} queries, at most ${MOST_DOCUMENTS} documents`,
    'passages that are longer than the encoder reads are cut to it, whatever the setting',
  ],
});
