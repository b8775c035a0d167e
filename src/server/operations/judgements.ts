import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type JudgedQuery,
  type JudgementsAnswer,
  type JudgeRequest,
  type MeasureAnswer,
  type MeasureRequest,
  qrelsText,
  queriesText,
} from '../../api/index.ts';
import { InvalidArgumentError, UnsupportedError } from '../../base/errors.ts';
import type { Collection } from '../../collection/index.ts';
import { collectRun, type Entrant, judge, readJudgements, readQueries } from '../../eval/index.ts';
import { noSuchDocument } from '../../search/similar.ts';
import { isPostgresAddress } from '../../store/index.ts';
import { replaceFile } from '../../store/local/node-files.ts';
import type { ServedCollection } from './types.ts';

/** Documents of a ranking that are measured. */
const DEPTH = 10;
const METRIC = 'ndcg@10';
const JUDGED = 'judged@10';

/** Where a collection keeps judgements: in the form that `sagitta eval`, `tune` and `learn-relevance` read. */
export function judgementFiles(directory: string): { readonly queries: string; readonly qrels: string } {
  const folder = join(directory, 'judgements');
  return { queries: join(folder, 'queries.jsonl'), qrels: join(folder, 'qrels.tsv') };
}

/** The queries that were judged in a collection, in the order in which they were first asked. */
export async function storedJudgements({ directory }: Pick<ServedCollection, 'directory'>): Promise<JudgementsAnswer> {
  const files = judgementFiles(directory);
  if (!existsSync(files.queries)) return { queries: [] };
  const { queries } = await readQueries(files.queries);
  // A file with its heading alone holds no judgements.
  const judged = await readJudgements(files.qrels).then(
    ({ judgements }) => judgements,
    () => new Map<string, Map<string, number>>(),
  );
  return {
    queries: Array.from(queries, ([id, text]) => ({
      id,
      text,
      judgements: Array.from(judged.get(id) ?? [], ([document, grade]) => ({ document, grade })),
    })),
  };
}

/** One change after the other, by collection. */
const turns = new Map<string, Promise<unknown>>();

/** Keeps a judgement, changes it, or takes it back. @returns the query as it is then judged. */
export function keepJudgement(
  served: ServedCollection,
  request: JudgeRequest,
  collection: Pick<Collection, 'read'>,
): Promise<JudgedQuery> {
  const turn = (turns.get(served.directory) ?? Promise.resolve())
    .catch(() => undefined)
    .then(() => changeJudgement(served, request, collection));
  turns.set(served.directory, turn);
  return turn;
}

async function changeJudgement(
  served: ServedCollection,
  { query, document, grade }: JudgeRequest,
  collection: Pick<Collection, 'read'>,
): Promise<JudgedQuery> {
  if (document !== undefined && /[\t\r\n]/.test(document)) {
    throw new InvalidArgumentError(
      `The id ${JSON.stringify(document)} holds a tab or a line break, which files of judgements cannot.`,
      'Rename the document.',
    );
  }
  if (isPostgresAddress(served.directory)) {
    throw new UnsupportedError(
      'Judgements are kept in a folder, and this collection lies in PostgreSQL.',
      'Keep a copy of it in a folder for that.',
    );
  }
  // What was said of one that has gone may be taken back.
  const isSaid = document !== undefined && grade !== undefined && grade !== null;
  if (isSaid && (await collection.read((corpus) => corpus.find(document))) === undefined) {
    throw noSuchDocument(document);
  }
  const { queries } = await storedJudgements(served);
  const at = queries.findIndex(({ text }) => text === query);
  const before = queries[at] ?? { id: freeId(queries), text: query, judgements: [] };
  const others = before.judgements.filter((one) => one.document !== document);
  const judgements =
    document === undefined || grade === undefined || grade === null ? others : [...others, { document, grade }];
  const changed = { ...before, judgements: document === undefined && grade !== null ? before.judgements : judgements };
  const removed = document === undefined && grade === null;
  const rest = queries.filter((_, i) => i !== at);
  const after = removed ? rest : at < 0 ? [...queries, changed] : queries.map((one, i) => (i === at ? changed : one));
  const files = judgementFiles(served.directory);
  // Queries first: one without judgements does no harm.
  await replaceFile(files.queries, [queriesText(after)]);
  await replaceFile(files.qrels, [qrelsText(after)]);
  return removed ? { ...changed, judgements: [] } : changed;
}

function freeId(queries: readonly JudgedQuery[]): string {
  const taken = new Set(queries.map(({ id }) => id));
  for (let i = queries.length + 1; ; i++) if (!taken.has(`q${i}`)) return `q${i}`;
}

/** How well pipelines rank by judgements: nDCG@10 with intervals, all compared with the first. */
export async function measurePipelines(
  collection: Collection,
  served: ServedCollection,
  { pipelines, queries: given }: MeasureRequest,
  signal: AbortSignal | undefined,
): Promise<MeasureAnswer> {
  const queries = given ?? (await storedJudgements(served)).queries;
  const telling = queries.filter(({ judgements }) => judgements.some(({ grade }) => grade > 0));
  if (telling.length === 0) {
    throw new InvalidArgumentError(
      'No query has a document that was judged to answer it.',
      'Judge hits of some queries first; ten queries say something, fifty say much.',
    );
  }
  const texts = new Map(telling.map(({ id, text }) => [id, text]));
  const judgements = new Map(
    telling.map((query) => [query.id, new Map(query.judgements.map(({ document, grade }) => [document, grade]))]),
  );
  const entrants: Entrant[] = [];
  for (const name of new Set(pipelines)) {
    const { run, latency } = await collectRun(
      texts,
      (text, k) => collection.rank(text, { pipeline: name, k, ...(signal === undefined ? {} : { signal }) }),
      { depth: DEPTH, warmup: 1, ...(signal === undefined ? {} : { signal }) },
    );
    entrants.push({ name, run, latency });
  }
  const verdicts = judge(entrants, judgements, { metrics: [METRIC, JUDGED], pairs: 'first' });
  return {
    queries: verdicts.queries,
    results: verdicts.results.map(({ retriever, metrics, intervals, latency }, i) => {
      const evaluation = verdicts.evaluations[i]!;
      const values = evaluation.values(METRIC);
      const { low, high } = intervals[METRIC]!;
      return {
        pipeline: retriever,
        ndcg10: metrics[METRIC]!,
        interval: { low, high },
        judged10: metrics[JUDGED]!,
        p50: latency!.p50,
        byQuery: evaluation.queries.map((query, j) => ({ query: texts.get(query)!, ndcg10: values[j]! })),
      };
    }),
    comparisons: verdicts.comparisons
      .filter(({ metric }) => metric === METRIC)
      .map(({ system, baseline, difference, interval: { low, high }, p }) => ({
        pipeline: system,
        baseline,
        difference,
        interval: { low, high },
        p: p.adjusted,
      })),
  };
}
