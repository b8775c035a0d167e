/** What a stretch of a document is; decides where passages may begin and end. */
export type BlockKind = 'heading' | 'paragraph' | 'list-item' | 'code' | 'table' | 'quote' | 'definition';

/**
 * A structural unit of a document. Offsets are UTF-16 code units into the document's text; blocks are disjoint and in
 * ascending order, and together they cover every character that is worth searching.
 */
export interface Block {
  readonly kind: BlockKind;
  readonly start: number;
  readonly end: number;
  /** Depth of a heading (1-6), or nesting depth of a `definition` (a function or class in source code, from 1). */
  readonly level?: number;
  /** Text of a heading, or name of a definition (`Parser.parse`). */
  readonly name?: string;
  /** Page of the original, from 1. */
  readonly page?: number;
}
