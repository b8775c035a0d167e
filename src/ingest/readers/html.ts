import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { HtmlText } from '../html-text.ts';
import { type HtmlHandler, parseHtml } from '../html-tokens.ts';
import type { Reader } from '../reader.ts';

/**
 * HTML: the readable text of the page. Navigation, page footers and side columns are left out; where Readability finds
 * an article that holds most of the remaining prose, the article alone is taken. Headings, lists, tables and
 * preformatted text keep their structure. Title, description, author, keywords, dates and address come from the head;
 * offsets are into the extracted text.
 */
export const htmlReader: Reader = {
  format: 'html',
  extensions: ['html', 'htm', 'xhtml', 'xht', 'shtml'],
  async *read(file, context) {
    const bytes = await context.bytes();
    const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4096)).toString('latin1');
    const decoded = await context.text({ declared: declaredCharset(start) });
    const head = new HtmlHead();
    const body = new HtmlText({ withoutChrome: true });
    const tokens = await parseHtml(decoded.text, both(head, body));
    body.end();

    let chosen = body;
    if (body.blocks.length === 0) {
      chosen = new HtmlText();
      await parseHtml(decoded.text, chosen);
      chosen.end();
    } else if (tokens <= MOST_TOKENS) {
      chosen = (await readableArticle(decoded.text, body)) ?? body;
    }
    const topHeading = chosen.blocks.find((block) => block.kind === 'heading' && block.level === 1)?.name;
    yield makeDocument(file, {
      format: 'html',
      text: chosen.content,
      blocks: chosen.blocks,
      title: head.title || topHeading || firstTitle(body),
      language: head.language,
      fields: head.fields,
      encoding: describeEncoding(decoded),
    });
  },
};

function firstTitle(body: HtmlText): string | undefined {
  return body.blocks.find((block) => block.kind === 'heading')?.name;
}

function declaredCharset(start: string): string | undefined {
  return (
    /<meta\b[^>]*?\bcharset\s*=\s*["']?\s*([\w-]+)/i.exec(start)?.[1] ??
    /^\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([\w-]+)/i.exec(start)?.[1]
  );
}

/** Article extraction builds a tree and walks it many times: only for pages of the size that people write. */
const MOST_TOKENS = 60_000;
const DEEPEST = 200;
const LONGEST_PAGE = 4 * 1024 * 1024;
/** A page with less prose has nothing to cut away. */
const LEAST_PROSE = 600;
/** The article must hold this share of the prose, lest a page of reference lose its lists and examples. */
const LEAST_SHARE = 0.85;

async function readableArticle(html: string, body: HtmlText): Promise<HtmlText | undefined> {
  if (html.length > LONGEST_PAGE || body.maxDepth > DEEPEST) return undefined;
  if (body.prose < LEAST_PROSE) return undefined;
  const [{ parseHTML }, { Readability }] = await Promise.all([import('linkedom'), import('@mozilla/readability')]);
  try {
    const { document } = parseHTML(/<html[\s>]/i.test(html) ? html : `<html><body>${html}</body></html>`);
    const reader = new Readability<Node>(document as unknown as Document, {
      serializer: (node) => node,
      disableJSONLD: true,
    });
    const root = reader.parse()?.content;
    if (!root) return undefined;
    const article = new HtmlText();
    visit(root, article);
    article.end();
    return article.prose >= LEAST_SHARE * body.prose && article.blocks.length > 0 ? article : undefined;
  } catch {
    // Article extraction is a refinement; its failure leaves the page's text.
    return undefined;
  }
}

/** Feeds a tree to a handler without recursion. */
function visit(root: Node, handler: HtmlHandler): void {
  let node: Node | null = root;
  while (node !== null) {
    if (node.nodeType === 3) handler.text(node.nodeValue ?? '');
    if (node.nodeType === 1) {
      const element = node as Element;
      const attributes = new Map(Array.from(element.attributes, ({ name, value }) => [name, value] as const));
      const name = element.localName.toLowerCase();
      if (name === 'br' || name === 'hr' || name === 'img') handler.empty(name, attributes);
      else {
        handler.open(name, attributes);
        if (element.firstChild !== null) {
          node = element.firstChild;
          continue;
        }
        handler.close(name);
      }
    }
    while (node !== root && node.nextSibling === null) {
      node = node.parentNode!;
      handler.close((node as Element).localName.toLowerCase());
    }
    node = node === root ? null : node.nextSibling;
  }
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
