// Does fusing help? nDCG@10 of BM25, dense and hybrid search on test collections, with the default settings. The
// fusion's weights are chosen by `npm run bench -- hybrid-tuning`, on other judgements than these. `npm run bench -- hybrid [ENCODER [SET...]]`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCollection, type RetrieverName } from '../src/collection/index.ts';
import { DEFAULT_ENCODER, openEncoder } from '../src/encode/registry.ts';
import { report } from './harness.ts';
import { mean, ndcg, type Parts, readCollection } from './lib-beir.ts';

const sets: readonly (readonly [name: string, parts?: Parts])[] = [
  ['scifact'],
  ['clapnq_dev'],
  ['tldr'],
  ['metatool'],
  ...(['en', 'de', 'zh', 'th'] as const).map(
    (language) => ['xquad', { corpus: `corpus.${language}.jsonl`, queries: `queries.${language}.jsonl` }] as const,
  ),
  ['pquad'],
];
/** Of each set; metatool has 20,558. */
const MOST_QUERIES = 2000;
const retrievers: readonly RetrieverName[] = ['bm25', 'dense', 'hybrid'];
const [spec = DEFAULT_ENCODER, ...chosen] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const encoder = await openEncoder(spec);

const rows: Record<string, string | number>[] = [];
const notes: string[] = [];
/** Of the sets that the encoder has a say in. */
const english: [bm25: number, dense: number, hybrid: number][] = [];
for (const [name, parts] of sets) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const collection = await readCollection(name, parts);
  const label = parts?.corpus === undefined ? name : `${name} ${parts.corpus.split('.')[1]}`;
  if (collection === undefined) {
    notes.push(`${label}: needs-data, set SAGITTA_DATA to the folder that holds ${name}`);
    continue;
  }
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-hybrid-'));
  try {
    await using index = await openCollection(folder, { create: true, encoder });
    await index.add(collection.documents);
    const queries = [...collection.queries].slice(0, MOST_QUERIES);
    let silent = 0;
    const scores: Record<RetrieverName, number[]> = { bm25: [], dense: [], hybrid: [] };
    for (const retriever of retrievers) {
      for (const [id, text] of queries) {
        const { ids, abstained } = await index.rank(text, { retriever, k: 10 });
        // The dense retriever alone has nothing to say of a query in a language that its encoder does not know.
        if (abstained) silent++;
        scores[retriever].push(ndcg(ids, collection.judgements.get(id)!));
      }
    }
    const { bm25, dense, hybrid } = scores;
    const [lexical, semantic, fused] = [mean(bm25), mean(dense), mean(hybrid)];
    rows.push({
      collection: label,
      documents: String(collection.documents.length),
      queries: String(queries.length),
      BM25: lexical.toFixed(4),
      dense: silent === queries.length ? '-' : semantic.toFixed(4),
      hybrid: fused.toFixed(4),
      'hybrid - BM25': signed(fused - lexical),
      'hybrid - better': signed(fused - Math.max(lexical, semantic)),
    });
    if (silent < queries.length / 2) english.push([lexical, semantic, fused]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [lexical, semantic, fused] = [0, 1, 2].map((i) => mean(english.map((values) => values[i]!))) as [
  number,
  number,
  number,
];
rows.push({
  collection: 'mean, with a dense part',
  BM25: lexical.toFixed(4),
  dense: semantic.toFixed(4),
  hybrid: fused.toFixed(4),
  'hybrid - BM25': signed(fused - lexical),
  'hybrid - better': signed(fused - Math.max(lexical, semantic)),
});

function signed(difference: number): string {
  return `${difference >= 0 ? '+' : ''}${difference.toFixed(4)}`;
}

report({
  name: 'hybrid',
  threads: 2,
  columns: ['collection', 'documents', 'queries', 'BM25', 'dense', 'hybrid', 'hybrid - BM25', 'hybrid - better'],
  rows,
  notes: [
    ...notes,
    `nDCG@10, encoder ${spec}, default settings; the first ${MOST_QUERIES} queries of each set`,
    'dense alone says nothing of queries in languages that the encoder does not know; such a query counts 0',
  ],
});
