import { invariant } from '../../base/errors.ts';
import { readSection } from '../../base/sections.ts';
import { FlatIndex } from '../../index/index.ts';
import type { VectorFieldSettings } from '../types.ts';
import { ContainerReader, type FileStamp } from './container.ts';
import { FIELD_KINDS, type FieldIndex } from './field-kinds.ts';
import type { Files } from './filesystem.ts';
import { TokenIndex } from './seldom.ts';

/** Bytes of a passage's key in {@link KEYS}. */
export const KEY_BYTES = 16;
/** Section of a file that is being made: for each passage what its item was made from (`textKey`), zeros where there was nothing. */
export const KEYS = 'keys';

/**
 * An open file of what a field holds of one segment, or of a stretch of it: the sections of the index of the field's kind, one item a
 * passage. Where it belongs to `meaning`, what the segment holds of its own is not looked at.
 */
export class FieldFile {
  readonly container: ContainerReader;
  #index: FieldIndex | undefined;

  /** @throws CorruptFileError, IncompatibleError */
  constructor(
    path: string,
    files: Files,
    private readonly kind: VectorFieldSettings['kind'],
    expected?: FileStamp,
  ) {
    this.container = new ContainerReader(path, files, expected);
  }

  /** @throws CorruptFileError, IncompatibleError */
  get index(): FieldIndex {
    this.#index ??= FIELD_KINDS[this.kind].open(this.container);
    return this.#index;
  }

  /** Of a field of one vector for each passage. */
  get flat(): FlatIndex {
    const { index } = this;
    invariant(index instanceof FlatIndex, `${this.container.path} holds token vectors`);
    return index;
  }

  /** Of a field of a vector for each token. */
  get tokens(): TokenIndex {
    const { index } = this;
    invariant(index instanceof TokenIndex, `${this.container.path} holds no token vectors`);
    return index;
  }

  /** {@link KEY_BYTES} for each passage. */
  keys(): Uint8Array {
    return readSection(this.container, KEYS);
  }

  close(): void {
    this.container.close();
  }
}
