import { posix } from 'node:path';
import { UnreadableDocumentError } from '../../base/errors.ts';
import { makeDocument } from '../document.ts';
import { DocxStory } from '../docx-story.ts';
import { DocxNumbering, DocxStyles } from '../docx-styles.ts';
import { drawingText } from '../drawing-text.ts';
import type { HtmlRecording } from '../html-recording.ts';
import { HtmlText } from '../html-text.ts';
import { DocumentPackage, mistaken, packageProperties, type Relationship, relationships } from '../package.ts';
import type { Reader } from '../reader.ts';

/**
 * Word documents (OOXML): everything that Word shows: headings and lists with their numbers, tables, fields, formulas,
 * text boxes, diagrams, notes and comments, and headers and footers, each once, at the end. The document's properties
 * are title and metadata. Offsets are into the extracted text.
 */
export const docxReader: Reader = {
  format: 'docx',
  extensions: ['docx', 'docm', 'dotx', 'dotm'],
  async *read(file, context) {
    const source = new DocumentPackage(await context.bytes(), context.maxBytes);
    const main = (await relationships(source, '')).find(({ type }) => type === 'officeDocument')?.target;
    const part = main !== undefined && source.has(main) ? main : 'word/document.xml';
    if (!source.has(part) || !/(?:^|\/)document\d*\.xml$/.test(part)) throw mistaken(source, 'a Word document');
    const links = await relationships(source, part);
    const html = await readDocument(source, part, links);
    const body = new HtmlText();
    html.replay(body);
    body.end();
    if (body.blocks.length === 0) {
      throw new UnreadableDocumentError(
        'It contains no text.',
        'If it consists of images, recognise the text (OCR) and index the result.',
      );
    }
    const unread = links.filter(({ type }) => type === 'aFChunk' || type === 'package' || type === 'oleObject');
    if (unread.length > 0) {
      const names = unread.map(({ target }) => posix.basename(target)).join(', ');
      yield { path: file.path, note: `Documents inside the document were not read: ${names}.` };
    }
    const { title, language, ...fields } = await packageProperties(source, 'docProps/core.xml');
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

async function readDocument(
  source: DocumentPackage,
  part: string,
  links: readonly Relationship[],
): Promise<HtmlRecording> {
  const target = (type: string): string => links.find((link) => link.type === type)?.target ?? '';
  const styles = new DocxStyles();
  await styles.read(source, target('styles'));
  const numbering = new DocxNumbering();
  await numbering.read(source, target('numbering'));
  const read = async (name: string): Promise<DocxStory> => {
    const story = new DocxStory(styles, numbering);
    await source.read(name, story);
    return story;
  };

  const story = await read(part);
  const html = story.html;
  for (const { target: drawing } of links.filter(({ type }) => type === 'diagramData' || type === 'chart')) {
    await drawingText(source, drawing, html);
  }
  const notes = new Map([...(await read(target('footnotes'))).notes, ...(await read(target('endnotes'))).notes]);
  html.open('ul');
  story.references.forEach((key, i) => {
    const note = notes.get(key);
    if (note === undefined) return;
    html.open('li', new Map([['marker', `[${i + 1}]`]]));
    note.replay(html);
    html.close('li');
  });
  html.close('ul');
  for (const comment of (await read(target('comments'))).notes.values()) {
    html.open('blockquote');
    comment.replay(html);
    html.close('blockquote');
  }
  // The first page, odd and even pages may each have their own, mostly with the same words.
  const seen = new Set<string>();
  for (const { target: margin } of links.filter(({ type }) => type === 'header' || type === 'footer')) {
    const recorded = (await read(margin)).html;
    const text = textOf(recorded);
    if (text !== '' && !seen.has(text)) recorded.replay(html);
    seen.add(text);
  }
  return html;
}

function textOf(html: HtmlRecording): string {
  const text = new HtmlText();
  html.replay(text);
  text.end();
  return text.content;
}
