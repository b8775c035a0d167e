import type { Block } from '../text/blocks.ts';

/** What a line is, beside text. */
export type LineKind =
  /** `title` of a section; `lines` more belong to it. */
  | { readonly is: 'heading'; readonly name: string; readonly level: number; readonly lines?: number }
  /** Everything up to a line that `ends` accepts, with it; or without it, where it is text of its own. */
  | { readonly is: 'code' | 'table' | 'hidden'; readonly ends: (line: string) => boolean; readonly without?: true }
  /** No words for readers: an attribute, a comment. */
  | { readonly is: 'skipped' }
  | { readonly is: 'list-item' }
  | undefined;

/**
 * Blocks of a text in light markup, in whole lines of the original: paragraphs by blank lines, and what the syntax says
 * of a line. One pass; nothing is parsed within a line.
 *
 * @param classify sees the lines and which one is in question.
 */
export function markupBlocks(
  text: string,
  from: number,
  classify: (lines: readonly string[], at: number) => LineKind,
): Block[] {
  const blocks: Block[] = [];
  const starts: number[] = [];
  const lines: string[] = [];
  for (let start = from; start <= text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    starts.push(start);
    lines.push(text.slice(start, end).replace(/\r$/, ''));
    start = end + 1;
  }
  const endOf = (line: number): number => starts[line]! + lines[line]!.length;
  let open = -1;
  let kind: Block['kind'] = 'paragraph';
  const close = (before: number): void => {
    if (open >= 0) push(kind, open, before - 1);
    open = -1;
    kind = 'paragraph';
  };
  const push = (what: Block['kind'], first: number, last: number, extra: Partial<Block> = {}): void => {
    let end = last;
    while (end > first && lines[end]!.trim() === '') end--;
    if (lines[first]!.trim() === '' && first === end) return;
    blocks.push({ kind: what, start: starts[first]!, end: endOf(end), ...extra });
  };
  for (let i = 0; i < lines.length; i++) {
    if (lines[i]!.trim() === '') {
      close(i);
      continue;
    }
    const found = classify(lines, i);
    if (found === undefined) {
      if (open < 0) open = i;
      continue;
    }
    if (found.is === 'list-item') {
      close(i);
      open = i;
      kind = 'list-item';
      continue;
    }
    close(i);
    if (found.is === 'heading') {
      const last = Math.min(i + (found.lines ?? 0), lines.length - 1);
      push('heading', i, last, { name: found.name, level: Math.min(Math.max(found.level, 1), 6) });
      i = last;
    } else if (found.is !== 'skipped') {
      let last = i + 1;
      while (last < lines.length && !found.ends(lines[last]!)) last++;
      if (found.without) last--;
      if (found.is !== 'hidden') push(found.is, i, Math.min(last, lines.length - 1));
      i = last;
    }
  }
  close(lines.length);
  return blocks;
}
