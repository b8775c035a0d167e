import type { Range } from './highlight.ts';

/** Stands for what is taken out or not to be looked at, so that patterns match around it. */
export const TAKEN = '\ue002';
/** Stands for the content of code, in which nothing is markup. */
export const CODE = '\ue001';

/** Takes markup out of a text, pattern by pattern, and knows where everything else has gone. */
export class Strip {
  readonly #taken: Uint8Array;
  /** Stand-ins by code unit, 0 where there is none. */
  readonly #cover: Uint16Array;
  #work: string | undefined;
  readonly #put = new Map<number, string>();

  constructor(readonly text: string) {
    this.#taken = new Uint8Array(text.length);
    this.#cover = new Uint16Array(text.length);
    this.#work = text;
  }

  /** The text with stand-ins for what was taken out and for code; offsets are those of the text. */
  get work(): string {
    if (this.#work === undefined) {
      this.#work = '';
      for (let i = 0, from = 0; i <= this.text.length; i++) {
        const sign = this.#cover[i] ?? 0;
        if (i < this.text.length && sign === 0) continue;
        this.#work += this.text.slice(from, i);
        if (sign !== 0) this.#work += String.fromCharCode(sign);
        from = i + 1;
      }
    }
    return this.#work;
  }

  /** Takes a stretch out. @param put what stands in its place. */
  take(start: number, end: number, put = ''): void {
    if (start >= end) return;
    this.#taken.fill(1, start, end);
    if (put !== '') this.#put.set(start, put);
    this.#hide(start, end, TAKEN);
  }

  /** Keeps a stretch as it is, whatever it looks like. */
  keep(start: number, end: number): void {
    this.#hide(start, end, CODE);
  }

  /** Takes out what a pattern matches, but for its group `text`. @param put for what stands before that group, or for all. */
  takeAround(pattern: RegExp, put = ''): void {
    for (const match of this.work.matchAll(pattern)) {
      const { index, 0: all, groups } = match;
      const inner = groups?.['text'];
      if (inner === undefined || inner === '') this.take(index, index + all.length, put);
      else {
        // The group is named `text`; what is before it is known by its length.
        const from = index + (groups?.['before'] ?? '').length;
        this.take(index, from, put);
        this.take(from + inner.length, index + all.length);
      }
    }
  }

  /** Lines, without their ends. */
  *lines(): Generator<{ readonly start: number; readonly end: number; readonly line: string }> {
    for (let start = 0; start <= this.text.length; ) {
      const found = this.text.indexOf('\n', start);
      const end = found < 0 ? this.text.length : found;
      yield { start, end, line: this.text.slice(start, end).replace(/\r$/, '') };
      start = end + 1;
    }
  }

  /** The text without what was taken out, white space as single spaces, and the ranges of it. */
  finish(ranges: readonly Range[]): { text: string; ranges: Range[] } {
    let out = '';
    /** For each code unit, and the end: where it is in the result. */
    const places = new Uint32Array(this.text.length + 1);
    const add = (piece: string): void => {
      for (const unit of piece) {
        if (!/\s/.test(unit)) out += unit;
        else if (out !== '' && !out.endsWith(' ')) out += ' ';
      }
    };
    for (let i = 0; i < this.text.length; i++) {
      places[i] = out.length;
      const put = this.#put.get(i);
      if (put !== undefined) add(put);
      if (this.#taken[i] === 0) add(this.text[i]!);
    }
    const text = out.trimEnd();
    places[this.text.length] = text.length;
    const moved: { start: number; end: number }[] = [];
    for (const range of ranges) {
      let start = Math.min(places[range.start]!, text.length);
      const end = Math.min(places[range.end]!, text.length);
      while (start < end && text[start] === ' ') start++;
      const last = moved.at(-1);
      if (start >= end) continue;
      if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
      else moved.push({ start, end });
    }
    return { text, ranges: moved };
  }

  #hide(start: number, end: number, sign: string): void {
    this.#cover.fill(sign.charCodeAt(0), start, end);
    this.#work = undefined;
  }
}

const BULLET = '• ';

/** A list marker becomes a bullet, a number stays. */
export function takeMarker(strip: Strip, start: number, end: number): void {
  strip.take(start, end, BULLET);
}

/** Cells of a row are set apart by dots; borders go. */
export function takePipes(strip: Strip, start: number, end: number): void {
  const first = start + /^\s*/.exec(strip.text.slice(start, end))![0].length;
  const row = strip.text.slice(start, end).trimEnd();
  for (const { index } of row.matchAll(/(?<!\\)\|/g)) {
    const at = start + index;
    const edge = at === first || index === row.length - 1;
    strip.take(at, at + 1, edge ? ' ' : ' · ');
  }
}

/** Pairs of a sign around words, as light markup has them: outside they touch no letter, inside no space. */
export function takePairs(strip: Strip, sign: string, sealed = false): void {
  const s = sign.replace(/[*+^|]/g, '\\$&');
  const pattern = new RegExp(
    `(?<=^|[\\s\\-({\\['"/${TAKEN}])${s}(?=\\S)([^\\n]*?\\S)${s}(?=$|[\\s\\-.,:;!?'")}\\]/${TAKEN}])`,
    'gm',
  );
  for (const { index, 0: all } of strip.work.matchAll(pattern)) {
    const end = index + all.length;
    strip.take(index, index + sign.length);
    strip.take(end - sign.length, end);
    if (sealed) strip.keep(index + sign.length, end - sign.length);
  }
}
