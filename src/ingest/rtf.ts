import { decodeAs } from './decode.ts';
import { HtmlRecording } from './html-recording.ts';

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/** Groups that are no text: tables of the document, pictures, instructions of fields, what is shown instead of them. */
const DESTINATIONS = words(
  'fonttbl colortbl stylesheet listtable listoverridetable rsidtbl generator pict object objdata fldinst filetbl revtbl ' +
    'themedata colorschememapping latentstyles datastore xmlnstbl nonshppict bkmkstart bkmkend datafield formfield ' +
    'pntxta pntxtb pnseclvl mmathPr userprops private template operator company sp',
);
/** Groups that older programs pass over, and that are text: a text box, a comment, letters outside of the code page. */
const NEWER = words('shpinst annotation ud');
/** Character sets of fonts, where they are not the document's own. */
const CHARSETS: Readonly<Record<number, string>> = {
  77: 'macroman',
  128: 'shift_jis',
  129: 'cp949',
  134: 'gbk',
  136: 'big5',
  161: 'windows-1253',
  162: 'windows-1254',
  163: 'windows-1258',
  177: 'windows-1255',
  178: 'windows-1256',
  186: 'windows-1257',
  204: 'windows-1251',
  222: 'windows-874',
  238: 'windows-1250',
};
const CODE_PAGES: Readonly<Record<number, string>> = {
  932: 'shift_jis',
  936: 'gbk',
  949: 'cp949',
  950: 'big5',
  10000: 'macroman',
  65001: 'utf-8',
};
const DOUBLE = words('shift_jis cp949 gbk big5');
const INFORMATION: Readonly<Record<string, string>> = {
  title: 'title',
  author: 'author',
  subject: 'subject',
  keywords: 'keywords',
};
const SIGNS: Readonly<Record<string, string>> = {
  tab: ' ',
  emdash: '—',
  endash: '–',
  emspace: ' ',
  enspace: ' ',
  qmspace: ' ',
  bullet: '•',
  lquote: '‘',
  rquote: '’',
  ldblquote: '“',
  rdblquote: '”',
  '~': ' ',
  _: '-',
  '-': '',
};
const MARGINS = words('header headerl headerr headerf footer footerl footerr footerf');

interface State {
  /** Not text. */
  readonly skip: boolean;
  readonly field: string | undefined;
  readonly hidden: boolean;
  readonly font: number;
  /** Within the table of fonts. */
  readonly fonts: boolean;
  readonly script: '' | 'sup' | 'sub';
  /** Characters that stand for a Unicode one in programs that know none. */
  readonly fallback: number;
  /** Closes the group. */
  readonly end: string;
}

/** What a text box or a comment stands in the middle of. */
interface Interrupted {
  /** Groups around its end. */
  readonly depth: number;
  readonly paragraph: HtmlRecording;
  readonly inTable: boolean;
  readonly cells: HtmlRecording[];
  readonly level: number;
  readonly tag: string;
}

/** Control words (`\par`, `\u8211`), symbols (`\'e9`, `\~`), groups, and text (Rich Text Format 1.9.1). */
const TOKEN = /\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)|[\r\n]+/g;

/** Cells of a row: one that never ends goes on as another. */
const MOST_CELLS = 1000;

