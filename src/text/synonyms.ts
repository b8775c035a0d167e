import { InvalidArgumentError } from '../base/errors.ts';
import { plainForm } from './normalize.ts';

/** Words that a query is also searched for. */
export interface Synonyms {
  /** Number of rules. */
  readonly size: number;
  /** What else is looked for where these words are asked for: words or several, in plain form, each once. */
  expand(query: string): string[];
}

/** Rules, and words of one side of a rule: more is no file of synonyms. */
const MOST_RULES = 100_000;
const MOST_WORDS = 8;

/**
 * Reads rules, one a line: `car, automobile, motor car` for words that stand for one another, `pc => computer, notebook` for one
 * direction. Case, marks and white space make no difference; `#` begins a comment.
 * @throws InvalidArgumentError that names the line.
 */
export function parseSynonyms(source: string): Synonyms {
  const rules = new Map<string, Set<string>>();
  let longest = 0;
  let size = 0;
  const lines = source.replace(/^\ufeff/, '').split(/\r\n|\r|\n/);
  for (const [i, line] of lines.entries()) {
    const content = line.replace(/(?:^|\s)#.*$/, '').trim();
    if (content === '') continue;
    const sides = content.split('=>');
    const left = phrases(sides[0]!);
    const right = sides.length === 1 ? left : phrases(sides[1]!);
    const fault =
      sides.length > 2
        ? 'It has more than one =>.'
        : left.length === 0 || right.length === 0
          ? 'There are words on one side only.'
          : sides.length === 1 && left.length < 2
            ? 'It is one word alone.'
            : [...left, ...right].some((phrase) => phrase.split(' ').length > MOST_WORDS)
              ? `It has more than ${MOST_WORDS} words between two commas.`
              : ++size > MOST_RULES
                ? `There are more than ${MOST_RULES} rules.`
                : undefined;
    if (fault !== undefined) {
      throw new InvalidArgumentError(
        `Line ${i + 1} of the synonyms cannot be used: ${fault}`,
        'Write "car, automobile" for words that stand for one another, or "pc => computer" for one direction.',
      );
    }
    for (const phrase of left) {
      longest = Math.max(longest, phrase.split(' ').length);
      const known = rules.get(phrase) ?? new Set();
      for (const other of right) if (other !== phrase) known.add(other);
      rules.set(phrase, known);
    }
  }
  return {
    size,
    expand(query) {
      const words = wordsOf(query);
      const found = new Set<string>();
      for (let from = 0; from < words.length; from++) {
        for (let length = 1; length <= Math.min(longest, words.length - from); length++) {
          for (const other of rules.get(words.slice(from, from + length).join(' ')) ?? []) found.add(other);
        }
      }
      return [...found];
    },
  };
}

function phrases(side: string): string[] {
  return side
    .split(',')
    .map((phrase) => wordsOf(phrase).join(' '))
    .filter((phrase) => phrase !== '');
}

function wordsOf(text: string): string[] {
  return plainForm(text).match(/[\p{L}\p{M}\p{N}+#]+/gu) ?? [];
}
