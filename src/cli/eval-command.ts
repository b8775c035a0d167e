import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { nearest } from '../base/nearest.ts';
import type { Collection, RetrieverName } from '../collection/index.ts';
import {
  collectRun,
  defaultMetrics,
  documentsShown,
  type Entrant,
  judge,
  judgementsWithoutSelf,
  openTestCollection,
  parseMetrics,
  renderPage,
  saveRuns,
  type TestCollection,
} from '../eval/index.ts';
import { evaluationFile } from '../server/operations/types.ts';
import { isPostgresAddress } from '../store/index.ts';
import { replaceFile } from '../store/local/node-files.ts';
import { printVerdicts, verdictsToJson } from './eval-output.ts';
import { openHere } from './opening.ts';
import { duration, number, print, printable, printJson, say } from './output.ts';
import { checkOutputFolder, checkOutputs } from './outputs.ts';
import { Progress } from './progress.ts';

export interface EvalCommandOptions {
  readonly json: boolean;
  readonly retriever: readonly string[];
  /** In place of retrievers. */
  readonly pipeline?: readonly string[];
  readonly in?: string;
  readonly encoder?: string;
  readonly corpus?: string;
  readonly queries?: string;
  readonly qrels?: string;
  readonly split?: string;
  readonly metrics?: readonly string[];
  readonly depth: number;
  readonly excludeSelf: boolean;
  readonly candidates?: number;
  readonly language?: string;
  readonly runs?: string;
  readonly html?: string;
  readonly seed: number;
  readonly level: number;
  readonly quiet: boolean;
  readonly version: string;
}

const RETRIEVERS: readonly RetrieverName[] = ['bm25', 'dense', 'hybrid'];

/**
 * `sagitta eval DIR`: indexes a test collection, asks its queries, and judges the answers. Without DIR, by the judgements that the collection keeps
 * of its own documents.
 */
export async function evalCommand(
  directory: string | undefined,
  options: EvalCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const systems = options.pipeline ?? checkRetrievers(options.retriever);
  const metrics = parseMetrics(options.metrics ?? defaultMetrics).map(({ name }) => name);
  const { corpus, queries, qrels, split, depth, excludeSelf, seed, level } = options;
  await checkReports(options);
  if (directory === undefined && options.in === undefined) {
    throw new InvalidArgumentError(
      'There is nothing to evaluate by.',
      'Name the folder of a test collection, or a collection that was judged with --in.',
    );
  }
  if (directory === undefined && isPostgresAddress(options.in!)) {
    throw new InvalidArgumentError(
      'Judgements are kept in a folder, and this collection lies in PostgreSQL.',
      'Name the folder of a test collection.',
    );
  }
  const test =
    directory === undefined
      ? await openTestCollection(join(options.in!, 'judgements'), { corpus: null, ...given({ queries, qrels }) })
      : await openTestCollection(directory, given({ corpus, queries, qrels, split }));
  const temporary = options.in === undefined ? mkdtempSync(join(tmpdir(), 'sagitta-eval-')) : undefined;
  const progress = new Progress(options.quiet || options.json);
  try {
    const lexical = systems.every((name) => name === 'bm25' || name === 'words');
    const encoder = options.encoder ?? (lexical && temporary !== undefined ? 'none' : undefined);
    await using collection = await openHere(temporary ?? options.in!, {
      create: directory !== undefined,
      ...(encoder === undefined ? {} : { encoder }),
    });
    // What a collection was judged on is what it holds: it is left as it is.
    if (directory !== undefined) await fillCollection(collection, test, progress, signal);
    const { bytes, settings, documents: held } = await collection.inspect();
    const documentCount = directory === undefined ? held : test.documentCount;
    const entrants: Entrant[] = [];
    for (const name of new Set(systems)) {
      const { run, latency, findings } = await collectRun(
        test.queries,
        (text, k) =>
          collection.rank(text, {
            ...(options.pipeline === undefined ? { retriever: name as RetrieverName } : { pipeline: name }),
            k,
            signal,
            ...given({ language: options.language, candidates: options.candidates }),
          }),
        {
          depth,
          excludeSelf,
          signal,
          onProgress: (done, total) => progress.show(() => `${name}: ${number(done)} of ${number(total)} queries`),
        },
      );
      entrants.push({ name, run, latency, bytes, findings });
    }
    progress.done();
    const judgements = excludeSelf ? judgementsWithoutSelf(test.judgements) : test.judgements;
    const verdicts = judge(entrants, judgements, { metrics, seed, level });
    const software = `sagitta ${options.version}`;
    const written: string[] = [];
    const summary = {
      collection: test.name,
      documents: documentCount,
      encoder: settings.encoder,
      depth,
      excludeSelf,
      software,
      fingerprint: test.fingerprint,
      files: test.files,
      findings: test.findings,
      ...verdictsToJson(verdicts),
    };
    if (options.runs !== undefined) {
      const record = {
        collection: test.name,
        fingerprint: test.fingerprint,
        qrels: test.files.qrels.sha256,
        depth,
        software,
      };
      written.push(...(await saveRuns(options.runs, new Map(entrants.map(({ name, run }) => [name, run])), record)));
    }
    if (options.html !== undefined) {
      const documents = await textsOf(collection, documentsShown(entrants, judgements, verdicts));
      const facts: [string, string][] = [
        ['collection', `${test.name}, ${number(documentCount)} documents`],
        ...Object.entries(test.files)
          .filter(([, { path }]) => path !== '')
          .map(([what, { path, sha256 }]): [string, string] => [what, `${path} (SHA-256 ${sha256})`]),
        ['depth', `${depth} documents a query${excludeSelf ? ', without its own' : ''}`],
        ['software', `${software}, Node ${process.version}`],
        ['seed', String(seed)],
      ];
      const page = renderPage({
        title: `${systems.join(', ')} on ${test.name}`,
        entrants,
        judgements,
        verdicts,
        facts,
        findings: test.findings,
        queries: test.queries,
        documents,
      });
      await mkdir(dirname(options.html), { recursive: true });
      await writeFile(options.html, page);
      await writeFile(figuresBeside(options.html), `${JSON.stringify(summary, null, 2)}\n`);
      written.push(options.html);
    }
    if (options.in !== undefined && !isPostgresAddress(options.in)) {
      // Beside the collection, where a server shows it.
      const path = evaluationFile({ directory: options.in });
      await replaceFile(path, [`${JSON.stringify(summary, null, 2)}\n`]);
      written.push(path);
    }
    if (options.json) printJson(summary);
    else {
      print(`${printable(test.name)}: ${number(documentCount)} documents, depth ${depth}`);
      printVerdicts(verdicts, test.findings);
    }
    for (const path of written) say(`written ${path}`);
  } finally {
    progress.done();
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  }
}

