import { posix } from 'node:path';
import { UnreadableDocumentError } from '../../base/errors.ts';
import { makeDocument } from '../document.ts';
import { HtmlChrome } from '../html-chrome.ts';
import { HtmlText } from '../html-text.ts';
import { parseHtml } from '../html-tokens.ts';
import { DocumentPackage, mistaken, packageProperties } from '../package.ts';
import type { Reader } from '../reader.ts';

/**
 * EPUB: the chapters of the book in reading order, each once, as one document; tables of contents are left out. Title,
 * author, language and subject come from the package. Offsets are into the extracted text.
 */
export const epubReader: Reader = {
  format: 'epub',
  extensions: ['epub'],
  async *read(file, context) {
    const source = new DocumentPackage(await context.bytes(), context.maxBytes);
    const part = await packagePart(source);
    const chapters = await spine(source, part);
    const body = new HtmlText();
    const missing: string[] = [];
    for (const chapter of chapters) {
      context.signal?.throwIfAborted();
      const html = source.text(chapter);
      if (html === undefined) {
        missing.push(posix.basename(chapter));
        continue;
      }
      const chrome = new HtmlChrome();
      await parseHtml(html, chrome, true);
      body.begin(chrome.found);
      await parseHtml(html, body, true);
      body.end();
    }
    if (missing.length > 0) {
      const some = `${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ', …' : ''}`;
      const problem = `Chapters are missing, damaged or encrypted: ${some}.`;
      if (body.blocks.length === 0) {
        throw new UnreadableDocumentError(problem, 'If the book is protected, index a copy without protection.');
      }
      yield { path: file.path, note: problem };
    }
    if (body.blocks.length === 0) {
      throw new UnreadableDocumentError('It contains no text, only images.', 'Recognise the text first (OCR).');
    }
    const { title, language, ...fields } = await packageProperties(source, part);
    yield makeDocument(file, {
      format: 'epub',
      text: body.content,
      blocks: body.blocks,
      title: title ?? body.blocks.find(({ kind }) => kind === 'heading')?.name,
      language,
      fields,
    });
  },
};

async function packagePart(source: DocumentPackage): Promise<string> {
  let part = '';
  await source.read('META-INF/container.xml', {
    open(name, attributes) {
      if (name === 'rootfile') part ||= attributes['full-path'] ?? '';
    },
    close() {},
    text() {},
  });
  if (!source.has(part)) part = source.names.find((name) => name.endsWith('.opf')) ?? '';
  if (part === '') throw mistaken(source, 'an EPUB');
  return part;
}

/** Names of the chapters in reading order. */
async function spine(source: DocumentPackage, part: string): Promise<readonly string[]> {
  const items = new Map<string, string>();
  const contents = new Set<string>();
  const order: string[] = [];
  await source.read(part, {
    open(name, { id = '', href = '', idref = '', properties = '' }) {
      if (name === 'item') {
        items.set(id, href);
        if (/(?:^|\s)nav(?:\s|$)/.test(properties)) contents.add(id);
      } else if (name === 'itemref' && !contents.has(idref)) order.push(idref);
    },
    close() {},
    text() {},
  });
  const folder = posix.dirname(part);
  const names = order.flatMap((id) => {
    const href = items.get(id)?.replace(/#.*$/s, '');
    return href ? [posix.join(folder, unescaped(href))] : [];
  });
  return [...new Set(names)];
}

function unescaped(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    return href;
  }
}
