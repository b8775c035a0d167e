import { type Strip, takeMarker, takePairs, takePipes } from './strip.ts';

const RULE = /^\s*([=\-`:.'"~^_*+#<>])\1{2,}\s*$/;

/** reStructuredText: marks of titles, directives, roles and references. */
export function restructuredMarkup(strip: Strip): void {
  for (const { start, end, line } of strip.lines()) {
    if (RULE.test(line) || /^\s*[+|][-=+| ]*[-=][-=+| ]*$/.test(line) || /^\s*={2,}(?:\s+={2,})+\s*$/.test(line)) {
      strip.take(start, end);
      continue;
    }
    const directive = /^\s*\.\.\s+(?:\|[^|]+\|\s+)?[\w:-]+::[ \t]*/.exec(line);
    const item = /^\s*[-*+•](?=\s)\s*/.exec(line);
    if (directive !== null) strip.take(start, start + directive[0].length);
    else if (/^\s*\.\.\s+_[^:]+:/.test(line)) strip.take(start, end);
    else if (item !== null) takeMarker(strip, start, start + item[0].length);
    else if (/^\s*\|/.test(line)) takePipes(strip, start, end);
    const field = /^\s*:(?=[A-Za-z][\w -]*:(?:\s|$))/.exec(line);
    if (field !== null) strip.take(start, start + field[0].length);
  }
  sealed(strip, /(``)([^\n]+?)(``)(?!`)/g);
  strip.takeAround(/(?<before>(?::[\w:+.-]+:)?`[~!]?)(?<text>[^`<\n]+?)\s*(?:<[^`>\n]*>)?`(?::[\w:+.-]+:)?_{0,2}/g);
  takePairs(strip, '**');
  takePairs(strip, '*');
  takePairs(strip, '|');
  strip.takeAround(/(?<=\w|\])__?(?=[\s.,:;!?)]|$)/g);
  strip.takeAround(/:(?=:\s*$)/gm);
  strip.takeAround(/\\(?=[!-/:-@[-`{-~\s])/g);
}

/** What only commands have, whose pipes are their own. */
const COMMAND = /[$`"'<>\\=]|&&|\.\/|(?:^|\s)--?\w/;

/** Formats without markup, whose readers write the cells of a row as `cell | cell`. */
export function cellMarks(strip: Strip): void {
  for (const { start, end, line } of strip.lines()) {
    if (line.includes(' | ') && !COMMAND.test(line)) takePipes(strip, start, end);
  }
}

/** AsciiDoc: marks of titles, fences, attributes, macros. */
export function asciidocMarkup(strip: Strip): void {
  for (const { start, end, line } of strip.lines()) {
    if (/^(?:([-=.*_+/])\1{3,}|\|===|```.*|--|\+|<<<|''')\s*$/.test(line)) strip.take(start, end);
    else if (/^(?:\/\/|:!?[\w-]+!?:|\[[^\]]*\]\s*$)/.test(line)) strip.take(start, end);
    const lead = /^(?:={1,6}|#{1,6})\s+|^\.(?=[^\s.])/.exec(line);
    const item = /^\s*(?:[-*]{1,5}|\.{1,5})\s+/.exec(line);
    if (lead !== null) strip.take(start, start + lead[0].length);
    else if (item !== null) takeMarker(strip, start, start + item[0].length);
    else if (line.startsWith('|')) takePipes(strip, start, end);
  }
  sealed(strip, /(?<![\w`])(`\+?)([^`\n]+?)(\+?`)(?![\w`])/g);
  strip.takeAround(
    /(?<before>(?:link|xref|image|icon|footnote|kbd|btn|menu|mailto|pass|stem)::?[^\s[\]]*\[)(?<text>[^[\]\n,]*)(?:,[^[\]\n]*)?\]/g,
  );
  strip.takeAround(/(?<before>https?:\/\/[^\s[\]]+\[)(?<text>[^[\]\n,]+)(?:,[^[\]\n]*)?\]/g);
  strip.takeAround(/(?<before><<[^<>,\n]+,\s*)(?<text>[^<>\n]+)>>/g);
  strip.takeAround(/(?<before><<#?)(?<text>[^<>,\n]+)>>/g);
  for (const sign of ['**', '*', '__', '_', '##', '#', '+']) takePairs(strip, sign);
}

/** Org: stars of titles, keywords, links, emphasis. */
export function orgMarkup(strip: Strip): void {
  for (const { start, end, line } of strip.lines()) {
    if (/^\s*(?:#(?:\+|\s|$)|:[A-Za-z_]+:|\|[-+|]*-[-+|]*\s*$)/.test(line)) strip.take(start, end);
    const lead = /^\*{1,8}\s+/.exec(line);
    const item = /^\s*[-+]\s+(?:\[[ X-]\]\s+)?/.exec(line);
    if (lead !== null) strip.take(start, start + lead[0].length);
    else if (item !== null) takeMarker(strip, start, start + item[0].length);
    else if (/^\s*\|/.test(line)) takePipes(strip, start, end);
  }
  strip.takeAround(/(?<before>\[\[[^\][\n]+\]\[)(?<text>[^\][\n]+)\]\]/g);
  strip.takeAround(/(?<before>\[\[)(?<text>[^\][\n]+)\]\]/g);
  for (const sign of ['=', '~']) takePairs(strip, sign, true);
  for (const sign of ['*', '/', '_', '+']) takePairs(strip, sign);
}

/** Takes signs around code away and looks no further into it. */
function sealed(strip: Strip, pattern: RegExp): void {
  for (const { index, 1: before, 2: content, 3: after } of strip.work.matchAll(pattern)) {
    const from = index + before!.length;
    const to = from + content!.length;
    strip.take(index, from);
    strip.take(to, to + after!.length);
    strip.keep(from, to);
  }
}
