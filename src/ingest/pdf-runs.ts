import type { PdfLine } from './pdf-lines.ts';
import { lowered, parts, raised } from './raised.ts';

/** A run of glyphs as a PDF draws it. Lengths in points, y upwards. */
export interface PdfRun {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly size: number;
  /** The producer, or PDF.js, sees the line end behind it. */
  readonly endsLine: boolean;
}

/** Smaller than this share of its neighbour, and off its base line, a run is a raised or lowered mark. */
const MARK_SIZE = 0.85;
/** How far a mark is off the base line, at least, in ems. */
const MARK_SHIFT = 0.1;
/** A gap from which words are parted, and one from which columns may be, in ems. */
const WORD_GAP = 0.2;
const COLUMN_GAP = 1.2;

/**
 * Runs in drawing order to lines; runs on one base line that follow one another belong together. Glyphs drawn twice at
 * nearly the same place are one (bold without a bold font); raised and lowered marks stand apart as `raised` says.
 */
export function toLines(runs: readonly PdfRun[]): PdfLine[] {
  const lines: PdfLine[] = [];
  let line: LineBuilder | undefined;
  const finish = (): void => {
    const found = line?.finish();
    if (found !== undefined) lines.push(found);
    line = undefined;
  };
  for (const run of runs) {
    if (line !== undefined && run.text !== '' && !line.takes(run)) finish();
    else if (line?.isLeftBy(run)) finish();
    if (run.text !== '') {
      line ??= new LineBuilder();
      line.add(run);
    }
    if (run.endsLine) finish();
  }
  finish();
  return byColumns(withoutTwins(lines));
}

class LineBuilder {
  #text = '';
  #first: PdfRun | undefined;
  #last: PdfRun | undefined;
  /** The last run that is no mark. */
  #base: PdfRun | undefined;
  #mark = '';
  #runs = 0;
  /** Runs that began with what stood there already. */
  #repeats = 0;
  #right = 0;
  /** Size of the longest run: a footnote mark does not make the line small. */
  #size = 0;
  #longest = 0;
  readonly #gaps: { at: number; left: number; right: number }[] = [];

  /** Whether the run goes on with the line, or repeats what stands there. */
  takes(run: PdfRun): boolean {
    const last = this.#last;
    if (last === undefined) return true;
    return !this.isLeftBy(run) || this.#repeated(run) > 0;
  }

  /** The run is on another base line, or jumps back. */
  isLeftBy(run: PdfRun): boolean {
    const last = this.#last;
    if (last === undefined) return false;
    const em = Math.max(last.size, run.size, 1);
    if (Math.abs(run.y - last.y) > 0.6 * em) return true;
    return run.text !== '' && run.x < this.#right - 2 * em && this.#repeated(run) === 0;
  }

