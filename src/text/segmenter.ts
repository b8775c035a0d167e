import type { Part } from './chunks.ts';

let words: Intl.Segmenter | undefined;

/** Longest run given to `Intl.Segmenter` at once; longer ones (no punctuation for pages) are cut. */
const RUN = 2_048;

const han = /^\p{Script=Han}+$/u;

/**
 * Words of a run of text in a script that does not separate them (Han, Kana, Thai, Lao, Khmer, Myanmar), found by
 * `Intl.Segmenter` with ICU's dictionaries.
 */
export function segmentDense(run: string): Part[] {
  words ??= new Intl.Segmenter('und', { granularity: 'word' });
  const parts: Part[] = [];
  for (let from = 0; from < run.length; from += RUN) {
    const piece = from === 0 && run.length <= RUN ? run : run.slice(from, from + RUN);
    for (const { segment, index } of words.segment(piece)) {
      const start = from + index;
      parts.push({ text: segment, start, end: start + segment.length });
      if (segment.length > 2 && han.test(segment)) {
        for (let i = 0; i + 2 <= segment.length; i++) {
          parts.push({ text: segment.slice(i, i + 2), start: start + i, end: start + i + 2 });
        }
      }
    }
  }
  return parts;
}
