import { CorruptFileError, invariant } from '../../base/errors.ts';
import { readSection, type SectionSource } from '../../base/sections.ts';
import { BlockCache, type BlockList } from './block-cache.ts';
import type { ContainerWriter } from './container.ts';
import { deflate, fromUtf8, inflate, toUtf8 } from './platform.ts';

/**
 * Many small JSON values, addressed by number: packed into blocks of about 16 KiB, each a JSON array compressed with
 * raw DEFLATE. Two sections: `NAME.blocks`, the blocks behind one another, and `NAME.index`, for each block two u32:
 * how many values it holds and how many bytes it has.
 */
const BLOCK_CHARACTERS = 16_384;

/** Writes the values of one list; nothing else may be written to the container until `finish`. */
export class JsonBlocksWriter {
  readonly #index: number[] = [];
  #values: string[] = [];
  #characters = 0;

  constructor(
    readonly container: ContainerWriter,
    readonly name: string,
  ) {
    container.begin(`${name}.blocks`);
  }

  add(value: unknown): void {
    const json = JSON.stringify(value);
    this.#values.push(json);
    this.#characters += json.length;
    if (this.#characters >= BLOCK_CHARACTERS) this.#flush();
  }

  finish(): void {
    this.#flush();
    this.container.section(`${this.name}.index`, new Uint8Array(Uint32Array.from(this.#index).buffer));
  }

  #flush(): void {
    if (this.#values.length === 0) return;
    const block = deflate(toUtf8(`[${this.#values.join(',')}]`));
    this.container.write(block);
    this.#index.push(this.#values.length, block.byteLength);
    this.#values = [];
    this.#characters = 0;
  }
}

/** Reads values by number, a block at a time; the index (8 bytes a block) is read at the first use. */
export class JsonBlocks<T> {
  #starts: { readonly values: Float64Array; readonly bytes: Float64Array } | undefined;
  readonly #cache: BlockList<readonly T[]>;

  /** @param path for messages. @param cache keeps unpacked blocks. */
  constructor(
    readonly source: SectionSource,
    readonly name: string,
    readonly path: string,
    cache = new BlockCache(),
  ) {
    this.#cache = cache.list();
  }

  get count(): number {
    return this.#offsets().values.at(-1)!;
  }

  get(i: number): T {
    const { values } = this.#offsets();
    invariant(Number.isInteger(i) && i >= 0, `value ${i} of ${this.name}`);
    // How many there are is said elsewhere too: in the manifest, or by another part of the file.
    if (i >= values.at(-1)!) throw this.#corrupt(`ends before its value ${i}`);
    let low = 0;
    let high = values.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (values[middle]! <= i) low = middle;
      else high = middle;
    }
    return this.#cache.get(low, () => this.#block(low))[i - values[low]!]!;
  }

  /** All values in order, each block parsed once and not kept. */
  *[Symbol.iterator](): Generator<T> {
    const { values } = this.#offsets();
    for (let block = 0; block + 1 < values.length; block++) yield* this.#block(block);
  }

  /** Frees what is kept of it. */
  close(): void {
    this.#cache.forget();
  }

  #offsets() {
    if (this.#starts !== undefined) return this.#starts;
    const bytes = readSection(this.source, `${this.name}.index`);
    if (bytes.byteLength % 8 !== 0) throw this.#corrupt('has an index of odd length');
    const index = new Uint32Array(bytes.buffer);
    const blocks = index.length / 2;
    const values = new Float64Array(blocks + 1);
    const offsets = new Float64Array(blocks + 1);
    for (let i = 0; i < blocks; i++) {
      values[i + 1] = values[i]! + index[2 * i]!;
      offsets[i + 1] = offsets[i]! + index[2 * i + 1]!;
    }
    if (offsets[blocks] !== this.source.size(`${this.name}.blocks`)) throw this.#corrupt('contradicts its index');
    this.#starts = { values, bytes: offsets };
    return this.#starts;
  }

  #block(block: number): readonly T[] {
    const { values, bytes } = this.#offsets();
    const compressed = new Uint8Array(bytes[block + 1]! - bytes[block]!);
    this.source.readInto(`${this.name}.blocks`, compressed, bytes[block]!);
    let parsed: unknown;
    try {
      parsed = JSON.parse(fromUtf8(inflate(compressed)));
    } catch (error) {
      throw this.#corrupt(`cannot be unpacked (block ${block})`, error);
    }
    if (!Array.isArray(parsed) || parsed.length !== values[block + 1]! - values[block]!) {
      throw this.#corrupt(`has a block of another length than its index says (block ${block})`);
    }
    return parsed as T[];
  }

  #corrupt(problem: string, cause?: unknown): CorruptFileError {
    return new CorruptFileError(this.path, `the list ${this.name} ${problem}`, undefined, { cause });
  }
}