  add(run: PdfRun): void {
    // PDF.js fills gaps with blanks of their width.
    if (run.text.trim() === '') {
      if (this.#text !== '' && !/\s$/.test(this.#text)) this.#text += ' ';
      return;
    }
    const repeated = this.#repeated(run);
    this.#runs++;
    if (repeated > 0) this.#repeats++;
    const fresh = run.text.slice(repeated);
    if (repeated > 0 && fresh === '') return;
    const gap = repeated > 0 ? 0 : run.x - this.#right;
    const base = this.#base;
    const em = Math.max(run.size, 1);
    if (base === undefined) {
      this.#text += fresh;
      this.#base = run;
    } else if (isMark(run, base)) {
      const shifted = run.y > base.y ? raised(this.#text, fresh) : lowered(this.#text, fresh);
      if (gap > COLUMN_GAP * em) this.#text += ` ${fresh}`;
      else this.#text += shifted;
      this.#mark = run.y > base.y ? fresh : '';
    } else {
      const leads = isMark(base, run) && this.#text.trim() === base.text.trim();
      if (leads) this.#mark = base.text;
      if (gap > COLUMN_GAP * em) this.#gaps.push({ at: tidy(this.#text).length, left: this.#right, right: run.x });
      const apart = gap > WORD_GAP * em || parts(this.#mark, fresh);
      if (apart && !/\s$/.test(this.#text) && !/^\s/.test(fresh)) this.#text += ' ';
      this.#text += fresh;
      this.#mark = '';
      this.#base = run;
    }
    this.#first ??= run;
    this.#last = run;
    this.#right = Math.max(this.#right, run.x + run.width);
    const length = fresh.trim().length;
    if (length > this.#longest) {
      this.#longest = length;
      this.#size = run.size;
    }
  }

  finish(): PdfLine | undefined {
    // Where every glyph is drawn twice, PDF.js takes the narrowest for two in one run.
    const doubled = this.#repeats >= 2 && this.#repeats * 2 >= this.#runs;
    const text = tidy(doubled ? this.#text.replace(/([ilj'|])\1/g, '$1') : this.#text);
    const first = this.#first;
    if (first === undefined || text === '') return undefined;
    const y = this.#base?.y ?? first.y;
    return { text, x: first.x, right: this.#right, y, size: this.#size, gaps: this.#gaps };
  }

  /** How many characters at the beginning of the run lie upon the same ones at the end of the line. */
  #repeated(run: PdfRun): number {
    const last = this.#last;
    if (last === undefined || run.text.length === 0 || run.width <= 0) return 0;
    const em = Math.max(run.size, 1);
    if (Math.abs(run.y - last.y) > 0.12 * em || Math.abs(run.size - last.size) > 0.05 * em) return 0;
    const overlap = this.#right - run.x;
    const each = run.width / run.text.length;
    if (overlap < 0.3 * each || overlap > this.#right - (this.#first?.x ?? 0) + 0.2 * em) return 0;
    const longest = Math.min(run.text.length, this.#text.length, Math.ceil((1.5 * overlap) / each) + 1);
    for (let length = longest; length > 0; length--) {
      const tail = this.#text.slice(-length);
      if (run.text.startsWith(tail) && length * each > 0.5 * overlap) return length;
    }
    return 0;
  }
}

function isMark(run: PdfRun, base: PdfRun): boolean {
  return run.size <= MARK_SIZE * base.size && Math.abs(run.y - base.y) > MARK_SHIFT * base.size;
}

const LIGATURES: Readonly<Record<string, string>> = {
  '\uFB00': 'ff',
  '\uFB01': 'fi',
  '\uFB02': 'fl',
  '\uFB03': 'ffi',
  '\uFB04': 'ffl',
  '\uFB05': 'st',
  '\uFB06': 'st',
};

function tidy(text: string): string {
  return (
    text
      .replace(/[\uFB00-\uFB06]/g, (ligature) => LIGATURES[ligature]!)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: fonts without a mapping yield control characters
      .replace(/[\u0000-\u0008\u000E-\u001F\u200B\uFEFF]/g, '')
      .replace(/\s+/gu, ' ')
      .trim()
  );
}

/** Lines drawn again, with everything else drawn in between. */
function withoutTwins(lines: readonly PdfLine[]): PdfLine[] {
  const seen = new Map<string, PdfLine[]>();
  return lines.filter((line) => {
    const before = seen.get(line.text);
    if (before === undefined) {
      seen.set(line.text, [line]);
      return true;
    }
    const reach = 0.12 * Math.max(line.size, 1);
    const twin = before.some(({ x, y }) => Math.abs(x - line.x) <= reach && Math.abs(y - line.y) <= reach);
    // What repeats everywhere is compared with few, lest a hostile page take quadratic time.
    if (!twin && before.length < 64) before.push(line);
    return !twin;
  });
}

/** Rows that two columns need, and the characters that a line of theirs has on average: a table's cells have fewer. */
const LEAST_ROWS = 6;
const LEAST_CHARACTERS = 20;

/**
 * Two columns of prose that were drawn row by row are put one below the other. They are told from a table by a gutter at
 * one place through six or more rows, long lines on both sides that begin at the same place, and sentences that go on in
 * the next row.
 */
function byColumns(lines: readonly PdfLine[]): PdfLine[] {
  const result: PdfLine[] = [];
  for (let i = 0; i < lines.length; ) {
    const rows: { left: PdfLine; right: PdfLine }[] = [];
    let from = Number.NEGATIVE_INFINITY;
    let to = Number.POSITIVE_INFINITY;
    for (let j = i; j < lines.length; j++) {
      const { gaps } = lines[j]!;
      const gap = gaps?.length === 1 ? gaps[0]! : undefined;
      if (gap === undefined || Math.max(from, gap.left) >= Math.min(to, gap.right)) break;
      from = Math.max(from, gap.left);
      to = Math.min(to, gap.right);
      rows.push(divide(lines[j]!, gap));
    }
    if (areColumns(rows)) {
      result.push(...rows.map(({ left }) => left), ...rows.map(({ right }) => right));
      i += rows.length;
    } else result.push(lines[i++]!);
  }
  return result;
}

function divide(line: PdfLine, gap: { at: number; left: number; right: number }): { left: PdfLine; right: PdfLine } {
  return {
    left: { ...line, text: line.text.slice(0, gap.at).trim(), right: gap.left, gaps: [] },
    right: { ...line, text: line.text.slice(gap.at).trim(), x: gap.right, gaps: [] },
  };
}

function areColumns(rows: readonly { readonly left: PdfLine; readonly right: PdfLine }[]): boolean {
  if (rows.length < LEAST_ROWS) return false;
  return (['left', 'right'] as const).every((side) => {
    const column = rows.map((row) => row[side]);
    const characters = column.reduce((sum, { text }) => sum + text.length, 0);
    const start = Math.min(...column.map(({ x }) => x));
    const aligned = column.filter(({ x, size }) => x - start < 0.5 * size).length;
    const goOn = column.slice(1).filter(({ text }) => /^[\p{Ll}(]/u.test(text)).length;
    return (
      characters >= LEAST_CHARACTERS * column.length && aligned >= 0.7 * column.length && goOn >= 0.4 * column.length
    );
  });
}
