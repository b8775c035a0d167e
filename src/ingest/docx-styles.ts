import type { DocumentPackage } from './package.ts';
import type { XmlAttributes } from './xml.ts';

/** What a paragraph or a style says about lists and headings; absent where it says nothing. */
export interface ParagraphProperties {
  style?: string;
  /** From 0. */
  outline?: number;
  /** `0`: no list. */
  number?: string;
  /** Depth in the list, from 0. */
  depth?: number;
}

interface Style extends ParagraphProperties {
  name: string;
  basedOn?: string;
}

/** How deep styles build on one another: they may form a circle. */
const DEEPEST = 20;

/** Notes a property that a paragraph and a style share (`pStyle`, `outlineLvl`, `numId`, `ilvl`). */
export function noteProperty(properties: ParagraphProperties, name: string, { val = '' }: XmlAttributes): void {
  if (name === 'outlineLvl') properties.outline = Number(val);
  else if (name === 'numId') properties.number = val;
  else if (name === 'ilvl') properties.depth = Number(val);
  else if (name === 'pStyle') properties.style = val;
}

/** Paragraph styles of a Word document. */
export class DocxStyles {
  readonly #styles = new Map<string, Style>();

  async read(source: DocumentPackage, part: string): Promise<void> {
    let style: Style | undefined;
    await source.read(part, {
      open: (name, attributes) => {
        if (name === 'style') {
          style = { name: '' };
          this.#styles.set(attributes['styleId'] ?? '', style);
        } else if (style === undefined) return;
        else if (name === 'name') style.name = attributes['val'] ?? '';
        else if (name === 'basedOn') style.basedOn = attributes['val'] ?? '';
        else noteProperty(style, name, attributes);
      },
      close: (name) => {
        if (name === 'style') style = undefined;
      },
      text() {},
    });
  }

  /** The paragraph's own properties over those of its style and what that builds on, and the level of a heading (0: none). */
  resolve(own: ParagraphProperties): ParagraphProperties & { readonly heading: number } {
    let { outline, number, depth } = own;
    let heading = 0;
    let style = this.#styles.get(own.style ?? '');
    for (let i = 0; style !== undefined && i < DEEPEST; i++) {
      const level = /^heading (\d)$/i.exec(style.name)?.[1] ?? (/^title$/i.test(style.name) ? '1' : undefined);
      if (level !== undefined && heading === 0) heading = Number(level);
      outline ??= style.outline;
      number ??= style.number;
      depth ??= style.depth;
      style = this.#styles.get(style.basedOn ?? '');
    }
    if (heading === 0 && outline !== undefined && outline >= 0 && outline < 9) heading = outline + 1;
    return {
      heading: Math.min(heading, 6),
      ...(number === undefined ? {} : { number }),
      ...(depth === undefined ? {} : { depth }),
    };
  }
}

interface Level {
  start: number;
  format: string;
  text: string;
}

/** Numbers of lists and headings, counted as Word shows them. */
export class DocxNumbering {
  readonly #abstract = new Map<string, Map<number, Level>>();
  readonly #numbers = new Map<string, { abstract: string; starts: Map<number, number> }>();
  /** By abstract list: what each depth has counted. */
  readonly #counts = new Map<string, (number | undefined)[]>();
  readonly #started = new Set<string>();

  async read(source: DocumentPackage, part: string): Promise<void> {
    let levels: Map<number, Level> | undefined;
    let level: Level | undefined;
    let number: { abstract: string; starts: Map<number, number> } | undefined;
    let override = 0;
    await source.read(part, {
      open: (name, attributes) => {
        const value = attributes['val'] ?? '';
        if (name === 'abstractNum') {
          levels = new Map();
          this.#abstract.set(attributes['abstractNumId'] ?? '', levels);
        } else if (name === 'num') {
          number = { abstract: '', starts: new Map() };
          this.#numbers.set(attributes['numId'] ?? '', number);
        } else if (name === 'lvl' && levels !== undefined) {
          level = { start: 1, format: 'decimal', text: '' };
          levels.set(Number(attributes['ilvl']), level);
        } else if (name === 'abstractNumId' && number !== undefined) number.abstract = value;
        else if (name === 'lvlOverride') override = Number(attributes['ilvl']);
        else if (name === 'startOverride' && number !== undefined) number.starts.set(override, Number(value));
        else if (level === undefined) return;
        else if (name === 'start') level.start = Number(value);
        else if (name === 'numFmt') level.format = value;
        else if (name === 'lvlText') level.text = value;
      },
      close: (name) => {
        if (name === 'lvl') level = undefined;
        else if (name === 'abstractNum') levels = undefined;
        else if (name === 'num') number = undefined;
      },
      text() {},
    });
  }

  /** Counts one more item. @returns what stands before it: `4.2.`, `(a)`; `-` for a bullet. */
  next(id: string, depth: number): string {
    const number = this.#numbers.get(id);
    const levels = this.#abstract.get(number?.abstract ?? '');
    const level = levels?.get(depth);
    if (number === undefined || levels === undefined || level === undefined) return '-';
    const counts = this.#counts.get(number.abstract) ?? [];
    this.#counts.set(number.abstract, counts);
    const first = !this.#started.has(`${id} ${depth}`);
    this.#started.add(`${id} ${depth}`);
    const restart = first ? number.starts.get(depth) : undefined;
    counts[depth] = restart ?? (counts[depth] === undefined ? level.start : counts[depth] + 1);
    counts.length = depth + 1;
    if (level.format === 'bullet' || level.format === 'none') return '-';
    const label = level.text.replace(/%(\d)/g, (_, place: string) => {
      const at = Number(place) - 1;
      const { format = 'decimal', start = 1 } = levels.get(at) ?? {};
      return numeral(counts[at] ?? start, format);
    });
    return label.trim() === '' ? '-' : label.trim();
  }
}

function numeral(count: number, format: string): string {
  switch (format) {
    case 'lowerLetter':
      return letters(count);
    case 'upperLetter':
      return letters(count).toUpperCase();
    case 'lowerRoman':
      return roman(count);
    case 'upperRoman':
      return roman(count).toUpperCase();
    case 'decimalZero':
      return String(count).padStart(2, '0');
    default:
      return String(count);
  }
}

/** a, b, ... z, aa, bb, ... as Word counts. */
function letters(count: number): string {
  if (!(count >= 1) || count > 1000) return String(count);
  return String.fromCharCode(97 + ((count - 1) % 26)).repeat(Math.ceil(count / 26));
}

function roman(count: number): string {
  if (!(count >= 1) || count > 4000) return String(count);
  let rest = count;
  let text = '';
  for (const [value, sign] of [
    [1000, 'm'],
    [900, 'cm'],
    [500, 'd'],
    [400, 'cd'],
    [100, 'c'],
    [90, 'xc'],
    [50, 'l'],
    [40, 'xl'],
    [10, 'x'],
    [9, 'ix'],
    [5, 'v'],
    [4, 'iv'],
    [1, 'i'],
  ] as const) {
    while (rest >= value) {
      text += sign;
      rest -= value;
    }
  }
  return text;
}
