import { nearest } from '../base/nearest.ts';

/** What other search tools call the same. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  limit: 'k',
  top_k: 'k',
  topk: 'k',
  n: 'k',
  count: 'k',
  size: 'k',
  num_results: 'k',
  max_results: 'k',
  q: 'query',
  question: 'query',
  search: 'query',
  where: 'filter',
  mode: 'retriever',
  order: 'sort',
  order_by: 'sort',
  sort_by: 'sort',
  page: 'cursor',
  next: 'cursor',
  after: 'cursor',
  page_token: 'cursor',
  attributes: 'fields',
  include: 'fields',
  select: 'fields',
  aggregations: 'facets',
  offset: 'from',
  start: 'from',
  path: 'id',
  uri: 'id',
  max_tokens: 'tokens',
};

/** The known name that an unknown one most likely stands for. */
export function likelyName(given: string, known: readonly string[]): string | undefined {
  const guess = nearest(given, known);
  if (guess !== undefined) return guess;
  const elsewhere = ELSEWHERE[given.toLowerCase()];
  return elsewhere !== undefined && known.includes(elsewhere) ? elsewhere : undefined;
}

/** `did you mean "filter"`, or which names there are. */
export function nameHint(given: string, known: readonly string[]): string {
  const guess = likelyName(given, known);
  return guess === undefined ? `known are ${known.join(', ')}` : `did you mean "${guess}"`;
}
