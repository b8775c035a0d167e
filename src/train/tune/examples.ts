import { InvalidArgumentError } from '../../base/errors.ts';
import { readJudgements, readQueries } from '../../eval/index.ts';
import { forEachLine } from '../../eval/lines.ts';

/** A query with what is relevant to it. */
export interface TuneExample {
  readonly query: string;
  /** Ids of documents. */
  readonly relevant: readonly string[];
  /** Ids of documents that are known not to be. */
  readonly negatives?: readonly string[];
}

/** Examples that can be used, and what was wrong with the others. */
export interface CheckedExamples {
  readonly examples: readonly TuneExample[];
  /** Lines that say the same as another. */
  readonly duplicates: number;
}

/** Queries below which nothing can be learned that a test would notice. */
export const FEWEST_QUERIES = 20;

/**
 * Reads `pairs.jsonl`: an object a line with `query` (or `question`, `text`), `document` (or `documents`, `positive`,
 * `id`): one id or a list, and optionally `negatives`, a list of ids.
 * @throws NotFoundError, or InvalidArgumentError that names the line.
 */
export async function readPairs(path: string): Promise<TuneExample[]> {
  const examples: TuneExample[] = [];
  await forEachLine(path, ({ text, number }) => {
    const fail = (problem: string) =>
      new InvalidArgumentError(
        `${path}, line ${number}: ${problem}.`,
        'Write {"query": "...", "document": "ID"} on each line, optionally with "negatives": ["ID"].',
      );
    let value: Record<string, unknown>;
    try {
      value = JSON.parse(text);
    } catch {
      throw fail('it is not JSON');
    }
    if (typeof value !== 'object' || value === null) throw fail('it is not an object');
    const query = value['query'] ?? value['question'] ?? value['text'];
    const relevant = idsOf(value['document'] ?? value['documents'] ?? value['positive'] ?? value['id']);
    const negatives = idsOf(value['negatives'] ?? []);
    if (typeof query !== 'string' || query.trim() === '') throw fail('the query is empty');
    if (relevant === undefined || relevant.length === 0) throw fail('it names no document');
    if (negatives === undefined) throw fail('"negatives" is not a list of ids');
    examples.push({ query, relevant, ...(negatives.length === 0 ? {} : { negatives }) });
  });
  if (examples.length === 0) {
    throw new InvalidArgumentError(`${path} holds no pairs.`, 'Write {"query": "...", "document": "ID"} on each line.');
  }
  return examples;
}

/** Reads judgements and their queries, in the forms that `sagitta/eval` knows. */
export async function readJudged(qrels: string, queries: string): Promise<TuneExample[]> {
  const { judgements } = await readJudgements(qrels);
  const { queries: texts } = await readQueries(queries);
  const examples: TuneExample[] = [];
  for (const [id, judged] of judgements) {
    const query = texts.get(id);
    const ids = [...judged];
    const relevant = ids.filter(([, grade]) => grade > 0).map(([document]) => document);
    const negatives = ids.filter(([, grade]) => grade === 0).map(([document]) => document);
    if (query === undefined || relevant.length === 0) continue;
    examples.push({ query, relevant, ...(negatives.length === 0 ? {} : { negatives }) });
  }
  return examples;
}

/**
 * Joins examples of the same query text, so that a query is either trained on or tested on, drops duplicates, and
 * checks that the documents exist.
 * @throws InvalidArgumentError for unknown documents, and when too few queries are left.
 */
export function checkExamples(given: readonly TuneExample[], exists: (id: string) => boolean): CheckedExamples {
  const byText = new Map<string, { query: string; relevant: Set<string>; negatives: Set<string> }>();
  const unknown = new Map<string, string>();
  let duplicates = 0;
  for (const { query, relevant, negatives = [] } of given) {
    for (const id of [...relevant, ...negatives]) if (!exists(id)) unknown.set(id, query);
    const key = normalized(query);
    const known = byText.get(key);
    if (known === undefined) {
      byText.set(key, { query, relevant: new Set(relevant), negatives: new Set(negatives) });
      continue;
    }
    if (relevant.every((id) => known.relevant.has(id))) duplicates++;
    for (const id of relevant) known.relevant.add(id);
    for (const id of negatives) known.negatives.add(id);
  }
  if (unknown.size > 0) {
    const [id, query] = unknown.entries().next().value!;
    throw new InvalidArgumentError(
      `${unknown.size} of the documents named are not in the collection, such as "${id}" (for "${query}").`,
      'Name documents by their ids, as `sagitta search --json` shows them, or index them first.',
    );
  }
  const examples = Array.from(byText.values(), ({ query, relevant, negatives }) => ({
    query,
    relevant: [...relevant],
    negatives: [...negatives].filter((id) => !relevant.has(id)),
  }));
  if (examples.length < FEWEST_QUERIES) {
    throw new InvalidArgumentError(
      `There are ${examples.length} different queries.`,
      `Give at least ${FEWEST_QUERIES}; with about 200 a test can see a difference of 0.05 in nDCG@10.`,
    );
  }
  return { examples, duplicates };
}

/** @throws InvalidArgumentError when a query is in both lists. */
export function checkLeaks(train: readonly TuneExample[], test: readonly TuneExample[]): void {
  const trained = new Set(train.map(({ query }) => normalized(query)));
  const leaks = test.filter(({ query }) => trained.has(normalized(query)));
  if (leaks.length === 0) return;
  throw new InvalidArgumentError(
    `${leaks.length} queries are in both the training and the test set, such as "${leaks[0]!.query}".`,
    'Take them out of one of the two: a test on what was trained shows nothing.',
  );
}

/** What counts as the same query: case, spacing and Unicode form do not. */
function normalized(query: string): string {
  return query.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}

function idsOf(value: unknown): string[] | undefined {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.every((id) => typeof id === 'string') ? value : undefined;
}
