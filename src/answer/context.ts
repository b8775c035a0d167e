import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import type { Query } from '../content/index.ts';
import type { Corpus } from '../corpus/index.ts';
import { charactersFor, mostTokens } from '../text/index.ts';
import {
  COMPRESSORS,
  CONTEXT_FORMATS,
  CONTEXT_ORDERS,
  CONTEXT_TOKENS,
  type CompressorName,
  type ContextFormat,
  type ContextOrder,
} from './choices.ts';
import { extractive } from './extractive.ts';
import { renderContext } from './format.ts';
import { salience } from './salience.ts';
import { leans, sentencesOf, trimmed } from './sentences.ts';
import type { Compressor, ContextPassage, CountTokens, Evidence, Quotation, Span } from './types.ts';
import { whole } from './whole.ts';

/** How a context is made of passages. */
export interface BuildContextOptions {
  /** Most tokens of the whole text, its labels included. Default 1,000, at least 1. */
  readonly tokens?: number;
  /**
   * What chooses: `sentences`, those that bear on the question; `salience`, of these only the clauses that matter; `passages`, whole ones from the best on; or one of one's own.
   * Default `sentences`.
   */
  readonly compressor?: CompressorName | Compressor;
  /** Default `rank`. */
  readonly order?: ContextOrder;
  /** Default `text`. */
  readonly format?: ContextFormat;
  /**
   * Counts tokens as the model does that reads the context. Default: `mostTokens` of `sagitta-search/text`, which none of the usual tokenizers exceeds,
   * and English stays some 15 % below.
   */
  readonly count?: CountTokens;
  /** Whether a sentence that leans on the one before it (`He was ...`) brings that one along where there is room. Default true. */
  readonly neighbours?: boolean;
}

/** A context without what only the search knows. */
export interface BuiltContext {
  readonly text: string;
  readonly tokens: number;
  readonly passages: readonly ContextPassage[];
  /** That the compressor chose nothing, where it did not. */
  readonly note?: string;
}

/**
 * Makes a text of passages that is at most so many tokens, by the count of the whole text as it is. What is in it are quotations with their places; nothing
 * is reworded.
 *
 * @param evidence best first. None gives an empty context, as does a compressor that chooses nothing.
 * @throws InvalidArgumentError for a budget below 1, and an unknown compressor, order or format.
 */
export async function buildContext(
  query: Query,
  evidence: readonly Evidence[],
  corpus: Corpus,
  options: BuildContextOptions & { readonly signal?: AbortSignal } = {},
): Promise<BuiltContext> {
  const { tokens = CONTEXT_TOKENS, order = 'rank', format = 'text', count = mostTokens, neighbours = true } = options;
  check(tokens, order, format);
  const compressor = compressorOf(options.compressor ?? 'sentences');
  if (evidence.length === 0) return EMPTY;
  const label = labels(evidence, format, count);
  const { signal } = options;
  const spans = await compressor.compress(query, evidence, tokens, { corpus, count, label, ...given({ signal }) });
  if (spans.length === 0) return { ...EMPTY, note: `Nothing in ${evidence.length} passages probably helps.` };
  let pieces = grouped(spans, evidence);
  let built = render(pieces, order, format, count);
  // Pieces that are counted apart may be more than one when they stand together.
  while (built.tokens > tokens && pieces.length > 0) {
    pieces = withoutLeast(pieces);
    built = render(pieces, order, format, count);
  }
  if (pieces.length === 0) return render(beginning(spans, evidence, tokens, format, count), order, format, count);
  if (neighbours) {
    const further = await withNeighbours(pieces, corpus, tokens - built.tokens, count);
    const longer = render(further, order, format, count);
    if (longer.tokens <= tokens) built = longer;
  }
  return built;
}

const EMPTY: BuiltContext = { text: '', tokens: 0, passages: [] };

