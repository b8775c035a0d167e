import { UnreadableDocumentError } from '../../base/errors.ts';
import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { isPlainObject } from '../metadata.ts';
import type { Reader } from '../reader.ts';
import { describeValue, RecordIds, readRecord } from '../records.ts';

/** Fields that make an object a document of its own rather than a detail of one. */
const PROSE = ['text', 'content', 'contents', 'body', 'passage', 'abstract', 'description', 'summary'];

/**
 * JSON: a list of objects is one document per object (`readRecord` says how), and so is an object whose members are
 * all objects with a text field (their keys are the ids); anything else is one document of `path: value` lines.
 * Comments and trailing commas are accepted. Offsets are into the text made.
 */
export const jsonReader: Reader = {
  format: 'json',
  extensions: ['json', 'jsonc', 'json5', 'geojson', 'webmanifest'],
  async *read(file, context) {
    const decoded = await context.text();
    const value = parseJson(decoded.text);
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

/** @throws UnreadableDocumentError with the place of the mistake. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    try {
      return JSON.parse(withoutComments(text));
    } catch {
      throw new UnreadableDocumentError(
        `It is not valid JSON: ${jsonProblem(error, text)}.`,
        'Mend the file, or exclude it.',
        { cause: error },
      );
    }
  }
}

/** What the parser says, on one line and with a line number instead of a position and an excerpt. */
export function jsonProblem(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const position = /position (\d+)/.exec(message)?.[1];
  const problem = message.replace(/(?:,| in JSON at).*$/su, '').replace(/\s+/g, ' ');
  if (position === undefined) return problem.replace(/^Unexpected end of JSON input$/, 'it ends too early');
  const line = text.slice(0, Number(position)).split('\n').length;
  return line === 1 ? `${problem} at character ${Number(position) + 1}` : `${problem} in line ${line}`;
}

/** Replaces comments and trailing commas outside strings by spaces, so that positions stay. */
function withoutComments(text: string): string {
  return text.replace(
    /"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*[\]}])/g,
    (token) => (token.startsWith('"') ? token : ' '),
  );
}
