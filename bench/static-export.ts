// What does meaning add to an index that a page searches by itself? nDCG@10 of `sagitta export --static` by words alone and with meaning, for
// shares of the ranking by meaning. `npm run bench -- static-export [SET...]`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportCommand } from '../src/cli/export-command.ts';
import { openCollection } from '../src/collection/index.ts';
import { StaticIndex, type StaticManifest } from '../src/element/index.ts';
import { report } from './harness.ts';
import { mean, ndcg, type Parts, readCollection } from './lib-beir.ts';

const sets: readonly (readonly [name: string, parts?: Parts])[] = [
  ['scifact', { qrels: 'qrels-train.tsv' }],
  ['pubmedqa'],
  ['hotpotqa_100'],
  ['mtrag_un'],
  ['openclipart'],
  ['tldr'],
];
const MOST_QUERIES = 200;
const SHARES = [undefined, 0.1, 0.2, 0.3];
const label = (share: number | undefined): string => (share === undefined ? 'words' : `share ${share}`);

const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const rows: Record<string, string | number>[] = [];
const notes: string[] = [];
for (const [name, parts] of sets) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const collection = await readCollection(name, parts);
  if (collection === undefined) {
    notes.push(`${name}: needs-data`);
    continue;
  }
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-export-'));
  try {
    const directory = join(folder, 'collection');
    {
      await using index = await openCollection(directory, { create: true, encoder: 'none' });
      await index.add(collection.documents);
    }
    const out = join(folder, 'out');
    await exportCommand({ in: directory, json: true, static: out, url: '/{id}' });
    const queries = [...collection.queries].slice(0, MOST_QUERIES);
    const row: Record<string, string> = { collection: name };
    for (const share of SHARES) {
      const load = async (address: string): Promise<unknown> => {
        const file = JSON.parse(readFileSync(address, 'utf8'));
        if (!address.endsWith('/index.json')) return file;
        const { meaning, ...manifest } = file as StaticManifest;
        return share === undefined || meaning === undefined
          ? manifest
          : { ...manifest, meaning: { ...meaning, share } };
      };
      const index = new StaticIndex(out, load);
      const values: number[] = [];
      for (const [id, text] of queries) {
        const hits = await index.search(text, 10);
        values.push(
          ndcg(
            hits.map((hit) => hit.id),
            collection.judgements.get(id)!,
          ),
        );
      }
      row[label(share)] = mean(values).toFixed(4);
    }
    rows.push(row);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
const columns = SHARES.map(label);
rows.push({
  collection: 'mean',
  ...Object.fromEntries(columns.map((column) => [column, mean(rows.map((row) => Number(row[column]))).toFixed(4)])),
});
report({
  name: 'static-export',
  threads: 1,
  columns: ['collection', ...columns],
  rows,
  notes: [...notes, `the first ${MOST_QUERIES} queries of each set; nDCG@10 of documents`],
});
