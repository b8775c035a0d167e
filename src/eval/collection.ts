import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CorruptFileError, DataFormatError, NotFoundError } from '../base/errors.ts';
import { readCorpus, type TestDocument } from './corpus.ts';
import { forEachLine } from './lines.ts';
import { readJudgements } from './qrels.ts';
import { readQueries } from './queries.ts';
import { type Finding, Findings, type Judgements } from './types.ts';

/** Which files of a folder make the collection. Names within the folder, or paths. */
export interface CollectionFiles {
  /** Default `corpus.jsonl` (or `.gz`). `null`: none, since the documents are in a collection already. */
  readonly corpus?: string | null;
  /** Default `queries.jsonl`, `queries.tsv` or `topics.txt` (or `.gz`). */
  readonly queries?: string;
  /** Default: the judgements of `split`. */
  readonly qrels?: string;
  /** `qrels/SPLIT.tsv` or `qrels-SPLIT.tsv`. Default `test`, for which `qrels.tsv` and `qrels.txt` stand as well. */
  readonly split?: string;
}

/** A file as it was read. */
export interface FileRecord {
  readonly path: string;
  readonly sha256: string;
}

/** Documents, queries and judgements. */
export interface TestCollection {
  /** Name of the folder. */
  readonly name: string;
  readonly folder: string;
  /** Number of documents. */
  readonly documentCount: number;
  /** Queries that have a relevant document, in the order of their file. */
  readonly queries: ReadonlyMap<string, string>;
  /** Judgements of those queries. */
  readonly judgements: Judgements;
  readonly files: { readonly corpus: FileRecord; readonly queries: FileRecord; readonly qrels: FileRecord };
  /** SHA-256 over the three files: equal exactly when all of them are. */
  readonly fingerprint: string;
  /** What was dropped or does not fit together. */
  readonly findings: readonly Finding[];
  /** Ids of the documents, in the order of their file. */
  readonly documentIds: ReadonlySet<string>;
  /** Streams the documents from disk. @throws CorruptFileError when the file has changed since it was opened. */
  documents(): AsyncGenerator<TestDocument>;
}

/**
 * Opens a test collection: BEIR's layout, or TREC topics and judgements beside a JSONL corpus. The corpus is read once, for ids
 * and checksum, and streamed again by `documents`. Where the folder holds `SHA256SUMS`, the three files are checked against it.
 *
 * Judgements of documents or queries that do not exist, and queries without a relevant document, are dropped and counted in
 * `findings`. (trec_eval keeps judgements of missing documents in the denominators of recall; so does this: only the finding
 * says that they can never be found.)
 *
 * @throws NotFoundError for a missing folder or file, naming what was looked for; DataFormatError; CorruptFileError for a checksum
 * that does not match.
 */
