import { Readable } from 'node:stream';
import { UnreadableDocumentError } from '../../base/errors.ts';
import { makeDocument } from '../document.ts';
import { readAsUtf8 } from '../lines.ts';
import { extensionOf } from '../paths.ts';
import type { Reader } from '../reader.ts';
import { RecordIds, readRecord } from '../records.ts';

/**
 * Tables with a header row: one document per row (`readRecord` says how), read in a stream of any length. The
 * delimiter is the one among `,` `;` tab and `|` that divides the header into most columns, or what a first line `sep=;`
 * says. A first row of nothing but numbers is no header. Cells beyond the header are `column N`. Cells that are numbers
 * become numbers. Offsets are into the text made.
 */
export const csvReader: Reader = {
  format: 'csv',
  extensions: ['csv', 'tsv', 'tab', 'psv'],
  streams: true,
  async *read(file, context) {
    const { CsvError, parse } = await import('csv-parse');
    const { encoding, chunks } = await readAsUtf8(context.stream());
    const { head, rest } = await peek(chunks);
    const { delimiter, quoted, skip } = dialectOf(head, /^(?:tsv|tab)$/.test(extensionOf(file.path)));
    const parser = parse({
      delimiter,
      quote: quoted ? '"' : null,
      bom: true,
      info: true,
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true,
      from_line: skip ? 2 : 1,
      max_record_size: context.maxBytes,
    });
    const source = Readable.from(narrow(rest, delimiter));
    source.on('error', (error) => parser.destroy(error));
    source.pipe(parser);
    const ids = new RecordIds();
    let names: string[] | undefined;
    let number = 0;
    const extra = { rows: 0, first: 0 };
    try {
      for await (const { record, info } of parser as AsyncIterable<CsvRow>) {
        context.signal?.throwIfAborted();
        if (names === undefined) {
          const isData = record.length > 1 && record.every((cell) => NUMERIC.test(cell.trim()));
          names = uniqueNames(isData ? record.map(() => '') : record);
          if (!isData) continue;
        }
        number++;
        if (record.length > names.length) {
          extra.first ||= info.lines;
          extra.rows++;
        }
        const fields: Record<string, unknown> = {};
        const spilled = new Set<string>();
        record.forEach((cell, i) => {
          if (cell.trim() === '') return;
          const name = names![i] ?? `column ${i + 1}`;
          if (i >= names!.length) spilled.add(name);
          fields[name] = cellValue(spilled.has(name) ? cell.trim() : cell);
        });
        const reading = readRecord(fields, number, 'csv', spilled);
        if (reading.text.trim() === '') continue;
        yield makeDocument(file, {
          ...reading,
          record: ids.unique(reading.record!, number),
          encoding: encoding === 'utf-8' ? undefined : encoding,
        });
      }
      if (names === undefined)
        throw new UnreadableDocumentError('It has no header row.', 'Name the columns in the first row.');
      if (extra.rows > 0) {
        const rows = extra.rows === 1 ? 'A row has' : `${extra.rows} rows have`;
        const note = `${rows} more cells than the header; they are kept as "column N".`;
        yield { path: file.path, where: `line ${extra.first}`, note };
      }
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      const problem = error.message.replace(/\s+/g, ' ').replace(/\.$/, '');
      throw new UnreadableDocumentError(`It is not a sound table: ${problem}.`, 'Mend the row, or exclude the file.', {
        cause: error,
      });
    } finally {
      source.destroy();
      parser.destroy();
    }
  },
};

interface CsvRow {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** A number as spreadsheets of any country write it, or nothing. */
const NUMERIC = /^[-+]?[\d.,\s\u00A0]*\d[\d.,%]*$/;

/** Cells to a row: more than any program for tables has, few enough to be read in seconds. */
const MOST_CELLS = 100_000;
const LINE_FEED = 10;
const RETURN = 13;

/** The same chunks, up to a line of more cells than may be. */
async function* narrow(chunks: AsyncIterable<Uint8Array>, delimiter: string): AsyncGenerator<Uint8Array> {
  const sign = delimiter.charCodeAt(0);
  let line = 1;
  let cells = 1;
  for await (const chunk of chunks) {
    for (const byte of chunk) {
      if (byte === sign) cells++;
      else if (byte === LINE_FEED || byte === RETURN) {
        if (byte === LINE_FEED) line++;
        cells = 1;
      }
      if (cells > MOST_CELLS) {
        throw new UnreadableDocumentError(
          `Its line ${line} has more than ${MOST_CELLS.toLocaleString('en')} cells.`,
          'Split the table, or turn its rows and columns around.',
        );
      }
    }
    yield chunk;
  }
}

/** The beginning of a file, and its chunks with it. */
async function peek(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly head: string; readonly rest: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head: Uint8Array = first.done ? new Uint8Array(0) : first.value;
  async function* rest(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return {
    head: Buffer.from(head.subarray(0, SAMPLE))
      .toString('utf8')
      .replace(/^\uFEFF/, ''),
    rest: rest(),
  };
}

const SAMPLE = 64 * 1024;

interface Dialect {
  readonly delimiter: string;
  readonly quoted: boolean;
  /** The first line says what the delimiter is. */
  readonly skip: boolean;
}

function dialectOf(head: string, isTabbed: boolean): Dialect {
  const declared = /^"?sep=(.)"?\r?\n/i.exec(head);
  if (declared !== null) return { delimiter: declared[1]!, quoted: true, skip: true };
  // Some programs quote cells of tab-separated files; in the others a quotation mark is a character like any other.
  if (isTabbed) return { delimiter: '\t', quoted: areQuoted(head), skip: false };
  return { delimiter: likelyDelimiter(head.split(/\r?\n|\r/, 1)[0]!), quoted: true, skip: false };
}

/** Whether every cell that begins with a quotation mark is closed by one. */
function areQuoted(head: string): boolean {
  const opened = head.match(/(?:^|[\t\n\r])"/g)?.length ?? 0;
  const closed = head.match(/(?<=^|[\t\n\r])"(?:[^"]|"")*"(?=[\t\n\r]|$)/g)?.length ?? 0;
  return opened > 0 && closed >= opened - (head.length < SAMPLE / 2 ? 0 : 1);
}

function likelyDelimiter(header: string): string {
  const bare = header.replace(/"(?:[^"]|"")*"/g, '');
  let best = ',';
  let most = bare.split(',').length;
  for (const candidate of [';', '\t', '|']) {
    const parts = bare.split(candidate).length;
    if (parts > most) {
      best = candidate;
      most = parts;
    }
  }
  return best;
}

/** Empty and repeated headings get their column's number, so that no cell is lost. */
function uniqueNames(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return names.map((name, i) => {
    const trimmed = name.trim();
    let unique = trimmed === '' ? `column ${i + 1}` : trimmed;
    if (seen.has(unique)) unique = `${unique} ${i + 1}`;
    seen.add(unique);
    return unique;
  });
}

/** Plain decimal numbers as numbers, unless writing them back would give another text (`007`, `1e5`, `1.50`, 20 digits). */
function cellValue(cell: string): string | number {
  if (!/^-?\d{1,15}(?:\.\d{1,15})?$/.test(cell)) return cell;
  const number = Number(cell);
  return String(number) === cell ? number : cell;
}
