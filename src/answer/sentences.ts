import type { Range } from '../search/index.ts';
import { lineStarts, sentenceStarts } from '../text/index.ts';
import { isBlank } from '../text/token-count.ts';

/** Characters of a sentence; what is longer (tables, lists without full stops) is divided at a blank. */
const LONGEST = 1200;
/** Characters of a stretch of code, which is divided at its lines. */
const LONGEST_CODE = 400;
/** Letters below which a line is no sentence of its own but belongs to the next. */
const SHORTEST = 3;
/** Characters from which a line may be a wrapped one, which the next goes on; shorter ones are verses, addresses, cells. */
const WRAPPED = 40;

/** What a sentence of a passage is: words in a row, a row of a table, or lines of code. */
export type SentenceKind = 'prose' | 'row' | 'code';

/** A sentence of a passage: a range of its text. */
export interface SentenceRange extends Range {
  readonly kind: SentenceKind;
  /** Where it begins without the heading that belongs to it. */
  readonly body: number;
}

/**
 * What a passage says, piece by piece: ranges of its text, ascending, without the blanks around them. Marks of Markdown are understood where they are there: a heading
 * belongs to the sentence below it, a row of a table and an item of a list stand by themselves, lines of code stay together, and lines that only wrap are one sentence. What has no letter
 * or digit (rules, fences) is in none of them, nor are headers of tables, which say nothing without their rows.
 */
export function sentencesOf(text: string): SentenceRange[] {
  const found: SentenceRange[] = [];
  let heading: number | undefined;
  for (const { kind, start, end } of blocksOf(text)) {
    if (kind === 'heading') {
      heading ??= start;
      continue;
    }
    const pieces = kind === 'prose' ? proseOf(text, start, end) : divided(text, start, end);
    for (const piece of pieces) {
      if (!TELLING.test(text.slice(piece.start, piece.end))) continue;
      found.push({ start: heading ?? piece.start, end: piece.end, kind, body: piece.start });
      heading = undefined;
    }
  }
  if (heading !== undefined || found.length === 0) {
    const rest = trimmed(text, heading ?? 0, text.length);
    if (rest !== undefined)
      found.push(
        ...divided(text, rest.start, rest.end).map(({ start, end }) => ({
          start,
          end,
          kind: 'prose' as const,
          body: start,
        })),
      );
  }
  return found;
}

const TELLING = /[\p{L}\p{N}]/u;
const FENCE = /^\s*(?:```|~~~)/;
const HEADING = /^#{1,6}\s/;
const ROW = /^\s*\|.*\|\s*$/;
const RULE = /^[\s|:+=_*#-]+$/;
/** What begins a line that does not go on with the one before it: items, quotations, marks of other formats. */
const ITEM = /^\s*(?:[-*+•>]\s|\d{1,3}[.)]\s|<\/?[a-z]|\.\. )/i;

interface TextBlock extends Range {
  readonly kind: SentenceKind | 'heading';
}

function blocksOf(text: string): TextBlock[] {
  const blocks: TextBlock[] = [];
  const lines = linesOf(text);
  let code = beginsInCode(lines.map(({ line }) => line));
  let open: TextBlock | undefined;
  const close = (): void => {
    if (open !== undefined) blocks.push(open);
    open = undefined;
  };
  const extend = (kind: SentenceKind, start: number, end: number, most: number): void => {
    if (open?.kind === kind && end - open.start <= most) open = { kind, start: open.start, end };
    else {
      close();
      open = { kind, start, end };
    }
  };
  for (const [i, { line, start, end }] of lines.entries()) {
    if (FENCE.test(line)) {
      close();
      code = !code;
    } else if (line.trim() === '') close();
    else if (code) extend('code', start, end, LONGEST_CODE);
    else if (HEADING.test(line)) {
      close();
      blocks.push({ kind: 'heading', start, end });
    } else if (ROW.test(line)) {
      close();
      const next = lines[i + 1]?.line ?? '';
      const isHeader = ROW.test(next) && RULE.test(next);
      if (!isHeader && !RULE.test(line)) blocks.push({ kind: 'row', start, end });
    } else {
      if (ITEM.test(line)) close();
      extend('prose', start, end, Number.POSITIVE_INFINITY);
    }
  }
  close();
  return blocks;
}

/** A passage may be cut in the middle of code, whose end then comes first. */
function beginsInCode(lines: readonly string[]): boolean {
  const fences = lines.filter((line) => FENCE.test(line));
  return fences.length % 2 === 1 && /^\s*(?:```|~~~)\s*$/.test(fences[0]!);
}

function linesOf(text: string): (Range & { readonly line: string })[] {
  const starts = lineStarts(text, 0, text.length);
  return starts.map((start, i) => {
    const end = starts[i + 1] ?? text.length;
    return { start, end, line: text.slice(start, end) };
  });
}

/** Full stops that end no sentence: of abbreviations, of initials, and within code. */
const ABBREVIATED =
  /(?<=(?:^|[^\p{L}\p{N}])(?:Mr|Mrs|Ms|Dr|Prof|Rev|Gen|Col|Lt|Sgt|Capt|Gov|Sen|Rep|St|Jr|Sr|vs|e\.g|i\.e|cf|approx|Inc|Ltd|Co|Corp|U\.S|U\.K|No|Fig|al|b|d|z\.B|bzw|ca|Nr|\p{Lu}))\.(?=\s)/gu;

function proseOf(text: string, from: number, to: number): Range[] {
  // As many characters as before, so that places stay what they are.
  const plain = text
    .slice(from, to)
    .replace(/`[^`\n]{1,80}`/g, (code) => code.replace(/[.!?]/g, '_'))
    .replace(ABBREVIATED, '_')
    .replace(/[^\n]+\n(?=.)/g, (line) => (line.length > WRAPPED ? `${line.slice(0, -1)} ` : line));
  const starts = sentenceStarts(plain, 0, plain.length);
  const found: Range[] = [];
  let start = 0;
  for (let i = 0; i < starts.length; i++) {
    const end = starts[i + 1] ?? plain.length;
    // `1.` and `- ` say nothing without what follows.
    const letters = plain.slice(start, end).match(/[\p{L}\p{N}]/gu)?.length ?? 0;
    if (i + 1 < starts.length && letters < SHORTEST) continue;
    found.push(...divided(text, from + start, from + end));
    start = end;
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
