import { nearest } from '../base/nearest.ts';
import { type Expression, formatWord } from './grammar.ts';
import { readSettings, type SettingRules } from './settings.ts';
import type { SpecText } from './text.ts';

/** How a part of a specification is written: a name, numbers behind it, settings in parentheses. */
export interface PartSyntax {
  /** Lower-case letters, perhaps with digits behind them: `pq`, `sq8`. */
  readonly name: string;
  /** One that parses, as a message shows it: `pq32x4`. */
  readonly example: string;
  /** What may follow the name; its groups are the numbers. Default: nothing. */
  readonly numbers?: RegExp;
  /** What that is, in a message: `the number of parts, an x, and 4 or 8 bits`. */
  readonly meaning?: string;
  /** Numbers all of them, each with a default. Default: none. */
  readonly settings?: SettingRules;
}

/** A part that was read: `pq32x4`, `ivf1024(spill=1)`. */
export interface SpecPart {
  readonly name: string;
  /** The numbers behind the name: `[32, 4]` for `pq32x4`, none for `sq8`. */
  readonly numbers: readonly number[];
  /** Settings in parentheses that differ from their defaults. */
  readonly settings: Readonly<Record<string, number>>;
}

const NOTHING = /^$/;

/**
 * Reads one part. Case does not matter.
 * @param known parts by name. @param also other words that are valid in its place, for messages.
 * @throws InvalidArgumentError with the place and the nearest valid word.
 */
export function readPart(
  text: SpecText,
  expression: Expression,
  known: ReadonlyMap<string, PartSyntax>,
  also: readonly string[] = [],
): SpecPart {
  const said = text.source.slice(expression.at, expression.end);
  if (expression.kind !== 'term') {
    throw text.error(expression, `\`${said}\` is no single part.`, text.remedy);
  }
  const lower = expression.word.toLowerCase();
  const name = nameIn(lower, known);
  if (name === undefined) {
    const examples = new Map([...known.values()].map((syntax) => [syntax.name, syntax.example]));
    for (const word of also) examples.set(word, word);
    // The numbers of what was written say nothing about what was meant.
    const letters = /^[a-z]*/.exec(lower)![0];
    const close = nearest(lower, examples.keys()) ?? nearest(letters, examples.keys());
    throw text.error(
      expression.wordSpan,
      `There is no part "${lower}".`,
      close === undefined
        ? `Choose from ${[...examples.values()].join(', ')}.`
        : `Did you mean \`${examples.get(close)}\`?`,
    );
  }
  const { numbers = NOTHING, meaning = 'nothing', example, settings: rules = {} } = known.get(name)!;
  const rest = lower.slice(name.length);
  const match = numbers.exec(rest);
  if (match === null) {
    const at = expression.wordSpan.at + name.length;
    throw text.error(
      { at, end: Math.max(at, expression.wordSpan.end) },
      `\`${name}\` is followed by ${meaning}, not by "${rest}".`,
      `Write, for example, \`${example}\`.`,
    );
  }
  const values = readSettings(text, { word: name, arguments: expression.arguments }, rules);
  const settings = Object.entries(values).filter(([key, value]) => value !== rules[key]!.default);
  return {
    name,
    numbers: match.slice(1).flatMap((digits) => (digits === undefined ? [] : [Number(digits)])),
    settings: Object.fromEntries(settings.map(([key, value]) => [key, Number(value)])),
  };
}

/** A part in canonical form: lower case, settings in order, no blanks. */
export function formatPart({ name, numbers, settings }: SpecPart): string {
  const inner = Object.keys(settings)
    .sort()
    .map((key) => `${formatWord(key)}=${settings[key]}`);
  return name + numbers.join('x') + (inner.length === 0 ? '' : `(${inner.join(',')})`);
}

/** The longest name that a word begins with and that its numbers may follow. */
function nameIn(word: string, known: ReadonlyMap<string, PartSyntax>): string | undefined {
  const letters = /^[a-z]*/.exec(word)![0];
  return [...known.keys()]
    .filter((name) => word.startsWith(name) && (name.length >= letters.length || name === word))
    .sort((a, b) => b.length - a.length)[0];
}
