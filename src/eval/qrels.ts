import { DataFormatError } from '../base/errors.ts';
import { DOCUMENT_ID, idField, parseNumber, parseObject, QUERY_ID } from './fields.ts';
import { type DataLine, forEachLine } from './lines.ts';
import { type Finding, Findings, type Judgements } from './types.ts';

/** Judgements as a file holds them. */
export interface JudgementFile {
  readonly judgements: Judgements;
  readonly format: JudgementFormat;
  /** SHA-256 of the file. */
  readonly sha256: string;
  readonly findings: readonly Finding[];
}

/**
 * `beir`: header line, then query, document and grade separated by tabs. `trec`: query, iteration, document, grade separated by
 * blanks. `jsonl`: one object a line.
 */
export type JudgementFormat = 'beir' | 'trec' | 'jsonl';

/**
 * Reads judgements, by the first line's format; `.gz` too. A pair that is judged twice keeps the last grade and is reported.
 *
 * @throws DataFormatError with the line for another format in the middle, a missing column, a grade that is no number, or an
 * empty file; NotFoundError.
 */
export async function readJudgements(path: string): Promise<JudgementFile> {
  const judgements = new Map<string, Map<string, number>>();
  const findings = new Findings();
  let format: JudgementFormat | undefined;
  const sha256 = await forEachLine(path, (line) => {
    if (format === undefined) {
      format = formatOf(path, line);
      if (format === 'beir' && isHeader(line.text)) return;
    }
    const { query, document, grade } = PARSERS[format](path, line);
    let judged = judgements.get(query);
    if (judged === undefined) {
      judged = new Map();
      judgements.set(query, judged);
    }
    const before = judged.get(document);
    if (before !== undefined) {
      const same = before === grade ? 'with the same grade' : 'with different grades; the last one counts';
      findings.add('duplicate-judgement', `pairs judged twice ${same}`, `${path}:${line.number}`);
    }
    judged.set(document, grade);
  });
  if (format === undefined || judgements.size === 0) {
    throw new DataFormatError(path, 'it holds no judgements', 'Give a file in BEIR, TREC or JSONL format.');
  }
  return { judgements, format, sha256, findings: findings.list() };
}

interface Judgement {
  readonly query: string;
  readonly document: string;
  readonly grade: number;
}

const PARSERS: Readonly<Record<JudgementFormat, (path: string, line: DataLine) => Judgement>> = {
  beir: (path, line) => {
    const [query, document, grade, ...more] = line.text.split('\t');
    if (grade === undefined || more.length > 0) throw mixed(path, line, 'three columns separated by tabs');
    return { query: query!, document: document!, grade: gradeOf(path, line, grade) };
  },
  trec: (path, line) => {
    const [query, , document, grade, ...more] = line.text.trim().split(/\s+/);
    if (grade === undefined || more.length > 0)
      throw mixed(path, line, 'four columns (query, iteration, document, grade)');
    return { query: query!, document: document!, grade: gradeOf(path, line, grade) };
  },
  jsonl: (path, line) => {
    const object = parseObject(path, line);
    const place = `${path}:${line.number}`;
    const grade = object['score'] ?? object['grade'] ?? object['relevance'] ?? object['rel'];
    return {
      query: idField(place, object, QUERY_ID),
      document: idField(place, object, DOCUMENT_ID),
      grade: parseNumber(place, 'grade', grade),
    };
  },
};

function gradeOf(path: string, { number }: DataLine, text: string): number {
  return parseNumber(`${path}:${number}`, 'grade', text);
}

function formatOf(path: string, line: DataLine): JudgementFormat {
  if (line.text.trimStart().startsWith('{')) return 'jsonl';
  if (line.text.split('\t').length === 3) return 'beir';
  if (line.text.trim().split(/\s+/).length === 4) return 'trec';
  throw new DataFormatError(
    `${path}:${line.number}`,
    'it is neither three columns with tabs (BEIR), nor four columns (TREC), nor JSON',
    'Give judgements in one of these formats.',
  );
}

function isHeader(text: string): boolean {
  return Number.isNaN(Number(text.split('\t')[2]));
}

function mixed(path: string, { number }: DataLine, expected: string): DataFormatError {
  return new DataFormatError(
    `${path}:${number}`,
    `this line does not have ${expected}, as those before it do`,
    'Keep one format in a file.',
  );
}
