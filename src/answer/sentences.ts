import type { Range } from '../search/index.ts';
import { sentenceStarts } from '../text/index.ts';
import { isBlank } from '../text/token-count.ts';

/** Characters of a sentence; what is longer (tables, lists without full stops) is divided at a blank. */
const LONGEST = 1200;
/** Letters below which a line is no sentence of its own but belongs to the next. */
const SHORTEST = 3;

/** The sentences of a passage: ranges of its text, ascending, without the blanks around them. Every visible character is in one. */
export function sentencesOf(text: string): Range[] {
  const starts = sentenceStarts(text, 0, text.length);
  const found: Range[] = [];
  let from = 0;
  for (let i = 0; i < starts.length; i++) {
    const end = starts[i + 1] ?? text.length;
    const piece = text.slice(from, end);
    // `1.` and `- ` say nothing without what follows.
    if (i + 1 < starts.length && (piece.match(/[\p{L}\p{N}]/gu)?.length ?? 0) < SHORTEST && !piece.includes('\n\n'))
      continue;
    for (const range of divided(text, from, end)) found.push(range);
    from = end;
  }
  return found;
}

function divided(text: string, start: number, end: number): Range[] {
  const ranges: Range[] = [];
  let from = start;
  while (from < end) {
    let to = end;
    if (to - from > LONGEST) {
      to = from + LONGEST;
      const blank = text.lastIndexOf(' ', to);
      if (blank > from + LONGEST / 2) to = blank;
      else if (isLow(text.charCodeAt(to))) to--;
    }
    const range = trimmed(text, from, to);
    if (range !== undefined) ranges.push(range);
    from = to;
  }
  return ranges;
}

/** Without the blanks at its edges; undefined where there is nothing else. */
export function trimmed(text: string, start: number, end: number): Range | undefined {
  let [from, to] = [start, end];
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return from === to ? undefined : { start: from, end: to };
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/**
 * Words that begin a sentence which cannot be understood without the one before it, by language: pronouns of what was named there, and
 * conjunctions. Of languages that are not listed no sentence is taken for such.
 */
const LEANING: Readonly<Record<string, RegExp>> = {
  en: /^(he|she|it|its|they|his|her|their|this|these|those|that|such|both|however|therefore|thus|hence|also|but|and|or|so|then|instead|otherwise|consequently|moreover|furthermore|the (former|latter|same))\b/i,
  de: /^(er|sie|es|diese[rsmn]?|jene[rsmn]?|dadurch|daher|deshalb|darum|jedoch|aber|und|oder|dabei|dann|auch|letztere[rsn]?|beide)\b/i,
  fr: /^(il|elle|ils|elles|ce|cette|ces|celui-ci|celle-ci|cela|ça|mais|et|donc|ainsi|cependant|toutefois|alors|leurs?)\b/i,
  es: /^(él|ella|ellos|ellas|este|esta|estos|estas|esto|ese|esa|eso|pero|y|así|sin embargo|por lo tanto|entonces|ambos)\b/i,
  it: /^(egli|ella|esso|essa|essi|esse|questo|questa|questi|queste|ciò|ma|e|quindi|tuttavia|inoltre|entrambi)\b/i,
  pt: /^(ele|ela|eles|elas|este|esta|estes|estas|isto|isso|mas|e|portanto|no entanto|então|ambos)\b/i,
  nl: /^(hij|zij|ze|het|deze|dit|die|dat|maar|en|daarom|echter|dus|beide)\b/i,
  fa: /^(او|وی|آن|آنها|آن‌ها|این|اما|ولی|و|سپس|همچنین|بنابراین)(?=\s)/,
  ru: /^(он|она|оно|они|это|этот|эта|эти|его|её|их|но|и|поэтому|однако|затем|также)(?=\s)/i,
};

/** Whether a sentence leans on the one before it. @param language ISO 639-1. */
export function leans(sentence: string, language: string): boolean {
  return LEANING[language]?.test(sentence) === true;
}
