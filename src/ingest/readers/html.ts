import { frontMatter } from '../../text/index.ts';
import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { HtmlChrome } from '../html-chrome.ts';
import { HtmlText } from '../html-text.ts';
import { type HtmlHandler, isXhtml, parseHtml } from '../html-tokens.ts';
import { extensionOf } from '../paths.ts';
import { CUT_OFF, type Reader } from '../reader.ts';
import { REPAIRED } from './markdown.ts';

/**
 * HTML: the readable text of the page without what surrounds it ({@link HtmlChrome}); everything else is kept. Headings,
 * lists, tables and preformatted text keep their structure. Title, description, author, keywords, dates and address come
 * from the head; offsets are into the extracted text.
 */
export const htmlReader: Reader = {
  format: 'html',
  extensions: ['html', 'htm', 'xhtml', 'xht', 'shtml'],
  async *read(file, context) {
    const bytes = await context.bytes();
    const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4096)).toString('latin1');
    const decoded = await context.text({ declared: declaredCharset(start) });
    // Pages of site generators may begin with front matter.
    const { fields, end, repaired } = frontMatter(decoded.text);
    const html = decoded.text.slice(end);
    // Pages that were written as XML and sent as HTML keep to what both mean alike.
    const isXml = /^xht(?:ml)?$/.test(extensionOf(file.path)) || isXhtml(html);
    const head = new HtmlHead();
    const chrome = new HtmlChrome();
    await parseHtml(html, both(head, chrome), isXml);
    let body = await textOf(html, isXml, chrome.found);
    if (body.blocks.length === 0 && chrome.found.size > 0) body = await textOf(html, isXml);
    if (isCutOff(html)) yield { path: file.path, note: CUT_OFF };
    if (repaired) yield { path: file.path, note: REPAIRED };
    const topHeading = body.blocks.find((block) => block.kind === 'heading' && block.level === 1)?.name;
    yield makeDocument(file, {
      format: 'html',
      text: body.content,
      blocks: body.blocks,
      title: fields?.['title'] ?? (head.title || topHeading || firstTitle(body)),
      language: fields?.['lang'] ?? fields?.['language'] ?? head.language,
      fields: { ...head.fields, ...withoutNames(fields ?? {}) },
      encoding: describeEncoding(decoded),
    });
  },
};

/** Elements that have to be closed, which people forget; but hardly together with those of the page. */
const CLOSED = /<(\/?)(?:div|table|ul|ol|pre|section|article|main|script|style)\b/gi;

/** Whether a page ends within a tag, or before anything of what it began is closed. */
function isCutOff(html: string): boolean {
  const tail = html.slice(-2000);
  if (/<\/?[a-z][^<>]*$/i.test(tail)) return true;
  if (/<\/(?:body|html)\s*>/i.test(tail) || !/<body[\s>]/i.test(html) || /<\/(?:body|html)\s*>/i.test(html))
    return false;
  let open = 0;
  for (const [, slash] of html.matchAll(CLOSED)) open += slash === '' ? 1 : -1;
  return open > 0;
}

/** Front matter without what is told elsewhere. */
function withoutNames({ title, lang, language, layout, ...fields }: Readonly<Record<string, unknown>>) {
  return fields;
}

async function textOf(html: string, isXml: boolean, leaveOut?: ReadonlySet<number>): Promise<HtmlText> {
  const text = new HtmlText(leaveOut === undefined ? {} : { leaveOut });
  await parseHtml(html, text, isXml);
  text.end();
  return text;
}

function firstTitle(body: HtmlText): string | undefined {
  return body.blocks.find((block) => block.kind === 'heading')?.name;
}

function declaredCharset(start: string): string | undefined {
  return (
    /<meta\b[^>]*?\bcharset\s*=\s*["']?\s*([\w-]+)/i.exec(start)?.[1] ??
    /^\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([\w-]+)/i.exec(start)?.[1]
  );
}

/** Names of `<meta>` and the metadata fields that they fill. */
const META: Readonly<Record<string, string>> = {
  description: 'description',
  'og:description': 'description',
  author: 'author',
  'article:author': 'author',
  'dc.creator': 'author',
  keywords: 'keywords',
  'article:published_time': 'published',
  'dc.date': 'published',
  date: 'published',
  'article:modified_time': 'modified',
  'og:site_name': 'site',
  'og:url': 'url',
};

/** Collects what the head says about the page. */
class HtmlHead implements HtmlHandler {
  title = '';
  language: string | undefined;
  readonly fields: Record<string, unknown> = {};
  #inTitle = false;
  #foreign = 0;
  #fallback = '';

  open(name: string, attributes: ReadonlyMap<string, string>): void {
    if (name === 'svg') this.#foreign++;
    else if (name === 'html') this.language ??= attributes.get('lang') ?? attributes.get('xml:lang');
    else if (name === 'title' && this.title === '' && this.#foreign === 0) this.#inTitle = true;
  }

  close(name: string): void {
    if (name === 'svg') this.#foreign--;
    else if (name === 'title') this.#inTitle = false;
    else if (name === 'head') this.title ||= this.#fallback;
  }

  empty(name: string, attributes: ReadonlyMap<string, string>): void {
    if (name === 'link' && attributes.get('rel')?.toLowerCase() === 'canonical') {
      const address = attributes.get('href')?.trim();
      if (address) this.fields['url'] = address;
    }
    if (name !== 'meta') return;
    const key = (attributes.get('name') ?? attributes.get('property') ?? '').toLowerCase();
    const content = attributes.get('content')?.replace(/\s+/g, ' ').trim();
    if (!content) return;
    if (key === 'og:title') this.#fallback ||= content;
    if (attributes.get('http-equiv')?.toLowerCase() === 'content-language') this.language ??= content;
    const field = Object.hasOwn(META, key) ? META[key]! : undefined;
    if (field === undefined || this.fields[field] !== undefined) return;
    this.fields[field] =
      field === 'keywords'
        ? content
            .split(/[,;]/)
            .map((word) => word.trim())
            .filter(Boolean)
        : content.slice(0, 1000);
  }

  text(text: string): void {
    if (this.#inTitle) this.title = `${this.title}${text}`.replace(/\s+/g, ' ').trimStart();
  }
}

function both(first: HtmlHandler, second: HtmlHandler): HtmlHandler {
  return {
    open(name, attributes) {
      first.open(name, attributes);
      second.open(name, attributes);
    },
    close(name) {
      first.close(name);
      second.close(name);
    },
    empty(name, attributes) {
      first.empty(name, attributes);
      second.empty(name, attributes);
    },
    text(text) {
      first.text(text);
      second.text(text);
    },
  };
}
