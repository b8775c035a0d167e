import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { DocumentAnswer } from './api.ts';
import { directionOf, pieces, type Range, visible } from './text.ts';

/** Characters of one block: the browser lays out only the blocks that are in view. */
const BLOCK = 4000;

interface Block {
  readonly start: number;
  readonly text: string;
  /** Whether a passage begins here. */
  readonly passage: boolean;
  readonly headings: readonly string[];
  readonly marks: readonly Range[];
}

/** A text as it is, with the words of the query and the passage in view marked. */
export function PlainText({
  document,
  passage,
  addressOf,
  onPassage,
}: {
  readonly document: DocumentAnswer;
  readonly passage: Range | undefined;
  readonly addressOf: (start: number) => string;
  readonly onPassage: (start: number) => void;
}): JSX.Element {
  const blocks = useMemo(() => blocksOf(document), [document]);
  return (
    <>
      {blocks.map((block) => (
        <div key={block.start} class="block" dir={directionOf(block.text)}>
          {block.passage && (
            <a
              class="anchor"
              href={addressOf(block.start)}
              title={block.headings.length === 0 ? 'Link to this passage' : block.headings.join(' › ')}
              aria-label="Link to this passage"
              tabIndex={-1}
              onClick={(event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                onPassage(block.start);
              }}
            >
              ¶
            </a>
          )}
          <BlockText block={block} passage={passage} />
        </div>
      ))}
    </>
  );
}

/** Paragraphs of a stretch of text, and the blank lines between them: on those the mark of a passage is a blot. */
function paragraphsOf(text: string, from: number, to: number): [begin: number, end: number, isSpace: boolean][] {
  const parts: [number, number, boolean][] = [];
  let begin = from;
  for (const { 0: gap, index } of text.slice(from, to).matchAll(/\n\s*\n/g)) {
    parts.push([begin, from + index, false], [from + index, from + index + gap.length, true]);
    begin = from + index + gap.length;
  }
  parts.push([begin, to, false]);
  return parts.filter(([start, end]) => end > start);
}

function BlockText({
  block: { start, text, marks },
  passage,
}: {
  readonly block: Block;
  readonly passage: Range | undefined;
}): JSX.Element {
  const from = passage === undefined ? text.length : clamp(passage.start - start, 0, text.length);
  const to = passage === undefined ? text.length : clamp(passage.end - start, from, text.length);
  const part = (begin: number, end: number): (JSX.Element | string)[] =>
    pieces(
      visible(text.slice(begin, end)),
      marks
        .filter((mark) => mark.end > begin && mark.start < end)
        .map((mark) => ({ start: Math.max(0, mark.start - begin), end: Math.min(end, mark.end) - begin })),
    ).map((piece, i) => (piece.marked ? <mark key={i}>{piece.text}</mark> : piece.text));
  return (
    <>
      {part(0, from)}
      {paragraphsOf(text, from, to).map(([begin, end, isSpace]) =>
        isSpace ? (
          text.slice(begin, end)
        ) : (
          <span key={begin} class="here">
            {part(begin, end)}
          </span>
        ),
      )}
      {part(to, text.length)}
    </>
  );
}

function clamp(value: number, least: number, greatest: number): number {
  return Math.min(greatest, Math.max(least, value));
}

/** The text cut where passages begin, and within long ones, never within a pair of surrogates. */
function blocksOf({ text, passages = [], marks = [] }: DocumentAnswer): Block[] {
  const starts = new Map(passages.map(({ start, headings }) => [start, headings]));
  const cuts = new Set([0, ...starts.keys()]);
  const sorted = [...cuts].sort((a, b) => a - b);
  const blocks: Block[] = [];
  let mark = 0;
  sorted.forEach((start, i) => {
    const end = sorted[i + 1] ?? text.length;
    for (let at = start; at < end; ) {
      let next = Math.min(end, at + BLOCK);
      const code = text.charCodeAt(next);
      if (next < end && code >= 0xdc00 && code < 0xe000) next++;
      while (mark < marks.length && marks[mark]!.end <= at) mark++;
      const own: Range[] = [];
      for (let m = mark; m < marks.length && marks[m]!.start < next; m++) {
        own.push({ start: Math.max(0, marks[m]!.start - at), end: Math.min(next, marks[m]!.end) - at });
      }
      blocks.push({
        start: at,
        text: text.slice(at, next),
        passage: starts.has(at),
        headings: starts.get(at) ?? [],
        marks: own,
      });
      at = next;
    }
  });
  return blocks;
}
