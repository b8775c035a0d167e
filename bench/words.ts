// What does each way to find words do to a ranking? nDCG@10 of BM25 with stems alone, with further forms of words, and with each kind
// of words that stand for others. Their weights are chosen on the sets above the line only. `npm run bench -- words [SET...]`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCollection } from '../src/collection/index.ts';
import type { Query, WeightedTerm } from '../src/content/index.ts';
import { type Corpus, fieldOf, WORDS } from '../src/corpus/index.ts';
import { weightedTerms } from '../src/corpus/query-analysis.ts';
import { bm25 } from '../src/search/index.ts';
import { type VariantKind, wordVariants } from '../src/search/variants.ts';
import { analyzerFor } from '../src/text/index.ts';
import { report } from './harness.ts';
import { mean, ndcg, type Parts, readCollection } from './lib-beir.ts';

interface TestSet {
  readonly label: string;
  readonly name: string;
  readonly parts?: Parts;
}
const development: readonly TestSet[] = [
  { label: 'scifact train', name: 'scifact', parts: { qrels: 'qrels-train.tsv' } },
  { label: 'pquad validation', name: 'pquad', parts: { qrels: 'qrels-validation.tsv' } },
  ...['pubmedqa', 'hotpotqa_100', 'mtrag_un', 'openclipart'].map((name) => ({ label: name, name })),
];
const reported: readonly TestSet[] = [
  { label: 'scifact', name: 'scifact' },
  ...['en', 'de', 'es', 'zh', 'th', 'ar', 'ru', 'hi', 'tr', 'vi'].map((language) => ({
    label: `xquad ${language}`,
    name: 'xquad',
    parts: { corpus: `corpus.${language}.jsonl`, queries: `queries.${language}.jsonl` },
  })),
];
/** Of each set. */
const MOST_QUERIES = 1200;
/** Passages that documents are taken from. */
const DEPTH = 100;

/** The terms of a query beside which others are tried. */
interface Feature {
  readonly column: string;
  readonly terms: (corpus: Corpus, query: Query) => Promise<readonly WeightedTerm[]>;
}

async function stems(corpus: Corpus, { content, language }: Query): Promise<readonly WeightedTerm[]> {
  const { analysis } = fieldOf(corpus, WORDS, ['terms']);
  const weights = new Map<string, number>();
  for (const own of analysis.languagesFor(language).own) {
    for (const { term, weight } of weightedTerms(analyzerFor(own).terms(content)))
      weights.set(term, Math.max(weight, weights.get(term) ?? 0));
  }
  return Array.from(weights, ([term, weight]) => ({ term, weight }));
}

async function forms(corpus: Corpus, query: Query): Promise<readonly WeightedTerm[]> {
  return fieldOf(corpus, WORDS, ['terms']).analysis.analyse(query).terms;
}

/** Further forms, and words that stand for others in these ways. */
function variants(...kinds: VariantKind[]): Feature['terms'] {
  return async (corpus, query) => {
    const terms = await forms(corpus, query);
    const { own } = fieldOf(corpus, WORDS, ['terms']).analysis.languagesFor(query.language);
    const further = await wordVariants(corpus, query.content, own, new Set(kinds));
    const known = new Set(terms.map(({ term }) => term));
    return [...terms, ...further.terms.filter(({ term }) => !known.has(term))];
  };
}

const features: readonly Feature[] = [
  { column: 'stems', terms: stems },
  { column: '+ forms', terms: forms },
  { column: '+ parts', terms: variants('part') },
  { column: '+ similar', terms: variants('similar') },
  { column: '+ beginnings', terms: variants('beginning') },
  { column: '+ compounds', terms: variants('compound', 'head') },
  { column: 'all', terms: variants('part', 'similar', 'beginning', 'compound', 'head') },
];

const rows: Record<string, string>[] = [];
const notes: string[] = [];
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
for (const { label, name, parts } of [...development, ...reported]) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const collection = await readCollection(name, parts);
  if (collection === undefined) {
    notes.push(`${label}: needs-data, set SAGITTA_DATA to the folder that holds ${name}`);
    continue;
  }
  const folder = mkdtempSync(join(tmpdir(), 'sagitta-words-'));
  try {
    await using index = await openCollection(folder, { create: true, encoder: 'none' });
    await index.add(collection.documents);
    const queries = [...collection.queries].slice(0, MOST_QUERIES);
    const row: Record<string, string> = { collection: label, queries: String(queries.length) };
    await index.read(async (corpus) => {
      const { analysis } = fieldOf(corpus, WORDS, ['terms']);
      const search = bm25(corpus);
      let least = Number.POSITIVE_INFINITY;
      let before = 0;
      for (const { column, terms } of features) {
        const scores: number[] = [];
        for (const [id, content] of queries) {
          const query: Query = { content, language: analysis.languageOf(content) };
          const encoded = new Map([[WORDS, await terms(corpus, query)]]);
          const { hits } = await search({ ...query, encoded }, { k: DEPTH });
          const owners = await corpus.documentsOf(hits.map(({ passage }) => passage));
          const ids = (await corpus.documents([...new Set(owners)])).map(({ id }) => id);
          scores.push(ndcg(ids, collection.judgements.get(id)!));
        }
        const value = mean(scores);
        row[column] = value.toFixed(4);
        if (column === 'stems') before = value;
        else least = Math.min(least, value - before);
      }
      row['least gain'] = `${least >= 0 ? '+' : ''}${least.toFixed(4)}`;
    });
    rows.push(row);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

report({
  name: 'words',
  threads: 1,
  columns: ['collection', 'queries', ...features.map(({ column }) => column), 'least gain'],
  rows,
  notes: [
    ...notes,
    `nDCG@10 of BM25 without embeddings; the first ${MOST_QUERIES} queries of each set, taken as text`,
    'stems: terms that rank; forms: what else a word is found by; the next four columns add one kind of words that stand for others to both',
    'least gain: the least of the other columns against stems alone',
  ],
});
