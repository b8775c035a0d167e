import { UnreadableDocumentError } from '../../base/errors.ts';
import { type DecodedText, describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { parseJson } from '../json-parse.ts';
import { readLines } from '../lines.ts';
import { isPlainObject } from '../metadata.ts';
import type { Reader } from '../reader.ts';
import { RecordIds, readRecord } from '../records.ts';
import type { IngestFailure } from '../types.ts';

/** Lines at the beginning of a file that tell whether it is JSON Lines at all. */
const STRANGE = 20;

/**
 * JSON Lines: one document per line (`readRecord` says how), read in a stream of any length. A line that is not a JSON
 * object is a failure of its own, and the reading goes on; unless the file begins with {@link STRANGE} of them, as it is something else then. Of two records with the same id the later becomes
 * `id#LINE`. Offsets are into the text made.
 */
export const jsonlReader: Reader = {
  format: 'jsonl',
  extensions: ['jsonl', 'ndjson', 'jsonlines'],
  streams: true,
  async *read(file, context) {
    const ids = new RecordIds();
    let strange: IngestFailure[] | undefined = [];
    for await (const { number, decoded } of readLines(context.stream(), context.maxBytes)) {
      context.signal?.throwIfAborted();
      const record = readLine(decoded, context.maxBytes);
      if (record === undefined) continue;
      if (typeof record === 'string') {
        const failure = { path: file.path, where: `line ${number}`, reason: record };
        if (strange === undefined) yield failure;
        else if (strange.push(failure) === STRANGE) {
          throw new UnreadableDocumentError(
            `None of its first ${STRANGE} lines is a record (${strange[0]!.reason})`,
            'Give it the extension that it belongs to, or write each record as {"text": ...} in a line of its own.',
          );
        }
        continue;
      }
      if (strange !== undefined) yield* strange;
      strange = undefined;
      const { value, decoded: line } = record;
      const reading = readRecord(value, number, 'jsonl');
      if (reading.text.trim() === '') continue;
      yield makeDocument(file, {
        ...reading,
        record: ids.unique(reading.record!, number),
        encoding: describeEncoding(line),
      });
    }
    if (strange !== undefined) yield* strange;
  },
};

/** The record of a line, what is wrong with it, or undefined for an empty one. */
function readLine(
  decoded: DecodedText | undefined,
  maxBytes: number,
): { readonly value: Record<string, unknown>; readonly decoded: DecodedText } | string | undefined {
  if (decoded === undefined) {
    return `The line is longer than ${maxBytes} bytes. Split the record, or raise the limit (--max-bytes).`;
  }
  const text = decoded.text.trim();
  if (text === '') return undefined;
  try {
    const value = parseJson(text, 'Mend or delete the line.');
    return isPlainObject(value)
      ? { value, decoded }
      : 'It is JSON, but not an object. Write each record as {"text": ...}.';
  } catch (error) {
    if (error instanceof UnreadableDocumentError) return error.message;
    throw error;
  }
}
