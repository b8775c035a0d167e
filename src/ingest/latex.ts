import type { Block } from '../text/blocks.ts';
import { DRAWINGS, HEADINGS, HIDDEN, LISTS, MATHS, NAMED, SILENT, TABLES, VERBATIM } from './latex-commands.ts';
import { afterOptional, argumentAt, optionalAt } from './latex-groups.ts';
import { accented, latexSigns } from './latex-signs.ts';
import { TextParts } from './text-parts.ts';

/** What a LaTeX document says. */
export interface LatexDocument {
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly title?: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Drawings that are programs (`tikzpicture`), and pictures. */
  readonly drawings: number;
  readonly pictures: number;
}

/** Bounds of what a hostile file can have done. */
const DEEPEST = 60;
const MOST_OUTPUT = 20_000_000;
const MOST_EXPANSIONS = 100_000;

interface Macro {
  readonly count: number;
  /** What the first argument is if it is not given. */
  readonly first: string | undefined;
  readonly body: string;
}

/** Reads a document, or a part of one: text, sections, lists, tables, notes, captions; comments and commands are none of it. */
export function readLatex(source: string): LatexDocument {
  return new LatexReader(source).read();
}

class LatexReader {
  readonly #parts = new TextParts();
  readonly #macros = new Map<string, Macro>();
  readonly #fields: Record<string, string> = {};
  #line = '';
  #kind: Block['kind'] = 'paragraph';
  /** Environments that are open, the innermost last. */
  readonly #open: string[] = [];
  readonly #numbers: number[] = [];
  #written = 0;
  readonly #environments = new Map<string, Macro & { readonly last: string }>();
  #expansions = 0;
  #drawings = 0;
  #pictures = 0;

  constructor(readonly source: string) {}

  read(): LatexDocument {
    const source = this.source.replace(/\r\n?/g, '\n');
    const begin = /\\begin\s*\{document\}/.exec(source);
    // What stands before the document defines commands and names its title.
    if (begin !== null) this.#run(source.slice(0, begin.index), 0);
    this.#line = '';
    const from = begin === null ? 0 : begin.index + begin[0].length;
    const end = source.indexOf('\\end{document}', from);
    this.#run(end < 0 ? source.slice(from) : source.slice(from, end), 0);
    this.#flush();
    const { title, ...fields } = this.#fields;
    const { text, blocks } = this.#parts;
    const found = { text, blocks, fields, drawings: this.#drawings, pictures: this.#pictures };
    return title === undefined ? found : { ...found, title };
  }

  #write(text: string): void {
    if (this.#written > MOST_OUTPUT) return;
    this.#written += text.length;
    this.#line += text;
  }

  #flush(kind: Block['kind'] = this.#kind, extra: Partial<Block> = {}): void {
    const text = this.#line.replace(/[ \t\n]+/g, ' ').trim();
    this.#line = '';
    if (text !== '') this.#parts.addBlock(kind, text, extra);
  }

