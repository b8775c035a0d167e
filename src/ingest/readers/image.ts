import { UnreadableDocumentError } from '../../base/errors.ts';
import { textBlocks } from '../../text/index.ts';
import { makeDocument } from '../document.ts';
import { openRecognizer } from '../ocr.ts';
import { CUT_OFF, type Reader } from '../reader.ts';
import { parseXml } from '../xml.ts';

/** Extensions of pictures, whether or not text in them can be recognised. */
const PICTURES = new Set(
  'png jpg jpeg jpe jfif gif webp bmp tif tiff heic heif avif ico psd svg jp2 jxl raw cr2 nef dng'.split(' '),
);
/** Less sure than this, it is the grain of a photograph. Of 100. */
const SURE = 50;

/** Whether a file is a picture, by its extension. */
export function isPicture(extension: string): boolean {
  return PICTURES.has(extension);
}

/**
 * Pictures with text in them, where `tesseract.js` and data of a language are installed; without them pictures are
 * skipped, as are those without text. Offsets are into the recognised text.
 */
export const imageReader: Reader = {
  format: 'image',
  extensions: ['png', 'jpg', 'jpeg', 'jpe', 'jfif', 'gif', 'webp', 'bmp'],
  async *read(file, context) {
    const recognizer = await openRecognizer();
    if (recognizer === undefined) return;
    try {
      const { text, confidence } = await recognizer.recognize(await context.bytes());
      if (confidence < SURE || text === '') return;
      yield {
        path: file.path,
        note: `Its text was recognised, and may hold mistakes (${Math.round(confidence)} % sure).`,
      };
      yield makeDocument(file, { format: 'image', text, blocks: textBlocks(text), keepExtension: true });
    } finally {
      await recognizer.close();
    }
  },
};

const SAYING = new Set(['text', 'title', 'desc', 'foreignObject']);
/** What ends a line of HTML within a drawing. */
const PARAGRAPH = new Set(['p', 'div', 'li', 'br', 'td']);

/** SVG: its title, description and texts, those in HTML too. */
export const svgReader: Reader = {
  format: 'svg',
  extensions: ['svg'],
  async *read(file, context) {
    const { text: xml } = await context.text();
    const lines: string[] = [];
    let title: string | undefined;
    let line = '';
    let depth = 0;
    let isPicture = false;
    const isWhole = await parseXml(xml, {
      open(name) {
        if (name === 'svg') isPicture = true;
        if (SAYING.has(name)) depth++;
        // Lines of one text are spans with places of their own.
        else if (name === 'tspan' && line.trim() !== '') line += ' ';
      },
      text(text) {
        if (depth > 0) line += text;
      },
      close(name) {
        if (depth > 0 && PARAGRAPH.has(name)) line += ' ';
        if (!SAYING.has(name) || --depth > 0) return;
        const said = line.replace(/\s+/g, ' ').trim();
        line = '';
        if (said === '') return;
        if (name === 'title' && title === undefined) title = said;
        lines.push(said);
      },
    });
    if (!isPicture && xml.trim() !== '') {
      throw new UnreadableDocumentError('It is no SVG.', 'Give it the extension that it belongs to.');
    }
    if (!isWhole && isPicture) yield { path: file.path, note: CUT_OFF };
    const text = lines.join('\n\n');
    if (text === '') return;
    yield makeDocument(file, { format: 'svg', text, blocks: textBlocks(text), title, keepExtension: true });
  },
};