function check(tokens: number, order: ContextOrder, format: ContextFormat): void {
  if (!(Number.isInteger(tokens) && tokens >= 1)) {
    throw new InvalidArgumentError(`A context of ${tokens} tokens.`, 'Allow a whole number of tokens, at least 1.');
  }
  if (!CONTEXT_ORDERS.includes(order)) {
    throw new InvalidArgumentError(`A context has no order "${order}".`, `Choose ${CONTEXT_ORDERS.join(', ')}.`);
  }
  if (!CONTEXT_FORMATS.includes(format)) {
    throw new InvalidArgumentError(`A context has no format "${format}".`, `Choose ${CONTEXT_FORMATS.join(', ')}.`);
  }
}

function compressorOf(wanted: CompressorName | Compressor): Compressor {
  if (typeof wanted === 'object') return wanted;
  if (wanted === 'sentences') return extractive();
  if (wanted === 'salience') return salience();
  if (wanted === 'passages') return whole();
  throw new InvalidArgumentError(
    `There is no compressor "${wanted as string}".`,
    `Choose ${COMPRESSORS.join(', ')}, or give one of your own.`,
  );
}

/** Tokens of a passage without its text, by position. */
function labels(evidence: readonly Evidence[], format: ContextFormat, count: CountTokens): (passage: number) => number {
  const known = new Map<number, number>();
  return (passage) => {
    let size = known.get(passage);
    if (size === undefined) {
      const one = { ...bare(evidence[passage]!), number: 10, parts: [], hop: 1 };
      size = count(`${renderContext([one], format)}\n\n`);
      known.set(passage, size);
    }
    return size;
  };
}

/** A range of a document, and what it is worth. */
type Part = Quotation & { readonly score: number };

/** What was chosen of one passage: ascending, disjoint. */
interface Piece {
  readonly evidence: Evidence;
  readonly parts: readonly Part[];
}

function scoreOf({ parts }: Piece): number {
  return Math.max(...parts.map(({ score }) => score));
}

/** Spans by passage, the passage of the best span first; neighbouring spans become one part. */
function grouped(spans: readonly Span[], evidence: readonly Evidence[]): Piece[] {
  const byPassage = new Map<number, Span[]>();
  for (const span of spans) byPassage.set(span.passage, [...(byPassage.get(span.passage) ?? []), span]);
  return Array.from(byPassage, ([passage, own]): Piece => {
    const source = evidence[passage]!;
    const parts = own
      .sort((a, b) => a.start - b.start)
      .map(({ start, end, score }) => ({
        start: source.start + start,
        end: source.start + end,
        text: source.text.slice(start, end),
        score,
      }));
    return { evidence: source, parts };
  }).sort((a, b) => scoreOf(b) - scoreOf(a));
}

/** Without the part that is worth least. */
function withoutLeast(pieces: readonly Piece[]): Piece[] {
  const least = Math.min(...pieces.flatMap(({ parts }) => parts.map(({ score }) => score)));
  return pieces.flatMap((piece) => {
    const parts = piece.parts.filter(({ score }) => score > least);
    return parts.length === 0 ? [] : [{ ...piece, parts }];
  });
}

/** The beginning of what is worth most, where nothing fits as a whole; nothing where not a word of it does. @param spans at least one. */
function beginning(
  spans: readonly Span[],
  evidence: readonly Evidence[],
  tokens: number,
  format: ContextFormat,
  count: CountTokens,
): Piece[] {
  const range = spans.reduce((most, one) => (one.score > most.score ? one : most));
  const source = evidence[range.passage]!;
  const pieceOf = (end: number): Piece[] => {
    const fitting = trimmed(source.text, range.start, end);
    if (fitting === undefined) return [];
    const { start, end: to } = fitting;
    return [
      {
        evidence: source,
        parts: [{ start: source.start + start, end: source.start + to, text: source.text.slice(start, to), score: 0 }],
      },
    ];
  };
  const room = tokens - count(render(pieceOf(range.start + 1), 'rank', format, count).text);
  let end = range.start + charactersFor(source.text.slice(range.start, range.end), Math.max(0, room));
  while (end > range.start) {
    // Words stay whole.
    const blank = source.text.lastIndexOf(' ', end - 1);
    const at = end === range.end || blank <= range.start ? end : blank;
    const pieces = pieceOf(at);
    if (pieces.length > 0 && render(pieces, 'rank', format, count).tokens <= tokens) return pieces;
    end = at - 1;
  }
  return [];
}