export async function openTestCollection(folder: string, files: CollectionFiles = {}): Promise<TestCollection> {
  const root = resolve(folder);
  if (!existsSync(root) || !statSync(root).isDirectory()) {
    throw new NotFoundError(
      `There is no folder ${folder}.`,
      'Name a folder with corpus.jsonl, queries.jsonl and qrels.tsv.',
    );
  }
  const { split = 'test' } = files;
  const paths = {
    ...(files.corpus === null ? {} : { corpus: locate(root, 'corpus', files.corpus, ['corpus.jsonl']) }),
    queries: locate(root, 'queries', files.queries, [
      'queries.jsonl',
      'queries.tsv',
      'topics.txt',
      'topics.tsv',
      'topics',
    ]),
    qrels: locate(root, 'judgements', files.qrels, [
      `qrels/${split}.tsv`,
      `qrels-${split}.tsv`,
      ...(split === 'test' ? ['qrels.tsv', 'qrels.txt', 'qrels.jsonl', 'qrels'] : []),
    ]),
  };
  const findings = new Findings();
  const ids = new Set<string>();
  const { corpus: corpusPath } = paths as { readonly corpus?: string };
  const corpus = corpusPath === undefined ? undefined : readCorpus(corpusPath);
  let corpusSum = createHash('sha256').digest('hex');
  while (corpus !== undefined) {
    const next = await corpus.next();
    if (next.done) {
      corpusSum = next.value;
      break;
    }
    const { id, title, text } = next.value;
    if (ids.has(id))
      findings.add('duplicate-document', 'document ids that occur twice in the corpus; the last one counts', id);
    if (title.trim() === '' && text.trim() === '') findings.add('empty-text', 'documents without text', id);
    ids.add(id);
  }
  if (ids.size === 0 && corpusPath !== undefined)
    throw new DataFormatError(corpusPath, 'it holds no documents', 'Give one JSON object a line.');
  const asked = await readQueries(paths.queries);
  const judged = await readJudgements(paths.qrels);
  findings.addAll(asked.findings);
  findings.addAll(judged.findings);

  const sums = { corpus: corpusSum, queries: asked.sha256, qrels: judged.sha256 };
  await checkSums(root, Object.values(paths), Object.values(sums).slice(-Object.keys(paths).length));

  const judgements = new Map<string, ReadonlyMap<string, number>>();
  const relevantOf = (grades: ReadonlyMap<string, number>): number =>
    [...grades.values()].reduce((sum, grade) => sum + (grade > 0 ? 1 : 0), 0);
  for (const [query, grades] of judged.judgements) {
    for (const id of grades.keys()) {
      if (corpusPath !== undefined && !ids.has(id))
        findings.add('dangling-document', 'judged documents that the corpus does not hold', `${query} ${id}`);
    }
    if (!asked.queries.has(query)) {
      findings.add('dangling-query', 'judged queries that the query file does not hold, dropped', query);
    } else if (relevantOf(grades) === 0) {
      findings.add('query-without-relevant', 'queries of which no document is relevant, dropped', query);
    } else judgements.set(query, grades);
  }
  if (judgements.size === 0) {
    throw new DataFormatError(
      paths.qrels,
      'no query of the collection has a relevant document',
      'Check that the ids are the same.',
    );
  }
  const queries = new Map([...asked.queries].filter(([id]) => judgements.has(id)));
  const fingerprint = createHash('sha256').update(Object.values(sums).join('\n')).digest('hex');
  return {
    name: basename(root),
    folder: root,
    documentCount: ids.size,
    queries,
    judgements,
    files: {
      corpus: { path: corpusPath ?? '', sha256: sums.corpus },
      queries: { path: paths.queries, sha256: sums.queries },
      qrels: { path: paths.qrels, sha256: sums.qrels },
    },
    fingerprint,
    findings: findings.list(),
    documentIds: ids,
    documents: () => (corpusPath === undefined ? noDocuments() : unchanged(corpusPath, sums.corpus)),
  };
}

async function* noDocuments(): AsyncGenerator<TestDocument> {}

async function* unchanged(path: string, sha256: string): AsyncGenerator<TestDocument> {
  const documents = readCorpus(path);
  for (;;) {
    const next = await documents.next();
    if (!next.done) {
      yield next.value;
      continue;
    }
    if (next.value === sha256) return;
    throw new CorruptFileError(path, 'it has changed since the collection was opened', 'Open the collection again.');
  }
}

function locate(root: string, what: string, given: string | undefined, usual: readonly string[]): string {
  const names = given === undefined ? usual.flatMap((name) => [name, `${name}.gz`]) : [given];
  for (const name of names) {
    const path = resolve(root, name);
    if (existsSync(path) && statSync(path).isFile()) return path;
    if (given !== undefined && existsSync(given)) return resolve(given);
  }
  const there = readdirSync(root).filter((name) => /\.(jsonl|tsv|txt)(\.gz)?$|^qrels|^topics/.test(name));
  throw new NotFoundError(
    `${root} has no ${what} (looked for ${names.join(', ')}).`,
    there.length === 0 ? 'Name another folder.' : `Name the file; there are ${there.slice(0, 20).join(', ')}.`,
  );
}

async function checkSums(root: string, paths: readonly string[], sums: readonly string[]): Promise<void> {
  const list = join(root, 'SHA256SUMS');
  if (!existsSync(list)) return;
  const expected = new Map<string, string>();
  await forEachLine(list, ({ text, number }) => {
    const match = /^([0-9a-f]{64}) [ *](.+)$/i.exec(text);
    if (match === null) throw new DataFormatError(`${list}:${number}`, 'it is no checksum', 'Make it with sha256sum.');
    expected.set(resolve(root, match[2]!), match[1]!.toLowerCase());
  });
  paths.forEach((path, i) => {
    const sum = expected.get(path);
    if (sum === undefined || sum === sums[i]) return;
    throw new CorruptFileError(
      path,
      `its SHA-256 is ${sums[i]}, and SHA256SUMS says ${sum}`,
      'Copy or download it again.',
    );
  });
}
