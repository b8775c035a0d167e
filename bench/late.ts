// What late interaction does: nDCG@10 of hybrid search alone and ranked again by token vectors, of token vectors alone, what they cost, and how much of exact
// late interaction is found. `npm run bench -- late [SET...]`; `--development` for what settings are chosen on, at several weights; `--keep FOLDER` keeps collections.
import { parseArgs } from 'node:util';
import type { Vectors } from '../src/base/vectors.ts';
import { embeddingText } from '../src/corpus/index.ts';
import type { TokenEncoder } from '../src/encode/encoder.ts';
import { DEFAULT_ENCODER, openEncoder } from '../src/encode/registry.ts';
import { MaxSim } from '../src/index/index.ts';
import { report } from './harness.ts';
import { mean, ndcg } from './lib-beir.ts';
import { DEVELOPMENT, type Indexed, indexed, REPORTED, signed } from './lib-ranking.ts';

/** Of each set. */
const MOST_QUERIES = 300;
/** Passages that are encoded again for exact late interaction, at most, and queries that are compared. */
const MOST_EXACT = 1500;
const EXACT_QUERIES = 50;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    development: { type: 'boolean' },
    keep: { type: 'string' },
    encoder: { type: 'string', default: 'late' },
    json: { type: 'boolean' },
  },
});
const development = values.development === true;
const sets = (development ? DEVELOPMENT : REPORTED).filter(
  ({ label, name }) => positionals.length === 0 || positionals.includes(name) || positionals.includes(label),
);
const pipelines: Readonly<Record<string, string>> = {
  dense: 'meaning',
  tokens: 'tokens',
  hybrid: 'hybrid',
  ...(development
    ? Object.fromEntries(
        [30, 50].flatMap((depth) =>
          [0.2, 0.35, 0.5].map((weight) => {
            const step = `rerank(tokens, depth=${depth}, weight=${weight})`;
            return [step, `hybrid > ${step}`] as const;
          }),
        ),
      )
    : { reranked: 'hybrid > rerank(tokens, depth=30, weight=0.35)', 'by tokens alone': 'hybrid > rerank(tokens)' }),
};

const encoder = await openEncoder(DEFAULT_ENCODER);
const rows: Record<string, string | number>[] = [];
const gains = new Map<string, number[]>(Object.keys(pipelines).map((name) => [name, []]));
const notes: string[] = [];
for (const one of sets) {
  await using opened = await indexed(one, encoder, values.keep);
  if (opened === undefined) {
    notes.push(`${one.label}: needs-data, set SAGITTA_DATA to the folder that holds ${one.name}`);
    continue;
  }
  const { set, collection } = opened;
  const known = (await collection.inspect()).fields.some(({ name }) => name === 'tokens');
  if (!known) await collection.addField('tokens', { kind: 'vectors', encoder: values.encoder });
  const { vectors, bytes } = (await collection.inspect()).fields.find(({ name }) => name === 'tokens')!;
  const queries = [...set.queries].slice(0, MOST_QUERIES);
  const row: Record<string, string | number> = { collection: one.label, passages: set.documents.length };
  for (const [name, pipeline] of Object.entries(pipelines)) {
    const found: number[] = [];
    const start = performance.now();
    for (const [id, query] of queries) {
      const { ids } = await collection.rank(query, { pipeline, k: 10, syntax: false });
      found.push(ndcg(ids, set.judgements.get(id)!));
    }
    const took = (performance.now() - start) / queries.length;
    gains.get(name)!.push(mean(found));
    row[name] = mean(found).toFixed(4);
    if (['hybrid', 'tokens', 'reranked'].includes(name)) row[`ms ${name}`] = took.toFixed(1);
  }
  row['bytes a token'] = (bytes / vectors).toFixed(1);
  row['found of exact'] = await foundOfExact(opened);
  rows.push(row);
}

/** How many of exact late interaction's first ten, over the encoder's own vectors, are among the first ten of `tokens`. */
async function foundOfExact({ collection, set }: Indexed): Promise<string> {
  const corpus = await collection.corpus();
  try {
    if (corpus.passageCount > MOST_EXACT) return '-';
    const late = (await openEncoder(values.encoder)) as unknown as TokenEncoder;
    const every = await corpus.select(() => true);
    const ordinals = Array.from({ length: corpus.passageSpace }, (_, i) => i).filter((i) => every.has(i));
    const passages = await corpus.passages(ordinals);
    const documents = await corpus.documents(passages.map(({ document }) => document));
    const texts = passages.map(({ headings, text }, i) => embeddingText(documents[i]!.title, headings, text));
    const tokens = await late.encodeTokens(texts, { role: 'document' });
    const shares: number[] = [];
    for (const [, query] of [...set.queries].slice(0, EXACT_QUERIES)) {
      const asked: Vectors = (await late.encodeTokens([query], { role: 'query' })).item(0);
      const scores = new MaxSim(asked).score(tokens);
      const exact = [...ordinals.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, 10);
      const { ids } = await corpus.search('tokens', asked, { k: 10 });
      const found = new Set(ids);
      shares.push(exact.filter((i) => found.has(ordinals[i]!)).length / exact.length);
    }
    return mean(shares).toFixed(3);
  } finally {
    corpus.close();
  }
}

const baseline = mean(gains.get('hybrid')!);
rows.push({
  collection: 'mean',
  ...Object.fromEntries(
    [...gains].map(([name, all]) => [
      name,
      name === 'hybrid' || name === 'dense'
        ? mean(all).toFixed(4)
        : `${mean(all).toFixed(4)} (${signed(mean(all) - baseline)})`,
    ]),
  ),
});
report({
  name: 'late',
  threads: 2,
  columns: [
    'collection',
    'passages',
    ...Object.keys(pipelines),
    'bytes a token',
    'ms hybrid',
    'ms reranked',
    'ms tokens',
    'found of exact',
  ],
  rows,
  notes: [
    ...notes,
    `nDCG@10 of the first ${MOST_QUERIES} queries; vectors by ${DEFAULT_ENCODER}, token vectors by ${values.encoder}; in brackets, against hybrid`,
    `bytes a token: the field's files by the vectors in them; found of exact: of the first ${EXACT_QUERIES} queries, where there are at most ${MOST_EXACT} passages`,
  ],
});
await encoder.dispose?.();
