import { UnreadableDocumentError } from '../../base/errors.ts';
import { makeDocument } from '../document.ts';
import { DocumentPackage, mistaken, packageProperties, relationships } from '../package.ts';
import type { Reader } from '../reader.ts';
import { SheetText } from '../sheet-text.ts';
import { parseXml, type XmlAttributes, type XmlHandler } from '../xml.ts';

/**
 * Spreadsheets (OOXML): a document per sheet, a line per row, as the cells show: dates as dates, the results of formulas;
 * comments follow. Empty sheets are left out, hidden ones are not. Offsets are into the text made.
 */
export const xlsxReader: Reader = {
  format: 'xlsx',
  extensions: ['xlsx', 'xlsm', 'xltx'],
  async *read(file, context) {
    const source = new DocumentPackage(await context.bytes(), context.maxBytes);
    const main = (await relationships(source, '')).find(({ type }) => type === 'officeDocument')?.target;
    const part = main !== undefined && source.has(main) ? main : 'xl/workbook.xml';
    if (source.names.some((name) => name.endsWith('workbook.bin'))) {
      throw new UnreadableDocumentError('It is a binary workbook (.xlsb).', 'Save it as .xlsx.');
    }
    if (!source.has(part) || !/(?:^|\/)workbook\d*\.xml$/i.test(part)) throw mistaken(source, 'a spreadsheet');
    const book = await readBook(source, part);
    const { title, language, ...fields } = await packageProperties(source, 'docProps/core.xml');
    for (const sheet of book.sheets) {
      context.signal?.throwIfAborted();
      const text = new SheetText(sheet.name);
      const xml = await source.head(sheet.part, context.maxBytes);
      if (xml === undefined) {
        yield { path: file.path, where: sheet.name, note: 'The sheet is damaged and was not read.' };
        continue;
      }
      await readSheet(xml.text, book, text);
      for (const { type, target } of await relationships(source, sheet.part)) {
        if (type === 'comments' || type === 'threadedComment') text.addNotes(await commentsOf(source, target));
      }
      const { content, blocks, rows } = text.finish();
      if (rows === 0) continue;
      if (text.isFull || xml.isCut) {
        const note = `Only the first ${rows} rows were read: the sheet is too large. Save it as CSV to read all.`;
        yield { path: file.path, where: sheet.name, note };
      }
      yield makeDocument(file, {
        format: 'xlsx',
        text: content,
        blocks,
        record: sheet.name,
        title: title === undefined ? undefined : `${title}: ${sheet.name}`,
        language,
        fields: { ...fields, sheet: sheet.name, rows },
      });
    }
  },
};

interface Book {
  readonly sheets: { readonly name: string; readonly part: string }[];
  readonly strings: readonly string[];
  /** By style of a cell: whether it shows a date. */
  readonly dates: readonly boolean[];
  /** Days are counted from 1904, as on old Macintoshes. */
  readonly is1904: boolean;
}

async function readBook(source: DocumentPackage, part: string): Promise<Book> {
  const links = await relationships(source, part);
  const targets = new Map(links.map(({ id, target }) => [id, target]));
  const sheets: Book['sheets'] = [];
  let is1904 = false;
  await source.read(part, {
    open(name, attributes) {
      if (name === 'workbookPr') is1904 = attributes['date1904'] === '1' || attributes['date1904'] === 'true';
      if (name !== 'sheet') return;
      const target = targets.get(attributes['r:id'] ?? '');
      if (target !== undefined) sheets.push({ name: attributes['name'] ?? `${sheets.length + 1}`, part: target });
    },
    close() {},
    text() {},
  });
  const target = (type: string): string => links.find((link) => link.type === type)?.target ?? '';
  return {
    sheets,
    is1904,
    strings: await stringsOf(source, target('sharedStrings'), 'si'),
    dates: await dateStyles(source, target('styles')),
  };
}

