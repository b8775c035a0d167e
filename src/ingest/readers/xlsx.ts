import { posix } from 'node:path';
import { UnreadableDocumentError } from '../../base/errors.ts';
import { type CellFormat, cellFormat, formatted } from '../cell-format.ts';
import { drawingText } from '../drawing-text.ts';
import { HtmlText } from '../html-text.ts';
import { DocumentPackage, mistaken, packageProperties, type Relationship, relationships } from '../package.ts';
import type { Reader } from '../reader.ts';
import { sheetItems } from '../sheet-items.ts';
import { SheetText } from '../sheet-text.ts';
import { parseXml, type XmlAttributes, type XmlHandler } from '../xml.ts';

/**
 * Spreadsheets (OOXML): a document per sheet, a line per row, as the cells show: dates as dates, numbers with their leading
 * zeros, the results of formulas; text boxes, charts, headers, footers and comments follow. Empty sheets are left out, hidden ones are not. Offsets are into the text made.
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
      const unknown = await readSheet(xml.text, book, text);
      const links = await relationships(source, sheet.part);
      for (const { target } of links.filter(({ type }) => type === 'drawing')) {
        text.addNotes(await drawingOf(source, target));
      }
      text.addNotes(await commentsOf(source, links));
      const inside = links.filter(({ type }) => type === 'package' || type === 'oleObject');
      if (inside.length > 0) {
        const names = inside.map(({ target }) => posix.basename(target)).join(', ');
        yield { path: file.path, where: sheet.name, note: `Documents inside the sheet were not read: ${names}.` };
      }
      if (unknown > 0) {
        const note = `${unknown === 1 ? 'A formula has' : `${unknown} formulas have`} no result: open the workbook in its own program and save it.`;
        yield { path: file.path, where: sheet.name, note };
      }
      yield* sheetItems(file, text, { format: 'xlsx', title, language, fields }, xml.isCut);
    }
  },
};

interface Book {
  readonly sheets: { readonly name: string; readonly part: string }[];
  readonly strings: readonly string[];
  /** By style of a cell. */
  readonly formats: readonly (CellFormat | undefined)[];
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
    formats: await cellFormats(source, target('styles')),
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
      shown = (name === 't' || name === 'text') && !reading;
    },
    close(name) {
      if (name === element) found.push(unescaped(text));
      else if (name === 'rPh') reading = false;
      shown = false;
    },
    text(piece) {
      if (shown) text += piece;
    },
  });
  return found;
}

/** Comments, and conversations about a cell, of which older programs have a copy. */
async function commentsOf(source: DocumentPackage, links: readonly Relationship[]): Promise<string[]> {
  const of = async (kind: string, element: string): Promise<string[]> => {
    const parts = links.filter(({ type }) => type === kind);
    return (await Promise.all(parts.map(({ target }) => stringsOf(source, target, element)))).flat();
  };
  const threads = await of('threadedComment', 'threadedComment');
  const comments = await of('comments', 'comment');
  return [...comments.filter((text) => threads.length === 0 || !text.startsWith('[Threaded comment]')), ...threads];
}

/** What text boxes, diagrams and charts of a drawing say. */
async function drawingOf(source: DocumentPackage, part: string): Promise<string[]> {
  const html = new HtmlText();
  await drawingText(source, part, html);
  for (const { type, target } of await relationships(source, part)) {
    if (type === 'chart' || type === 'chartEx' || type === 'diagramData') await drawingText(source, target, html);
  }
  html.end();
  const text = html.content;
  return html.blocks.map(({ start, end }) => text.slice(start, end));
}

/** `_x000D_` is a character by its number, as XML has none for it. */
function unescaped(text: string): string {
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => {
    const unit = Number.parseInt(code, 16);
    return unit < 0x20 ? ' ' : String.fromCharCode(unit);
  });
}

async function cellFormats(source: DocumentPackage, part: string): Promise<(CellFormat | undefined)[]> {
  const formats = new Map<number, string>();
  const styles: (CellFormat | undefined)[] = [];
  let inCells = false;
  await source.read(part, {
    open(name, attributes) {
      const id = Number(attributes['numFmtId']);
      if (name === 'numFmt') formats.set(id, attributes['formatCode'] ?? '');
      else if (name === 'cellXfs') inCells = true;
      else if (name === 'xf' && inCells) styles.push(cellFormat(id, formats.get(id)));
    },
    close(name) {
      if (name === 'cellXfs') inCells = false;
    },
    text() {},
  });
  return styles;
}

const FULL = new Error('The sheet is full.');

/** Headers and footers, of all pages, even ones and the first. */
const MARGIN = /^(?:odd|even|first)(?:Header|Footer)$/;

/** @returns how many formulas have no result. */
async function readSheet(xml: string, book: Book, out: SheetText): Promise<number> {
  let formula = false;
  let unknown = 0;
  const margins = new Set<string>();
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
        formula = false;
        const place = columnOf(attributes['r']);
        column = place ?? column + 1;
      } else if (name === 'f') formula = true;
      else if (name === 'v') formula = false;
      else if (MARGIN.test(name)) value = '';
      shown = name === 'v' || name === 't' || MARGIN.test(name);
    },
    close(name) {
      shown = false;
      if (name === 'c') {
        if (formula) unknown++;
        out.cell(column, cellText(cell, value, book));
      } else if (MARGIN.test(name)) margins.add(marginText(value));
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
  out.addNotes([...margins]);
  return unknown;
}

/** Text of a header without what sets it: places, fonts, sizes, numbers of pages (ECMA-376, 18.3.1.39). */
function marginText(code: string): string {
  const text = code.replace(/&(?:"[^"]*"|K[0-9A-F]{6}|K\d\d[+-]\d{3}|\d{1,3}|([^"\d]))/gi, (_, letter?: string) =>
    letter === '&' ? '&' : letter !== undefined && /[LCR]/i.test(letter) ? ' ' : '',
  );
  return /[\p{L}\p{N}]/u.test(text) ? text.replace(/\s+/g, ' ').trim() : '';
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
  if (type === 'str' || type === 'inlineStr') return unescaped(value);
  if (type === 'b') return value === '1' ? 'TRUE' : value === '0' ? 'FALSE' : value;
  if (type !== 'n' || value === '') return value;
  const number = Number(value);
  if (!Number.isFinite(number)) return value;
  const format = book.formats[Number(style ?? 0)];
  if (format?.is === 'date') return dateText(number + (book.is1904 ? 1462 : 0)) ?? value;
  const shown = formatted(number, format);
  if (shown !== undefined) return shown;
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
