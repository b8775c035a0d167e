/**
 * What people type to say more than words, read as they mean it:
 *
 * - `"exact phrase"` (in any quotation marks): these words, one after the other
 * - `+word`, `+"a phrase"`: must be there; `-word`, `-"a phrase"`, `-field:value`: must not
 * - `begin*`: any word with that beginning
 * - `field:value`, `field:"a value"`: a condition on the document, where there is such a field; of numbers and dates also `field:>=value`, `<`,
 *   `<=`, `>`, and `field:from..to`, one end of which may be left out
 * - `a OR b`: one or the other
 *
 * Everything is text that does not fit: a quotation mark without its partner, a sign with a space behind it, `--option`,
 * `-1`, `-v`, `std::vector`, an `OR` at an end.
 */

/** A word, a beginning, a phrase, or a condition. */
export type QueryPart =
  | { readonly kind: 'word'; readonly text: string }
  /** Words that begin so; `text` is without the star. */
  | { readonly kind: 'prefix'; readonly text: string }
  /** Words one after the other; never corrected, never completed. */
  | { readonly kind: 'phrase'; readonly text: string }
  /** A field of documents equals a value, or lies within bounds; `value` is as it was typed. */
  | {
      readonly kind: 'field';
      readonly field: string;
      readonly value: string;
      /** One or two: all of them hold. */
      readonly bounds?: readonly FieldBound[];
    };

/** A field of documents compared with a number or a date (`2023`, `1.5`, `2024-02`, `2024-02-15T10:00`). */
export interface FieldBound {
  readonly op: '<' | '<=' | '>' | '>=';
  readonly value: string;
}

/** What is said of one part, or of several of which one suffices. */
export interface QueryClause {
  /**
   * `should` counts where it is there, `must` has to be there, `not` must not. Phrases and conditions are `must`, words and beginnings
   * `should`, if nothing else is said; of alternatives with a phrase or condition among them one has to be there.
   */
  readonly occur: 'should' | 'must' | 'not';
  /** At least one; more of them stood with `OR`. */
  readonly any: readonly QueryPart[];
}

/** A query, taken apart. */
export interface QuerySyntax {
  readonly clauses: readonly QueryClause[];
  /** The words without signs, in order, without conditions and what must not be there: what a model is asked. */
  readonly text: string;
  /** Whether it is words alone, so that `text` is all there is. */
  readonly plain: boolean;
}

export interface QuerySyntaxOptions {
  /** Whether documents have a field of this name. Default: none has, and `name:value` is text. */
  readonly hasField?: (name: string) => boolean;
}