/** Turns Rich Text, byte by byte as Latin-1, into HTML; time and memory are linear, and groups nest without a stack of calls. */
export function readRtf(source: string): {
  readonly html: HtmlRecording;
  readonly fields: Record<string, string>;
  /** Its outermost group is closed; otherwise it is cut off. */
  readonly isWhole: boolean;
} {
  const html = new HtmlRecording();
  const margins = new HtmlRecording();
  const fields: Record<string, string> = {};
  const stack: State[] = [];
  const fonts = new Map<number, string>();
  /** Text boxes and comments that are open, and what they interrupt. */
  const boxes: Interrupted[] = [];
  let state: State = {
    skip: false,
    field: undefined,
    hidden: false,
    font: -1,
    fonts: false,
    script: '',
    fallback: 1,
    end: '',
  };
  let out = html;
  let paragraph: HtmlRecording = new HtmlRecording();
  let level = 0;
  let inTable = false;
  let cells: HtmlRecording[] = [];
  let rowOpen = false;
  let encoding = 'windows-1252';
  let bytes: number[] = [];
  /** Characters still to be passed over behind a Unicode one. */
  let pending = 0;
  let marginDepth = 0;
  let starred = false;
  let binary = 0;
  let declared = -1;
  /** The next group says in the code page what another says in full. */
  let isSecondBest = false;
  let hasBox = false;
  let usual = -1;
  const current = (): string => fonts.get(state.font < 0 ? usual : state.font) ?? encoding;

  const write = (text: string): void => {
    if (state.skip || state.hidden || text === '') return;
    if (state.field !== undefined) fields[state.field] = `${fields[state.field] ?? ''}${text}`;
    else if (state.script === '') paragraph.text(text);
    else paragraph.element(state.script, text);
  };
  const flushBytes = (): void => {
    if (bytes.length === 0) return;
    write(decodeAs(Uint8Array.from(bytes), current()).text);
    bytes = [];
  };
  const endTable = (): void => {
    if (rowOpen) out.close('table');
    rowOpen = false;
  };
  const endParagraph = (): void => {
    if (inTable) {
      paragraph.empty('br');
      return;
    }
    if (cells.length > 0) endRow();
    endTable();
    const tag = level > 0 ? `h${Math.min(level, 6)}` : 'p';
    out.open(tag);
    paragraph.replay(out);
    out.close(tag);
    paragraph = new HtmlRecording();
  };
  const endRow = (): void => {
    if (!rowOpen) out.open('table');
    rowOpen = true;
    out.open('tr');
    for (const cell of cells) {
      out.open('td');
      cell.replay(out);
      out.close('td');
    }
    out.close('tr');
    cells = [];
  };
  const interrupt = (tag: string): void => {
    boxes.push({ depth: stack.length, paragraph, inTable, cells, level, tag });
    paragraph = new HtmlRecording();
    cells = [];
    inTable = false;
    out.open(tag);
  };
  const resume = (): void => {
    endParagraph();
    const box = boxes.pop()!;
    out.close(box.tag);
    ({ paragraph, inTable, cells, level } = box);
  };
  const control = (word: string, value: number): void => {
    if (word === 'u') {
      write(String.fromCharCode(value < 0 ? value + 65_536 : value));
      pending = state.fallback;
    } else if (word === 'uc') state = { ...state, fallback: Math.max(0, value) };
    else if (word === 'bin') binary = Math.max(0, value);
    else if (word === 'ansicpg') encoding = CODE_PAGES[value] ?? `windows-${value}`;
    else if (word === 'mac') encoding = 'macroman';
    else if (word === 'deff') usual = value;
    else if (word === 'f') {
      if (state.fonts) declared = value;
      else state = { ...state, font: value };
    } else if (word === 'fcharset' || word === 'cpg') {
      const set = word === 'cpg' ? (CODE_PAGES[value] ?? `windows-${value}`) : CHARSETS[value];
      if (state.fonts && set !== undefined) fonts.set(declared, set);
    } else if (word === 'fonttbl') state = { ...state, skip: true, fonts: true };
    else if (word === 'upr') isSecondBest = true;
    else if (word === 'shp') hasBox = false;
    else if (word === 'shptxt' || word === 'annotation') {
      hasBox = true;
      if (!state.skip) interrupt(word === 'shptxt' ? 'div' : 'blockquote');
    } else if ((starred && !NEWER.has(word)) || DESTINATIONS.has(word)) state = { ...state, skip: true };
    // A picture of the box, in words, for programs that know no boxes.
    else if (word === 'shprslt') state = { ...state, skip: state.skip || hasBox };
    else if (MARGINS.has(word)) {
      if (out === html) {
        out = margins;
        marginDepth = stack.length;
      }
    } else if (Object.hasOwn(INFORMATION, word)) state = { ...state, field: INFORMATION[word] };
    else if (word === 'info') state = { ...state, skip: false };
    else if (word === 'creatim' || word === 'revtim' || word === 'printim' || word === 'doccomm')
      state = { ...state, skip: true };
    else if (word === 'par' || word === 'sect' || word === 'page') endParagraph();
    else if (word === 'line') paragraph.empty('br');
    else if (word === 'pard') {
      level = 0;
      inTable = false;
    } else if (word === 'intbl') inTable = true;
    else if (word === 'outlinelevel') level = value >= 0 && value < 9 ? value + 1 : 0;
    else if (word === 'cell' || word === 'nestcell') {
      cells.push(paragraph);
      paragraph = new HtmlRecording();
      if (cells.length >= MOST_CELLS) endRow();
    } else if (word === 'row' || word === 'nestrow') endRow();
    else if (word === 'v' || word === 'deleted') state = { ...state, hidden: value !== 0 };
    else if (word === 'super') state = { ...state, script: value === 0 ? '' : 'sup' };
    else if (word === 'sub') state = { ...state, script: value === 0 ? '' : 'sub' };
    else if (word === 'nosupersub') state = { ...state, script: '' };
    else if (word === 'plain') state = { ...state, script: '', hidden: false, font: -1 };
    else if (word === 'footnote') {
      write(' (');
      state = { ...state, end: ')' };
    } else if (Object.hasOwn(SIGNS, word)) write(SIGNS[word]!);
  };

  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(source); match !== null; match = TOKEN.exec(source)) {
    const [, word, number, hex, symbol, brace] = match;
    let text = match[6];
    if (hex !== undefined) {
      if (pending > 0) pending--;
      else bytes.push(Number.parseInt(hex, 16));
      continue;
    }
    // The second byte of a character may be a letter.
    if (text !== undefined && bytes.length > 0 && endsInHalf(bytes, current())) {
      bytes.push(text.charCodeAt(0));
      text = text.slice(1);
    }
    flushBytes();
    if (word !== undefined) {
      control(word, number === undefined ? (word === 'u' ? 0 : 1) : Number(number));
      starred = false;
      if (binary > 0) {
        TOKEN.lastIndex += binary;
        binary = 0;
      }
    } else if (symbol !== undefined) {
      starred = symbol === '*';
      if ('{}\\'.includes(symbol)) write(symbol);
      else if (symbol === '\n' || symbol === '\r') endParagraph();
      else if (Object.hasOwn(SIGNS, symbol)) write(SIGNS[symbol]!);
    } else if (brace === '{') {
      stack.push(state);
      starred = false;
      if (isSecondBest) state = { ...state, skip: true };
      isSecondBest = false;
    } else if (brace === '}') {
      if (out === margins && stack.length <= marginDepth) {
        endParagraph();
        out = html;
      }
      if (boxes.at(-1)?.depth === stack.length) resume();
      const outer = stack.pop() ?? state;
      if (state.end !== outer.end) write(state.end);
      state = outer;
      pending = 0;
    } else if (text !== undefined) {
      const kept = pending > 0 ? text.slice(pending) : text;
      pending = Math.max(0, pending - text.length);
      write(kept);
    }
  }
  flushBytes();
  while (boxes.length > 0) resume();
  inTable = false;
  endParagraph();
  endTable();
  margins.replay(html);
  return { html, fields, isWhole: stack.length === 0 };
}

/** Whether the last byte is the first of two (Shift-JIS, GBK, Big5, Korean). */
function endsInHalf(bytes: readonly number[], encoding: string): boolean {
  if (!DOUBLE.has(encoding)) return false;
  const isKana = (byte: number): boolean => encoding === 'shift_jis' && byte >= 0xa0 && byte < 0xe0;
  let i = 0;
  while (i < bytes.length) i += bytes[i]! > 0x80 && !isKana(bytes[i]!) ? 2 : 1;
  return i > bytes.length;
}
