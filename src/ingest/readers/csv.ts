import { Readable } from 'node:stream';
import { UnreadableDocumentError } from '../../base/errors.ts';
import { makeDocument } from '../document.ts';
import { readAsUtf8 } from '../lines.ts';
import type { Reader } from '../reader.ts';
import { RecordIds, readRecord } from '../records.ts';
import type { IngestFailure } from '../types.ts';

/**
 * Tables with a header row: one document per row (`readRecord` says how), read in a stream of any length. The
 * delimiter of a `.csv` is the one among `,` `;` tab and `|` that divides the header into most columns. Cells that are
 * numbers become numbers. Offsets are into the text made.
 */
export const csvReader: Reader = {
  format: 'csv',
  extensions: ['csv', 'tsv', 'tab'],
  streams: true,
  async *read(file, context) {
    const { CsvError, parse } = await import('csv-parse');
    const { encoding, chunks } = await readAsUtf8(context.stream());
    const { header, rest } = await peekHeader(chunks);
    const isTabbed = /\.(?:tsv|tab)$/i.test(file.path);
    const failures: IngestFailure[] = [];
    let columns = 0;
    const parser = parse({
      delimiter: isTabbed ? '\t' : likelyDelimiter(header),
      // A tab-separated file has no quoting: a quotation mark is a character like any other.
      quote: isTabbed ? null : '"',
      bom: true,
      info: true,
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: context.maxBytes,
      columns: (names: readonly string[]) => {
        columns = names.length;
        return uniqueNames(names);
      },
    });
    const source = Readable.from(rest);
    source.on('error', (error) => parser.destroy(error));
    source.pipe(parser);
    const ids = new RecordIds();
    try {
      for await (const { record, info } of parser as AsyncIterable<CsvRow>) {
        context.signal?.throwIfAborted();
        yield* failures.splice(0);
        const fields: Record<string, unknown> = {};
        for (const [name, cell] of Object.entries(record)) if (cell !== '') fields[name] = cellValue(cell);
        const number = info.records;
        const reading = readRecord(fields, number, 'csv');
        if (reading.text.trim() === '') continue;
        yield makeDocument(file, {
          ...reading,
          record: ids.unique(reading.record!, number),
          encoding: encoding === 'utf-8' ? undefined : encoding,
        });
      }
      if (columns === 0)
        throw new UnreadableDocumentError('It has no header row.', 'Name the columns in the first row.');
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
  readonly record: Readonly<Record<string, string>>;
  readonly info: { readonly records: number; readonly lines: number };
}

/** The first line, and the chunks with it. */
async function peekHeader(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly header: string; readonly rest: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head: Uint8Array = first.done ? new Uint8Array(0) : first.value;
  const header = Buffer.from(head.subarray(0, 64 * 1024))
    .toString('utf8')
    .split(/\r?\n|\r/, 1)[0]!;
  async function* rest(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { header, rest: rest() };
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

/** Plain decimal numbers as numbers, unless writing them back would give another text (`007`, `1e5`, 20 digits). */
function cellValue(cell: string): string | number {
  if (!/^-?\d{1,15}(?:\.\d{1,15})?$/.test(cell)) return cell;
  const number = Number(cell);
  return String(number) === cell ? number : cell;
}
