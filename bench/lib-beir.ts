import { createReadStream, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TuneExample } from '../src/train/index.ts';

/** Where the test collections lie: `SAGITTA_DATA`, else `../shared/data` beside the repository. */
export const dataFolder = resolve(
  process.env['SAGITTA_DATA'] ?? fileURLToPath(new URL('../../shared/data', import.meta.url)),
);

export interface TestDocument {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

/** A test collection in BEIR layout. Queries without a judgement are left out. */
export interface TestCollection {
  readonly name: string;
  readonly documents: readonly TestDocument[];
  readonly queries: ReadonlyMap<string, string>;
  /** Gains above 0 by query and document. */
  readonly judgements: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export interface Parts {
  readonly corpus?: string;
  readonly queries?: string;
  readonly qrels?: string;
}

/** Reads a collection, or returns undefined when the data folder does not hold it. */
export async function readCollection(name: string, parts: Parts = {}): Promise<TestCollection | undefined> {
  const { corpus = 'corpus.jsonl', queries = 'queries.jsonl', qrels = 'qrels.tsv' } = parts;
  const folder = `${dataFolder}/${name}`;
  if (![corpus, queries, qrels].every((file) => existsSync(`${folder}/${file}`))) return undefined;

  const documents: TestDocument[] = [];
  for await (const line of lines(`${folder}/${corpus}`)) {
    const { _id, title = '', text } = JSON.parse(line);
    documents.push({ id: _id, title, text });
  }
  const judgements = new Map<string, Map<string, number>>();
  let header = true;
  for await (const line of lines(`${folder}/${qrels}`)) {
    if (header) {
      header = false;
      continue;
    }
    const [query, document, gain] = line.split('\t') as [string, string, string];
    if (Number(gain) <= 0) continue;
    const known = judgements.get(query);
    if (known === undefined) judgements.set(query, new Map([[document, Number(gain)]]));
    else known.set(document, Number(gain));
  }
  const texts = new Map([...(await queriesOf(name, queries))].filter(([id]) => judgements.has(id)));
  return { name, documents, queries: texts, judgements };
}

/** Queries of a collection that is there by id, also those without a judgement. */
export async function queriesOf(name: string, file = 'queries.jsonl'): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for await (const line of lines(`${dataFolder}/${name}/${file}`)) {
    const { _id, text } = JSON.parse(line);
    texts.set(_id, text);
  }
  return texts;
}

/** Queries with the documents that answer them, as `tune` takes them. */
export function examplesOf({ queries, judgements }: TestCollection): TuneExample[] {
  return [...queries].map(([id, query]) => ({ query, relevant: [...judgements.get(id)!.keys()] }));
}

/** Those of `train` that `test` does not ask as well: SciFact has two claims in both sets, under different ids. */
export function untested(train: TestCollection, test: TestCollection): TuneExample[] {
  const tested = new Set(examplesOf(test).map(({ query }) => query.toLowerCase().trim()));
  return examplesOf(train).filter(({ query }) => !tested.has(query.toLowerCase().trim()));
}

/** nDCG at `depth` with linear gains and base-2 discounts, as trec_eval's ndcg_cut. `ranking` is best first. */
export function ndcg(ranking: readonly string[], gains: ReadonlyMap<string, number>, depth = 10): number {
  const discounted = (values: readonly number[]): number =>
    values.slice(0, depth).reduce((sum, gain, i) => sum + gain / Math.log2(i + 2), 0);
  const ideal = discounted([...gains.values()].sort((a, b) => b - a));
  return ideal === 0 ? 0 : discounted(ranking.map((id) => gains.get(id) ?? 0)) / ideal;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

async function* lines(path: string): AsyncGenerator<string> {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== '') yield line;
  }
}
