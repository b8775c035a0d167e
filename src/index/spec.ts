import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';

/** One part of a specification, such as `pq32x4` or `ivf1024(spill=1)`. */
export interface SpecPart {
  /** `pq`, `ivf`, `sq8`, ... */
  readonly name: PartName;
  /** The numbers behind the name: `[32, 4]` for `pq32x4`, none for `sq8`. */
  readonly numbers: readonly number[];
  /** Settings in parentheses that differ from their defaults. */
  readonly settings: Readonly<Record<string, number>>;
}

/**
 * A parsed index specification: what happens to a vector on its way into the index, in order.
 *
 * ```
 * spec       = part { "," part }            case and blanks do not matter
 * part       = transform | lists | quantizer | "refine:" ( quantizer | "full" )
 * transform  = "norm" | "center" | "pca" d | "rot" | "opq" | "dual"
 * lists      = "flat" | "ivf" n [ "(" setting "=" number { "," setting "=" number } ")" ]
 * quantizer  = code { "+" code }
 * code       = ( "pq" | "apq" ) m "x" ( "4" | "8" ) | "sq8" | "sq4" | "f16" | "bin" bits | "rabitq" bits
 *            | "rbin" m "x" levels
 * ```
 *
 * Transforms come first, then the lists (`flat`, one list, may be left out), then exactly one quantizer, then, if wanted, what
 * candidates are scored again with. Codes joined by `+` code what those before them leave over.
 */
export interface IndexSpec {
  readonly transforms: readonly SpecPart[];
  /** `ivf<n>`; undefined for a flat index. */
  readonly lists: SpecPart | undefined;
  /** One code, or several that code each other's residuals. */
  readonly quantizer: readonly SpecPart[];
  /** A second code of the whole vectors, or the vectors themselves. */
  readonly refine: readonly SpecPart[] | 'full' | undefined;
}

type Role = 'transform' | 'lists' | 'quantizer';

interface PartRule {
  readonly role: Role;
  /** A sample that parses, as a message shows it. */
  readonly example: string;
  /** What may follow the name: a pattern whose groups are the numbers. */
  readonly numbers: RegExp;
  readonly meaning: string;
  readonly settings?: Readonly<Record<string, SettingRule>>;
}

interface SettingRule {
  readonly default: number;
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
}

const NUMBER = '([1-9][0-9]{0,8})';
const NONE = /^$/;
const ONE = new RegExp(`^${NUMBER}$`);
const PARTS = new RegExp(`^${NUMBER}x([48])$`);
const ON_OFF = { least: 0, most: 1, whole: true } as const;

/** Every part there is. */
const RULES = {
  norm: { role: 'transform', example: 'norm', numbers: NONE, meaning: 'nothing' },
  center: { role: 'transform', example: 'center', numbers: NONE, meaning: 'nothing' },
  pca: { role: 'transform', example: 'pca128', numbers: ONE, meaning: 'the components that are kept' },
  rot: { role: 'transform', example: 'rot', numbers: NONE, meaning: 'nothing' },
  opq: { role: 'transform', example: 'opq', numbers: NONE, meaning: 'nothing' },
  dual: { role: 'transform', example: 'dual', numbers: NONE, meaning: 'nothing' },
  flat: { role: 'lists', example: 'flat', numbers: NONE, meaning: 'nothing' },
  ivf: {
    role: 'lists',
    example: 'ivf1024',
    numbers: ONE,
    meaning: 'the number of lists',
    settings: {
      /** Whether codes are of what is left of a vector after its list's centroid is subtracted. */
      residual: { default: 1, ...ON_OFF },
      /** Whether every vector is also kept in a second list. */
      spill: { default: 0, ...ON_OFF },
    },
  },
  pq: { role: 'quantizer', example: 'pq32x4', numbers: PARTS, meaning: 'the number of parts, an x, and 4 or 8 bits' },
  apq: { role: 'quantizer', example: 'apq32x4', numbers: PARTS, meaning: 'the number of parts, an x, and 4 or 8 bits' },
  sq8: { role: 'quantizer', example: 'sq8', numbers: NONE, meaning: 'nothing' },
  sq4: { role: 'quantizer', example: 'sq4', numbers: NONE, meaning: 'nothing' },
  f16: { role: 'quantizer', example: 'f16', numbers: NONE, meaning: 'nothing' },
  bin: { role: 'quantizer', example: 'bin256', numbers: ONE, meaning: 'the number of bits' },
  rbin: {
    role: 'quantizer',
    example: 'rbin256x2',
    numbers: new RegExp(`^${NUMBER}x([1-4])$`),
    meaning: 'the number of signs, an x, and 1 to 4 levels',
  },
  rabitq: { role: 'quantizer', example: 'rabitq2', numbers: /^([1-4])$/, meaning: 'the bits of a component, 1 to 4' },
} as const satisfies Record<string, PartRule>;

