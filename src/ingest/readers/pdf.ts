import { UnreadableDocumentError } from '../../base/errors.ts';
import { makeDocument } from '../document.ts';
import { annotationLines } from '../pdf-annotations.ts';
import { layoutPages } from '../pdf-layout.ts';
import type { PdfPage } from '../pdf-lines.ts';
import { type PdfRun, toLines } from '../pdf-runs.ts';
import { readScans } from '../pdf-scans.ts';
import type { Reader } from '../reader.ts';

/** Where at least the place of the cross-reference table must stand, if the end-of-file marker is missing. */
const TAIL = 2048;

/**
 * PDF: text in reading order as far as the producer kept it, with the page of every block; paragraphs, headings and
 * divided words are rebuilt. Values of forms and comments follow their page's text. Title and metadata come from the
 * document's information.
 * A file that is cut off, encrypted, or without any text is refused rather than indexed in part. Offsets are into the
 * extracted text.
 */
export const pdfReader: Reader = {
  format: 'pdf',
  extensions: ['pdf'],
  async *read(file, context) {
    const bytes = await context.bytes();
    checkFrame(bytes);
    const { getDocumentProxy } = await import('unpdf');
    // PDF.js takes the memory over, so it gets a copy; 0: no warnings on the console.
    const pdf = await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 }).catch((error: unknown) => {
      throw explain(error);
    });
    try {
      const pages: PdfPage[] = [];
      const labels = await pdf.getPageLabels().catch(() => null);
      for (let number = 1; number <= pdf.numPages; number++) {
        context.signal?.throwIfAborted();
        const page = await pdf.getPage(number);
        const { items } = await page.getTextContent();
        const runs: PdfRun[] = [];
        for (const item of items) {
          if (!('str' in item)) continue;
          const [a, b, c, d, x, y] = item.transform as [number, number, number, number, number, number];
          const size = Math.hypot(c, d) || Math.hypot(a, b) || item.height;
          runs.push({ text: item.str, x, y, width: item.width, size, endsLine: item.hasEOL });
        }
        const lines = [...toLines(runs), ...annotationLines(await page.getAnnotations().catch(() => []))];
        pages.push({ lines, height: page.view[3]! - page.view[1]!, label: labels?.[number - 1] });
        page.cleanup();
      }
      const empty = pages.flatMap(({ lines }, i) => (lines.length === 0 ? [i + 1] : []));
      const scanned = await readScans(pdf, empty, context.signal);
      for (const [number, lines] of scanned) pages[number - 1] = { ...pages[number - 1]!, lines };
      const { text, blocks } = layoutPages(pages);
      if (text === '') {
        const count = pdf.numPages === 1 ? 'Its one page contains' : `Its ${pdf.numPages} pages contain`;
        throw new UnreadableDocumentError(
          `${count} no text, only images or drawings.`,
          'Recognise the text first, for example with `ocrmypdf`, or install `tesseract.js` and `@tesseract.js-data/eng` beside this package.',
        );
      }
      const blank = empty.filter((number) => !scanned.has(number));
      if (blank.length > 0)
        yield { path: file.path, where: pagesOf(blank), note: 'There is no text: blank, or only images.' };
      if (scanned.size > 0) {
        yield {
          path: file.path,
          where: pagesOf([...scanned.keys()]),
          note: 'The text was recognised in images, and may hold mistakes.',
        };
      }
      const attached = Object.keys((await pdf.getAttachments().catch(() => null)) ?? {});
      if (attached.length > 0) {
        const names = attached.slice(0, 5).join(', ');
        yield { path: file.path, note: `Files attached to the PDF were not read: ${names}.` };
      }
      const { info } = (await pdf.getMetadata().catch(() => ({ info: {} }))) as { info: Record<string, unknown> };
      yield makeDocument(file, {
        format: 'pdf',
        text,
        blocks,
        title: usefulTitle(info['Title']) ?? blocks.find(({ kind, page }) => kind === 'heading' && page === 1)?.name,
        language: info['Language'],
        fields: {
          ...fieldsOf(info),
          pages: pdf.numPages,
        },
      });
    } catch (error) {
      throw explain(error);
    } finally {
      await pdf.destroy();
    }
  },
};

