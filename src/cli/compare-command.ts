import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  defaultMetrics,
  documentsShown,
  judge,
  judgementsWithoutSelf,
  openTestCollection,
  parseMetrics,
  readJudgements,
  renderPage,
  runWithoutSelf,
  type TestCollection,
} from '../eval/index.ts';
import { readEntrants } from './entrants.ts';
import { printVerdicts, verdictsToJson } from './eval-output.ts';
import { print, printable, printJson, say } from './output.ts';
import { checkOutputs } from './outputs.ts';

export interface CompareCommandOptions {
  readonly json: boolean;
  readonly qrels: string;
  readonly collection?: string;
  readonly metrics?: readonly string[];
  readonly html?: string;
  readonly seed: number;
  readonly level: number;
  readonly relevance: number;
  readonly excludeSelf: boolean;
  readonly version: string;
}

/** `sagitta compare RUN... --qrels F`: judges runs of any systems. */
export async function compareCommand(paths: readonly string[], options: CompareCommandOptions): Promise<void> {
  const metrics = parseMetrics(options.metrics ?? defaultMetrics).map(({ name }) => name);
  const { excludeSelf } = options;
  await checkOutputs([options.html, '--html']);
  const { judgements: all, sha256, findings } = await readJudgements(options.qrels);
  const judgements = excludeSelf ? judgementsWithoutSelf(all) : all;
  const test =
    options.collection === undefined
      ? undefined
      : await openTestCollection(options.collection, { qrels: options.qrels });
  const read = await readEntrants(paths, { qrels: sha256, ...(test === undefined ? {} : { test }) });
  const entrants = excludeSelf ? read.map((entrant) => ({ ...entrant, run: runWithoutSelf(entrant.run) })) : read;
  const { seed, level, relevance } = options;
  const verdicts = judge(entrants, judgements, { metrics, seed, level, relevanceLevel: relevance });
  if (options.html !== undefined) {
    const shown = documentsShown(entrants, judgements, verdicts);
    const page = renderPage({
      title: entrants.map(({ name }) => name).join(' against '),
      entrants,
      judgements,
      verdicts,
      facts: [
        ...paths.map((path): [string, string] => ['run', path]),
        ['judgements', `${options.qrels} (SHA-256 ${sha256})`],
        ['software', `sagitta ${options.version}, Node ${process.version}`],
        ['relevant from', `grade ${relevance}${excludeSelf ? ", without the query's own document" : ''}`],
        ['seed', String(seed)],
      ],
      findings,
      ...(test === undefined ? {} : { queries: test.queries, documents: await pick(test, shown) }),
    });
    await mkdir(dirname(options.html), { recursive: true });
    await writeFile(options.html, page);
    say(`written ${options.html}`);
  }
  if (options.json) {
    printJson({
      collection: test?.name ?? null,
      qrels: options.qrels,
      excludeSelf,
      findings,
      ...verdictsToJson(verdicts),
    });
  } else {
    print(printable(`${entrants.map(({ name }) => name).join(', ')} by ${options.qrels}`));
    printVerdicts(verdicts, findings);
  }
}

async function pick(
  test: TestCollection,
  ids: ReadonlySet<string>,
): Promise<Map<string, { title: string; text: string }>> {
  const texts = new Map<string, { title: string; text: string }>();
  for await (const { id, title, text } of test.documents()) if (ids.has(id)) texts.set(id, { title, text });
  return texts;
}
