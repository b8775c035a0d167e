import { UnreadableDocumentError } from '../../base/errors.ts';
import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { parseJson } from '../json-parse.ts';
import { readLines } from '../lines.ts';
import { isPlainObject } from '../metadata.ts';
import type { Reader } from '../reader.ts';
import { RecordIds, readRecord } from '../records.ts';

/**
 * JSON Lines: one document per line (`readRecord` says how), read in a stream of any length. A line that is not a JSON
 * object is a failure of its own, and the reading goes on. Of two records with the same id the later becomes
 * `id#LINE`. Offsets are into the text made.
 */
export const jsonlReader: Reader = {
  format: 'jsonl',
  extensions: ['jsonl', 'ndjson', 'jsonlines'],
  streams: true,
  async *read(file, context) {
    const ids = new RecordIds();
    for await (const { number, decoded } of readLines(context.stream(), context.maxBytes)) {
      context.signal?.throwIfAborted();
      const failed = (problem: string) => ({ path: file.path, where: `line ${number}`, reason: problem });
      if (decoded === undefined) {
        yield failed(`The line is longer than ${context.maxBytes} bytes. Split the record, or raise the limit.`);
        continue;
      }
      const text = decoded.text.trim();
      if (text === '') continue;
      let value: unknown;
      try {
        value = parseJson(text, 'Mend or delete the line.');
      } catch (error) {
        if (!(error instanceof UnreadableDocumentError)) throw error;
        yield failed(error.message);
        continue;
      }
      if (!isPlainObject(value)) {
        yield failed('It is JSON, but not an object. Write each record as {"text": ...}.');
        continue;
      }
      const reading = readRecord(value, number, 'jsonl');
      if (reading.text.trim() === '') continue;
      yield makeDocument(file, {
        ...reading,
        record: ids.unique(reading.record!, number),
        encoding: describeEncoding(decoded),
      });
    }
  },
};
