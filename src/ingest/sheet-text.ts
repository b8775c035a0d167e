import type { Block } from '../text/blocks.ts';

/** Rows and characters that are read of one sheet: beyond them it is data rather than a document. */
const MOST_ROWS = 100_000;
const MOST_CHARACTERS = 16_000_000;
/** Cells of one row. */
const MOST_CELLS = 2000;
/** Rows of one block. */
const BLOCK_ROWS = 200;

/** The text of a sheet: a line per row that is not empty, cells divided as in other tables. */
export class SheetText {
  readonly #lines: string[] = [];
  readonly #notes: string[] = [];
  #row: string[] = [];
  #length = 0;
  #full = false;

  constructor(readonly name: string) {}

  /** Rows were left out. */
  get isFull(): boolean {
    return this.#full;
  }

  beginRow(): void {
    this.#row = [];
  }

  /** @param column from 1. */
  cell(column: number, text: string): void {
    const clean = text.replace(/\s+/gu, ' ').trim();
    if (clean === '' || column > 1_000_000 || this.#row.length >= MOST_CELLS) return;
    this.#row.push(clean);
  }

  endRow(): void {
    if (this.#row.length === 0) return;
    if (this.#lines.length >= MOST_ROWS || this.#length >= MOST_CHARACTERS) {
      this.#full = true;
      return;
    }
    const line = this.#row.join(' | ');
    this.#row = [];
    this.#lines.push(line);
    this.#length += line.length + 1;
  }

  addNotes(notes: readonly string[]): void {
    for (const note of notes) if (note.trim() !== '') this.#notes.push(note.trim());
  }

  finish(): { readonly content: string; readonly blocks: readonly Block[]; readonly rows: number } {
    const blocks: Block[] = [];
    const parts: string[] = [];
    let length = 0;
    const add = (kind: Block['kind'], text: string, extra: Partial<Block> = {}): void => {
      if (parts.length > 0) length += 2;
      parts.push(text);
      blocks.push({ kind, start: length, end: length + text.length, ...extra });
      length += text.length;
    };
    add('heading', this.name, { level: 2, name: this.name });
    for (let i = 0; i < this.#lines.length; i += BLOCK_ROWS) {
      add('table', this.#lines.slice(i, i + BLOCK_ROWS).join('\n'));
    }
    for (const note of this.#notes) add('quote', note);
    return { content: parts.join('\n\n'), blocks, rows: this.#lines.length + this.#notes.length };
  }
}
