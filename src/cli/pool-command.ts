import {
  findingsOf,
  openTestCollection,
  poolOf,
  type TestCollection,
  type TestDocument,
  writeTestCollection,
} from '../eval/index.ts';
import { checkEmpty } from '../eval/write-collection.ts';
import { readEntrants } from './entrants.ts';
import { printFindings } from './eval-output.ts';
import { number, print, printable, printJson, say, table } from './output.ts';
import { checkOutputFolder } from './outputs.ts';

export interface PoolCommandOptions {
  readonly json: boolean;
  readonly out?: string;
  readonly qrels?: string;
  readonly split?: string;
  readonly depth: number;
  readonly metric: string;
  readonly seed: number;
}

/** `sagitta pool DIR RUN...`: a smaller test collection that tells systems apart, and how far it does. */
export async function poolCommand(
  directory: string,
  paths: readonly string[],
  options: PoolCommandOptions,
): Promise<void> {
  const { qrels, split, depth, metric, seed, out } = options;
  await checkOutputFolder(out, '--out');
  if (out !== undefined) checkEmpty(out);
  const test = await openTestCollection(directory, {
    ...(qrels === undefined ? {} : { qrels }),
    ...(split === undefined ? {} : { split }),
  });
  const entrants = await readEntrants(paths, { qrels: test.files.qrels.sha256, test });
  const runs = new Map(entrants.map(({ name, run }) => [name, run]));
  const pool = poolOf(runs, test.judgements, test.documentIds, { depth, metric, seed });
  const findings = [...test.findings, ...entrants.flatMap(({ name, findings: own }) => findingsOf(name, own))];
  const files =
    out === undefined
      ? []
      : await writeTestCollection(out, {
          documents: chosen(test, pool.documents),
          queries: test.queries,
          judgements: test.judgements,
        });
  const { systems, agreement, short } = pool;
  if (options.json) {
    const sizes = { documents: pool.documents.size, of: test.documentCount, depth };
    return printJson({ collection: test.name, metric: pool.metric, ...sizes, systems, agreement, short, findings });
  }
  const share = ((100 * pool.documents.size) / test.documentCount).toPrecision(2);
  print(
    `${printable(test.name)}: ${number(pool.documents.size)} of ${number(test.documentCount)} documents (${share}%), the first ${depth} of ${entrants.length} runs and all relevant ones`,
  );
  const columns = ['full', 'pool', 'others', 'random'] as const;
  const shown = columns.filter((column) => systems[0]![column] !== undefined);
  const heads = { full: 'all documents', pool: 'pool', others: 'pool of the others', random: 'as many at random' };
  const agreed = (of: 'kendall' | 'inflation') =>
    shown.map((column) => (column === 'full' ? '' : figure(agreement[column]![of], of === 'inflation')));
  print(
    table(
      [pool.metric, ...shown.map((column) => heads[column])],
      [
        ...systems.map((one) => [printable(one.name), ...shown.map((column) => figure(one[column]!))]),
        ["Kendall's tau", ...agreed('kendall')],
        ['mean difference', ...agreed('inflation')],
      ],
    ),
  );
  if (Math.max(short.pool, short.random) > 0.01) {
    const of = (value: number): string => `${(100 * value).toFixed(0)}%`;
    print(
      `Lists that became too short for ${pool.metric}: ${of(short.pool)} on the pool, ${of(short.random)} at random; deeper runs would tell.`,
    );
  }
  printFindings(findings);
  for (const file of files) say(`written ${file}`);
}

/** The corpus without the rest; of documents that occur twice both, as they stand. */
async function* chosen(test: TestCollection, kept: ReadonlySet<string>): AsyncGenerator<TestDocument> {
  for await (const document of test.documents()) if (kept.has(document.id)) yield document;
}

function figure(value: number, signed = false): string {
  return Number.isNaN(value) ? '-' : `${signed && value > 0 ? '+' : ''}${value.toFixed(4)}`;
}
