import { CODE, type Strip, TAKEN, takeMarker, takePipes } from './strip.ts';

const FENCE = /^[ \t>]*(`{3,}|~{3,})[ \t]*([^`\n]*)$/;
const DELIMITERS = /^[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
/** Thematic breaks, and what underlines titles. */
const RULE = /^\s*(?:([-*_])[ \t]*(?:\1[ \t]*){2,}|=+|-{2,})$/;
/** Where a link of the text leads. */
const DEFINITION = /^ {0,3}\[[^\]^][^\]]*\]:\s+\S+/;
const TAGS =
  'a|abbr|article|aside|b|blockquote|br|center|cite|code|dd|del|details|dfn|div|dl|dt|em|figcaption|figure|font|footer|h[1-6]|header|hr|i|img|ins|kbd|li|main|mark|nav|ol|p|picture|pre|q|s|samp|section|small|source|span|strike|strong|sub|summary|sup|svg|table|tbody|td|tfoot|th|thead|time|tr|tt|u|ul|var|video';
const TAG = new RegExp(`</?(?:${TAGS})(?:\\s[^<>]*)?/?>`, 'gi');
const INLINE = /^<\/?(?:a|abbr|b|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strong|sub|sup|u|var)\b/i;
const TARGET = String.raw`\(\s*(?:<[^<>\n]*>|(?:[^()\s]|\([^()\s]*\))*)(?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?\s*\)`;
const LABEL = String.raw`(?:[^\[\]\\]|\\.|\[[^\[\]]*\])*`;
const IMAGE = new RegExp(String.raw`(?<before>!\[)(?<text>${LABEL})\](?:${TARGET}|\[[^\[\]]*\])`, 'g');
/** A picture that leads somewhere is a badge or a button. */
const BADGE = new RegExp(String.raw`\[\s*!\[${LABEL}\](?:${TARGET}|\[[^\[\]]*\])\s*\](?:${TARGET}|\[[^\[\]]*\])`, 'g');
const LINK = new RegExp(String.raw`(?<before>\[)(?<text>${LABEL})\](?:${TARGET}|\[[^\[\]]*\])`, 'g');
/** What is left of a link whose beginning, or whose end, belongs to another passage. */
const CUT_LINK = new RegExp(String.raw`\](?<=^[^\[\]]*\])${TARGET}|\]\([^()\s]*$`, 'g');
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** CommonMark with GitHub's tables, as far as it shows. */
export function markdownMarkup(strip: Strip): void {
  takeLines(strip);
  for (const { index, 1: ticks, 2: content } of strip.work.matchAll(
    /(?<!`)(`+)(?!`)((?:(?!\n\s*\n)[\s\S])*?[^`])\1(?!`)/g,
  )) {
    const from = index + ticks!.length;
    strip.take(index, from);
    strip.take(from + content!.length, from + content!.length + ticks!.length);
    strip.keep(from, from + content!.length);
  }
  for (const { index } of strip.work.matchAll(/\\(?=[!-/:-@[-`{-~])/g)) {
    strip.take(index, index + 1);
    strip.keep(index + 1, index + 2);
  }
  strip.takeAround(/<!--[\s\S]*?(?:-->|$)/g, ' ');
  for (const { index, 0: tag } of strip.work.matchAll(TAG)) {
    strip.take(index, index + tag.length, INLINE.test(tag) ? '' : ' ');
  }
  strip.takeAround(/(?<before><)(?<text>(?:https?:|mailto:|ftp:)[^\s<>]*|[\w.+-]+@[\w.-]+)>/gi);
  strip.takeAround(BADGE, ' ');
  strip.takeAround(IMAGE);
  strip.takeAround(LINK);
  strip.takeAround(CUT_LINK);
  strip.takeAround(/\[\^[^\]\s]+\]:?/g);
  takeEmphasis(strip);
  for (const { index, 0: all, 1: name } of strip.work.matchAll(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,6});/gi)) {
    const sign = character(name!);
    if (sign !== undefined) strip.take(index, index + all.length, sign);
  }
}

function character(name: string): string | undefined {
  if (!name.startsWith('#')) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : undefined;
}

