import { type DocxNumbering, type DocxStyles, noteProperty, type ParagraphProperties } from './docx-styles.ts';
import { HtmlRecording } from './html-recording.ts';
import type { XmlAttributes, XmlHandler } from './xml.ts';

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/** Never shown: instructions of fields, what was deleted, settings of controls, and changes of properties. */
const UNSEEN = words(
  'instrText delInstrText delText del moveFrom sdtPr rPrChange pPrChange tblPr trPr tcPr footnotePr',
);
const PROPERTIES = words('pPr rPr');
/** Parts with stories of their own, kept by id. */
const NOTES = words('footnote endnote comment');

/** Tables within tables within text boxes: each level is copied once more. */
const DEEPEST = 40;

/** Paragraphs that stand under one another: the body, a cell, a text box. */
interface Flow {
  readonly html: HtmlRecording;
  /** Depth of the list that is open. */
  lists: number;
}

interface Paragraph {
  readonly html: HtmlRecording;
  /** Text boxes anchored in it. */
  readonly boxes: HtmlRecording;
  readonly properties: ParagraphProperties;
}

/**
 * Turns a part of a Word document (body, header, notes) into HTML: what Word shows of it, in the order of the text; text
 * boxes follow the paragraph to which they are anchored.
 */
export class DocxStory implements XmlHandler {
  /** Bodies of notes and comments, by kind and id (`footnote 2`). */
  readonly notes = new Map<string, HtmlRecording>();
  /** Keys of notes in the order of their marks. */
  readonly references: string[] = [];
  /** Relationships of headers and footers. */
  readonly margins: string[] = [];
  readonly #flows: Flow[] = [{ html: new HtmlRecording(), lists: 0 }];
  readonly #paragraphs: Paragraph[] = [];
  #skipping = 0;
  #properties = 0;
  #hidden = false;
  #script = '';
  #text = false;
  #formula = 0;
  #separator: string[] = [];
  #choices: boolean[] = [];
  /** Entries of a field's list before the one that is chosen. */
  #choice = 0;

  constructor(
    private readonly styles: DocxStyles,
    private readonly numbering: DocxNumbering,
  ) {}

  get html(): HtmlRecording {
    const flow = this.#flows[0]!;
    this.#listsTo(flow, 0);
    return flow.html;
  }

