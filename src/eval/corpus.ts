import { DataFormatError } from '../base/errors.ts';
import { idField, parseObject, textField } from './fields.ts';
import { type DataLine, readDataLines } from './lines.ts';

/** A document of a test collection. */
export interface TestDocument {
  readonly id: string;
  /** Empty when there is none. */
  readonly title: string;
  readonly text: string;
}

/**
 * Documents of a JSONL file (`_id`, `title`, `text`; also `id`, `docid`, `contents`), one at a time; `.gz` too. The return value is
 * the file's SHA-256.
 *
 * @throws DataFormatError with the line; NotFoundError.
 */
export async function* readCorpus(path: string): AsyncGenerator<TestDocument, string> {
  const lines = readDataLines(path);
  for (;;) {
    const next = await lines.next();
    if (next.done) return next.value;
    for (const line of next.value) yield parse(path, line);
  }
}

function parse(path: string, line: DataLine): TestDocument {
  const object = parseObject(path, line);
  const place = `${path}:${line.number}`;
  const text = textField(place, object, ['text', 'contents', 'body', 'passage']);
  const title = textField(place, object, ['title']) ?? '';
  if (text === undefined && title === '') {
    throw new DataFormatError(place, 'there is neither text nor title', 'Give every document a text.');
  }
  return { id: idField(place, object, ['_id', 'id', 'docid', 'doc_id', 'docno']), title, text: text ?? '' };
}
