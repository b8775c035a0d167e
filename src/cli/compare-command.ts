import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import {
  checkRecord,
  defaultMetrics,
  documentsShown,
  type Entrant,
  Findings,
  judge,
  openTestCollection,
  parseMetrics,
  readJudgements,
  readRun,
  renderPage,
  runRecord,
  type TestCollection,
} from '../eval/index.ts';
import { printVerdicts, verdictsToJson } from './eval-output.ts';
import { print, printJson, say } from './output.ts';

export interface CompareCommandOptions {
  readonly json: boolean;
  readonly qrels: string;
  readonly collection?: string;
  readonly metrics?: readonly string[];
  readonly html?: string;
  readonly seed: number;
  readonly level: number;
  readonly relevance: number;
  readonly version: string;
}

/** `sagitta compare RUN... --qrels F`: judges runs of any systems. */
export async function compareCommand(paths: readonly string[], options: CompareCommandOptions): Promise<void> {
  const metrics = parseMetrics(options.metrics ?? defaultMetrics).map(({ name }) => name);
  const { judgements, sha256, findings } = await readJudgements(options.qrels);
  const test =
    options.collection === undefined
      ? undefined
      : await openTestCollection(options.collection, { qrels: options.qrels });
  const entrants: Entrant[] = [];
  for (const path of paths) {
    const file = await readRun(path);
    const all = new Findings();
    all.addAll(file.findings);
    const now = { qrels: sha256, ...(test === undefined ? {} : { fingerprint: test.fingerprint }) };
    all.addAll(checkRecord(path, await runRecord(path), now));
    if (test !== undefined) {
      for (const [query, { ids }] of file.run) {
        for (const id of ids) {
          if (!test.hasDocument(id))
            all.add('document-not-in-collection', 'results that the corpus does not hold', `${query} ${id}`);
        }
      }
    }
    entrants.push({ name: nameOf(path, file.tag, entrants), run: file.run, findings: all.list() });
  }
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
    printJson({ collection: test?.name ?? null, qrels: options.qrels, findings, ...verdictsToJson(verdicts) });
  } else {
    print(`${entrants.map(({ name }) => name).join(', ')} by ${options.qrels}`);
    printVerdicts(verdicts, findings);
  }
}

/** The run's own tag, unless it is taken or there is none; then its file's name, with a number where that is taken too. */
function nameOf(path: string, tag: string | undefined, before: readonly Entrant[]): string {
  const taken = (name: string): boolean => before.some((entrant) => entrant.name === name);
  const file = basename(path).replace(/\.(run|txt|trec|jsonl)(\.gz)?$/i, '');
  const candidates = [...(tag === undefined ? [] : [tag]), file, path, `${path} (${before.length + 1})`];
  return candidates.find((name) => !taken(name))!;
}

async function pick(
  test: TestCollection,
  ids: ReadonlySet<string>,
): Promise<Map<string, { title: string; text: string }>> {
  const texts = new Map<string, { title: string; text: string }>();
  for await (const { id, title, text } of test.documents()) if (ids.has(id)) texts.set(id, { title, text });
  return texts;
}
