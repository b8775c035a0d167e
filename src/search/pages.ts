import type { WeightedTerm } from '../content/index.ts';
import { type Corpus, WORDS } from '../corpus/index.ts';
import { type Cursor, DEEPEST, digestOf, formatCursor, markOf } from './cursor.ts';
import type { PassageReference, SearchHit, SearchOptions } from './options.ts';
import { fieldNames } from './question.ts';
import { checkSort, compareSorted, parseSort, type Sort, sortValues } from './sort.ts';
import type { RankedPassage, Ranking } from './types.ts';

/** Passages of a ranking, and for each those that repeat it; no lists at all where nothing was folded. */
interface Chosen {
  readonly chosen: readonly RankedPassage[];
  readonly repeats: readonly (readonly number[])[];
}

/** Options that must be the same on all pages of a search; what pipelines and retrievers are is in the name. */
const SAME_PAGES = [
  'filter',
  'perDocument',
  'language',
  'candidates',
  'collapse',
  'syntax',
  'complete',
  'vector',
  'sort',
  'without',
] as const;

/** A search without its page. @param name of its pipeline. */
export function searchDigest(
  text: string,
  name: string,
  options: { readonly [Name in (typeof SAME_PAGES)[number]]?: unknown },
): string {
  return digestOf([text, name, ...SAME_PAGES.map((option) => plainOption(options[option]))]);
}

function plainOption(value: unknown): unknown {
  return ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : (value ?? null);
}

/** How much of the ranking a page needs: what was given out may be anywhere in it. */
export function depthOf(k: number, { seen }: Cursor, { sort }: SearchOptions): number {
  if (sort !== undefined) return Math.max(k, DEEPEST);
  return seen.size === 0 ? k : Math.max(k, Math.min(DEEPEST, seen.size + k));
}

export function nextPage(digest: string, { seen }: Cursor, hits: readonly SearchHit[]): string | undefined {
  const marks = new Set([...seen, ...hits.map(markOf)]);
  return marks.size >= DEEPEST ? undefined : formatCursor({ digest, seen: marks });
}

/** The first k passages that were not given out. */
export async function pageOf(
  corpus: Corpus,
  { chosen, repeats }: Chosen,
  k: number,
  { seen }: Cursor,
): Promise<Chosen> {
  if (seen.size === 0) return { chosen: chosen.slice(0, k), repeats: repeats.slice(0, k) };
  const references = await referencesTo(
    corpus,
    chosen.map(({ passage }) => passage),
  );
  const places = Array.from(chosen.keys()).filter((i) => !seen.has(markOf(references[i]!)));
  const page = places.slice(0, Math.min(k, DEEPEST - seen.size));
  return { chosen: page.map((i) => chosen[i]!), repeats: page.map((i) => repeats[i] ?? []) };
}

/** Hits of a query without words that are put into another order. */
const ORDERED = 100;

/** The hits by fields of their documents. */
export async function inOrder(
  corpus: Corpus,
  { chosen: all, repeats, ranking }: Chosen & { readonly ranking: Ranking },
  sort: Sort,
  terms: readonly WeightedTerm[],
): Promise<Chosen> {
  const keys = parseSort(sort);
  checkSort(keys, await fieldNames(corpus));
  let kept = Array.from(all.keys());
  if (ranking.relevance === undefined) {
    if (terms.length === 0) kept = kept.slice(0, ORDERED);
    else {
      const ascending = Uint32Array.from(all, ({ passage }) => passage).sort();
      const scores = await corpus.score(WORDS, terms, ascending);
      const holders = new Set(ascending.filter((_, i) => scores[i]! > 0));
      kept = kept.filter((i) => holders.has(all[i]!.passage));
    }
  }
  const owners = await corpus.documentsOf(kept.map((i) => all[i]!.passage));
  const documents = await corpus.documents(owners);
  const values = documents.map((document) => sortValues(document, keys));
  const order = Array.from(kept.keys()).sort((a, b) => compareSorted(values[a]!, values[b]!, keys) || a - b);
  return {
    chosen: order.map((i) => all[kept[i]!]!),
    repeats: repeats.length === 0 ? [] : order.map((i) => repeats[kept[i]!] ?? []),
  };
}

/** Documents and places of passages. */
export async function referencesTo(corpus: Corpus, ordinals: readonly number[]): Promise<Required<PassageReference>[]> {
  const passages = await corpus.passages(ordinals);
  const documents = await corpus.documents(passages.map(({ document }) => document));
  return passages.map(({ start }, i) => ({ id: documents[i]!.id, start }));
}
