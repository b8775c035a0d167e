import { InvalidArgumentError } from '../../base/errors.ts';
import { readJudgements, readQueries } from '../../eval/index.ts';
import { forEachLine } from '../../eval/lines.ts';

/** A query with what is relevant to it. */
export interface TuneExample {
  readonly query: string;
  /** Documents: each by its id, by the id of its record (what stands after `#`), or by a text that stands in it. */
  readonly relevant: readonly string[];
  /** Documents that are known not to be, in the same way. */
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
/** Queries that a test needs at least; what is held out of {@link FEWEST_QUERIES}. */
export const FEWEST_TESTED = 8;

const FORM = 'Write {"query": "...", "document": "ID"} or {"query": "...", "passage": "TEXT"} on each line';

/**
 * Reads `pairs.jsonl`: an object a line with `query` (or `question`, `anchor`), `document` (or `documents`, `passage`,
 * `positive`, `id`): one id or text of a passage, or a list, and optionally `negatives` (or `negative`), likewise.
 * @throws NotFoundError, or InvalidArgumentError that names the line.
 */
export async function readPairs(path: string): Promise<TuneExample[]> {
  const examples: TuneExample[] = [];
  await forEachLine(path, ({ text, number }) => {
    const fail = (problem: string) =>
      new InvalidArgumentError(`${path}, line ${number}: ${problem}.`, `${FORM}, optionally with "negatives": ["ID"].`);
    let value: Record<string, unknown>;
    try {
      value = JSON.parse(text);
    } catch {
      throw fail('it is not JSON');
    }
    if (typeof value !== 'object' || value === null) throw fail('it is not an object');
    const first = (...names: readonly string[]) =>
      names.map((name) => value[name]).find((found) => found !== undefined);
    const query = first('query', 'question', 'anchor', 'text');
    const relevant = idsOf(first('document', 'documents', 'passage', 'passages', 'positive', 'id'));
    const negatives = idsOf(first('negatives', 'negative') ?? []);
    if (typeof query !== 'string' || query.trim() === '') throw fail('the query is empty');
    if (relevant === undefined || relevant.length === 0) throw fail('it names no document');
    if (negatives === undefined) throw fail('"negatives" is not a list of ids');
    examples.push({ query, relevant, ...(negatives.length === 0 ? {} : { negatives }) });
  });
  if (examples.length === 0) {
    throw new InvalidArgumentError(`${path} holds no pairs.`, `${FORM}.`);
  }
  return examples;
}

/** Reads judgements and their queries, in the forms that `sagitta-search/eval` knows. */
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
 * @param purpose decides how many queries must be left. @throws InvalidArgumentError for unknown documents, and too few queries.
 */
export function checkExamples(
  given: readonly TuneExample[],
  exists: (id: string) => boolean,
  purpose: 'training' | 'test' = 'training',
): CheckedExamples {
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
      `${unknown.size} of the documents named are not in the collection, such as "${short(id)}" (for "${short(query)}").`,
      'Name documents by their ids, as `sagitta search --json` shows them, or by a text that stands in them; or index them first.',
    );
  }
  const examples = Array.from(byText.values(), ({ query, relevant, negatives }) => ({
    query,
    relevant: [...relevant],
    negatives: [...negatives].filter((id) => !relevant.has(id)),
  }));
  const least = purpose === 'test' ? FEWEST_TESTED : FEWEST_QUERIES;
  if (examples.length < least) {
    throw new InvalidArgumentError(
      `There are ${examples.length} different queries${purpose === 'test' ? ' to test on' : ''}.`,
      `Give at least ${least}; ${purpose === 'test' ? 'with about 50' : 'with about 200, of which a quarter is for the test,'} a test can see a difference of 0.05 in nDCG@10.`,
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

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function idsOf(value: unknown): string[] | undefined {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.every((id) => typeof id === 'string') ? value : undefined;
}
