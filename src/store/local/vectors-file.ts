import { readSection } from '../../base/sections.ts';
import { FlatIndex } from '../../index/index.ts';
import { ContainerReader, type FileStamp } from './container.ts';

/** Bytes of a passage's key in {@link KEYS}. */
export const KEY_BYTES = 16;
/** Section of a vectors file: for each passage what its vector was made from (`passageKey`), zeros for a dead one. */
export const KEYS = 'keys';

/**
 * An open file of vectors for the passages of one segment, or a stretch of them, made after the segment was: the sections
 * `dense.*` of a `FlatIndex`, one item a passage, and {@link KEYS}. What the segment holds of its own is not looked at then.
 */
export class VectorsFile {
  readonly container: ContainerReader;
  #index: FlatIndex | undefined;

  /** @throws CorruptFileError, IncompatibleError */
  constructor(path: string, expected?: FileStamp) {
    this.container = new ContainerReader(path, expected);
  }

  /** @throws CorruptFileError, IncompatibleError */
  get index(): FlatIndex {
    this.#index ??= FlatIndex.open(this.container);
    return this.#index;
  }

  /** {@link KEY_BYTES} for each passage. */
  keys(): Uint8Array {
    return readSection(this.container, KEYS);
  }

  close(): void {
    this.container.close();
  }
}
