import { HtmlRecording } from './html-recording.ts';
import { SheetText } from './sheet-text.ts';
import type { XmlAttributes, XmlHandler } from './xml.ts';

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/** Not shown: what was deleted, settings, previews, and fields' definitions. */
const UNSEEN = words(
  'tracked-changes forms sequence-decls variable-decls user-field-decls font-face-decls scripts settings ' +
    'index-title-template table-of-content-entry-template binary-data',
);
const SIMPLE: Readonly<Record<string, string>> = {
  list: 'ul',
  table: 'table',
  'table-row': 'tr',
  'table-cell': 'td',
  'covered-table-cell': 'td',
  annotation: 'blockquote',
  'text-box': 'div',
  ruby: 'ruby',
  'ruby-text': 'rt',
};
const MARGINS = words('header header-left header-first footer footer-left footer-first');
/** More blanks in a row than this are a mistake, or an attack. */
const MOST_BLANKS = 100;

/** What pictures show, and what stands on all slides: texts without a paragraph around them. */
const WORDS = words('title desc footer-decl header-decl');

/** What formulas and charts say, by their folder in the package: `Object 1`. */
export type OdfObjects = ReadonlyMap<string, string>;
const NO_OBJECTS: OdfObjects = new Map();

/** The folder of an object that is shown here. */
function objectOf(name: string, { href = '' }: XmlAttributes): string | undefined {
  return name === 'object' ? href.replace(/^\.\//, '') : undefined;
}

/** Turns an OpenDocument part into HTML: the whole, or only headers and footers, or what is on all slides. Notes follow at the end of their page. */
export class OdfStory implements XmlHandler {
  /** What stands before the first slide, then each slide; of a text, the first is all. */
  readonly pages: HtmlRecording[] = [new HtmlRecording()];
  readonly margins: HtmlRecording[] = [];
  #out: HtmlRecording;
  readonly #open: { readonly name: string; readonly tags: readonly string[] }[] = [];
  #skipping = 0;
  #text = 0;
  #notes = 0;
  #note: HtmlRecording | undefined;
  #outer: HtmlRecording[] = [];
  #scripts = new Map<string, string>();
  #style = '';

  constructor(
    private readonly what: 'all' | 'margins' | 'masters' = 'all',
    private readonly objects = NO_OBJECTS,
  ) {
    this.#out = what === 'all' ? this.pages[0]! : new HtmlRecording();
  }

  open(name: string, attributes: XmlAttributes): void {
    if (name === 'style') this.#style = attributes['name'] ?? '';
    else if (name === 'text-properties') this.#noteScript(attributes['text-position'] ?? '');
    if (this.#skipping > 0 || UNSEEN.has(name) || this.#isSignature(name) || this.#isElsewhere(name, attributes)) {
      this.#skipping++;
      return;
    }
    const tags: string[] = [];
    const begin = (tag: string, found?: ReadonlyMap<string, string>): void => {
      this.#out.open(tag, found);
      tags.push(tag);
    };
    const simple = Object.hasOwn(SIMPLE, name) ? SIMPLE[name] : undefined;
    if (name === 'page' && this.what === 'all') {
      this.#out = new HtmlRecording();
      this.pages.push(this.#out);
    } else if (this.what === 'margins' ? MARGINS.has(name) : this.what === 'masters' && name === 'master-page') {
      this.#out = new HtmlRecording();
      this.margins.push(this.#out);
    } else if (name === 'h') begin(`h${Math.min(Math.max(Number(attributes['outline-level']) || 1, 1), 6)}`);
    else if (name === 'p') begin('p');
    else if (simple !== undefined) begin(simple);
    else if (name === 'list-item' || name === 'list-header') begin('li');
    else if (name === 'span') {
      const script = this.#scripts.get(attributes['style-name'] ?? '');
      if (script !== undefined) begin(script);
    } else if (name === 's') this.#out.text(' '.repeat(Math.min(Number(attributes['c'] ?? 1) || 1, MOST_BLANKS)));
    else if (name === 'tab') this.#out.text(' ');
    else if (name === 'line-break') this.#out.empty('br');
    else if (name === 'note') this.#out.text(`[${++this.#notes}]`);
    else if (name === 'note-body') {
      this.#outer.push(this.#out);
      this.#note ??= new HtmlRecording();
      this.#out = this.#note;
      begin('li', new Map([['marker', `[${this.#notes}]`]]));
    } else if (WORDS.has(name)) {
      if (this.#text > 0) this.#out.text(' ');
      else begin('p');
    }
    const object = this.objects.get(objectOf(name, attributes) ?? '');
    if (object !== undefined) {
      if (this.#text > 0) this.#out.text(` ${object} `);
      else this.#out.element('p', object);
    }
    if (isText(name)) this.#text++;
    this.#open.push({ name, tags });
  }

  close(name: string): void {
    if (this.#skipping > 0) {
      this.#skipping--;
      return;
    }
    const opened = this.#open.pop();
    for (const tag of opened?.tags ?? []) this.#out.close(tag);
    if (isText(name)) {
      this.#text--;
      if (WORDS.has(name) && this.#text > 0) this.#out.text(' ');
    } else if (name === 'note-body') this.#out = this.#outer.pop() ?? this.#out;
    else if (name === 'page' || name === 'body' || name === 'text') this.#endNotes();
  }

  text(text: string): void {
    if (this.#text > 0 && this.#skipping === 0) this.#out.text(text);
  }

  /** Marks of notes, and who commented and when. */
  #isSignature(name: string): boolean {
    if (name === 'note-citation') return true;
    return this.#open.at(-1)?.name === 'annotation' && name !== 'p' && name !== 'list';
  }

  /** Headers of a text that is one file, and places of a master that slides fill. */
  #isElsewhere(name: string, attributes: XmlAttributes): boolean {
    if (this.what === 'all') return name === 'master-styles' || name === 'meta';
    if (this.what === 'margins') return false;
    return name === 'notes' || attributes['placeholder'] === 'true' || (name === 'frame' && 'class' in attributes);
  }

  #endNotes(): void {
    if (this.#note === undefined || this.#outer.length > 0) return;
    this.#out.open('ul');
    this.#note.replay(this.#out);
    this.#out.close('ul');
    this.#note = undefined;
  }

  /** `super 58%`, `-33% 58%`. */
  #noteScript(position: string): void {
    if (/^(?:super|[1-9])/.test(position)) this.#scripts.set(this.#style, 'sup');
    else if (/^(?:sub|-)/.test(position)) this.#scripts.set(this.#style, 'sub');
  }
}

function isText(name: string): boolean {
  return name === 'p' || name === 'h' || WORDS.has(name);
}

/** Characters of one formula or chart that are read: those of a chart are labels, and the numbers that it shows. */
const LONGEST_OBJECT = 10_000;

/** What a formula or a chart says: signs and words, in a line. */
export class OdfObject implements XmlHandler {
  #text = '';
  #shown = 0;
  #skipping = 0;

  get content(): string {
    return this.#text.replace(/\s+/g, ' ').trim();
  }

  open(name: string): void {
    if (this.#skipping > 0 || name === 'annotation') this.#skipping++;
    else if (OBJECT_TEXT.has(name)) {
      this.#shown++;
      if (this.#text.length < LONGEST_OBJECT) this.#text += ' ';
    }
  }

  close(name: string): void {
    if (this.#skipping > 0) this.#skipping--;
    else if (OBJECT_TEXT.has(name)) this.#shown--;
  }

  text(text: string): void {
    if (this.#shown > 0 && this.#skipping === 0 && this.#text.length < LONGEST_OBJECT) this.#text += text;
  }
}
const OBJECT_TEXT = words('p mi mo mn mtext ms');

/** Repetitions of a row or a cell that are believed: files end with a row repeated a million times. */
const MOST_REPEATED = 100;

/** The sheets of an OpenDocument spreadsheet. */
export class OdfTables implements XmlHandler {
  readonly sheets: SheetText[] = [];
  #cell = '';
  #repeated = 1;
  #column = 0;
  #rowRepeated = 1;
  #cells: [number, string][] = [];
  #text = 0;
  #depth = 0;
  #inCell = false;

  constructor(private readonly objects = NO_OBJECTS) {}

  open(name: string, attributes: XmlAttributes): void {
    const object = this.objects.get(objectOf(name, attributes) ?? '');
    if (object !== undefined) this.sheets.at(-1)?.addNotes([object]);
    if (name === 'table') {
      if (this.#depth++ === 0) this.sheets.push(new SheetText(attributes['name'] ?? `${this.sheets.length + 1}`));
    } else if (name === 'table-row') {
      this.#cells = [];
      this.#column = 0;
      this.#rowRepeated = Number(attributes['number-rows-repeated'] ?? 1);
    } else if (name === 'table-cell' || name === 'covered-table-cell') {
      this.#cell = '';
      this.#inCell = true;
      this.#repeated = Number(attributes['number-columns-repeated'] ?? 1);
    } else if (isText(name)) {
      this.#text++;
      if (!this.#inCell) this.#cell = '';
      else if (this.#cell !== '') this.#cell += ' ';
    } else if (name === 's' || name === 'tab' || name === 'line-break') this.#cell += ' ';
  }

  close(name: string): void {
    const sheet = this.sheets.at(-1);
    if (isText(name)) {
      this.#text--;
      // A text box over the cells.
      if (!this.#inCell) sheet?.addNotes([this.#cell]);
    } else if (name === 'table') this.#depth--;
    else if (sheet === undefined) return;
    else if (name === 'table-cell' || name === 'covered-table-cell') {
      this.#inCell = false;
      const times = this.#cell.trim() === '' ? 0 : Math.min(this.#repeated || 1, MOST_REPEATED);
      for (let i = 0; i < times; i++) this.#cells.push([this.#column + i + 1, this.#cell]);
      this.#column += this.#repeated || 1;
    } else if (name === 'table-row') {
      const times = this.#cells.length === 0 ? 0 : Math.min(this.#rowRepeated || 1, MOST_REPEATED);
      for (let i = 0; i < times; i++) {
        sheet.beginRow();
        for (const [column, text] of this.#cells) sheet.cell(column, text);
        sheet.endRow();
      }
    }
  }

  text(text: string): void {
    if (this.#text > 0) this.#cell += text;
  }
}