/** Texts of the elements of a name; readings of characters are left out. */
async function stringsOf(source: DocumentPackage, part: string, element: string): Promise<string[]> {
  const found: string[] = [];
  let text = '';
  let shown = false;
  let reading = false;
  await source.read(part, {
    open(name) {
      if (name === element) text = '';
      else if (name === 'rPh') reading = true;
      shown = name === 't' && !reading;
    },
    close(name) {
      if (name === element) found.push(text);
      else if (name === 'rPh') reading = false;
      shown = false;
    },
    text(piece) {
      if (shown) text += piece;
    },
  });
  return found;
}

function commentsOf(source: DocumentPackage, part: string): Promise<string[]> {
  return stringsOf(source, part, 'comment');
}

async function dateStyles(source: DocumentPackage, part: string): Promise<boolean[]> {
  const formats = new Map<number, string>();
  const styles: boolean[] = [];
  let inCells = false;
  await source.read(part, {
    open(name, attributes) {
      const id = Number(attributes['numFmtId']);
      if (name === 'numFmt') formats.set(id, attributes['formatCode'] ?? '');
      else if (name === 'cellXfs') inCells = true;
      else if (name === 'xf' && inCells) styles.push(isDate(id, formats.get(id)));
    },
    close(name) {
      if (name === 'cellXfs') inCells = false;
    },
    text() {},
  });
  return styles;
}

/** Built-in formats by number (ECMA-376, 18.8.30), others by their letters outside of quotes and brackets. */
function isDate(id: number, code: string | undefined): boolean {
  if (code === undefined) return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 58);
  return /[dmyhs]/i.test(code.replace(/"[^"]*"|\[[^\]]*\]|\\./g, '').replace(/general/gi, ''));
}

const FULL = new Error('The sheet is full.');

async function readSheet(xml: string, book: Book, out: SheetText): Promise<void> {
  let column = 0;
  let cell: XmlAttributes = {};
  let value = '';
  let shown = false;
  const handler: XmlHandler = {
    open(name, attributes) {
      if (name === 'row') {
        out.beginRow();
        column = 0;
      } else if (name === 'c') {
        cell = attributes;
        value = '';
        const place = columnOf(attributes['r']);
        column = place ?? column + 1;
      }
      shown = name === 'v' || name === 't';
    },
    close(name) {
      shown = false;
      if (name === 'c') out.cell(column, cellText(cell, value, book));
      else if (name === 'row') {
        out.endRow();
        // What follows would only be passed over.
        if (out.isFull) throw FULL;
      }
    },
    text(text) {
      if (shown) value += text;
    },
  };
  try {
    await parseXml(xml, handler);
  } catch (error) {
    if (error !== FULL) throw error;
  }
}

/** From 1: `C7` is 3. */
function columnOf(reference: string | undefined): number | undefined {
  const letters = /^[A-Z]{1,3}/.exec(reference ?? '')?.[0];
  if (letters === undefined) return undefined;
  let column = 0;
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64;
  return column;
}

function cellText({ t: type = 'n', s: style }: XmlAttributes, value: string, book: Book): string {
  if (type === 's') return book.strings[Number(value)] ?? '';
  if (type === 'b') return value === '1' ? 'TRUE' : value === '0' ? 'FALSE' : value;
  if (type !== 'n' || value === '') return value;
  const number = Number(value);
  if (!Number.isFinite(number)) return value;
  if (book.dates[Number(style ?? 0)]) return dateText(number + (book.is1904 ? 1462 : 0)) ?? value;
  // Binary fractions come with all their digits: 0.1 + 0.2 shows as 0.3.
  return /\.\d{12,}|e/i.test(value) ? String(Number(number.toPrecision(15))) : value;
}

/** Days since the last of 1899 (which Excel counts from), as ISO 8601; undefined for what is no date. */
function dateText(days: number): string | undefined {
  if (days < 0 || days > 2_958_466) return undefined;
  const date = new Date(Math.round((days - 25_569) * 86_400) * 1000).toISOString();
  if (days < 1) return date.slice(11, 19);
  return Number.isInteger(days) ? date.slice(0, 10) : `${date.slice(0, 10)} ${date.slice(11, 16)}`;
}
