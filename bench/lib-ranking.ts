import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collection, type Extension, openCollection } from '../src/collection/index.ts';
import type { Encoder } from '../src/encode/encoder.ts';
import { type Parts, readCollection, type TestCollection } from './lib-beir.ts';

const ENGLISH = { corpus: 'corpus.en.jsonl', queries: 'queries.en.jsonl' };

/** A test collection that pipelines are compared on. */
export interface RankedSet {
  readonly label: string;
  readonly name: string;
  readonly parts?: Parts;
}

/** What `docs/search.md` reports on, where `minilm` has a say. */
export const REPORTED: readonly RankedSet[] = [
  { label: 'scifact', name: 'scifact' },
  { label: 'clapnq_dev', name: 'clapnq_dev' },
  { label: 'tldr', name: 'tldr' },
  { label: 'metatool', name: 'metatool' },
  { label: 'xquad en', name: 'xquad', parts: ENGLISH },
];

/** What settings are chosen on; none of it is reported on. */
export const DEVELOPMENT: readonly RankedSet[] = [
  { label: 'scifact train', name: 'scifact', parts: { qrels: 'qrels-train.tsv' } },
  { label: 'pubmedqa', name: 'pubmedqa' },
  { label: 'hotpotqa_100', name: 'hotpotqa_100' },
  { label: 'mtrag_un', name: 'mtrag_un' },
  { label: 'openclipart', name: 'openclipart' },
];

/** An indexed test collection, for one use. */
export interface Indexed extends AsyncDisposable {
  readonly set: TestCollection;
  readonly collection: Collection;
}

/**
 * Indexes a test collection.
 * @param keep a folder in which it is kept under its name, and found again by the next run. Default: one that is removed.
 * @returns undefined where the data are not there.
 */
export async function indexed(
  { name, parts }: RankedSet,
  encoder: Encoder,
  keep: string | undefined,
  extensions: Extension = {},
): Promise<Indexed | undefined> {
  const set = await readCollection(name, parts);
  if (set === undefined) return undefined;
  const folder = keep === undefined ? mkdtempSync(join(tmpdir(), 'sagitta-bench-')) : join(keep, name);
  const known = existsSync(join(folder, 'manifest.json'));
  const collection = await openCollection(folder, { encoder, extensions, create: !known });
  // One that was kept may be of a run that was interrupted.
  const whole = known && (await collection.inspect()).documents === set.documents.length;
  if (!whole) await collection.add(set.documents);
  return {
    set,
    collection,
    async [Symbol.asyncDispose]() {
      await collection.close();
      if (keep === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The share of what is relevant that is among the first `depth`. */
export function recall(ranking: readonly string[], gains: ReadonlyMap<string, number>, depth = 100): number {
  const found = ranking.slice(0, depth).filter((id) => gains.has(id)).length;
  return found / gains.size;
}

export function signed(difference: number): string {
  return `${difference >= 0 ? '+' : ''}${difference.toFixed(4)}`;
}

/** The same encoder, which encodes each query, and each handful of texts that are written for one, once. */
export function rememberingQueries(encoder: Encoder): Encoder {
  const known = new Map<string, ReturnType<Encoder['encode']>>();
  return {
    ...encoder,
    encode(inputs, options) {
      if (inputs.length > HANDFUL) return encoder.encode(inputs, options);
      const key = JSON.stringify([options?.role, inputs]);
      if (!known.has(key)) known.set(key, encoder.encode(inputs, options));
      return known.get(key)!;
    },
  };
}

const HANDFUL = 8;
