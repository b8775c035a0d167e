import { HtmlRecording } from './html-recording.ts';
import { unescapeRoff } from './roff-escapes.ts';

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/** Macros of man(7) that set their words in one font, or in two by turns without a space between. */
const FONTS = words('B I R SM SB');
const MIXED = words('BI BR IB IR RB RI');
/** Macros of mdoc(7) within a line, and what encloses the rest of it. */
const ENCLOSING: Readonly<Record<string, readonly [string, string]>> = {
  Op: ['[', ']'],
  Dq: ['“', '”'],
  Qq: ['"', '"'],
  Sq: ['‘', '’'],
  Ql: ['‘', '’'],
  Pq: ['(', ')'],
  Bq: ['[', ']'],
  Brq: ['{', '}'],
  Aq: ['<', '>'],
  Eq: ['', ''],
};
const OPENING: Readonly<Record<string, string>> = {
  Oo: '[',
  Oc: ']',
  Do: '“',
  Dc: '”',
  Qo: '"',
  Qc: '"',
  So: '‘',
  Sc: '’',
  Po: '(',
  Pc: ')',
  Bo: '[',
  Bc: ']',
  Bro: '{',
  Brc: '}',
  Ao: '<',
  Ac: '>',
  Xo: '',
  Xc: '',
};
const INLINE = words(
  'Ad An Ar At Bx Bsx Cd Cm Dv Dx Em Er Ev Fa Fl Fn Fr Ft Fx Ic In Lb Li Lk Ms Mt Nm No Ns Nx Ox Pa Pf Rv Ex St Sx Sy Tn Ux Va ' +
    'Vt Xr Ap Fo Fc Lp',
);
const CLOSING = /^[.,:;?!)\]]$/;
const PARAGRAPH = words('PP P LP Pp Lp HP');
/** Macros without words. */
const SILENT = words(
  'RS RE ne nh hy ad na ps ft in ti ll pl ta nr rm als so mso lf ig ss cs rs ns ev Dd Os Sm Bk Ek El Ed YS ME UE EN DS DE KS KE ' +
    'TP TQ IX EQ ie if el hw tr ec eo cc c2 ce ls vs it wh ch rn am ad mk rt po fam fp pc tm ex br sp',
);
/** Lines: beyond them it is no manual. */
const MOST_LINES = 500_000;
/** Conditions within one another, and words of one line. */
const DEEPEST = 10;
const MOST_WORDS = 500;

/** Whether the text is roff: it begins with a request or a comment, and has a title or a section. */
export function isRoff(text: string): boolean {
  const start = text.slice(0, 20_000);
  return /^\s*[.']/.test(start) && /^[.'][ \t]*(?:TH|Dd|SH|Sh)\b/m.test(start);
}

