import { UnreadableDocumentError } from '../../base/errors.ts';
import type { Block } from '../../text/blocks.ts';
import { makeDocument } from '../document.ts';
import type { HtmlRecording } from '../html-recording.ts';
import { HtmlText } from '../html-text.ts';
import { OdfObject, type OdfObjects, OdfStory, OdfTables } from '../odf-story.ts';
import { DocumentPackage, mistaken, packageProperties, protectedBy } from '../package.ts';
import { extensionOf } from '../paths.ts';
import type { Reader } from '../reader.ts';
import { sheetItems } from '../sheet-items.ts';
import { parseXml } from '../xml.ts';

/**
 * OpenDocument texts, presentations and drawings (ODT, ODP, ODG): headings, lists, tables, notes, comments, text boxes,
 * formulas, charts, and headers, footers and what is on all slides once, at the end; the page of a block is its slide. Of
 * spreadsheets (ODS) a document per sheet. The same as one file of XML (FODT and others). Offsets are into the extracted text.
 */
export const odfReader: Reader = {
  format: 'odf',
  extensions: ['odt', 'ott', 'odp', 'otp', 'odg', 'ods', 'ots', 'fodt', 'fodp', 'fodg', 'fods'],
  async *read(file, context) {
    const source = extensionOf(file.path).startsWith('fod')
      ? flatDocument((await context.text()).text)
      : new DocumentPackage(await context.bytes(), context.maxBytes);
    // Newer programs encrypt all parts as one, so that there is no content to be seen.
    if (source.text('META-INF/manifest.xml')?.includes('encryption-data')) throw protectedBy();
    if (source instanceof DocumentPackage && !source.has('content.xml')) throw mistaken(source, 'an OpenDocument file');
    const { title, language, ...fields } = await packageProperties(source, 'meta.xml');
    const type = source.text('mimetype') ?? '';
    const objects = await objectsOf(source);
    if (type.includes('spreadsheet')) {
      const tables = new OdfTables(objects);
      await source.read('content.xml', tables);
      for (const sheet of tables.sheets) yield* sheetItems(file, sheet, { format: 'ods', title, language, fields });
      return;
    }
    const story = new OdfStory('all', objects);
    await source.read('content.xml', story);
    const body = new HtmlText();
    const pages: number[] = [];
    story.pages.forEach((page, i) => {
      page.replay(body);
      body.end();
      while (pages.length < body.blocks.length) pages.push(i);
    });
    await replayMargins(source, body, type.includes('presentation') ? 'masters' : 'margins');
    if (body.blocks.length === 0) {
      throw new UnreadableDocumentError('It contains no text, only images.', 'Recognise the text first (OCR).');
    }
    const isText = !type.includes('presentation') && !type.includes('graphics');
    yield makeDocument(file, {
      format: isText ? 'odt' : type.includes('graphics') ? 'odg' : 'odp',
      text: body.content,
      blocks: body.blocks.map((block, i): Block => (isText || !pages[i] ? block : { ...block, page: pages[i] })),
      title: title ?? body.blocks.find(({ kind }) => kind === 'heading')?.name,
      language,
      fields,
    });
  },
};

type Parts = Pick<DocumentPackage, 'names' | 'text' | 'read'>;

/** A document that is one file of XML, as the parts of a package. */
function flatDocument(xml: string): Parts {
  const mimetype = /<office:document\b[^>]*\boffice:mimetype\s*=\s*"([^"]*)"/.exec(xml.slice(0, 10_000))?.[1];
  if (mimetype === undefined) {
    throw new UnreadableDocumentError('It is no OpenDocument file.', 'Give it the extension that it belongs to.');
  }
  const element = (name: string): string => {
    const start = xml.indexOf(`<office:${name}>`);
    const end = xml.indexOf(`</office:${name}>`, start);
    return start < 0 || end < 0 ? '' : xml.slice(start, end);
  };
  const text = (name: string): string | undefined => {
    if (name === 'mimetype') return mimetype;
    if (name === 'content.xml') return xml;
    return name === 'meta.xml' ? element('meta') : name === 'styles.xml' ? element('master-styles') : undefined;
  };
  return {
    names: [],
    text,
    async read(name, handler) {
      await parseXml(text(name) ?? '', handler);
      return true;
    },
  };
}

/** Formulas and charts that are read of one document. */
const MOST_OBJECTS = 1000;

async function objectsOf(source: Parts): Promise<OdfObjects> {
  const found = new Map<string, string>();
  for (const name of source.names.filter((one) => one.endsWith('/content.xml')).slice(0, MOST_OBJECTS)) {
    const object = new OdfObject();
    await source.read(name, object);
    if (object.content !== '') found.set(name.slice(0, -'/content.xml'.length), object.content);
  }
  return found;
}

/** Headers and footers of a text, or what is on all slides, each once. */
async function replayMargins(source: Parts, body: HtmlText, which: 'margins' | 'masters'): Promise<void> {
  const margins = new OdfStory(which);
  await source.read('styles.xml', margins);
  const seen = new Set<string>();
  for (const margin of margins.margins) {
    const text = textOf(margin);
    if (text !== '' && !seen.has(text)) margin.replay(body);
    seen.add(text);
  }
  body.end();
}

function textOf(html: HtmlRecording): string {
  const text = new HtmlText();
  html.replay(text);
  text.end();
  return text.content;
}
