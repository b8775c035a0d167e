import { posix } from 'node:path';
import { UnreadableDocumentError } from '../../base/errors.ts';
import type { Block } from '../../text/blocks.ts';
import { makeDocument } from '../document.ts';
import { drawingText } from '../drawing-text.ts';
import { HtmlRecording } from '../html-recording.ts';
import { HtmlText } from '../html-text.ts';
import { DocumentPackage, mistaken, packageProperties, relationships } from '../package.ts';
import type { Reader } from '../reader.ts';
import type { XmlHandler } from '../xml.ts';

/**
 * Presentations (OOXML): titles, texts, tables, diagrams, charts and speaker's notes of the slides in their order; the page
 * of a block is its slide. What layouts show on slides beside follows, once. Offsets are into the extracted text.
 */
export const pptxReader: Reader = {
  format: 'pptx',
  extensions: ['pptx', 'pptm', 'ppsx', 'potx'],
  async *read(file, context) {
    const source = new DocumentPackage(await context.bytes(), context.maxBytes);
    const main = (await relationships(source, '')).find(({ type }) => type === 'officeDocument')?.target;
    const part = main !== undefined && source.has(main) ? main : 'ppt/presentation.xml';
    if (!source.has(part) || !part.endsWith('presentation.xml')) throw mistaken(source, 'a presentation');
    const body = new HtmlText();
    const pages: number[] = [];
    const slides = await slidesOf(source, part);
    for (const [i, slide] of slides.entries()) {
      context.signal?.throwIfAborted();
      await readSlide(source, slide, body);
      while (pages.length < body.blocks.length) pages.push(i + 1);
    }
    await readLayouts(source, slides, body);
    const inside = (await Promise.all(slides.map((slide) => relationships(source, slide)))).flat();
    const unread = inside.filter(({ type }) => type === 'package' || type === 'oleObject');
    if (unread.length > 0) {
      const names = unread.map(({ target }) => posix.basename(target)).join(', ');
      yield { path: file.path, note: `Documents inside the presentation were not read: ${names}.` };
    }
    if (body.blocks.length === 0) {
      throw new UnreadableDocumentError('It contains no text, only images.', 'Recognise the text first (OCR).');
    }
    const { title, language, ...fields } = await packageProperties(source, 'docProps/core.xml');
    const declared = /^powerpoint[- ]|^presentation\d*$|^slide \d+$/i.test(title ?? '') ? undefined : title;
    yield makeDocument(file, {
      format: 'pptx',
      text: body.content,
      blocks: body.blocks.map((block, i): Block => (pages[i] === undefined ? block : { ...block, page: pages[i] })),
      title: declared ?? body.blocks.find(({ kind }) => kind === 'heading')?.name,
      language,
      fields: { ...fields, slides: slides.length },
    });
  },
};

async function slidesOf(source: DocumentPackage, part: string): Promise<string[]> {
  const targets = new Map((await relationships(source, part)).map(({ id, target }) => [id, target]));
  const order: string[] = [];
  await source.read(part, {
    open(name, attributes) {
      const target = name === 'sldId' ? targets.get(attributes['r:id'] ?? '') : undefined;
      if (target !== undefined && !order.includes(target)) order.push(target);
    },
    close() {},
    text() {},
  });
  return order;
}

async function readSlide(source: DocumentPackage, slide: string, body: HtmlText): Promise<void> {
  const links = await relationships(source, slide);
  const part = async (name: string, wrap?: string) => {
    const shapes = new SlideShapes();
    if (!(await source.read(name, shapes))) return;
    if (wrap !== undefined) body.open(wrap, new Map());
    shapes.html.replay(body);
    if (wrap !== undefined) body.close(wrap);
  };
  await part(slide);
  for (const { target } of links.filter(({ type }) => type === 'diagramData')) await part(target);
  for (const { target } of links.filter(({ type }) => type === 'chart')) await drawingText(source, target, body);
  for (const { target } of links.filter(({ type }) => type === 'notesSlide')) await part(target, 'blockquote');
  for (const { target } of links.filter(({ type }) => type === 'comments')) await part(target, 'blockquote');
  body.end();
}

/** Shapes of the layouts in use and of what these build on, but for the places that slides fill. */
async function readLayouts(source: DocumentPackage, slides: readonly string[], body: HtmlText): Promise<void> {
  const above = async (parts: readonly string[], kind: string): Promise<string[]> => {
    const found = new Set<string>();
    for (const part of parts) {
      for (const { type, target } of await relationships(source, part)) if (type === kind) found.add(target);
    }
    return [...found];
  };
  const layouts = await above(slides, 'slideLayout');
  for (const part of [...layouts, ...(await above(layouts, 'slideMaster'))]) {
    const shapes = new SlideShapes(true);
    if (await source.read(part, shapes)) shapes.html.replay(body);
  }
  body.end();
}

/** Paragraphs of the shapes of a slide, its title first. */
class SlideShapes implements XmlHandler {
  /** @param isLayout whether places for text are left out: they say what to put there. */
  constructor(private readonly isLayout = false) {}

  readonly #titles = new HtmlRecording();
  readonly #rest = new HtmlRecording();
  #out = this.#rest;
  #title = false;
  #skip = false;
  #text = false;
  #script = '';

  get html(): HtmlRecording {
    const whole = new HtmlRecording();
    this.#titles.replay(whole);
    this.#rest.replay(whole);
    return whole;
  }

  open(name: string, attributes: Readonly<Record<string, string | undefined>>): void {
    if (name === 'sp' || name === 'graphicFrame') {
      this.#title = false;
      this.#skip = false;
      this.#out = this.#rest;
    } else if (name === 'ph') {
      const type = attributes['type'] ?? '';
      this.#title = type === 'title' || type === 'ctrTitle';
      // Numbers and dates that every slide has, and the slide's picture on its notes.
      this.#skip = this.isLayout || type === 'sldNum' || type === 'dt' || type === 'sldImg';
      this.#out = this.#title ? this.#titles : this.#rest;
    } else if (name === 'p') this.#out.open(this.#title ? 'h2' : 'p');
    else if (name === 'tbl') this.#out.open('table');
    else if (name === 'tr') this.#out.open('tr');
    else if (name === 'tc') this.#out.open('td');
    else if (name === 'br') this.#out.empty('br');
    else if (name === 'rPr') {
      const baseline = Number(attributes['baseline'] ?? 0);
      this.#script = baseline > 0 ? 'sup' : baseline < 0 ? 'sub' : '';
    } else if (name === 'r') this.#script = '';
    else if (name === 't' || name === 'text') this.#text = true;
    else if (name === 'cNvPr') {
      for (const words of new Set([attributes['title'], attributes['descr']])) if (words) this.#out.element('p', words);
    }
  }

  close(name: string): void {
    if (name === 'p') this.#out.close(this.#title ? 'h2' : 'p');
    else if (name === 'tbl') this.#out.close('table');
    else if (name === 'tr') this.#out.close('tr');
    else if (name === 'tc') this.#out.close('td');
    else if (name === 't' || name === 'text') this.#text = false;
  }

  text(text: string): void {
    if (!this.#text || this.#skip) return;
    if (this.#script === '') this.#out.text(text);
    else this.#out.element(this.#script, text);
  }
}