  open(name: string, attributes: XmlAttributes): void {
    if (this.#skipping > 0 || UNSEEN.has(name) || this.#isOther(name)) {
      this.#skipping++;
      return;
    }
    if (this.#properties > 0 || PROPERTIES.has(name)) {
      this.#properties++;
      this.#property(name, attributes);
      return;
    }
    const { val = '' } = attributes;
    switch (name) {
      case 'p':
        this.#paragraphs.push({ html: new HtmlRecording(), boxes: new HtmlRecording(), properties: {} });
        break;
      case 'r':
        this.#hidden = false;
        break;
      case 't':
        this.#text = true;
        break;
      case 'tab':
      case 'ptab':
        this.#write(' ');
        break;
      case 'br':
      case 'cr':
        this.#line.empty('br');
        break;
      case 'noBreakHyphen':
        this.#write('-');
        break;
      case 'sym':
        this.#symbol(attributes['char']);
        break;
      case 'docPr':
        for (const words of new Set([attributes['title'], attributes['descr']])) this.#write(words ? ` ${words} ` : '');
        break;
      // The entry that is chosen is said by its number, before all of them.
      case 'ddList':
        this.#choice = 0;
        break;
      case 'result':
        this.#choice = Number(val) || 0;
        break;
      case 'listEntry':
        if (this.#choice-- === 0) this.#write(val);
        break;
      case 'textpath':
        this.#write(attributes['string'] ?? '');
        break;
      case 'footnoteReference':
      case 'endnoteReference':
        this.references.push(`${name.slice(0, -9)} ${attributes['id']}`);
        this.#write(`[${this.references.length}]`);
        break;
      case 'headerReference':
      case 'footerReference':
        this.margins.push(attributes['r:id'] ?? '');
        break;
      case 'txbxContent':
        this.#flows.push({ html: new HtmlRecording(), lists: 0 });
        break;
      case 'tbl':
      case 'tr':
      case 'tc':
        this.#table(name);
        break;
      case 'ruby':
      case 'rt':
        this.#line.open(name);
        break;
      case 'AlternateContent':
        this.#choices.push(false);
        break;
      case 'oMath':
        this.#formula++;
        break;
      default:
        if (NOTES.has(name)) this.#note(name, attributes);
        else if (this.#formula > 0) this.#openFormula(name, val);
    }
  }

  close(name: string): void {
    if (this.#skipping > 0) {
      this.#skipping--;
      return;
    }
    if (this.#properties > 0) {
      this.#properties--;
      return;
    }
    switch (name) {
      case 'p':
        this.#endParagraph();
        break;
      case 'r':
        this.#script = '';
        this.#hidden = false;
        break;
      case 't':
        this.#text = false;
        break;
      case 'txbxContent': {
        const { html } = this.#endFlow();
        const paragraph = this.#paragraphs.at(-1);
        html.replay(paragraph === undefined ? this.#flow.html : paragraph.boxes);
        break;
      }
      case 'tc': {
        const { html } = this.#endFlow();
        html.replay(this.#flow.html);
        this.#flow.html.close('td');
        break;
      }
      case 'tr':
      case 'tbl':
        this.#flow.html.close(name === 'tbl' ? 'table' : 'tr');
        break;
      case 'ruby':
      case 'rt':
        this.#line.close(name);
        break;
      case 'Choice':
        if (this.#choices.length > 0) this.#choices[this.#choices.length - 1] = true;
        break;
      case 'AlternateContent':
        this.#choices.pop();
        break;
      case 'oMath':
        this.#formula--;
        break;
      default:
        if (NOTES.has(name) && this.#flows.length > 1) this.#endFlow();
        else if (this.#formula > 0) this.#closeFormula(name);
    }
  }

  text(text: string): void {
    if (this.#text && this.#skipping === 0 && this.#properties === 0) this.#write(text);
  }

  /** The second way to say what the first said, for programs that do not know the first; or deeper than people nest. */
  #isOther(name: string): boolean {
    if (this.#flows.length > DEEPEST && (name === 'tbl' || name === 'txbxContent')) return true;
    return name === 'Fallback' && this.#choices.at(-1) === true;
  }

  #property(name: string, attributes: XmlAttributes): void {
    const { val = '' } = attributes;
    const off = val === '0' || val === 'false';
    if (name === 'vanish' || name === 'webHidden') this.#hidden = !off;
    else if (name === 'vertAlign') this.#script = val === 'superscript' ? 'sup' : val === 'subscript' ? 'sub' : '';
    else {
      const paragraph = this.#paragraphs.at(-1);
      if (paragraph !== undefined) noteProperty(paragraph.properties, name, attributes);
    }
  }

  #write(text: string): void {
    if (this.#hidden || text === '') return;
    if (this.#script === '') this.#line.text(text);
    else this.#line.element(this.#script, text);
  }

  /** Where text goes: the paragraph, or for what stands outside of one, the flow. */
  get #line(): HtmlRecording {
    return this.#paragraphs.at(-1)?.html ?? this.#flow.html;
  }

  get #flow(): Flow {
    return this.#flows.at(-1)!;
  }

  #endFlow(): Flow {
    const flow = this.#flows.length > 1 ? this.#flows.pop()! : { html: new HtmlRecording(), lists: 0 };
    this.#listsTo(flow, 0);
    return flow;
  }

  #endParagraph(): void {
    const paragraph = this.#paragraphs.pop();
    if (paragraph === undefined) return;
    const flow = this.#flow;
    const { heading, number, depth = 0 } = this.styles.resolve(paragraph.properties);
    const listed = number !== undefined && number !== '0';
    const marker = listed ? this.numbering.next(number, depth) : '';
    this.#listsTo(flow, listed && heading === 0 ? Math.min(depth, 8) + 1 : 0);
    const tag = heading > 0 ? `h${heading}` : listed ? 'li' : 'p';
    flow.html.open(tag, tag === 'li' ? new Map([['marker', marker]]) : undefined);
    if (heading > 0 && listed && marker !== '-') flow.html.text(`${marker} `);
    paragraph.html.replay(flow.html);
    flow.html.close(tag);
    paragraph.boxes.replay(flow.html);
    this.#hidden = false;
  }

  #listsTo(flow: Flow, depth: number): void {
    for (; flow.lists < depth; flow.lists++) flow.html.open('ul');
    for (; flow.lists > depth; flow.lists--) flow.html.close('ul');
  }

  #table(name: string): void {
    const flow = this.#flow;
    this.#listsTo(flow, 0);
    flow.html.open(name === 'tbl' ? 'table' : name === 'tc' ? 'td' : 'tr');
    if (name === 'tc') this.#flows.push({ html: new HtmlRecording(), lists: 0 });
  }

  #note(name: string, attributes: XmlAttributes): void {
    const flow = { html: new HtmlRecording(), lists: 0 };
    this.#flows.push(flow);
    // Separators are lines, not notes.
    if (!/separator|continuation/i.test(attributes['type'] ?? '')) {
      this.notes.set(`${name} ${attributes['id']}`, flow.html);
    }
  }

  /** A character by its code; those of symbol fonts stand at F000 and mean another by the font. */
  #symbol(code: string | undefined): void {
    const point = Number.parseInt(code ?? '', 16);
    if (point >= 32 && point < 0xd800) this.#write(String.fromCodePoint(point));
  }

  #openFormula(name: string, val: string): void {
    if (name === 'sup' || name === 'sub') this.#line.open(name);
    else if (name === 'den') this.#write('/');
    else if (name === 'd') {
      this.#separator.push(')');
      this.#write('(');
    } else if (name === 'chr') this.#write(val);
    else if (name === 'nary' || name === 'rad') this.#write(name === 'rad' ? '√' : ' ');
    else if (name === 'mr') this.#write(' ');
  }

  #closeFormula(name: string): void {
    if (name === 'sup' || name === 'sub') this.#line.close(name);
    else if (name === 'd') this.#write(this.#separator.pop() ?? '');
    else if (name === 'fName') this.#write(' ');
  }
}