export type PartName = keyof typeof RULES;

const NAMES = Object.keys(RULES) as PartName[];

/**
 * Parses an index specification; see {@link IndexSpec} for the grammar.
 *
 * @throws InvalidArgumentError that shows where the mistake is and the nearest valid word.
 */
export function parseSpec(text: string): IndexSpec {
  return new Parser(text).parse();
}

/** The canonical form: lower case, no blanks, no defaults. Parses to an equal specification. */
export function formatSpec(spec: IndexSpec): string {
  const parts = [...spec.transforms, ...(spec.lists === undefined ? [] : [spec.lists])].map(formatPart);
  parts.push(formatCode(spec.quantizer));
  if (spec.refine !== undefined) parts.push(`refine:${spec.refine === 'full' ? 'full' : formatCode(spec.refine)}`);
  return parts.join(',');
}

/** A quantizer in canonical form: `pq16x8+pq16x8`. */
export function formatCode(levels: readonly SpecPart[]): string {
  return levels.map(formatPart).join('+');
}

/** One part in canonical form. */
export function formatPart({ name, numbers, settings }: SpecPart): string {
  const inner = Object.keys(settings)
    .sort()
    .map((key) => `${key}=${settings[key]}`);
  return name + numbers.join('x') + (inner.length === 0 ? '' : `(${inner.join(',')})`);
}

/** The value of a setting, or its default. */
export function setting(part: SpecPart, name: string): number {
  return part.settings[name] ?? (RULES[part.name] as PartRule).settings?.[name]?.default ?? 0;
}

/** A stretch of the text. */
interface Word {
  readonly text: string;
  readonly at: number;
}

class Parser {
  constructor(private readonly text: string) {}

