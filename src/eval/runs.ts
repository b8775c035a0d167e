import { writeFile } from 'node:fs/promises';
import { DataFormatError, InvalidArgumentError } from '../base/errors.ts';
import { DOCUMENT_ID, idField, parseNumber, parseObject, QUERY_ID } from './fields.ts';
import { type DataLine, forEachLine } from './lines.ts';
import { rankedOrder } from './order.ts';
import { type Finding, Findings, type RankedList, type Run } from './types.ts';

/** A run as a file holds it. */
export interface RunFile {
  readonly run: Run;
  /** The tag of its first line (TREC format). */
  readonly tag?: string;
  /** SHA-256 of the file. */
  readonly sha256: string;
  readonly findings: readonly Finding[];
}

/**
 * Reads a run: TREC's six columns (query, Q0, document, rank, score, tag), or JSONL with `query_id`, `doc_id` and `score`; `.gz` too.
 * Scores decide, as in trec_eval; ranks that contradict them, and documents that occur twice for a query (the greatest score is
 * kept), are reported.
 *
 * @throws DataFormatError with the line for a NaN score, a missing column, another format in the middle, or an empty file.
 */
export async function readRun(path: string): Promise<RunFile> {
  const builders = new Map<string, ListBuilder>();
  const findings = new Findings();
  const names = new Map<string, string>();
  let format: 'trec' | 'jsonl' | undefined;
  let tag: string | undefined;
  const sha256 = await forEachLine(path, (line) => {
    format ??= line.text.trimStart().startsWith('{') ? 'jsonl' : 'trec';
    const entry = format === 'jsonl' ? parseJson(path, line) : parseTrec(path, line);
    tag ??= entry.tag;
    let builder = builders.get(entry.query);
    if (builder === undefined) {
      builder = new ListBuilder();
      builders.set(entry.query, builder);
    }
    // One string per document, however many queries it was returned for.
    let document = names.get(entry.document);
    if (document === undefined) {
      document = entry.document;
      names.set(document, document);
    }
    const place = `${path}:${line.number}`;
    if (!builder.add(document, entry.score)) {
      findings.add('duplicate-document', 'documents returned twice for a query; the greatest score is kept', place);
    }
    if (entry.rank !== undefined && !builder.agrees(entry.rank, entry.score)) {
      findings.add('rank-contradicts-score', 'ranks that contradict the scores; scores decide', place);
    }
  });
  if (builders.size === 0)
    throw new DataFormatError(path, 'it holds no results', 'Give a run in TREC format or as JSONL.');
  const run = new Map([...builders].map(([query, builder]) => [query, builder.list()]));
  return { run, ...(tag === undefined ? {} : { tag }), sha256, findings: findings.list() };
}

/** The run as TREC writes it: sorted as trec_eval reads it, ranks from 1, scores that read back to the same number. */
export function formatRun(run: Run, tag: string): string {
  checkToken('tag', tag);
  const lines: string[] = [];
  for (const [query, list] of run) {
    checkToken('query id', query);
    const order = rankedOrder(list, query);
    for (let rank = 0; rank < list.ids.length; rank++) {
      const at = order?.[rank] ?? rank;
      checkToken('document id', list.ids[at]!);
      lines.push(`${query} Q0 ${list.ids[at]} ${rank + 1} ${list.scores[at]} ${tag}\n`);
    }
  }
  return lines.join('');
}

/** Writes {@link formatRun} to a file. @throws InvalidArgumentError for ids with blanks, which the format cannot hold. */
export async function writeRun(path: string, run: Run, tag: string): Promise<void> {
  await writeFile(path, formatRun(run, tag));
}

interface Entry {
  readonly query: string;
  readonly document: string;
  readonly score: number;
  readonly rank?: number;
  readonly tag?: string;
}

function parseTrec(path: string, { text, number }: DataLine): Entry {
  const place = `${path}:${number}`;
  const [query, , document, rank, score, tag, ...more] = text.trim().split(/\s+/);
  if (score === undefined || more.length > 0) {
    const found = text.trim().split(/\s+/).length;
    throw new DataFormatError(
      place,
      `it has ${found} columns instead of six (query, Q0, document, rank, score, tag)`,
      'Give every line of a run these columns, and keep one format in a file.',
    );
  }
  return {
    query: query!,
    document: document!,
    rank: parseNumber(place, 'rank', rank),
    score: parseNumber(place, 'score', score, true),
    ...(tag === undefined ? {} : { tag }),
  };
}

function parseJson(path: string, line: DataLine): Entry {
  const object = parseObject(path, line);
  const place = `${path}:${line.number}`;
  return {
    query: idField(place, object, QUERY_ID),
    document: idField(place, object, DOCUMENT_ID),
    score: parseNumber(place, 'score', object['score'], true),
    ...(object['rank'] === undefined ? {} : { rank: parseNumber(place, 'rank', object['rank']) }),
  };
}

class ListBuilder {
  readonly #scores = new Map<string, number>();
  #lastRank = Number.NEGATIVE_INFINITY;
  #lastScore = Number.POSITIVE_INFINITY;

  /** @returns false when the document is there already. */
  add(document: string, score: number): boolean {
    const before = this.#scores.get(document);
    if (before === undefined || score > before) this.#scores.set(document, score);
    return before === undefined;
  }

  /** Whether rank and score move in opposite directions from the line before. */
  agrees(rank: number, score: number): boolean {
    const fine = rank !== this.#lastRank && rank > this.#lastRank === score <= this.#lastScore;
    this.#lastRank = rank;
    this.#lastScore = score;
    return fine;
  }

  list(): RankedList {
    return { ids: [...this.#scores.keys()], scores: Float64Array.from(this.#scores.values()) };
  }
}

function checkToken(what: string, value: string): void {
  if (!/\s/.test(value) && value !== '') return;
  throw new InvalidArgumentError(
    `The ${what} ${JSON.stringify(value)} cannot stand in a TREC run, whose columns are separated by blanks.`,
    'Choose ids without blanks, or write JSONL.',
  );
}
