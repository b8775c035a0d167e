import { makeDocument } from './document.ts';
import type { ReaderItem } from './reader.ts';
import type { SheetText } from './sheet-text.ts';
import type { SourceFile } from './types.ts';

/** What a workbook says of itself. */
interface Workbook {
  readonly format: 'ods' | 'xlsx';
  readonly title: string | undefined;
  readonly language: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A sheet of a workbook as a document of its own, with a note where not all of it was read; nothing for an empty one. @param isCut whether its file was cut before. */
export function* sheetItems(
  file: SourceFile,
  sheet: SheetText,
  { format, title, language, fields }: Workbook,
  isCut = false,
): Generator<ReaderItem> {
  const { content, blocks, rows } = sheet.finish();
  if (rows === 0) return;
  if (sheet.isFull || isCut) {
    const note = `Only the first ${rows} rows were read: the sheet is too large. Save it as CSV to read all.`;
    yield { path: file.path, where: sheet.name, note };
  }
  yield makeDocument(file, {
    format,
    text: content,
    blocks,
    record: sheet.name,
    title: title === undefined ? undefined : `${title}: ${sheet.name}`,
    language,
    fields: { ...fields, sheet: sheet.name, rows },
  });
}