  parse(): IndexSpec {
    const transforms: SpecPart[] = [];
    let lists: { part: SpecPart; word: Word } | undefined;
    let quantizer: { levels: SpecPart[]; word: Word } | undefined;
    let refine: SpecPart[] | 'full' | undefined;
    for (const word of this.#split()) {
      if (refine !== undefined) throw this.#error(word, 'Something follows `refine`.', 'Put `refine` last.');
      const refined = /^refine\s*:\s*/i.exec(word.text);
      if (refined !== null) {
        if (quantizer === undefined) {
          throw this.#error(
            word,
            'There is nothing to refine yet.',
            'Name the first code before it: `sq8,refine:full`.',
          );
        }
        refine = this.#refine({ text: word.text.slice(refined[0].length), at: word.at + refined[0].length });
        continue;
      }
      const levels = this.#levels(word);
      const part = levels[0]!;
      const { role } = RULES[part.name];
      if (quantizer !== undefined) {
        const remedy =
          role === 'quantizer'
            ? `Keep one of them, or write \`refine:${word.text}\` to score candidates again.`
            : `Put \`${word.text}\` before \`${quantizer.word.text}\`.`;
        throw this.#error(word, `\`${word.text}\` follows the code \`${quantizer.word.text}\`.`, remedy);
      }
      if (role === 'quantizer') quantizer = { levels, word };
      else if (lists !== undefined) {
        const remedy =
          role === 'lists'
            ? 'Keep one of them.'
            : `Put \`${word.text}\` before \`${lists.word.text}\`; it rotates whole vectors.`;
        throw this.#error(word, `\`${word.text}\` follows \`${lists.word.text}\`.`, remedy);
      } else if (role === 'lists') lists = { part, word };
      else transforms.push(part);
    }
    if (quantizer === undefined) {
      throw this.#error(
        { text: '', at: this.text.length },
        'The specification does not say how vectors are coded.',
        `End it with one of ${NAMES.filter((name) => RULES[name].role === 'quantizer')
          .map((name) => RULES[name].example)
          .join(', ')}.`,
      );
    }
    return {
      transforms,
      lists: lists === undefined || lists.part.name === 'flat' ? undefined : lists.part,
      quantizer: quantizer.levels,
      refine,
    };
  }

  /** Stretches between commas that stand outside parentheses, without the blanks around them. */
  #split(): Word[] {
    const words: Word[] = [];
    let depth = 0;
    let start = 0;
    for (let i = 0; i <= this.text.length; i++) {
      const character = this.text[i];
      if (character === '(') depth++;
      if (character === ')') depth--;
      if (depth < 0)
        throw this.#error({ text: ')', at: i }, 'A parenthesis closes that was never opened.', 'Remove it.');
      if (i < this.text.length && (character !== ',' || depth > 0)) continue;
      const raw = this.text.slice(start, i);
      const text = raw.trim();
      if (text === '')
        throw this.#error({ text, at: start }, 'A part is empty.', 'Write something like `ivf1024,pq32x4`.');
      words.push({ text, at: start + raw.indexOf(text) });
      start = i + 1;
    }
    if (depth > 0) throw this.#error({ text: '', at: this.text.length }, 'A parenthesis is left open.', 'Close it.');
    return words;
  }

  #refine(word: Word): SpecPart[] | 'full' {
    if (word.text.toLowerCase() === 'full') return 'full';
    if (word.text === '')
      throw this.#error(word, '`refine:` names nothing.', 'Write `refine:full` or, say, `refine:sq8`.');
    const levels = this.#levels(word, ['full']);
    if (RULES[levels[0]!.name].role !== 'quantizer') {
      throw this.#error(word, `\`${word.text}\` is not a code.`, 'Write `refine:full` or, say, `refine:sq8`.');
    }
    return levels;
  }

  /** A part, or codes joined by `+`. */
  #levels(word: Word, alsoValid: readonly string[] = []): SpecPart[] {
    let at = word.at;
    const pieces = word.text.split('+').map((raw) => {
      const piece = { text: raw.trim(), at: at + raw.length - raw.trimStart().length };
      at += raw.length + 1;
      return piece;
    });
    const levels = pieces.map((piece) => this.#part(piece, alsoValid));
    levels.forEach((part, i) => {
      if (levels.length > 1 && RULES[part.name].role !== 'quantizer') {
        throw this.#error(
          pieces[i]!,
          `\`${pieces[i]!.text}\` is not a code.`,
          'Join only codes with `+`, parts with commas.',
        );
      }
    });
    return levels;
  }

  #part(word: Word, alsoValid: readonly string[] = []): SpecPart {
    const [, head = '', tail] = /^([^(]*?)\s*(?:\((.*)\))?$/s.exec(word.text) ?? [undefined, word.text, undefined];
    const lower = head.toLowerCase();
    const name = this.#name({ text: lower, at: word.at }, alsoValid);
    const rule: PartRule = RULES[name];
    const match = rule.numbers.exec(lower.slice(name.length));
    if (match === null) {
      const rest = { text: lower.slice(name.length), at: word.at + name.length };
      throw this.#error(
        rest,
        `\`${name}\` is followed by ${rule.meaning}, not by "${rest.text}".`,
        `Write, for example, \`${rule.example}\`.`,
      );
    }
    const numbers = match.slice(1).flatMap((digits) => (digits === undefined ? [] : [Number(digits)]));
    const settings =
      tail === undefined ? {} : this.#settings({ text: tail, at: word.at + word.text.indexOf('(') + 1 }, name);
    return { name, numbers, settings };
  }

  /** The longest name that the word begins with and that its numbers may follow. */
  #name({ text, at }: Word, alsoValid: readonly string[]): PartName {
    const letters = /^[a-z]*/.exec(text)![0];
    const found = NAMES.filter(
      (name) => text.startsWith(name) && (name.length >= letters.length || name === text),
    ).sort((a, b) => b.length - a.length)[0];
    if (found !== undefined) return found;
    const examples = [...NAMES.map((name) => RULES[name].example), ...alsoValid, 'refine:full'];
    // The numbers of what was written say nothing about what was meant.
    const candidates = new Map(NAMES.map((name) => [name as string, RULES[name].example as string]));
    for (const word of [...alsoValid, 'refine:full']) candidates.set(word, word);
    const close = nearest(text, candidates.keys()) ?? nearest(letters, candidates.keys());
    throw this.#error(
      { text, at },
      `There is no part "${text}".`,
      close === undefined ? `Choose from ${examples.join(', ')}.` : `Did you mean \`${candidates.get(close)}\`?`,
    );
  }

  #settings({ text, at }: Word, name: PartName): Record<string, number> {
    const rules = (RULES[name] as PartRule).settings ?? {};
    const settings: Record<string, number> = {};
    let start = at;
    for (const raw of text.split(',')) {
      const word = { text: raw.trim(), at: start + raw.length - raw.trimStart().length };
      start += raw.length + 1;
      const match = /^([a-z]+)\s*=\s*([0-9]+(?:\.[0-9]+)?)$/i.exec(word.text);
      const known = Object.keys(rules);
      if (match === null) {
        throw this.#error(
          word,
          `"${word.text}" is not a setting.`,
          known.length === 0
            ? `\`${name}\` takes none; remove the parentheses.`
            : `Write, for example, \`${known[0]}=1\`.`,
        );
      }
      const key = match[1]!.toLowerCase();
      const rule = rules[key];
      if (rule === undefined || !Object.hasOwn(rules, key)) {
        const close = nearest(key, known) ?? known[0];
        throw this.#error(
          word,
          `\`${name}\` has no setting "${key}".`,
          close === undefined ? 'It takes none; remove the parentheses.' : `Did you mean \`${close}\`?`,
        );
      }
      if (Object.hasOwn(settings, key)) throw this.#error(word, `"${key}" is set twice.`, 'Keep one of them.');
      const value = Number(match[2]);
      if (!(value >= rule.least && value <= rule.most) || (rule.whole && !Number.isInteger(value))) {
        throw this.#error(
          word,
          `"${key}" is ${value}.`,
          `Pass a ${rule.whole ? 'whole ' : ''}number from ${rule.least} to ${rule.most}.`,
        );
      }
      settings[key] = value;
    }
    return Object.fromEntries(Object.entries(settings).filter(([key, value]) => value !== rules[key]!.default));
  }

  /** Quotes the text with a mark under the word. */
  #error({ text, at }: Word, problem: string, remedy: string): InvalidArgumentError {
    const quoted =
      this.text.length <= 200
        ? `\n  ${oneLine(this.text)}\n  ${' '.repeat(at)}${'^'.repeat(Math.max(1, text.length))}\n`
        : ' ';
    return new InvalidArgumentError(
      `Index specification, at character ${at + 1}: ${problem.length > 300 ? `${problem.slice(0, 300)}...` : problem}${quoted}`,
      remedy.length > 300 ? `${remedy.slice(0, 300)}...` : remedy,
    );
  }
}

/** One character for each, so that the mark stays in place. */
function oneLine(text: string): string {
  return text.replace(/[\r\n\t\u2028\u2029]/g, ' ');
}
