import { type Argument, numberIn, type Term } from './grammar.ts';
import type { SpecText } from './text.ts';

/** What a setting may be. */
export type SettingRule =
  | {
      readonly kind: 'number';
      readonly default?: number;
      readonly least?: number;
      readonly most?: number;
      readonly isWhole?: boolean;
    }
  /** One of these words, or any word or text. */
  | { readonly kind: 'text'; readonly default?: string; readonly choices?: readonly string[] };

/** Settings by name, in lower case. */
export type SettingRules = Readonly<Record<string, SettingRule>>;

/** The values of settings: those that have a default, and others where they are given. */
export type SettingValues<Rules extends SettingRules> = {
  readonly [Name in keyof Rules]:
    | (Rules[Name]['kind'] extends 'number' ? number : string)
    | (Rules[Name] extends { readonly default: number | string } ? never : undefined);
};

/**
 * The settings of a term, `name=value` each: `fde(reps=20, bits=4)`. Case of names does not matter.
 * @returns what each setting is, its default where it is not given. @throws InvalidArgumentError for one that there is not, one that is
 * given twice, a value outside its range, and arguments without a name.
 */
export function readSettings<const Rules extends SettingRules>(
  text: SpecText,
  term: Pick<Term, 'word' | 'arguments'>,
  rules: Rules,
): SettingValues<Rules> {
  const names = Object.keys(rules);
  const found = new Map<string, number | string>();
  for (const argument of term.arguments ?? []) {
    const { name, at, end } = argument;
    if (names.length === 0) {
      throw text.error(argument, `\`${term.word}\` takes no settings.`, 'It takes none; remove the parentheses.');
    }
    if (name === undefined) {
      const said = text.source.slice(at, end);
      throw text.error(
        argument,
        `"${said}" is not a setting.`,
        `Write, for example, \`${names[0]}=${exampleOf(rules[names[0]!]!)}\`.`,
      );
    }
    const key = name.word.toLowerCase();
    if (!Object.hasOwn(rules, key)) throw text.unknown(name, `setting of \`${term.word}\``, key, names);
    if (found.has(key)) throw text.error(argument, `"${key}" is set twice.`, 'Keep one of them.');
    found.set(key, settingOf(text, argument, key, rules[key]!));
  }
  return Object.fromEntries(
    names.map((name) => [name, found.get(name) ?? rules[name]!.default]),
  ) as SettingValues<Rules>;
}

function settingOf(text: SpecText, argument: Argument, key: string, rule: SettingRule): number | string {
  const { value } = argument;
  const said = text.source.slice(value.at, value.end);
  if (rule.kind === 'number') {
    const { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY, isWhole = false } = rule;
    const number = numberIn(value);
    if (number === undefined || !(number >= least && number <= most) || (isWhole && !Number.isSafeInteger(number))) {
      throw text.error(argument, `"${key}" is ${said}.`, `Pass ${rangeOf(rule)}.`);
    }
    return number;
  }
  if (value.kind !== 'term' || value.arguments !== undefined) {
    throw text.error(value, `"${key}" is no single word.`, 'Write a word, or a text in quotes.');
  }
  const { choices } = rule;
  if (choices !== undefined && !choices.includes(value.word))
    throw text.unknown(value, `\`${key}\``, value.word, choices);
  return value.word;
}

function rangeOf({ least, most, isWhole = false }: Extract<SettingRule, { kind: 'number' }>): string {
  const number = isWhole ? 'a whole number' : 'a number';
  if (least !== undefined && most !== undefined) return `${number} from ${least} to ${most}`;
  if (least !== undefined) return `${number}, at least ${least}`;
  return most === undefined ? number : `${number}, at most ${most}`;
}

function exampleOf(rule: SettingRule): number | string {
  if (rule.kind === 'number') return rule.default ?? rule.least ?? 1;
  return rule.default ?? rule.choices?.[0] ?? 'word';
}
