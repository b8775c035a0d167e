let segmenter: Intl.Segmenter | undefined;

/** Text given to `Intl.Segmenter` at once: keeps its memory and time bounded on texts of one endless line. */
const WINDOW = 8_192;

/** A line that only wraps: the sentence goes on where the next line starts with a small letter or a digit. */
const unfinished = /[^.!?…。！？:;|\s"'”’)\]]\s*\n\s*$/u;
const goesOn = /^[\p{Ll}\p{Nd}(]/u;

/** Where the sentences of `text.slice(start, end)` begin, ascending, `start` included. */
export function sentenceStarts(text: string, start: number, end: number): number[] {
  segmenter ??= new Intl.Segmenter('und', { granularity: 'sentence' });
  const starts = [start];
  let from = start;
  while (from < end) {
    const to = Math.min(end, from + WINDOW);
    const found: number[] = [];
    for (const { index } of segmenter.segment(text.slice(from, to))) if (index > 0) found.push(from + index);
    // The last sentence of a window may go on behind it; it is looked at again from its beginning.
    const last = found.at(-1);
    for (const place of found) {
      const wrapped =
        unfinished.test(text.slice(Math.max(start, place - 80), place)) && goesOn.test(text.slice(place, place + 2));
      if (!wrapped) starts.push(place);
    }
    if (to === end) break;
    from = last ?? to;
  }
  return starts;
}

/** Where the lines of `text.slice(start, end)` begin, ascending, `start` included. */
export function lineStarts(text: string, start: number, end: number): number[] {
  const starts = [start];
  for (let i = text.indexOf('\n', start); i >= 0 && i + 1 < end; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return starts;
}
