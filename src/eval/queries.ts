import { DataFormatError } from '../base/errors.ts';
import { idField, parseObject, textField } from './fields.ts';
import { forEachLine } from './lines.ts';
import { type Finding, Findings } from './types.ts';

/** Queries as a file holds them. */
export interface QueryFile {
  /** Text by id, in the order of the file. */
  readonly queries: ReadonlyMap<string, string>;
  /** SHA-256 of the file. */
  readonly sha256: string;
  readonly findings: readonly Finding[];
}

/**
 * Reads queries: JSONL (`_id` and `text`, BEIR), id and text separated by a tab, or TREC topics (`<top>`, `<num>`, `<title>`); `.gz`
 * too. An id that occurs twice keeps its last text and is reported, as is a query without text.
 *
 * @throws DataFormatError with the line; NotFoundError.
 */
export async function readQueries(path: string): Promise<QueryFile> {
  const queries = new Map<string, string>();
  const findings = new Findings();
  const take = (place: string, id: string, text: string): void => {
    if (queries.has(id)) findings.add('duplicate-query', 'query ids that occur twice; the last text counts', place);
    if (text.trim() === '') findings.add('empty-text', 'queries without text', place);
    queries.set(id, text);
  };
  let topics: Topics | undefined;
  let format: 'jsonl' | 'tsv' | 'topics' | undefined;
  const sha256 = await forEachLine(path, (line) => {
    const place = `${path}:${line.number}`;
    format ??= line.text.trimStart().startsWith('{') ? 'jsonl' : /^\s*</.test(line.text) ? 'topics' : 'tsv';
    if (format === 'topics') {
      topics ??= new Topics(take);
      topics.line(place, line.text);
    } else if (format === 'jsonl') {
      const object = parseObject(path, line);
      const text = textField(place, object, ['text', 'query', 'title']);
      if (text === undefined) throw new DataFormatError(place, 'there is no text', 'Give every query a text.');
      take(place, idField(place, object, ['_id', 'id', 'query_id', 'qid']), text);
    } else {
      const tab = line.text.indexOf('\t');
      if (tab < 1) {
        const problem = 'it is neither JSON, nor id and text separated by a tab, nor a TREC topic';
        throw new DataFormatError(place, problem, 'Give queries in one of these formats.');
      }
      take(place, line.text.slice(0, tab), line.text.slice(tab + 1));
    }
  });
  topics?.finish(path);
  if (queries.size === 0) throw new DataFormatError(path, 'it holds no queries', 'Give one query a line.');
  return { queries, sha256, findings: findings.list() };
}

/** TREC topics: SGML without closing tags, fields on one line or several. */
class Topics {
  #id = '';
  #title = '';
  #field = '';
  #inside = false;

  constructor(private readonly take: (place: string, id: string, text: string) => void) {}

  line(place: string, text: string): void {
    for (const part of text.split(/(?=<\/?[a-z]+>)/i)) {
      const tag = /^<(\/?)([a-z]+)>/i.exec(part);
      const content = (tag === null ? part : part.slice(tag[0].length)).trim();
      if (tag !== null) {
        const name = tag[2]!.toLowerCase();
        if (name === 'top' && tag[1] === '/') {
          this.#close(place);
          continue;
        }
        if (name === 'top') {
          if (this.#inside)
            throw new DataFormatError(place, 'a topic begins inside another', 'Close topics with </top>.');
          [this.#id, this.#title, this.#inside] = ['', '', true];
        }
        this.#field = tag[1] === '/' ? '' : name;
      }
      if (this.#field === 'num') this.#id += content.replace(/^number:\s*/i, '');
      if (this.#field === 'title') this.#title += ` ${content.replace(/^topic:\s*/i, '')}`;
    }
  }

  finish(path: string): void {
    if (this.#inside) throw new DataFormatError(path, 'its last topic is not closed', 'Copy the file again, whole.');
  }

  #close(place: string): void {
    if (this.#id === '') throw new DataFormatError(place, 'a topic has no <num>', 'Give every topic a number.');
    this.take(place, this.#id, this.#title.trim());
    this.#inside = false;
  }
}