/** Turns a manual page, man(7) or mdoc(7), into HTML. Layout and macros that it defines itself are passed over. */
export class RoffReader {
  readonly html = new HtmlRecording();
  title: string | undefined;
  readonly fields: Record<string, string> = {};
  readonly #strings = new Map<string, string>([
    ['R', '®'],
    ['Tm', '™'],
    ['lq', '“'],
    ['rq', '”'],
    ['q', '"'],
  ]);
  #lines: string[] = [];
  #pre = 0;
  #name = '';
  /** The next line of text is the term of a definition. */
  #term = false;
  /** Conditions within one another. */
  #conditions = 0;
  /** The last condition did not hold: what stands for the other case does. */
  #else = false;

  constructor(text: string) {
    const lines = text.replace(/\r\n?/g, '\n').replace(/\\\n/g, '').split('\n', MOST_LINES);
    let until = '';
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!;
      if (until !== '') {
        if (line.replace(/^[.'][ \t]*/, '.').trim() === until) until = '';
        continue;
      }
      const macro = /^[.'][ \t]*([^\s\\]+)?[ \t]*(.*)$/.exec(line);
      if (macro === null) this.#text(line);
      else if (macro[1] === 'de' || macro[1] === 'de1' || macro[1] === 'am' || macro[1] === 'ig')
        until = `.${macro[2]!.split(/\s+/)[1] || '.'}`;
      else if (macro[1] === 'TS') i = this.#table(lines, i + 1);
      else if (macro[1] !== undefined) this.#macro(macro[1], macro[2]!);
      // An equation begins with what it is set by, if with anything but itself.
      if (macro?.[1] === 'EQ') while (/^\s*(?:delim|[tn]?define|gsize|gfont)\b/.test(lines[i + 1] ?? '')) i++;
    }
    this.#flush();
  }

  #text(line: string): void {
    if (/^\\"/.test(line)) return;
    const text = unescapeRoff(line, this.#strings);
    if (this.#pre > 0) this.#lines.push(text);
    else if (text.trim() === '') this.#paragraph();
    else this.#add(text.trim());
  }

  #add(text: string): void {
    if (text === '') return;
    this.#lines.push(text);
    if (this.#term) {
      this.#lines.push('\n');
      this.#term = false;
    }
  }

  #macro(name: string, rest: string): void {
    if (name === 'if' || name === 'ie' || name === 'el') {
      this.#condition(name, rest);
      return;
    }
    const args = this.#arguments(rest);
    const joined = args.join(' ');
    if (name === 'TH' || name === 'Dt') {
      this.title = args[1] === undefined ? args[0] : `${args[0]}(${args[1]})`;
      if (name === 'Dt') this.title = this.title?.toLowerCase();
      if (args[1] !== undefined) this.fields['section'] = args[1];
    } else if (name === 'SH' || name === 'Sh' || name === 'SS' || name === 'Ss') {
      this.#flush();
      this.#pre = 0;
      this.html.element(
        name[1] === 'H' || name[1] === 'h' ? 'h2' : 'h3',
        name[1] === 'H' || name[1] === 'S' ? joined : this.#inline(args),
      );
    } else if (PARAGRAPH.has(name)) this.#paragraph();
    else if (name === 'TP' || name === 'TQ') {
      if (name === 'TP') this.#paragraph();
      this.#term = true;
    } else if (name === 'IP') {
      this.#paragraph();
      // A bullet alone says nothing.
      if (args[0] !== undefined && /[\p{L}\p{N}]/u.test(args[0])) {
        this.#term = true;
        this.#add(args[0]);
      }
    } else if (name === 'It') {
      this.#paragraph();
      this.#term = args.length > 0;
      this.#add(this.#inline(args));
      this.#term = false;
    } else if (name === 'nf' || name === 'EX' || name === 'Bd' || name === 'Vb') this.#begin();
    else if (name === 'fi' || name === 'EE' || name === 'Ed' || name === 'Ve') this.#end();
    else if (name === 'Dl' || name === 'D1') {
      this.#flush();
      this.html.element('pre', this.#inline(args));
    } else if (name === 'br' || name === 'sp') this.#lines.push('\n');
    else if (FONTS.has(name)) this.#font(joined);
    else if (MIXED.has(name)) this.#font(args.join(''));
    else if (name === 'OP') this.#font(`[${joined}]`);
    else if (name === 'SY') {
      this.#paragraph();
      this.#add(joined);
    } else if (name === 'UR' || name === 'MT') this.#add(joined);
    else if (name === 'ds') this.#define(rest);
    else if (name === 'Nd') this.#add(`— ${joined}`);
    else if (name.startsWith('%')) this.#add(joined);
    else if (INLINE.has(name) || Object.hasOwn(ENCLOSING, name) || Object.hasOwn(OPENING, name))
      this.#add(this.#inline([name, ...args]));
    else if (name === 'Bl') this.#paragraph();
    else if (!SILENT.has(name) && /^[A-Z][A-Za-z]?$/.test(name) && args.length > 0) this.#add(joined);
  }

  /** Of a condition, what a terminal sees: `n` holds, `t` does not; comparisons are not made. */
  #condition(name: string, rest: string): void {
    if (this.#conditions > DEEPEST || (name === 'el' && !this.#else)) return;
    this.#conditions++;
    const match = /^\s*(!?)([nt]|[^\s]+)\s*(.*)$/.exec(name === 'el' ? `n ${rest}` : rest);
    const [, not = '', test = '', body = ''] = match ?? [];
    const isKnown = test === 'n' || test === 't';
    const holds = isKnown && (test === 'n') === (not === '');
    this.#else = name === 'ie' && isKnown && !holds;
    if (holds) {
      const line = body.replace(/^\\\{\\?/, '').replace(/\\\}$/, '');
      const macro = /^[.'][ \t]*([^\s\\]+)[ \t]*(.*)$/.exec(line);
      if (macro !== null) this.#macro(macro[1]!, macro[2]!);
      else if (line.trim() !== '') this.#text(line);
    }
    this.#conditions--;
  }

  #define(rest: string): void {
    const match = /^(\S+)[ \t]+"?(.*)$/.exec(rest);
    if (match !== null && this.#strings.size < 1000)
      this.#strings.set(match[1]!, unescapeRoff(match[2]!, this.#strings).slice(0, 1000));
  }

  /** Words in one font; in a definition's place, the term. */
  #font(text: string): void {
    if (text === '') return;
    if (this.#pre > 0) this.#lines.push(text);
    else this.#add(text);
  }

  #arguments(rest: string): string[] {
    const found = rest.replace(/\\".*$/, '').match(/"(?:[^"]|"")*"?|(?:\\.|[^\s"\\])(?:\\.|[^\s\\])*/g) ?? [];
    return found.map((argument) =>
      unescapeRoff(
        argument.startsWith('"') ? argument.replace(/^"|"$/g, '').replaceAll('""', '"') : argument,
        this.#strings,
      ),
    );
  }

  /** Words and macros of a line of mdoc(7). */
  #inline(args: readonly string[]): string {
    if (args.length > MOST_WORDS) return args.join(' ');
    let out = '';
    let prefix = '';
    let glue = false;
    const append = (text: string): void => {
      if (text === '') return;
      const joint = out === '' || glue || CLOSING.test(text) || /[([“‘<]$/.test(out) ? '' : ' ';
      out += joint + text;
      glue = false;
    };
    for (let i = 0; i < args.length; i++) {
      const name = args[i]!;
      const rest = args.slice(i + 1);
      if (Object.hasOwn(ENCLOSING, name)) {
        const tail: string[] = [];
        while (rest.length > 0 && CLOSING.test(rest.at(-1)!)) tail.unshift(rest.pop()!);
        const [begin, end] = ENCLOSING[name]!;
        append(`${begin}${rest.length > 200 ? rest.join(' ') : this.#inline(rest)}${end}`);
        for (const sign of tail) append(sign);
        return out;
      }
      if (Object.hasOwn(OPENING, name)) append(OPENING[name]!);
      else if (!INLINE.has(name)) {
        append(CLOSING.test(name) ? name : prefix + name);
      } else {
        prefix = name === 'Fl' ? '-' : '';
        if (name === 'Ns') glue = true;
        else if (name === 'Ap') {
          glue = true;
          append("'");
          glue = true;
        } else if (name === 'Pf') {
          append(rest[0] ?? '');
          glue = true;
          i++;
        } else if (name === 'Xr' && rest.length > 0) {
          const section = rest[1] !== undefined && /^\d/.test(rest[1]) ? rest[1] : undefined;
          append(section === undefined ? rest[0]! : `${rest[0]}(${section})`);
          i += section === undefined ? 1 : 2;
        } else if (name === 'Nm') {
          if (rest[0] !== undefined && !INLINE.has(rest[0]) && !CLOSING.test(rest[0])) this.#name ||= rest[0];
          else append(this.#name);
        } else if (name === 'Fl' && (rest.length === 0 || INLINE.has(rest[0]!))) append('-');
        else if (name === 'Fn' && rest.length > 0) {
          append(
            `${rest[0]}(${rest
              .slice(1)
              .filter((word) => !CLOSING.test(word))
              .join(', ')})`,
          );
          for (const sign of rest.slice(1)) if (CLOSING.test(sign)) append(sign);
          return out;
        } else if (name === 'Ar' && rest.length === 0) append('file ...');
      }
    }
    return out;
  }

  /** tbl(1): formats up to a line that ends with a point, then rows of cells parted by tabs. @returns the last line's place. */
  #table(lines: readonly string[], from: number): number {
    this.#flush();
    let i = from;
    let tab = '\t';
    let inFormat = true;
    let block: string[] | undefined;
    let cells: string[] = [];
    this.html.open('table');
    const row = (): void => {
      if (cells.length === 0) return;
      this.html.open('tr');
      for (const cell of cells) this.html.element('td', cell);
      this.html.close('tr');
      cells = [];
    };
    for (; i < lines.length && !/^\.TE\b/.test(lines[i]!); i++) {
      const line = lines[i]!;
      if (inFormat) {
        tab = /\btab\s*\((.)\)/.exec(line)?.[1] ?? tab;
        if (/\.\s*$/.test(line)) inFormat = false;
      } else if (/^\.T&/.test(line)) inFormat = true;
      else if (block !== undefined) {
        if (!line.startsWith('T}')) {
          const macro = /^[.']\s*\S+\s*(.*)$/.exec(line);
          block.push(macro === null ? unescapeRoff(line, this.#strings) : this.#arguments(macro[1]!).join(' '));
          continue;
        }
        cells.push(block.join(' '));
        block = undefined;
        const more = line.slice(2).split(tab).slice(1);
        if (more.at(-1) === 'T{') block = [];
        cells.push(...more.filter((cell) => cell !== 'T{').map((cell) => unescapeRoff(cell, this.#strings)));
        if (block === undefined) row();
      } else if (!/^(?:[.'_=]|\\\^)/.test(line)) {
        const parts = line.split(tab);
        if (parts.at(-1) === 'T{') block = [];
        cells.push(...parts.filter((cell) => cell !== 'T{').map((cell) => unescapeRoff(cell, this.#strings)));
        if (block === undefined) row();
      }
    }
    row();
    this.html.close('table');
    return i;
  }

  #begin(): void {
    // A term stays with its example.
    this.#flush();
    this.#pre++;
  }

  #end(): void {
    this.#flush();
    this.#pre = Math.max(0, this.#pre - 1);
  }

  #paragraph(): void {
    this.#term = false;
    if (this.#pre > 0) this.#lines.push('');
    else this.#flush();
  }

  #flush(): void {
    const lines = this.#lines;
    this.#lines = [];
    if (this.#pre > 0) {
      if (lines.some((line) => line.trim() !== '')) this.html.element('pre', lines.join('\n'));
      return;
    }
    if (lines.every((line) => line.trim() === '')) return;
    this.html.open('p');
    for (const line of lines) {
      if (line === '\n') this.html.empty('br');
      else this.html.text(`${line} `);
    }
    this.html.close('p');
  }
}
