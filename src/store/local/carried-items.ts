import type { FieldItem } from '../types.ts';
import { type FieldFile, KEY_BYTES } from './field-file.ts';
import { itemOf } from './field-kinds.ts';
import { buildIdTable, withHash } from './ids.ts';

/**
 * Items that were made for segments which have been merged since, found by what they were made from. Memory: 28 bytes a
 * passage of those segments, from the first look-up on.
 */
export class CarriedItems {
  #keys: Uint8Array | undefined;
  #table: Uint32Array | undefined;
  /** For each row of the table, the file and the passage in it. */
  #places: { readonly file: FieldFile; readonly first: number }[] = [];

  constructor(readonly files: readonly FieldFile[]) {}

  /** The item that was made from the same, if there is one. */
  find(key: Uint8Array): FieldItem | undefined {
    if (this.files.length === 0) return undefined;
    if (this.#table === undefined) this.#read();
    const [high, low] = halves(key);
    for (const row of withHash(this.#table!, high, low)) {
      if (Buffer.compare(this.#keys!.subarray(KEY_BYTES * row, KEY_BYTES * (row + 1)), key) !== 0) continue;
      const { file, first } = this.#places.findLast((place) => place.first <= row)!;
      // Others with this key were made from the same, and are the same.
      return itemOf(file.index, row - first);
    }
    return undefined;
  }

  close(): void {
    for (const file of this.files) file.close();
  }

  #read(): void {
    let first = 0;
    const keys = this.files.map((file) => {
      this.#places.push({ file, first });
      first += file.index.count;
      return file.keys();
    });
    this.#keys = Buffer.concat(keys);
    const hashes = new Uint32Array(2 * first);
    for (let row = 0; row < first; row++) {
      hashes.set(halves(this.#keys.subarray(KEY_BYTES * row, KEY_BYTES * (row + 1))), 2 * row);
    }
    this.#table = buildIdTable(hashes);
  }
}

/** The first eight bytes of a key, which is a hash already. */
function halves(key: Uint8Array): readonly [high: number, low: number] {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  return [view.getUint32(0, true), view.getUint32(4, true)];
}