/** Refuses places for pages and runs that could not be written, before anything is asked. */
async function checkReports({ html, runs }: EvalCommandOptions): Promise<void> {
  await checkOutputs([html, '--html'], [html === undefined ? html : figuresBeside(html), '--html']);
  await checkOutputFolder(runs, '--runs');
}

/** The file of a page's figures. */
function figuresBeside(html: string): string {
  return `${html.replace(/\.html?$/i, '')}.json`;
}

/** Brings the collection to what the corpus holds: unchanged documents cost a look-up. */
export async function fillCollection(
  collection: Collection,
  test: TestCollection,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const start = performance.now();
  await collection.add(documentsOf(test), {
    signal,
    onProgress: ({ documents, passages }) =>
      progress.show(
        () =>
          `indexing: ${number(documents)} of ${number(test.documentCount)} documents, ${number(passages)} passages, ${duration(performance.now() - start)}`,
      ),
  });
  const gone = (await collection.ids()).filter((id) => !test.documentIds.has(id));
  if (gone.length > 0) {
    say(`removing ${number(gone.length)} documents that the corpus does not hold from ${collection.directory}`);
    await collection.remove(gone);
  }
}

async function* documentsOf(test: TestCollection): AsyncGenerator<{ id: string; title: string; text: string }> {
  for await (const { id, title, text } of test.documents()) yield { id, title, text };
}

async function textsOf(
  collection: Collection,
  ids: ReadonlySet<string>,
): Promise<Map<string, { title: string; text: string }>> {
  const texts = new Map<string, { title: string; text: string }>();
  const known = new Set(await collection.ids());
  for (const id of ids) {
    if (!known.has(id)) continue;
    const { title, text } = await collection.document(id);
    texts.set(id, { title, text });
  }
  return texts;
}

function checkRetrievers(names: readonly string[]): RetrieverName[] {
  return [...new Set(names)].map((name) => {
    if ((RETRIEVERS as readonly string[]).includes(name)) return name as RetrieverName;
    const guess = nearest(name, RETRIEVERS);
    throw new InvalidArgumentError(
      `Unknown retriever "${name}".`,
      guess === undefined ? `Choose from ${RETRIEVERS.join(', ')}.` : `Did you mean "${guess}"?`,
    );
  });
}
