import { UnreadableDocumentError } from '../../base/errors.ts';
import { makeDocument } from '../document.ts';
import { layoutPages, type PdfPage, type PdfRun, toLines } from '../pdf-layout.ts';
import type { Reader } from '../reader.ts';

/** Where the end-of-file marker must stand; some programs write a little behind it. */
const TAIL = 2048;

/**
 * PDF: text in reading order as far as the producer kept it, with the page of every block; paragraphs, headings and
 * divided words are rebuilt. Title and metadata come from the document's information.
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
        pages.push({ lines: toLines(runs), height: page.view[3]! - page.view[1]! });
        page.cleanup();
      }
      const { text, blocks } = layoutPages(pages);
      if (text === '') {
        const count = pdf.numPages === 1 ? 'Its one page contains' : `Its ${pdf.numPages} pages contain`;
        throw new UnreadableDocumentError(
          `${count} no text, only images or drawings.`,
          'Recognise the text first, for example with `ocrmypdf`, and index the result.',
        );
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
  if (!buffer.subarray(-TAIL).includes('%%EOF')) {
    throw new UnreadableDocumentError('The PDF is cut off: its end is missing.', 'Copy or download it again.');
  }
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