  /** Writes out what a stretch of source says. */
  #run(source: string, depth: number): void {
    if (depth > DEEPEST) {
      this.#write(source);
      return;
    }
    for (let i = 0; i < source.length; ) {
      const sign = source[i]!;
      if (sign === '\\') i = this.#command(source, i, depth);
      else if (sign === '%') {
        // The line break behind a comment goes with it, and so does the indentation of the next line.
        const end = source.indexOf('\n', i);
        i = end < 0 ? source.length : end + 1;
        while (source[i] === ' ' || source[i] === '\t') i++;
      } else if (sign === '\n') {
        const blank = /\n[ \t]*\n\s*/y;
        blank.lastIndex = i;
        const found = blank.exec(source);
        if (found === null) this.#write('\n');
        else if (!this.#inTable()) this.#flush();
        i += found?.[0].length ?? 1;
      } else if (sign === '{' || sign === '}') i++;
      else if (sign === '$') {
        i += source[i + 1] === '$' ? 2 : 1;
      } else if (sign === '~') {
        this.#write(' ');
        i++;
      } else if (sign === '&' && (this.#inTable() || this.#inMaths())) {
        this.#write(this.#inTable() ? ' | ' : ' ');
        i++;
      } else {
        const run = /[^\\%\n{}$~&]+|&/y;
        run.lastIndex = i;
        const text = run.exec(source)![0];
        this.#write(latexSigns(text));
        i += text.length;
      }
    }
  }

  #inTable(): boolean {
    return TABLES.has(this.#open.at(-1) ?? '');
  }

  #inMaths(): boolean {
    return MATHS.has((this.#open.at(-1) ?? '').replace(/\*$/, ''));
  }

  /** Carries out the command at `at`; returns where the text goes on. */
  #command(source: string, at: number, depth: number): number {
    const pattern = /\\([a-zA-Z@]+)\*?|\\([\s\S]?)/y;
    pattern.lastIndex = at;
    const [all, name, sign = ''] = pattern.exec(source)!;
    const end = at + all.length;
    if (name === undefined) return this.#sign(source, sign, end);
    const macro = this.#macros.get(name);
    if (macro !== undefined) return this.#expand(source, end, macro, depth);
    if (name === 'begin') return this.#begin(source, end, depth);
    if (name === 'end') return this.#end(source, end, depth);
    const level = Object.hasOwn(HEADINGS, name) ? HEADINGS[name] : undefined;
    if (level !== undefined) return this.#heading(source, end, level, depth);
    switch (name) {
      case 'title':
      case 'author':
      case 'date':
      case 'subtitle':
      case 'keywords': {
        const { text, end: after } = argumentAt(source, end);
        const value = this.#said(text, depth);
        if (value !== '') this.#fields[name] ??= value;
        return after;
      }
      case 'newcommand':
      case 'renewcommand':
      case 'providecommand':
        return this.#define(source, end);
      case 'DeclareMathOperator':
        // The name of a function stands apart from what it is taken of.
        return this.#define(source, end, ' ');
      case 'newenvironment':
      case 'renewenvironment':
        return this.#defineEnvironment(source, end);
      case 'iffalse': {
        const closing = /\\(?:fi|else)(?![a-zA-Z])/g;
        closing.lastIndex = end;
        return closing.exec(source) === null ? source.length : closing.lastIndex;
      }
      case 'def': {
        const found = /\s*\\([a-zA-Z@]+)((?:#\d)*)\s*(?=\{)/y;
        found.lastIndex = end;
        const match = found.exec(source);
        if (match === null) return end;
        const { text: body, end: after } = argumentAt(source, found.lastIndex);
        this.#macros.set(match[1]!, { count: match[2]!.length / 2, first: undefined, body });
        return after;
      }
      case 'item': {
        this.#flush();
        this.#kind = 'list-item';
        const { text, end: after } = optionalAt(source, end);
        const numbered = this.#open.at(-1) === 'enumerate';
        if (text !== undefined) this.#write(`${this.#said(text, depth)} `);
        else this.#write(numbered ? `${++this.#numbers[this.#numbers.length - 1]!}. ` : '- ');
        return after;
      }
      case 'bibitem': {
        this.#flush();
        this.#kind = 'list-item';
        const { text: shown, end: middle } = optionalAt(source, end);
        const { text: key, end: after } = argumentAt(source, middle);
        this.#write(`[${shown === undefined ? key : this.#said(shown, depth)}] `);
        return after;
      }
      case 'caption':
      case 'captionof': {
        const after = afterOptional(source, name === 'caption' ? end : argumentAt(source, end).end);
        const { text, end: rest } = argumentAt(source, after);
        const outer = this.#line;
        this.#line = '';
        this.#run(text, depth + 1);
        this.#flush('paragraph');
        this.#line = outer;
        return rest;
      }
      case 'subfloat':
      case 'subfigure':
      case 'subtable': {
        const { text, end: after } = optionalAt(source, end);
        if (text !== undefined) this.#parts.addBlock('paragraph', this.#said(text, depth));
        return after;
      }
      case 'texorpdfstring': {
        const { text, end: after } = argumentAt(source, end);
        this.#run(text, depth + 1);
        return argumentAt(source, after).end;
      }
      case 'footnote':
      case 'thanks':
      case 'marginpar':
      case 'footnotetext': {
        const { text, end: after } = argumentAt(source, afterOptional(source, end));
        this.#write(` (${this.#said(text, depth)})`);
        return after;
      }
      case 'href': {
        const { text: target, end: middle } = argumentAt(source, end);
        const { text, end: after } = argumentAt(source, middle);
        this.#write(`${this.#said(text, depth)} (${target.replace(/\\(?=[%#&_])/g, '')})`);
        return after;
      }
      case 'url':
      case 'path':
      case 'nolinkurl': {
        const { text, end: after } = argumentAt(source, end);
        this.#write(text.replace(/\\(?=[%#&_])/g, ''));
        return after;
      }
      case 'verb':
      case 'lstinline':
      case 'mintinline':
        return this.#verb(source, name === 'mintinline' ? argumentAt(source, end).end : afterOptional(source, end));
      case 'includegraphics': {
        this.#pictures++;
        return argumentAt(source, afterOptional(source, end)).end;
      }
      case 'frac':
      case 'dfrac':
      case 'tfrac': {
        const { text: above, end: middle } = argumentAt(source, end);
        const { text: below, end: after } = argumentAt(source, middle);
        this.#run(above, depth + 1);
        this.#write('/');
        this.#run(below, depth + 1);
        return after;
      }
      case 'par':
      case 'bigskip':
      case 'medskip':
      case 'newpage':
      case 'clearpage':
      case 'maketitle':
        if (name === 'maketitle' && this.#fields['author']) this.#parts.addBlock('paragraph', this.#fields['author']);
        if (!this.#inTable()) this.#flush();
        return end;
      case 'ref':
      case 'eqref':
      case 'autoref':
      case 'cref':
      case 'Cref':
        return argumentAt(source, end).end;
      default:
        break;
    }
    if (/^(?:no|foot|text|paren|auto|full)?cite(?:[a-zA-Z]*)$/.test(name)) {
      let after = afterOptional(source, afterOptional(source, end));
      const { text, end: rest } = argumentAt(source, after);
      after = rest;
      if (name !== 'nocite') this.#write(` [${text.trim()}]`);
      return after;
    }
    const letter = accented(name, undefined);
    if (letter !== undefined) {
      this.#write(letter);
      return /\p{Script=Latin}$/u.test(letter) && /[ \t]/.test(source[end] ?? '') ? end + 1 : end;
    }
    // Accents with letters for names: \c{c}, \v s.
    const marked = /[ \t]*(?:\{\s*(\\?[a-zA-Z])\s*\}|\s(\\?[a-zA-Z]))/y;
    marked.lastIndex = end;
    const base = marked.exec(source);
    const under = base === null ? undefined : accented(name, (base[1] ?? base[2])!);
    if (under !== undefined) {
      this.#write(under);
      return marked.lastIndex;
    }
    if (Object.hasOwn(SILENT, name)) {
      let after = end;
      for (let i = 0; i < SILENT[name]!; i++) after = argumentAt(source, afterOptional(source, after)).end;
      return after;
    }
    // Of any other command the arguments in braces are taken to be text, and those in brackets to be options.
    return afterOptional(
      source,
      /[ \t]/.test(source[end] ?? '') && !/^[ \t]*[[{]/.test(source.slice(end, end + 8)) ? end + 1 : end,
    );
  }

  /** A command of one sign: an accent, an escaped sign, a line break. */
  #sign(source: string, sign: string, end: number): number {
    if (sign === '\\') {
      const after = afterOptional(source, source[end] === '*' ? end + 1 : end);
      if (this.#inTable()) this.#write('\u2028');
      else this.#write(' ');
      return after;
    }
    if ('[]()'.includes(sign)) return end;
    const based = /[ \t]*(?:\{\s*(\\?[a-zA-Z]?)\s*\}|(\\?[a-zA-Z]))/y;
    based.lastIndex = end;
    const base = /["'`^~=.]/.test(sign) ? based.exec(source) : null;
    const letter = base === null ? undefined : accented(sign, (base[1] ?? base[2])!);
    if (letter !== undefined) {
      this.#write(letter);
      return based.lastIndex;
    }
    // Hyphenation and corrections of space are nothing, thin spaces a space, everything else itself.
    if (sign === ',' || sign === ';' || sign === ':' || sign === ' ' || sign === '\n') this.#write(' ');
    else if (!'-/!@>='.includes(sign)) this.#write(sign);
    return end;
  }

  #heading(source: string, at: number, level: number, depth: number): number {
    const { text, end } = argumentAt(source, afterOptional(source, at));
    this.#flush();
    const name = this.#said(text, depth);
    if (name !== '') this.#parts.addBlock('heading', name, { level, name });
    return end;
  }

  #begin(source: string, at: number, depth: number): number {
    const { text: full, end } = argumentAt(source, at);
    const name = full.trim();
    const plain = name.replace(/\*$/, '');
    if (VERBATIM.has(plain) || HIDDEN.has(plain) || DRAWINGS.has(plain)) {
      const closing = source.indexOf(`\\end{${name}}`, end);
      const stop = closing < 0 ? source.length : closing;
      const next = closing < 0 ? source.length : closing + name.length + 6;
      if (DRAWINGS.has(plain)) this.#drawings++;
      if (!VERBATIM.has(plain)) return next;
      this.#flush();
      const options = /(?:\[[^\]\n]*\]|\{[^}\n]*\})*[ \t]*\n?/y;
      options.lastIndex = end;
      const chosen = options.exec(source)?.[0] ?? '';
      const caption = /\bcaption\s*=\s*(?:\{([^{}]*)\}|([^,\]]*))/.exec(chosen);
      if (caption !== null) this.#parts.addBlock('paragraph', this.#said((caption[1] ?? caption[2])!, depth));
      const code = source.slice(Math.min(Math.max(options.lastIndex, end), stop), stop).replace(/\s+$/, '');
      if (code.trim() !== '') this.#parts.add(code, [{ kind: 'code', start: 0, end: code.length }]);
      return next;
    }
    this.#flush();
    const own = this.#environments.get(plain);
    this.#open.push(plain);
    if (own !== undefined) return this.#expand(source, end, own, depth);
    if (LISTS.has(plain)) this.#numbers.push(0);
    let after = afterOptional(source, end);
    if (NAMED.test(plain)) {
      const { text } = optionalAt(source, end);
      if (text !== undefined) this.#write(`${this.#said(text, depth)}. `);
    }
    if (TABLES.has(name) || TABLES.has(plain)) {
      if (/^(?:tabularx|tabulary|tabular)$/.test(plain) && name !== 'tabular') after = argumentAt(source, after).end;
      after = argumentAt(source, afterOptional(source, after)).end;
    } else if (plain === 'frame') {
      const title = /\s*\{/y;
      title.lastIndex = after;
      if (title.exec(source) !== null) return this.#heading(source, after, 2, depth);
    } else if (/^(?:minipage|multicols|thebibliography|wrapfigure|columns?|alignat|subfigure)$/.test(plain)) {
      after = argumentAt(source, after).end;
      if (plain === 'wrapfigure') after = argumentAt(source, after).end;
    }
    return after;
  }

  #end(source: string, at: number, depth: number): number {
    const { text, end } = argumentAt(source, at);
    const name = text.trim().replace(/\*$/, '');
    if (this.#inTable()) {
      const rows = this.#line
        .split('\u2028')
        .map((row) => row.replace(/\s+/g, ' ').trim())
        .filter((row) => /[^|\s]/.test(row));
      this.#line = '';
      if (rows.length > 0) this.#parts.addBlock('table', rows.join('\n'));
    } else this.#flush();
    const own = this.#environments.get(name);
    if (own !== undefined && this.#expansions++ < MOST_EXPANSIONS) {
      this.#run(own.last, depth + 1);
      this.#flush();
    }
    const index = this.#open.lastIndexOf(name);
    if (index >= 0) this.#open.length = index;
    if (LISTS.has(name)) this.#numbers.pop();
    this.#kind = this.#open.some((one) => LISTS.has(one)) ? 'list-item' : 'paragraph';
    return end;
  }

  #define(source: string, at: number, tail = ''): number {
    const { text: called, end: afterName } = argumentAt(source, at);
    const { text: count, end: afterCount } = optionalAt(source, afterName);
    const { text: first, end: afterFirst } = optionalAt(source, afterCount);
    const { text: body, end } = argumentAt(source, afterFirst);
    const name = /^\s*\\([a-zA-Z@]+)\s*$/.exec(called)?.[1];
    // What styles text, or draws, is better left to its arguments.
    if (name !== undefined && !Object.hasOwn(HEADINGS, name)) {
      this.#macros.set(name, { count: Math.min(Number(count ?? 0) || 0, 9), first, body: body + tail });
    }
    return end;
  }

  #defineEnvironment(source: string, at: number): number {
    const { text: name, end: afterName } = argumentAt(source, at);
    const { text: count, end: afterCount } = optionalAt(source, afterName);
    const { text: first, end: afterFirst } = optionalAt(source, afterCount);
    const { text: body, end: afterBody } = argumentAt(source, afterFirst);
    const { text: last, end } = argumentAt(source, afterBody);
    // What is known by its name is better read by that than by how it is set.
    if (!isKnown(name.trim())) {
      this.#environments.set(name.trim(), { count: Math.min(Number(count ?? 0) || 0, 9), first, body, last });
    }
    return end;
  }

  #expand(source: string, at: number, { count, first, body }: Macro, depth: number): number {
    let end = at;
    const values: string[] = [];
    for (let i = 0; i < count; i++) {
      const optional = i === 0 && first !== undefined ? optionalAt(source, end) : undefined;
      const { text, end: after } = optional ?? argumentAt(source, end);
      values.push(text ?? first ?? '');
      end = after;
    }
    if (++this.#expansions > MOST_EXPANSIONS) return end;
    if (count === 0 && /^\s/.test(source[end] ?? '') && !/^\s*\n\s*\n/.test(source.slice(end, end + 20))) end++;
    this.#run(
      body.replace(/#(\d)/g, (_, number: string) => values[Number(number) - 1] ?? '').slice(0, 100_000),
      depth + 1,
    );
    return end;
  }

  #verb(source: string, at: number): number {
    const delimiter = source[at];
    if (delimiter === undefined || /[\sa-zA-Z]/.test(delimiter)) return at;
    const end = source.indexOf(delimiter === '{' ? '}' : delimiter, at + 1);
    const line = source.indexOf('\n', at);
    if (end < 0 || (line >= 0 && end > line)) return at;
    this.#write(source.slice(at + 1, end));
    return end + 1;
  }

  /** What a stretch says, in one line. */
  #said(source: string, depth: number): string {
    const outer = this.#line;
    this.#line = '';
    this.#run(source.replace(/\n\s*\n/g, '\n'), depth + 1);
    const text = this.#line.replace(/\s+/g, ' ').trim();
    this.#line = outer;
    return text;
  }
}

function isKnown(environment: string): boolean {
  const plain = environment.replace(/\*$/, '');
  return [VERBATIM, HIDDEN, DRAWINGS, LISTS, TABLES, MATHS].some((names) => names.has(plain));
}
