import { UnreadableDocumentError } from '../../base/errors.ts';
import { makeDocument } from '../document.ts';
import { HtmlText } from '../html-text.ts';
import { parseHtml } from '../html-tokens.ts';
import type { Reader } from '../reader.ts';
import { readZipDirectory, readZipEntry } from '../zip.ts';

/** Inflated, a document may have this many times `maxBytes`: XML compresses about tenfold, bombs a thousandfold. */
const MOST_INFLATION = 8;

/**
 * Word documents (OOXML): headings, lists, tables and footnotes as structure, the document's properties as title and
 * metadata. Offsets are into the extracted text.
 */
export const docxReader: Reader = {
  format: 'docx',
  extensions: ['docx', 'docm', 'dotx'],
  async *read(file, context) {
    const bytes = await context.bytes();
    if (bytes[0] === 0xd0 && bytes[1] === 0xcf) {
      throw new UnreadableDocumentError(
        'It is protected by a password, or an old .doc file under another name.',
        'Open it in a word processor and save it as .docx without a password.',
      );
    }
    const entries = readZipDirectory(bytes);
    const inflated = entries.reduce((sum, entry) => sum + entry.size, 0);
    if (inflated > MOST_INFLATION * context.maxBytes) {
      throw new UnreadableDocumentError(
        `Its parts would take ${Math.round(inflated / 1024 ** 2)} MiB when unpacked.`,
        'Remove what makes it so large (images, embedded files), or raise the limit (--max-bytes).',
      );
    }
    if (!entries.some(({ name }) => name === 'word/document.xml' || /(?:^|\/)document\d*\.xml$/.test(name))) {
      throw new UnreadableDocumentError('It is not a Word document.', 'Give it the extension that it belongs to.');
    }

    const { default: mammoth } = await import('mammoth');
    const { value: html } = await mammoth.convertToHtml(
      { buffer: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) },
      { convertImage: mammoth.images.imgElement(async () => ({ src: '' })) },
    );
    const body = new HtmlText();
    await parseHtml(html, body);
    body.end();
    if (body.blocks.length === 0) {
      throw new UnreadableDocumentError(
        'It contains no text.',
        'If it consists of images, recognise the text (OCR) and index the result.',
      );
    }
    const properties = entries.find(({ name }) => name === 'docProps/core.xml');
    const xml = properties === undefined ? undefined : readZipEntry(bytes, properties, 1024 * 1024);
    const { title, language, ...fields } = await coreProperties(xml === undefined ? '' : Buffer.from(xml).toString());
    yield makeDocument(file, {
      format: 'docx',
      text: body.content,
      blocks: body.blocks,
      title: title ?? body.blocks.find(({ kind, level }) => kind === 'heading' && level === 1)?.name,
      language,
      fields,
    });
  },
};

const PROPERTIES: Readonly<Record<string, string>> = {
  'dc:title': 'title',
  'dc:creator': 'author',
  'dc:subject': 'subject',
  'dc:description': 'description',
  'dc:language': 'language',
  'cp:keywords': 'keywords',
  'cp:category': 'category',
  'dcterms:created': 'created',
};

/** The Dublin Core properties of an OOXML package. */
async function coreProperties(xml: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  let field: string | undefined;
  await parseHtml(xml, {
    open(name) {
      field = Object.hasOwn(PROPERTIES, name) ? PROPERTIES[name] : undefined;
    },
    close() {
      field = undefined;
    },
    empty() {},
    text(text) {
      if (field !== undefined) found[field] = `${found[field] ?? ''}${text}`;
    },
  });
  return Object.fromEntries(
    Object.entries(found)
      .map(([key, value]) => [key, value.trim()] as const)
      .filter(([, value]) => value !== ''),
  );
}
