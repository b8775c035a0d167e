import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { HtmlText } from '../html-text.ts';
import type { Reader } from '../reader.ts';
import { isRoff, RoffReader } from '../roff.ts';
import { textReader } from './text.ts';

const SECTIONS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];
const SUFFIXES = ['', 'p', 'pm', 'perl', 'ssl', 'posix', 'x', 'm'];

/**
 * Manual pages (man and mdoc): sections, terms with their descriptions, examples, tables; escapes as the characters that
 * they stand for. A file that only has such an extension is read as text. Offsets are into the extracted text.
 */
export const roffReader: Reader = {
  format: 'man',
  extensions: [
    ...SECTIONS.flatMap((section) => SUFFIXES.map((suffix) => section + suffix)),
    'man',
    'mdoc',
    'roff',
    'troff',
  ],
  async *read(file, context) {
    const decoded = await context.text();
    if (!isRoff(decoded.text)) {
      yield* textReader.read(file, context);
      return;
    }
    const page = new RoffReader(decoded.text);
    const body = new HtmlText();
    page.html.replay(body);
    body.end();
    yield makeDocument(file, {
      format: 'man',
      text: body.content,
      blocks: body.blocks,
      title: page.title,
      fields: page.fields,
      encoding: describeEncoding(decoded),
    });
  },
};
