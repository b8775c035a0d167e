import type { Block } from '../text/blocks.ts';

/** A text that is put together from parts, each with its blocks. */
export class TextParts {
  readonly blocks: Block[] = [];
  readonly #parts: string[] = [];
  #length = 0;

  get text(): string {
    return this.#parts.join('');
  }

  /** Adds a part behind an empty line. @param blocks places in `text`; default: one block of the kind, or none if blank. */
  add(text: string, blocks: readonly Block[]): void {
    if (text.trim() === '') return;
    if (this.#length > 0) {
      this.#parts.push('\n\n');
      this.#length += 2;
    }
    for (const block of blocks) {
      this.blocks.push({ ...block, start: block.start + this.#length, end: block.end + this.#length });
    }
    this.#parts.push(text);
    this.#length += text.length;
  }

  addBlock(kind: Block['kind'], text: string, extra: Partial<Block> = {}): void {
    const clean = text.trim();
    this.add(clean, [{ kind, start: 0, end: clean.length, ...extra }]);
  }
}