/** @throws UnreadableDocumentError for what is no PDF, or only the beginning of one. */
function checkFrame(bytes: Uint8Array): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!buffer.subarray(0, 1024).includes('%PDF-')) {
    throw new UnreadableDocumentError('It is not a PDF.', 'Give it the extension that it belongs to.');
  }
  const end = buffer.lastIndexOf('%%EOF');
  const start = buffer.subarray(0, 1024).toString('latin1');
  // The first part of a file made for the web ends with a marker of its own, but says how long the whole is.
  const declared = /\/Linearized/.test(start) ? Number(/\/L\s+(\d+)/.exec(start)?.[1] ?? 0) : 0;
  const isWhole = end >= 0 ? declared <= buffer.length : buffer.subarray(-TAIL).includes('startxref');
  if (!isWhole) {
    throw new UnreadableDocumentError('The PDF is cut off: its end is missing.', 'Copy or download it again.');
  }
}

function pagesOf(numbers: readonly number[]): string {
  return `page${numbers.length === 1 ? '' : 's'} ${ranges(numbers)}`;
}

/** `3, 7–9`: ascending numbers. */
function ranges(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length; ) {
    let j = i;
    while (numbers[j + 1] === numbers[j]! + 1) j++;
    parts.push(i === j ? `${numbers[i]}` : `${numbers[i]}–${numbers[j]}`);
    i = j + 1;
  }
  return parts.length > 20 ? `${parts.slice(0, 20).join(', ')}, …` : parts.join(', ');
}

function explain(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UnreadableDocumentError) return error;
  if (error.name === 'PasswordException') {
    return new UnreadableDocumentError(
      'The PDF is protected by a password.',
      'Save a copy without one (`qpdf --decrypt`), and index that.',
      { cause: error },
    );
  }
  const exceptions = ['InvalidPDFException', 'FormatError', 'XRefEntryException', 'UnknownErrorException'];
  if (!exceptions.includes(error.name)) return error;
  const problem = error.message.replace(/\s+/g, ' ').replace(/\.$/, '');
  return new UnreadableDocumentError(
    `The PDF is damaged (${problem}).`,
    'Repair it, for example with `qpdf` or by printing it to a new PDF.',
    { cause: error },
  );
}

/** Many programs put the name of a file or their own where the title should be. */
function usefulTitle(title: unknown): string | undefined {
  if (typeof title !== 'string') return undefined;
  const clean = title.replace(/^Microsoft (?:Word|PowerPoint) - /, '').trim();
  if (clean === '' || /^(?:untitled|unknown|title|document\d*|slide \d+)$/i.test(clean)) return undefined;
  return /^\S+\.(?:docx?|tex|dvi|indd|qxd|pptx?|rtf|odt|pdf|ps)$/i.test(clean) ? undefined : clean;
}

function fieldsOf(info: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, field] of [
    ['Author', 'author'],
    ['Subject', 'subject'],
    ['Keywords', 'keywords'],
  ] as const) {
    const value = info[name];
    if (typeof value === 'string' && value.trim() !== '') fields[field] = value.trim();
  }
  const created = pdfDate(info['CreationDate']);
  if (created !== undefined) fields['created'] = created;
  return fields;
}

/** `D:20240501103000+02'00'` (ISO 32000-1, 7.9.4) as ISO 8601 in UTC. */
function pdfDate(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const match = /^(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:Z|([-+])(\d\d)'?(\d\d)?'?)?/.exec(value);
  if (match === null) return undefined;
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', sign, zoneHour, zoneMinute] =
    match;
  const zone = sign === undefined ? 'Z' : `${sign}${zoneHour}:${zoneMinute ?? '00'}`;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace('.000Z', 'Z');
}
