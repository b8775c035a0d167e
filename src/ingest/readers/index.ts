import { decode } from '../decode.ts';
import { recognizedLanguages } from '../ocr.ts';
import { extensionOf } from '../paths.ts';
import type { Reader } from '../reader.ts';
import type { SourceFile } from '../types.ts';
import { codeReader, scriptLanguage } from './code.ts';
import { csvReader } from './csv.ts';
import { docbookReader } from './docbook.ts';
import { docxReader } from './docx.ts';
import { epubReader } from './epub.ts';
import { htmlReader } from './html.ts';
import { imageReader, svgReader } from './image.ts';
import { jsonReader } from './json.ts';
import { jsonlReader } from './jsonl.ts';
import { latexReader } from './latex.ts';
import { mailboxReader, mailReader } from './mail.ts';
import { markdownReader } from './markdown.ts';
import { markupReader } from './markup.ts';
import { notebookReader } from './notebook.ts';
import { odfReader } from './odf.ts';
import { pdfReader } from './pdf.ts';
import { pptxReader } from './pptx.ts';
import { roffReader } from './roff.ts';
import { rtfReader } from './rtf.ts';
import { subtitlesReader } from './subtitles.ts';
import { textReader } from './text.ts';
import { xlsxReader } from './xlsx.ts';

/** Every built-in reader. Their parsers are loaded when the first file of the format is met. */
export const readers: readonly Reader[] = [
  markdownReader,
  htmlReader,
  pdfReader,
  docxReader,
  epubReader,
  xlsxReader,
  pptxReader,
  odfReader,
  notebookReader,
  mailReader,
  mailboxReader,
  rtfReader,
  roffReader,
  markupReader,
  latexReader,
  docbookReader,
  subtitlesReader,
  imageReader,
  svgReader,
  jsonlReader,
  csvReader,
  jsonReader,
  codeReader,
  textReader,
];

const byExtension = new Map(readers.flatMap((reader) => reader.extensions.map((extension) => [extension, reader])));

const SNIFFED = 8192;

/**
 * The reader of a file, by its extension; without a known one, by its first bytes: PDF, office formats, EPUB and
 * HTML by their signatures, scripts by their first line, anything else that is text as text.
 * @returns undefined for a binary file that no reader knows, and for pictures where no text can be recognised in them.
 */
export async function readerFor(
  file: SourceFile,
  source: { head(length: number): Promise<Uint8Array> },
  extra: readonly Reader[] = [],
): Promise<Reader | undefined> {
  const extension = extensionOf(file.path);
  const known = extra.find((reader) => reader.extensions.includes(extension)) ?? byExtension.get(extension);
  if (known !== undefined) return known !== imageReader || (await recognizedLanguages()).size > 0 ? known : undefined;

  const head = await source.head(SNIFFED);
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 1024)).toString('latin1');
  if (start.includes('%PDF-')) return pdfReader;
  if (start.startsWith('PK\x03\x04')) {
    const names = Buffer.from(head).toString('latin1');
    if (extension !== '') return undefined;
    if (/mimetypeapplication\/epub\+zip/.test(names)) return epubReader;
    if (/mimetypeapplication\/vnd\.oasis/.test(names)) return odfReader;
    if (/\bxl\//.test(names)) return xlsxReader;
    if (/\bppt\//.test(names)) return pptxReader;
    return /\[Content_Types\]\.xml|word\//.test(names) ? docxReader : undefined;
  }
  const even = head.length === file.size ? head : head.subarray(0, head.length & ~1);
  if (decode(even) === undefined) return undefined;
  if (/^\s*(?:<!--[\s\S]*?-->\s*)?<(?:!doctype html|html)[\s>]/i.test(start)) return htmlReader;
  if (/^\{\\rtf/.test(start)) return rtfReader;
  if (/^From \S+.*\d\d:\d\d/.test(start)) return mailboxReader;
  if (/^(?:[.']\\"|\.TH |\.Dd )/.test(start)) return roffReader;
  if (scriptLanguage(start) !== undefined) return codeReader;
  return textReader;
}
