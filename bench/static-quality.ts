// How much of MiniLM's ranking does the token table keep? nDCG@10 of the dense ranking alone, whole documents, exact search.
import { openEncoder } from '../src/encode/registry.ts';
import { exactTop } from '../src/train/index.ts';
import { report } from './harness.ts';
import { mean, ndcg, readCollection } from './lib-beir.ts';

/** The first two took no part in the distillation, not with their documents either. */
const sets = ['clapnq_dev', 'gorilla_apibench', 'hotpotqa_100', 'scifact', 'openclipart', 'mtrag_un'];
const MOST_QUERIES = 300;

const encoders = [await openEncoder('minilm'), await openEncoder('static')];
const rows: Record<string, string | number>[] = [];
const notes: string[] = [];
const all: [number[], number[]] = [[], []];
for (const name of sets) {
  const collection = await readCollection(name);
  if (collection === undefined) {
    notes.push(`${name}: needs-data`);
    continue;
  }
  const queries = [...collection.queries].slice(0, MOST_QUERIES);
  const found: number[] = [];
  for (const [i, encoder] of encoders.entries()) {
    const documents = await encoder.encode(collection.documents.map(({ title, text }) => `${title}\n${text}`.trim()));
    const asked = await encoder.encode(
      queries.map(([, text]) => text),
      { role: 'query' },
    );
    const rankings = exactTop(documents, asked, 10);
    const value = mean(
      queries.map(([id], at) => {
        const ranking = Array.from(rankings[at]!, (number) => collection.documents[number]!.id);
        return ndcg(ranking, collection.judgements.get(id)!);
      }),
    );
    found.push(value);
    all[i]!.push(value);
  }
  const [minilm, table] = found as [number, number];
  rows.push({
    collection: name,
    minilm: minilm.toFixed(4),
    static: table.toFixed(4),
    share: (table / minilm).toFixed(3),
  });
}
const [minilm, table] = all.map(mean) as [number, number];
rows.push({
  collection: 'mean',
  minilm: minilm.toFixed(4),
  static: table.toFixed(4),
  share: (table / minilm).toFixed(3),
});
report({
  name: 'static-quality',
  threads: 2,
  columns: ['collection', 'minilm', 'static', 'share'],
  rows,
  notes: [...notes, `the first ${MOST_QUERIES} queries of each set`],
});