const OPENING = '"“„«»‟❝';
const CLOSING: Readonly<Record<string, string>> = {
  '"': '"',
  '“': '”“',
  '„': '“”„',
  '«': '»',
  '»': '«',
  '‟': '”',
  '❝': '❞',
};
/** What `+` and `-` may stand before: else they are signs of something else (`-1`, `--help`, `C++`). */
const SAYABLE = /[\p{L}\p{N}"“„«»‟❝._]/u;
const LONGEST = 100_000;
const BLANK = /\s*/y;
const WORD = /\S+/y;
const NAME = /([\p{L}_][\p{L}\p{N}_.-]*):(?=\S)/uy;
const BEGINNING = /^[([{'‘’]*([\p{L}\p{M}\p{N}][^\s*]*)\*[)\]}'’.,;:!?]*$/u;

interface Item {
  readonly sign: '' | '+' | '-';
  readonly part: QueryPart;
  /** As it was typed. */
  readonly source: string;
}

/** Takes a query apart. Never fails; time is linear. */
export function parseQuery(source: string, options: QuerySyntaxOptions = {}): QuerySyntax {
  const items = itemsOf(source.slice(0, LONGEST), options.hasField ?? (() => false));
  const clauses: QueryClause[] = [];
  let joins = false;
  for (const [i, item] of items.entries()) {
    if (item === 'or') {
      // Between two parts that say what should be there.
      const [before, after] = [items[i - 1], items[i + 1]];
      joins =
        before !== undefined &&
        before !== 'or' &&
        before.sign !== '-' &&
        after !== undefined &&
        after !== 'or' &&
        after.sign !== '-';
      if (!joins) clauses.push({ occur: 'should', any: [{ kind: 'word', text: 'OR' }] });
      continue;
    }
    if (joins) {
      const last = clauses.pop()!;
      const any = [...last.any, item.part];
      clauses.push({
        occur: last.occur === 'must' || item.sign === '+' || any.some(isStrict) ? 'must' : 'should',
        any,
      });
    } else clauses.push({ occur: occurOf(item), any: [item.part] });
    joins = false;
  }
  const said = items.filter((item) => item !== 'or' && item.sign !== '-' && item.part.kind !== 'field') as Item[];
  const plain = clauses.every(({ occur, any }) => occur === 'should' && any.length === 1 && any[0]!.kind === 'word');
  return { clauses, text: plain ? source : said.map(({ part }) => ('text' in part ? part.text : '')).join(' '), plain };
}

function isStrict({ kind }: QueryPart): boolean {
  return kind === 'phrase' || kind === 'field';
}

function occurOf({ sign, part }: Item): QueryClause['occur'] {
  if (sign === '-') return 'not';
  return sign === '+' || isStrict(part) ? 'must' : 'should';
}

function itemsOf(source: string, hasField: (name: string) => boolean): (Item | 'or')[] {
  const items: (Item | 'or')[] = [];
  for (let at = 0; at < source.length; ) {
    at = endOf(BLANK, source, at);
    if (at >= source.length) break;
    const start = at;
    const first = source[at]!;
    const signed =
      (first === '+' || first === '-') && SAYABLE.test(characterAt(source, at + 1)) && !isNumber(source, at);
    const sign = signed ? first : '';
    if (signed) at++;
    const quoted = phraseAt(source, at);
    if (quoted !== undefined) {
      at = quoted.end;
      if (/[\p{L}\p{N}\p{S}]/u.test(quoted.text))
        items.push({ sign, part: { kind: 'phrase', text: quoted.text }, source: source.slice(start, at) });
      continue;
    }
    const condition = conditionAt(source, at, hasField);
    if (condition !== undefined) {
      at = condition.end;
      items.push({ sign, part: condition.part, source: source.slice(start, at) });
      continue;
    }
    let text = source.slice(at, Math.max(at + 1, endOf(WORD, source, at)));
    // A phrase may follow without a space, behind a bracket.
    const inner = text.indexOf('("') + 1;
    if (inner > 0 && phraseAt(source, at + inner) !== undefined) text = text.slice(0, inner);
    at += text.length;
    if (text === 'OR' && sign === '') items.push('or');
    else {
      const beginning = text.includes('*') ? BEGINNING.exec(text)?.[1] : undefined;
      const part: QueryPart = beginning === undefined ? { kind: 'word', text } : { kind: 'prefix', text: beginning };
      // A single letter behind a dash is an option of a program: `curl -v`.
      if (sign === '-' && /^[a-zA-Z]$/.test(text))
        items.push({ sign: '', part: { kind: 'word', text: `-${text}` }, source: `-${text}` });
      else items.push({ sign, part, source: source.slice(start, at) });
    }
  }
  return items;
}

function characterAt(source: string, at: number): string {
  return at < source.length ? String.fromCodePoint(source.codePointAt(at)!) : '';
}

/** `-1`, `+49`: a sign that belongs to a number. */
function isNumber(source: string, at: number): boolean {
  return /\p{N}/u.test(characterAt(source, at + 1));
}

/** The phrase in quotation marks at `at`, unless they have no partner before the end. */
function phraseAt(source: string, at: number): { readonly text: string; readonly end: number } | undefined {
  const opening = source[at];
  if (opening === undefined || !OPENING.includes(opening)) return undefined;
  const closing = CLOSING[opening]!;
  for (let i = at + 1; i < source.length; i++) {
    if (closing.includes(source[i]!)) return { text: source.slice(at + 1, i).trim(), end: i + 1 };
  }
  return undefined;
}

/** `name:value` at `at`, where documents have such a field. */
function conditionAt(
  source: string,
  at: number,
  hasField: (name: string) => boolean,
): { readonly part: QueryPart; readonly end: number } | undefined {
  NAME.lastIndex = at;
  const field = NAME.exec(source)?.[1];
  if (field === undefined || !hasField(field)) return undefined;
  const from = at + field.length + 1;
  const quoted = phraseAt(source, from);
  if (quoted !== undefined) return { part: { kind: 'field', field, value: quoted.text }, end: quoted.end };
  const end = endOf(WORD, source, from);
  const value = source.slice(from, end);
  const bounds = boundsOf(value);
  return { part: { kind: 'field', field, value, ...(bounds === undefined ? {} : { bounds }) }, end };
}

const SIZE = String.raw`[+-]?\d+(?:\.\d+)?|\d{4}-\d\d(?:-\d\d(?:T[\d:.]+(?:Z|[+-][\d:]+)?)?)?`;
const COMPARED = new RegExp(`^(<=?|>=?)(${SIZE})$`);
const RANGE = new RegExp(`^(${SIZE})?\\.\\.(${SIZE})?$`);

/** `>=2023`, `2019..2021`, `2019..`, `..2021`; both ends belong to a range. */
function boundsOf(value: string): readonly FieldBound[] | undefined {
  const compared = COMPARED.exec(value);
  if (compared !== null) return [{ op: compared[1] as FieldBound['op'], value: compared[2]! }];
  const range = RANGE.exec(value);
  if (range === null || value === '..') return undefined;
  const [, from, to] = range;
  return [
    ...(from === undefined ? [] : [{ op: '>=' as const, value: from }]),
    ...(to === undefined ? [] : [{ op: '<=' as const, value: to }]),
  ];
}

/** Where what a sticky pattern matches at `at` ends; `at` where it does not. */
function endOf(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : at;
}

/** A query of these clauses, as it would be typed. */
export function formatQuery(clauses: readonly QueryClause[]): string {
  return clauses
    .map(({ occur, any }) => {
      const sign = occur === 'not' ? '-' : '';
      const needed = occur === 'must' && !any.some(isStrict);
      return any.map((part, i) => `${sign}${needed && i === 0 ? '+' : ''}${formatPart(part)}`).join(' OR ');
    })
    .join(' ');
}

function formatPart(part: QueryPart): string {
  if (part.kind === 'phrase') return `"${part.text}"`;
  if (part.kind === 'prefix') return `${part.text}*`;
  if (part.kind === 'word') return part.text;
  return `${part.field}:${/\s/.test(part.value) ? `"${part.value}"` : part.value}`;
}