/** What is said by the beginnings of lines, and lines that are nothing but markup. */
function takeLines(strip: Strip): void {
  const lines = [...strip.lines()];
  const fences = lines.flatMap(({ line }) => FENCE.exec(line)?.[2]?.trim() ?? []);
  // Of an odd number of fences the first ends what began before, unless it names a language.
  let inside = fences.length % 2 === 1 && fences[0] === '';
  let mark = '';
  const isRow = lines.map(() => false);
  lines.forEach(({ line }, i) => {
    if (!DELIMITERS.test(line) || !line.includes('|')) return;
    for (let row = i - 1; row >= 0 && row >= i - 1; row--) isRow[row] = true;
    for (let row = i; lines[row]?.line.includes('|'); row++) isRow[row] = true;
  });
  for (const [i, { start, end, line }] of lines.entries()) {
    const fence = FENCE.exec(line);
    if (fence !== null && (!inside || ((mark === '' || fence[1]!.startsWith(mark)) && fence[2]!.trim() === ''))) {
      inside = !inside;
      mark = inside ? fence[1]! : '';
      strip.take(start, end);
      continue;
    }
    if (inside) {
      strip.keep(start, end);
      continue;
    }
    const isTable = DELIMITERS.test(line) && line.includes('|');
    if (isTable || RULE.test(line) || DEFINITION.test(line)) {
      strip.take(start, end);
      continue;
    }
    const lead = /^[ \t]*(?:>[ \t]?)*/.exec(line)![0];
    if (lead.includes('>')) strip.take(start, start + lead.length);
    const rest = line.slice(lead.length);
    const at = start + lead.length;
    const heading = /^(#{1,6})(?=\s|$)\s*/.exec(rest);
    const item = /^[-*+](?:[ \t]+\[[ xX]\])?(?=\s)[ \t]*/.exec(rest);
    if (heading !== null) {
      strip.take(at, at + heading[0].length);
      const closing = /\s#+\s*$/.exec(rest.slice(heading[0].length));
      if (closing !== null) strip.take(at + heading[0].length + closing.index, start + line.length);
    } else if (item !== null) takeMarker(strip, at, at + item[0].length);
    else if (isRow[i] === true || /^\|.*\|\s*$/.test(rest)) takePipes(strip, at, start + line.length);
    if (/[^\\]\\$/.test(line)) strip.take(start + line.length - 1, start + line.length);
  }
}

const LETTER = new RegExp(`[\\p{L}\\p{N}${CODE}]`, 'u');

/** Signs of emphasis that come in pairs, by CommonMark's rules of what they touch. */
function takeEmphasis(strip: Strip): void {
  const open: { sign: string; start: number; end: number }[] = [];
  const { work } = strip;
  for (const { index, 0: run } of work.matchAll(/\*+|_+|~~/g)) {
    const sign = run[0]!;
    const before = neighbour(work, index - 1, -1);
    const after = neighbour(work, index + run.length, 1);
    const touches = (one: string, other: string): boolean =>
      !/\s/.test(one) && (LETTER.test(one) || /\s/.test(other) || !LETTER.test(other));
    const opens = touches(after, before) && (sign !== '_' || !LETTER.test(before));
    // A name such as `__init__.py` is no emphasis, whatever the rules say.
    const named =
      sign === '_' && /^(?:\.[\p{L}\p{N}]|\()/u.test(work.slice(index + run.length, index + run.length + 2));
    const closes = touches(before, after) && (sign !== '_' || !LETTER.test(after)) && !named;
    let [start, end] = [index, index + run.length];
    while (closes && start < end) {
      const last = open.findLastIndex((one) => one.sign === sign);
      if (last < 0) break;
      const opener = open[last]!;
      const width = Math.min(opener.end - opener.start, end - start);
      strip.take(opener.end - width, opener.end);
      strip.take(start, start + width);
      start += width;
      opener.end -= width;
      open.length = opener.start === opener.end ? last : last + 1;
    }
    if (opens && start < end) open.push({ sign, start, end });
  }
}

/** What a sign touches, markup that was taken out aside; a space at the text's edge. */
function neighbour(work: string, at: number, step: 1 | -1): string {
  let i = at;
  while (work[i] === TAKEN) i += step;
  return work[i] ?? ' ';
}
