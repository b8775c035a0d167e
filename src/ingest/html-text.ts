import type { Block, BlockKind } from '../text/blocks.ts';
import type { HtmlHandler } from './html-tokens.ts';
import { lowered, parts, raised } from './raised.ts';

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/** Never text for readers. `rp` holds the parentheses of readings for browsers that know none; ours are put below. */
const UNSEEN = words(
  'script style template iframe object embed canvas audio video datalist button head title rp annotation annotation-xml',
);
const SCRIPTS = words('sup sub rt');
/** Signs of a formula, which stand apart: `E = m c 2`; and choices, and labels of a drawing. */
const LABELS = words('text foreignobject');
const APART = words('mi mn mo mtext ms option optgroup text foreignobject');
const BREAKING = words(
  'address article aside blockquote body caption center dd details dir div dl dt fieldset figcaption figure footer form ' +
    'header hgroup html legend main menu nav ol p pre section summary svg table tbody textarea tfoot thead tr ul',
);
/** Blocks that make a table one for layout, whose cells are read as running text. */
const STRUCTURE = words('h1 h2 h3 h4 h5 h6 ul ol dl pre blockquote table');
const HIDDEN_STYLE = /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)/i;
/** Signs that documentation generators put behind headings as links to themselves. */
const PERMALINK = /\s*[¶#§🔗]+\s*$/u;
/** Characters at the end of a line that what follows may depend on. */
const NEAR = 256;
/** A table cell longer than this is prose. */
const LONGEST_CELL = 1000;

export interface HtmlTextOptions {
  /** Elements that are left out, by the number of elements opened before them. Default none. */
  readonly leaveOut?: ReadonlySet<number>;
}

/** A button that opens and closes what it is the heading of. */
const OPENS = ['aria-expanded', 'aria-controls', 'data-toggle', 'data-bs-toggle'];
/** Fields whose value is seen. */
const FIELDS = words('text search email url tel number date month week time datetime-local');

/** Ids of what buttons open that were read so far. */
export type Opened = Set<string>;

/** Notes what a button opens, in which readers find text that is hidden at first. */
export function noteOpened(attributes: ReadonlyMap<string, string>, opened: Opened): void {
  if (!attributes.has('aria-expanded') || attributes.has('aria-haspopup')) return;
  for (const id of attributes.get('aria-controls')?.split(/\s+/) ?? []) opened.add(id);
}

/** Whether the element and what is in it are never text for readers. */
export function isUnseen(name: string, attributes: ReadonlyMap<string, string>, opened: Opened): boolean {
  if (UNSEEN.has(name)) {
    if (name === 'button') return attributes.has('aria-haspopup') || !OPENS.some((one) => attributes.has(one));
    // What an element of a page's own shows stands in a template.
    return name !== 'template' || !(attributes.has('shadowrootmode') || attributes.has('shadowroot'));
  }
  if (name === 'dialog') return !attributes.has('open');
  if (attributes.size === 0) return false;
  if (attributes.get('role') === 'tabpanel' || opened.has(attributes.get('id') ?? '')) return false;
  if (attributes.has('hidden') && attributes.get('hidden') !== 'until-found') return true;
  if (attributes.get('aria-hidden') === 'true') return true;
  const style = attributes.get('style');
  return style !== undefined && HIDDEN_STYLE.test(style);
}

/**
 * Collects the readable text of HTML, with its structure: paragraphs and headings divided by empty lines, list items
 * and table rows by line ends (`- item`, `cell | cell`), preformatted text as it stands. White space is collapsed as
 * browsers do.
 */
export class HtmlText implements HtmlHandler {
  readonly blocks: Block[] = [];

  #parts: string[] = [];
  #length = 0;
  #line = '';
  /** The beginning of a long line, in pieces. */
  #settled: string[] = [];
  #atSpace = true;
  #depth = 0;
  /** Depth of the outermost element being left out. */
  #skipping = Number.POSITIVE_INFINITY;
  #heading = 0;
  #pre = 0;
  #quote = 0;
  #ordinal = 0;
  /** The raised or lowered mark being read, and where it begins in the line. */
  #script: { readonly name: string; readonly start: number; readonly depth: number } | undefined;
  /** The raised mark that ends the line so far. */
  #mark = '';
  /** Readings of the characters of this line (`ruby`), which follow it. */
  #readings: string[] = [];
  #lists: { readonly ordered: boolean; items: number }[] = [];
  /** Bullet waiting for the first text of its item. */
  #bullet = '';
  /** Drawings, of which the labels are read, and labels. */
  #drawings = 0;
  #labels = 0;
  #tables = 0;
  #cell = false;
  #cellStart = 0;
  #rowCells = 0;
  #lastTable: number | undefined;
  #tableNumber = 0;

  #leaveOut: ReadonlySet<number> | undefined;
  readonly #opened: Opened = new Set();

  constructor(options: HtmlTextOptions = {}) {
    this.#leaveOut = options.leaveOut;
  }

  /** Another document follows, whose elements are counted anew. */
  begin(leaveOut: ReadonlySet<number>): void {
    this.end();
    this.#leaveOut = leaveOut;
    this.#ordinal = 0;
  }

  get content(): string {
    return this.#parts.join('');
  }

  open(name: string, attributes: ReadonlyMap<string, string>): void {
    this.#ordinal++;
    this.#depth++;
    if (this.#depth > this.#skipping) return;
    if (attributes.size > 1) noteOpened(attributes, this.#opened);
    if (this.#isLeftOut(name, attributes)) {
      if (BREAKING.has(name)) this.#break();
      this.#skipping = this.#depth;
      return;
    }
    const level = headingLevel(name);
    if (level > 0 || STRUCTURE.has(name)) this.#flush();
    else if (BREAKING.has(name) || name === 'button') this.#break();
    if (name === 'svg') this.#drawings++;
    else if (LABELS.has(name) && this.#drawings > 0) this.#labels++;
    else if (name === 'optgroup') this.text(` ${attributes.get('label') ?? ''} `);
    if (level > 0) this.#heading = level;
    else if (name === 'pre') this.#pre++;
    else if (name === 'blockquote') this.#quote++;
    else if (name === 'ul' || name === 'ol') this.#openList(name, attributes);
    else if (name === 'li') this.#openItem(attributes);
    else if (name === 'table') {
      this.#tables++;
      this.#tableNumber++;
      this.#cell = false;
    } else if (name === 'tr') {
      this.#flush();
      this.#rowCells = 0;
    } else if ((name === 'td' || name === 'th') && this.#tables > 0) {
      if (this.#rowCells++ > 0 && this.#cell) {
        this.#settle();
        this.#line = `${this.#line.trimEnd()} | `;
        this.#atSpace = true;
      } else if (this.#rowCells === 1) {
        this.#flush();
      }
      this.#cell = true;
      this.#cellStart = this.#line.length;
    } else if (SCRIPTS.has(name) && this.#script === undefined) {
      this.#settle();
      this.#script = { name, start: this.#line.length, depth: this.#depth };
    }
  }

  close(name: string): void {
    const depth = this.#depth--;
    if (depth > this.#skipping) return;
    if (depth === this.#skipping) {
      this.#skipping = Number.POSITIVE_INFINITY;
      return;
    }
    if (name === 'svg') this.#drawings--;
    else if (LABELS.has(name) && this.#drawings > 0) this.#labels--;
    if (headingLevel(name) > 0) {
      this.#flush();
      this.#heading = 0;
    } else if (name === 'pre') {
      this.#flush();
      this.#pre--;
    } else if (name === 'blockquote') {
      this.#flush();
      this.#quote--;
    } else if (name === 'ul' || name === 'ol') {
      this.#flush();
      this.#lists.pop();
    } else if (name === 'li') {
      this.#flush();
      this.#bullet = '';
    } else if (name === 'tr') {
      this.#flush();
      this.#cell = false;
    } else if (name === 'table') {
      this.#flush();
      this.#tables--;
      this.#cell = false;
    } else if (BREAKING.has(name) || name === 'button') this.#break();
    else if (this.#script?.depth === depth) this.#closeScript();
    else if (APART.has(name)) this.#space();
  }

  empty(name: string, attributes: ReadonlyMap<string, string>): void {
    if (this.#depth >= this.#skipping) return;
    if (name === 'br') {
      this.#settle();
      this.#line = this.#pre > 0 ? `${this.#line}\n` : this.#line === '' ? '' : `${this.#line.trimEnd()}\n`;
      this.#atSpace = true;
    } else if (name === 'hr') this.#flush();
    else if (name === 'img' || name === 'area') {
      const alternative = attributes.get('alt');
      if (alternative) this.text(` ${alternative} `);
    } else if (name === 'input' && FIELDS.has((attributes.get('type') ?? 'text').toLowerCase())) {
      const value = attributes.get('value');
      if (value && !attributes.has('hidden')) this.text(` ${value} `);
    }
  }

  text(text: string): void {
    if (this.#depth >= this.#skipping || (this.#drawings > 0 && this.#labels === 0)) return;
    if (this.#pre > 0) {
      this.#line += text.replace(/\r\n?/g, '\n');
      return;
    }
    let collapsed = text.replace(/[ \t\n\r\f\u00a0]+/g, ' ');
    if (this.#atSpace && collapsed.startsWith(' ')) collapsed = collapsed.slice(1);
    if (collapsed === '') return;
    this.#settle();
    if (this.#mark !== '' && this.#script === undefined) {
      if (parts(this.#mark, collapsed)) this.#line += ' ';
      this.#mark = '';
    }
    this.#line += collapsed;
    this.#atSpace = collapsed.endsWith(' ');
  }

  /** Writes what is pending; to be called at the end. */
  end(): void {
    this.#flush();
  }

  #isLeftOut(name: string, attributes: ReadonlyMap<string, string>): boolean {
    return isUnseen(name, attributes, this.#opened) || (this.#leaveOut?.has(this.#ordinal - 1) ?? false);
  }

  /** What a raised or lowered mark, or the reading of a character, turns into. */
  #closeScript(): void {
    const script = this.#script;
    this.#script = undefined;
    if (script === undefined) return;
    const mark = this.#line.slice(script.start);
    const before = this.#line.slice(0, script.start);
    if (script.name === 'rt') {
      if (mark.trim() !== '') this.#readings.push(mark.trim());
      this.#line = before;
      this.#atSpace = before === '' || before.endsWith(' ');
      return;
    }
    if (script.name === 'sub') this.#line = before + lowered(before, mark);
    else {
      this.#line = before + raised(before, mark);
      this.#mark = mark;
    }
  }

  #openList(name: 'ul' | 'ol', attributes: ReadonlyMap<string, string>): void {
    const start = Number(attributes.get('start') ?? 1);
    this.#lists.push({ ordered: name === 'ol', items: Number.isInteger(start) ? start - 1 : 0 });
  }

  /** `value` is a number of HTML's; `marker` is what readers of other formats know to stand before the item. */
  #openItem(attributes: ReadonlyMap<string, string>): void {
    this.#flush();
    const list = this.#lists.at(-1);
    const value = Number(attributes.get('value') || Number.NaN);
    if (list !== undefined) list.items = Number.isInteger(value) ? value : list.items + 1;
    const marker = attributes.get('marker') ?? (list?.ordered ? `${list.items}.` : '-');
    this.#bullet = `${marker} `;
  }

  /** A boundary that ends the line, except in a table cell, where it only parts words. */
  #break(): void {
    if (!this.#cell || this.#tables === 0) {
      this.#flush();
    } else if (this.#line.length - this.#cellStart > LONGEST_CELL) {
      this.#flush();
    } else this.#space();
  }

  #space(): void {
    if (this.#atSpace || this.#line === '') return;
    this.#line += ' ';
    this.#atSpace = true;
  }

  /** Puts the beginning of a long line aside, so that work at its end takes no more time the longer it gets. */
  #settle(): void {
    if (this.#line.length < 2 * NEAR || this.#script !== undefined) return;
    const cut = this.#line.length - NEAR;
    this.#settled.push(this.#line.slice(0, cut));
    this.#line = this.#line.slice(cut);
    this.#cellStart -= cut;
  }

  #flush(): void {
    this.#closeScript();
    if (this.#readings.length > 0) {
      this.#line = `${this.#line.trimEnd()} (${this.#readings.join(', ')})`;
      this.#readings = [];
    }
    this.#mark = '';
    const raw = this.#settled.length === 0 ? this.#line : this.#settled.join('') + this.#line;
    this.#settled = [];
    this.#line = '';
    this.#atSpace = true;
    this.#cellStart = 0;
    if (raw === '') return;
    const kind = this.#kind();
    let text = kind === 'code' ? raw.replace(/^(?:[ \t]*\n)+/, '').trimEnd() : raw.trim();
    if (kind === 'heading') text = text.replace(PERMALINK, '').replace(/\s+/g, ' ');
    if (kind === 'table') text = text.replace(/\n/g, ' ').replace(/^(?: ?\| ?)+$/, '');
    if (text.trim() === '') return;

    const previous = this.blocks.at(-1);
    if (kind === 'table' && previous?.kind === 'table' && this.#lastTable === this.#tableNumber) {
      this.#write(`\n${text}`);
      this.blocks[this.blocks.length - 1] = { ...previous, end: this.#length };
      return;
    }
    this.#lastTable = kind === 'table' ? this.#tableNumber : undefined;
    if (previous !== undefined) this.#write(kind === 'list-item' && previous.kind === 'list-item' ? '\n' : '\n\n');
    if (kind === 'list-item') {
      this.#write('  '.repeat(Math.min(Math.max(this.#lists.length - 1, 0), 8)));
      text = `${this.#bullet}${text}`;
      this.#bullet = '';
    }
    const start = this.#length;
    this.#write(text);
    const place = { kind, start, end: this.#length };
    this.blocks.push(kind === 'heading' ? { ...place, level: this.#heading, name: text } : place);
  }

  #kind(): BlockKind {
    if (this.#heading > 0) return 'heading';
    if (this.#pre > 0) return 'code';
    if (this.#cell && this.#tables > 0 && this.#rowCells > 0) return 'table';
    if (this.#lists.length > 0) return 'list-item';
    return this.#quote > 0 ? 'quote' : 'paragraph';
  }

  #write(text: string): void {
    this.#parts.push(text);
    this.#length += text.length;
  }
}

function headingLevel(name: string): number {
  return name.length === 2 && name[0] === 'h' && name[1]! >= '1' && name[1]! <= '6' ? Number(name[1]) : 0;
}