/** Sentences before those that lean on them, and joins parts between which only blanks are left. @param room tokens that are left. */
async function withNeighbours(
  pieces: readonly Piece[],
  corpus: Corpus,
  room: number,
  count: CountTokens,
): Promise<Piece[]> {
  let left = room;
  const longer: Piece[] = [];
  for (const piece of pieces) {
    const { evidence } = piece;
    const parts: Part[] = [];
    for (const part of piece.parts) {
      const before = leans(part.text, evidence.language) ? await sentenceBefore(part, evidence, corpus) : undefined;
      const isThere = before !== undefined && (parts.at(-1)?.end ?? -1) >= before.end;
      if (before !== undefined && !isThere) {
        const cost = count(before.text) + 2;
        if (cost <= left) {
          left -= cost;
          parts.push({ ...before, score: part.score });
        }
      }
      parts.push(part);
    }
    longer.push({ evidence, parts });
  }
  return longer.map((piece) => joined(piece));
}

/** The sentence of the document before a part: of its passage, else the last of the passage before. */
async function sentenceBefore(
  part: Quotation,
  { passage, text, start, id }: Evidence,
  corpus: Corpus,
): Promise<Quotation | undefined> {
  const own = sentencesOf(text).findLast((sentence) => start + sentence.end <= part.start);
  if (own !== undefined)
    return { start: start + own.start, end: start + own.end, text: text.slice(own.start, own.end) };
  if (start === 0) return undefined;
  const found = await corpus.find(id);
  if (found === undefined || passage <= found.from) return undefined;
  const [previous] = await corpus.passages([passage - 1]);
  const last = previous === undefined ? undefined : sentencesOf(previous.text).at(-1);
  // Passages may overlap, and something may lie between them.
  if (last === undefined || previous!.end > part.start || part.start - previous!.end > NEAR) return undefined;
  return {
    start: previous!.start + last.start,
    end: previous!.start + last.end,
    text: previous!.text.slice(last.start, last.end),
  };
}

/** Characters between two passages that follow each other. */
const NEAR = 4;

/** Parts between which only blanks are left, as one. */
function joined({ evidence: { start, text }, evidence, parts }: Piece): Piece {
  const whole: Part[] = [];
  for (const part of parts) {
    const last = whole.at(-1);
    const isNext =
      last !== undefined && last.start >= start && text.slice(last.end - start, part.start - start).trim() === '';
    if (!isNext) whole.push(part);
    else {
      const both = text.slice(last.start - start, part.end - start);
      whole[whole.length - 1] = {
        start: last.start,
        end: part.end,
        text: both,
        score: Math.max(last.score, part.score),
      };
    }
  }
  return { evidence, parts: whole };
}

function bare({ id, title, headings, page, relevance }: Evidence): Omit<ContextPassage, 'number' | 'parts' | 'hop'> {
  return { id, title, headings, ...given({ page, relevance }) };
}

function render(
  pieces: readonly Piece[],
  order: ContextOrder,
  format: ContextFormat,
  count: CountTokens,
): BuiltContext {
  const passages = arranged(pieces.map(joined), order).map(
    ({ evidence, parts }, i): ContextPassage => ({
      number: i + 1,
      ...bare(evidence),
      parts: parts.map(({ start, end, text }) => ({ start, end, text })),
      hop: evidence.hop,
    }),
  );
  const text = renderContext(passages, format);
  return { text, tokens: text === '' ? 0 : count(text), passages };
}

/** @param pieces best first. */
function arranged(pieces: readonly Piece[], order: ContextOrder): readonly Piece[] {
  if (order === 'rank') return pieces;
  if (order === 'edges') {
    const [first, last]: [Piece[], Piece[]] = [[], []];
    for (const [i, piece] of pieces.entries()) (i % 2 === 0 ? first : last).push(piece);
    return [...first, ...last.reverse()];
  }
  const documents = [...new Set(pieces.map(({ evidence }) => evidence.id))];
  return [...pieces].sort(
    (a, b) =>
      documents.indexOf(a.evidence.id) - documents.indexOf(b.evidence.id) || a.evidence.start - b.evidence.start,
  );
}
