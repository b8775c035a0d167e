import { decodeAs } from './decode.ts';
import { HtmlRecording } from './html-recording.ts';

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/** Groups that are no text: tables of the document, pictures, instructions of fields, what is shown instead of them. */
const DESTINATIONS = words(
  'fonttbl colortbl stylesheet listtable listoverridetable rsidtbl generator pict object objdata fldinst filetbl revtbl ' +
    'themedata colorschememapping latentstyles datastore xmlnstbl nonshppict bkmkstart bkmkend datafield formfield ' +
    'pntxta pntxtb pnseclvl mmathPr userprops private template operator company',
);
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
  readonly script: '' | 'sup' | 'sub';
  /** Characters that stand for a Unicode one in programs that know none. */
  readonly fallback: number;
  /** Closes the group. */
  readonly end: string;
}

/** Control words (`\par`, `\u8211`), symbols (`\'e9`, `\~`), groups, and text (Rich Text Format 1.9.1). */
const TOKEN = /\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)|[\r\n]+/g;

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
  let state: State = { skip: false, field: undefined, hidden: false, script: '', fallback: 1, end: '' };
  let out = html;
  let paragraph = new HtmlRecording();
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

  const write = (text: string): void => {
    if (state.skip || state.hidden || text === '') return;
    if (state.field !== undefined) fields[state.field] = `${fields[state.field] ?? ''}${text}`;
    else if (state.script === '') paragraph.text(text);
    else paragraph.element(state.script, text);
  };
  const flushBytes = (): void => {
    if (bytes.length === 0) return;
    write(decodeAs(Uint8Array.from(bytes), encoding).text);
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
  const control = (word: string, value: number): void => {
    if (word === 'u') {
      write(String.fromCharCode(value < 0 ? value + 65_536 : value));
      pending = state.fallback;
    } else if (word === 'uc') state = { ...state, fallback: Math.max(0, value) };
    else if (word === 'bin') binary = Math.max(0, value);
    else if (word === 'ansicpg')
      encoding = value === 65_001 ? 'utf-8' : value === 10_000 ? 'macroman' : `windows-${value}`;
    else if (word === 'mac') encoding = 'macroman';
    else if (starred || DESTINATIONS.has(word)) state = { ...state, skip: true };
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
    } else if (word === 'row' || word === 'nestrow') endRow();
    else if (word === 'v') state = { ...state, hidden: value !== 0 };
    else if (word === 'super') state = { ...state, script: value === 0 ? '' : 'sup' };
    else if (word === 'sub') state = { ...state, script: value === 0 ? '' : 'sub' };
    else if (word === 'nosupersub') state = { ...state, script: '' };
    else if (word === 'plain') state = { ...state, script: '', hidden: false };
    else if (word === 'footnote') {
      write(' (');
      state = { ...state, end: ')' };
    } else if (Object.hasOwn(SIGNS, word)) write(SIGNS[word]!);
  };

  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(source); match !== null; match = TOKEN.exec(source)) {
    const [, word, number, hex, symbol, brace, text] = match;
    if (hex !== undefined) {
      if (pending > 0) pending--;
      else bytes.push(Number.parseInt(hex, 16));
      continue;
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
    } else if (brace === '}') {
      if (out === margins && stack.length <= marginDepth) {
        endParagraph();
        out = html;
      }
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
  inTable = false;
  endParagraph();
  endTable();
  margins.replay(html);
  return { html, fields, isWhole: stack.length === 0 };
}
