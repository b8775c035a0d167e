import { UnreadableDocumentError } from '../../base/errors.ts';
import type { Block } from '../../text/blocks.ts';
import { makeDocument } from '../document.ts';
import type { HtmlRecording } from '../html-recording.ts';
import { HtmlText } from '../html-text.ts';
import { OdfStory, OdfTables } from '../odf-story.ts';
import { DocumentPackage, mistaken, packageProperties, protectedBy } from '../package.ts';
import type { Reader } from '../reader.ts';

/**
 * OpenDocument texts, presentations and drawings (ODT, ODP, ODG): headings, lists, tables, notes, comments, text boxes,
 * and headers and footers once, at the end; the page of a block is its slide. Of spreadsheets (ODS) a document per sheet.
 * Offsets are into the extracted text.
 */
export const odfReader: Reader = {
  format: 'odf',
  extensions: ['odt', 'ott', 'odp', 'otp', 'odg', 'ods', 'ots'],
  async *read(file, context) {
    const source = new DocumentPackage(await context.bytes(), context.maxBytes);
    // Newer programs encrypt all parts as one, so that there is no content to be seen.
    if (source.text('META-INF/manifest.xml')?.includes('encryption-data')) throw protectedBy();
    if (!source.has('content.xml')) throw mistaken(source, 'an OpenDocument file');
    const { title, language, ...fields } = await packageProperties(source, 'meta.xml');
    const type = source.text('mimetype') ?? '';
    if (type.includes('spreadsheet')) {
      const tables = new OdfTables();
      await source.read('content.xml', tables);
      for (const sheet of tables.sheets) {
        const { content, blocks, rows } = sheet.finish();
        if (rows === 0) continue;
        if (sheet.isFull) {
          const note = `Only the first ${rows} rows were read: the sheet is too large. Save it as CSV to read all.`;
          yield { path: file.path, where: sheet.name, note };
        }
        yield makeDocument(file, {
          format: 'ods',
          text: content,
          blocks,
          record: sheet.name,
          title: title === undefined ? undefined : `${title}: ${sheet.name}`,
          language,
          fields: { ...fields, sheet: sheet.name, rows },
        });
      }
      return;
    }
    const story = new OdfStory();
    await source.read('content.xml', story);
    const body = new HtmlText();
    const pages: number[] = [];
    story.pages.forEach((page, i) => {
      page.replay(body);
      body.end();
      while (pages.length < body.blocks.length) pages.push(i);
    });
    await replayMargins(source, body);
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

/** Headers and footers of a text, each once. */
async function replayMargins(source: DocumentPackage, body: HtmlText): Promise<void> {
  const margins = new OdfStory('margins');
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
