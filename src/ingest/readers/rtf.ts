import { UnreadableDocumentError } from '../../base/errors.ts';
import { makeDocument } from '../document.ts';
import { HtmlText } from '../html-text.ts';
import { CUT_OFF, type Reader } from '../reader.ts';
import { readRtf } from '../rtf.ts';

/**
 * Rich Text: paragraphs, headings by their outline, tables, notes; what is hidden and pictures are left out. Title and
 * author come from the document's information. Offsets are into the extracted text.
 */
export const rtfReader: Reader = {
  format: 'rtf',
  extensions: ['rtf'],
  async *read(file, context) {
    const bytes = await context.bytes();
    const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    if (!/^\s*\{\\rtf/.test(source.slice(0, 64))) {
      throw new UnreadableDocumentError('It is no Rich Text.', 'Give it the extension that it belongs to.');
    }
    const { html, fields, isWhole } = readRtf(source);
    const body = new HtmlText();
    html.replay(body);
    body.end();
    if (body.blocks.length === 0) {
      throw new UnreadableDocumentError('It contains no text, only images.', 'Recognise the text first (OCR).');
    }
    if (!isWhole) yield { path: file.path, note: CUT_OFF };
    const { title, ...rest } = fields;
    yield makeDocument(file, {
      format: 'rtf',
      text: body.content,
      blocks: body.blocks,
      title: title ?? body.blocks.find(({ kind }) => kind === 'heading')?.name,
      fields: rest,
    });
  },
};
