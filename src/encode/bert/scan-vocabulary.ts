import type { Vocabulary } from './vocabulary.ts';

/** The tokens and ids of a `vocab` object, as places in the text of the file. */
export interface ScannedVocabulary {
  /** Where the object begins and ends in the text. */
  readonly start: number;
  readonly end: number;
  addTo(vocabulary: Vocabulary): void;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const CLOSE = 0x7d;

/**
 * Finds the first object named `vocab` in a JSON text and reads its keys and ids, without making a string of each key.
 * Control characters, which JSON asks to be escaped, are taken as they are.
 * @returns undefined for anything but keys with whole numbers of at most 8 digits: let `JSON.parse` say what it is.
 */
export function scanVocabulary(text: string): ScannedVocabulary | undefined {
  const head = /(?<!\\)"vocab"\s*:\s*\{/.exec(text);
  if (head === null) return undefined;
  const start = head.index + head[0].length - 1;
  let entries = new Int32Array(3 << 15);
  let used = 0;
  const unescaped = new Map<number, string>();
  let at = start + 1;
  // Nothing is called for each character, since all of this runs once, before any of it is compiled.
  let backslash = text.indexOf('\\', at);
  for (;;) {
    at = skipSpace(text, at);
    if (text.charCodeAt(at) !== QUOTE) return undefined;
    const from = at + 1;
    let to = text.indexOf('"', from);
    if (backslash >= 0 && backslash < from) backslash = text.indexOf('\\', from);
    if (backslash >= 0 && backslash < to) {
      to = endOfEscaped(text, backslash);
      const token = unquoted(text.slice(from - 1, to + 1));
      if (token === undefined) return undefined;
      unescaped.set(used, token);
    }
    if (to < 0) return undefined;
    at = skipSpace(text, to + 1);
    if (text.charCodeAt(at) !== COLON) return undefined;
    at = skipSpace(text, at + 1);
    const number = at;
    let id = 0;
    for (let digit = text.charCodeAt(at) - 0x30; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - 0x30) {
      id = 10 * id + digit;
    }
    if (at === number || at - number > 8) return undefined;
    if (used + 3 > entries.length) {
      const larger = new Int32Array(2 * entries.length);
      larger.set(entries);
      entries = larger;
    }
    entries[used] = from;
    entries[used + 1] = to;
    entries[used + 2] = id;
    used += 3;
    at = skipSpace(text, at);
    const next = text.charCodeAt(at++);
    if (next === CLOSE) break;
    if (next !== COMMA) return undefined;
  }
  return {
    start,
    end: at,
    addTo(vocabulary) {
      for (let i = 0; i < used; i += 3) {
        const token = unescaped.get(i);
        if (token !== undefined) vocabulary.add(token, 0, token.length, entries[i + 2]!);
        else vocabulary.add(text, entries[i]!, entries[i + 1]!, entries[i + 2]!);
      }
    },
  };
}

/** The next place that is not white space. */
function skipSpace(text: string, from: number): number {
  let at = from;
  for (let unit = text.charCodeAt(at); unit <= 0x20; unit = text.charCodeAt(at)) at++;
  return at;
}

/** The quote that closes a string with a backslash at `from`, or -1. */
function endOfEscaped(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) return at;
    if (unit === BACKSLASH) at++;
  }
  return -1;
}

function unquoted(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted);
  } catch {
    return undefined;
  }
}
