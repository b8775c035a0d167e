import type { Block } from './blocks.ts';
import { isBlank } from './token-count.ts';

/**
 * A section of a document: what a heading governs up to the next heading of its level or above, or what belongs to one
 * definition in source code. The root has no title and holds everything.
 */
export interface Section {
  readonly title: string | undefined;
  /** Titles from the outermost section to this one. */
  readonly path: readonly string[];
  /** Its own blocks before the first subsection, its heading included; blank edges trimmed, none empty. */
  readonly own: Block[];
  readonly children: Section[];
}

/** Arranges blocks in sections. Blocks without a visible character are left out. */
export function sectionTree(text: string, blocks: readonly Block[]): Section {
  const root: Section = { title: undefined, path: [], own: [], children: [] };
  /** Open sections, outermost first. Definitions nest inside headings. */
  const open: { section: Section; rank: number }[] = [{ section: root, rank: 0 }];
  for (const original of blocks) {
    const block = trimmed(text, original);
    if (block === undefined) continue;
    const rank = rankOf(block);
    const opens = block.kind === 'heading' || block.kind === 'definition';
    while (open.length > 1 && (opens || block.kind === 'code') && open.at(-1)!.rank >= rank) open.pop();
    let target = open.at(-1)!.section;
    if (opens) {
      const title = (block.name ?? '').trim();
      const section = { title, path: title === '' ? target.path : [...target.path, title], own: [], children: [] };
      target.children.push(section);
      open.push({ section, rank });
      target = section;
    } else if (target.children.length > 0) {
      // Text behind the subsections belongs to no subsection: an untitled one keeps the order.
      const section = { title: undefined, path: target.path, own: [], children: [] };
      target.children.push(section);
      target = section;
    }
    target.own.push(block);
  }
  handDownHeadings(root);
  return root;
}

/** Headings rank 1-6; whatever has a nesting depth in source code ranks below them. */
function rankOf(block: Block): number {
  if (block.kind === 'heading') return block.level ?? 1;
  if (block.kind === 'definition') return 100 + (block.level ?? 1);
  // Code between definitions: inside those that are less deep than it says; without a depth, wherever it stands.
  return block.kind === 'code' && block.level !== undefined ? 100 + block.level : Number.POSITIVE_INFINITY;
}

/** A heading directly followed by a subsection says nothing alone: it goes to the front of that subsection. */
function handDownHeadings(section: Section): void {
  const first = section.children[0];
  if (first !== undefined && section.own.length > 0 && section.own.every(({ kind }) => kind === 'heading')) {
    first.own.unshift(...section.own);
    section.own.length = 0;
  }
  for (const child of section.children) handDownHeadings(child);
}

function trimmed(text: string, block: Block): Block | undefined {
  let { start, end } = block;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  if (start === end) return undefined;
  return start === block.start && end === block.end ? block : { ...block, start, end };
}
