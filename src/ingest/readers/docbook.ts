import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { HtmlText } from '../html-text.ts';
import { CUT_OFF, type Reader } from '../reader.ts';
import { parseXml, type XmlAttributes, type XmlHandler } from '../xml.ts';
import { expandEntities } from '../xml-entities.ts';
import { textReader } from './text.ts';

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

const ROOTS = words('article book chapter section sect1 refentry reference part preface appendix set glossary topic');
const SECTIONS = words(
  'set book part article reference chapter preface appendix section sect1 sect2 sect3 sect4 sect5 refentry refsect1 refsect2 refsect3 refsection glossary bibliography simplesect',
);
const PARAGRAPHS = words(
  'para simpara formalpara refpurpose refname releaseinfo subtitle abstract bridgehead blockquote note tip warning caution important synopsis cmdsynopsis funcsynopsis term glossterm caption',
);
const LISTS = words('itemizedlist orderedlist variablelist simplelist glosslist procedure segmentedlist');
const ITEMS = words('listitem member step glossentry varlistentry');
const LISTINGS = words('programlisting screen literallayout programlistingco');
const UNSEEN = words('indexterm remark keywordset imagedata xi:include');
/** Parts of one thing, which stand apart even where there is nothing between them: names, keys, menus, parameters. */
const APART = words(
  'firstname givenname surname othername honorific lineage author editor collab keycap keysym mousebutton guimenu guisubmenu ' +
    'guimenuitem guibutton segtitle seg funcdef paramdef year holder personname title citetitle publishername pubdate arg option',
);
/** What is put between them, where a space would not say it. */
const BETWEEN: Readonly<Record<string, string>> = { keycap: '+', keysym: '+', guisubmenu: ' > ', guimenuitem: ' > ' };
const NAMES: Readonly<Record<string, string>> = {
  tgroup: 'tbody',
  row: 'tr',
  entry: 'td',
  tr: 'tr',
  td: 'td',
  th: 'td',
  superscript: 'sup',
  subscript: 'sub',
};

/**
 * DocBook (4 and 5): sections, paragraphs, lists, tables and listings. Other XML is read as text. Offsets are into the
 * extracted text.
 */
export const docbookReader: Reader = {
  format: 'docbook',
  extensions: ['dbk', 'docbook', 'xml'],
  async *read(file, context) {
    const decoded = await context.text();
    const start = decoded.text.slice(0, 4000);
    const root =
      /<(?:\w+:)?([a-z]\w*)[\s>]/.exec(
        start.replace(/<!--[\s\S]*?-->|<![A-Z][^>[]*(?:\[[\s\S]*?\])?>|<\?[\s\S]*?\?>/g, ''),
      )?.[1] ?? '';
    if (!ROOTS.has(root) || !/docbook/i.test(start)) {
      yield* textReader.read(file, context);
      return;
    }
    const body = new HtmlText();
    const book = new DocBook(body);
    if (!(await parseXml(await expandEntities(decoded.text), book))) yield { path: file.path, note: CUT_OFF };
    body.end();
    yield makeDocument(file, {
      format: 'docbook',
      text: body.content,
      blocks: body.blocks,
      title: book.title,
      encoding: describeEncoding(decoded),
    });
  },
};

const NONE: ReadonlyMap<string, string> = new Map();

class DocBook implements XmlHandler {
  title: string | undefined;
  #depth = 0;
  #skipping = 0;
  #title: string | undefined;
  /** Nothing was said since an element of {@link APART} ended. */
  #parted = false;
  /** Where a link leads that says nothing so far. */
  #target: string | undefined;

  constructor(private readonly body: HtmlText) {}

  open(name: string, attributes: XmlAttributes): void {
    if (this.#skipping > 0 || UNSEEN.has(name)) {
      this.#skipping++;
      return;
    }
    if (SECTIONS.has(name)) this.#depth++;
    if (name === 'title' || name === 'refentrytitle') this.#title = '';
    const tag = this.#tag(name);
    if (tag !== undefined) this.body.open(tag, NONE);
    else if (name === 'manvolnum') this.text('(');
    else if (this.#parted && APART.has(name)) this.text(BETWEEN[name] ?? ' ');
    if (name === 'ulink' || name === 'link') this.#target = attributes['url'] ?? attributes['href'];
  }

  close(name: string): void {
    if (this.#skipping > 0) {
      this.#skipping--;
      return;
    }
    const tag = this.#tag(name);
    if (name === 'manvolnum') this.text(')');
    else if ((name === 'ulink' || name === 'link') && this.#target !== undefined) this.text(this.#target);
    if (tag !== undefined) this.body.close(tag);
    this.#parted = APART.has(name);
    if (SECTIONS.has(name)) this.#depth--;
    if (name === 'title' || name === 'refentrytitle') {
      this.title ??= this.#title?.replace(/\s+/g, ' ').trim() || undefined;
      this.#title = undefined;
    }
  }

  text(text: string): void {
    if (this.#skipping > 0) return;
    if (this.#title !== undefined) this.#title += text;
    if (text.trim() !== '') this.#target = undefined;
    this.#parted &&= text.trim() === '';
    this.body.text(text);
  }

  #tag(name: string): string | undefined {
    if (name === 'title') return `h${Math.min(Math.max(this.#depth, 1), 6)}`;
    if (PARAGRAPHS.has(name) || SECTIONS.has(name)) return 'div';
    if (LISTS.has(name)) return 'ul';
    if (ITEMS.has(name)) return name === 'varlistentry' ? 'div' : 'li';
    if (LISTINGS.has(name)) return 'pre';
    if (name === 'table' || name === 'informaltable') return 'table';
    return Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
  }
}
