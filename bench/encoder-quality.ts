// How well does each encoder rank by itself? nDCG@10 of the dense ranking alone, whole documents, exact search: what 8 bits cost beside
// float32, and how much of MiniLM's ranking the token table keeps. `npm run bench -- encoder-quality [ENCODER...]`; the first is what
// the others are compared with.
import { openEncoder } from '../src/encode/registry.ts';
import { exactTop } from '../src/train/index.ts';
import { report } from './harness.ts';
import { mean, ndcg, type Parts, readCollection } from './lib-beir.ts';

/** gorilla_apibench and clapnq_dev took no part in the table's distillation, with their documents either. */
const sets: readonly (readonly [name: string, parts?: Parts])[] = [
  ['scifact'],
  ['clapnq_dev'],
  ['tldr'],
  ['metatool'],
  ['xquad', { corpus: 'corpus.en.jsonl', queries: 'queries.en.jsonl' }],
  ['gorilla_apibench'],
  ['hotpotqa_100'],
  ['openclipart'],
  ['mtrag_un'],
];
const MOST_QUERIES = 1000;

const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const specs = named.length > 0 ? named : ['minilm?precision=float32', 'minilm', 'static'];
const encoders = await Promise.all(specs.map((spec) => openEncoder(spec)));
const rows: Record<string, string | number>[] = [];
const notes: string[] = [];
const all = specs.map((): number[] => []);
for (const [name, parts] of sets) {
  const collection = await readCollection(name, parts);
  if (collection === undefined) {
    notes.push(`${name}: needs-data`);
    continue;
  }
  const queries = [...collection.queries].slice(0, MOST_QUERIES);
  for (const [i, encoder] of encoders.entries()) {
    const documents = await encoder.encode(collection.documents.map(({ title, text }) => `${title}\n${text}`.trim()));
    const asked = await encoder.encode(
      queries.map(([, text]) => text),
      { role: 'query' },
    );
    const rankings = exactTop(documents, asked, 10);
    all[i]!.push(
      mean(
        queries.map(([id], at) => {
          const ranking = Array.from(rankings[at]!, (number) => collection.documents[number]!.id);
          return ndcg(ranking, collection.judgements.get(id)!);
        }),
      ),
    );
  }
  rows.push(row(name, (values) => values.at(-1)!));
}
rows.push(row('mean', mean));

function row(collection: string, of: (values: readonly number[]) => number): Record<string, string | number> {
  const values = all.map(of);
  const [first] = values;
  const figures = values.map((value, i) => [specs[i]!, value.toFixed(4)]);
  const shares = values.map((value, i) => [`share ${specs[i]}`, (value / first!).toFixed(3)]);
  return { collection, ...Object.fromEntries([...figures, ...shares.slice(1)]) };
}

report({
  name: 'encoder-quality',
  threads: 2,
  columns: ['collection', ...specs, ...specs.slice(1).map((spec) => `share ${spec}`)],
  rows,
  notes: [...notes, `the first ${MOST_QUERIES} queries of each set`],
});
