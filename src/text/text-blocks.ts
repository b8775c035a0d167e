import type { Block } from './blocks.ts';

/** The paragraphs of plain text: what blank lines separate. A form feed begins a new page's paragraph as well. */
export function textBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  const gap = /(?:\r\n|\r|\n)[^\S\r\n]*(?:\r\n|\r|\n)\s*|\f\s*/g;
  let start = 0;
  const push = (end: number): void => {
    if (/\S/.test(text.slice(start, end))) blocks.push({ kind: 'paragraph', start, end });
  };
  for (const match of text.matchAll(gap)) {
    push(match.index);
    start = match.index + match[0].length;
  }
  push(text.length);
  return blocks;
}
