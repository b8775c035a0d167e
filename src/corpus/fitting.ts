import type { EncoderWindow } from '../encode/encoder.ts';
import { type Block, type Passage, splitPassages } from '../text/index.ts';
import { embeddingText } from './embedding-text.ts';

/** Where a passage stands in its document. */
export type PassagePlace = Pick<Passage, 'start' | 'end' | 'headings' | 'page'>;

/** What {@link fitPassages} gives. */
export interface FittedPassages {
  readonly places: readonly PassagePlace[];
  /** Passages that are still longer than the encoder reads: a title or a single piece that cannot be cut. */
  readonly cut: number;
}

/** Passages are not cut below this many estimated tokens. */
const FEWEST = 8;

/**
 * Cuts passages that are longer than an encoder reads, with their title and heading, along their structure into pieces that it reads to their
 * end. How many tokens a word has depends on the encoder; code and names have many.
 */
export async function fitPassages(
  document: { readonly title: string; readonly text: string; readonly blocks: readonly Block[] },
  places: readonly PassagePlace[],
  window: EncoderWindow,
  overlap: number,
): Promise<FittedPassages> {
  const { title, text, blocks } = document;
  const fitted: PassagePlace[] = [];
  let cut = 0;
  const waiting = [...places].reverse();
  while (waiting.length > 0) {
    const place = waiting.pop()!;
    const own = text.slice(place.start, place.end);
    const seen = embeddingText(title, place.headings, own);
    // A token has a character at least.
    const tokens = seen.length <= window.tokens ? 0 : await window.count(seen);
    if (tokens <= window.tokens) {
      fitted.push(place);
      continue;
    }
    const around = await window.count(embeddingText(title, place.headings, ''));
    // At least a quarter is for the text, however long the title is.
    const room = Math.max(window.tokens - around, window.tokens / 4);
    const pieces = halved(text, blocks, place, room / Math.max(1, tokens - around), overlap);
    if (pieces.length > 1) waiting.push(...pieces.reverse());
    else {
      fitted.push(place);
      cut++;
    }
  }
  // Pieces of a passage may begin after the next one, which repeats the end of the one before it.
  return { places: fitted.sort((a, b) => a.start - b.start || a.end - b.end), cut };
}

/** A passage in pieces of at most `share` of its length. */
function halved(
  text: string,
  blocks: readonly Block[],
  { start, end, headings }: PassagePlace,
  share: number,
  overlap: number,
): PassagePlace[] {
  const inside = blocks
    .filter((block) => block.start < end && block.end > start)
    .map((block) => ({ ...block, start: Math.max(start, block.start), end: Math.min(end, block.end) }));
  const [whole] = splitPassages(text, inside, { maxTokens: Number.MAX_SAFE_INTEGER, overlap: 0 });
  // The estimate is of words, and longer pieces have more tokens a word: a little less than the share.
  const maxTokens = Math.floor(0.95 * Math.min(share, 0.95) * (whole?.tokens ?? 0));
  if (maxTokens < FEWEST) return [];
  return splitPassages(text, inside, { maxTokens, overlap: Math.min(overlap, maxTokens >> 2), minTokens: 0 }).map(
    (piece) => ({
      start: piece.start,
      end: piece.end,
      headings: [...headings, ...piece.headings.filter((heading) => !headings.includes(heading))],
      ...(piece.page === undefined ? {} : { page: piece.page }),
    }),
  );
}
