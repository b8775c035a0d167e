import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { parseJsonLines } from '../json-parse.ts';
import { isPlainObject } from '../metadata.ts';
import type { Reader } from '../reader.ts';
import { describeValue, RecordIds, readRecord } from '../records.ts';

/** Fields that make an object a document of its own rather than a detail of one. */
const PROSE = ['text', 'content', 'contents', 'body', 'passage', 'abstract', 'description', 'summary'];

/**
 * JSON: a list of objects is one document per object (`readRecord` says how), and so is an object whose members are
 * all objects with a text field (their keys are the ids); anything else is one document of `path: value` lines.
 * JSON5 is read too, and so are values one after the other, as of JSON Lines, which are read as a list. Offsets are into the text made.
 */
export const jsonReader: Reader = {
  format: 'json',
  extensions: ['json', 'jsonc', 'json5', 'geojson', 'webmanifest'],
  async *read(file, context) {
    const decoded = await context.text();
    const value = parseJsonLines(decoded.text);
    const encoding = describeEncoding(decoded);
    const records = recordsOf(value);
    if (records !== undefined) {
      const ids = new RecordIds();
      for (let i = 0; i < records.length; i++) {
        const reading = readRecord(records[i]!, i + 1, 'json');
        if (reading.text.trim() === '') continue;
        yield makeDocument(file, { ...reading, record: ids.unique(reading.record!, i + 1), encoding });
      }
      return;
    }
    const { text, blocks } = describeValue(value);
    const title = isPlainObject(value) ? (textOf(value['title']) ?? textOf(value['name'])) : undefined;
    yield makeDocument(file, { format: 'json', text, blocks, title, encoding });
  },
};

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

function recordsOf(value: unknown): readonly Record<string, unknown>[] | undefined {
  if (Array.isArray(value)) return value.length > 0 && value.every(isPlainObject) ? value : undefined;
  if (!isPlainObject(value)) return undefined;
  const members = Object.entries(value);
  if (members.length < 2) return undefined;
  const isRecord = (member: unknown): member is Record<string, unknown> =>
    isPlainObject(member) && PROSE.some((name) => typeof member[name] === 'string');
  if (!members.every(([, member]) => isRecord(member))) return undefined;
  return members.map(([id, member]) => ({ id, ...(member as Record<string, unknown>) }));
}
