import { BitSet } from '../../base/bits.ts';
import { CorruptFileError, IncompatibleError } from '../../base/errors.ts';
import type { SectionSink, SectionSource } from '../../base/sections.ts';
import {
  bytesOf,
  checkBelow,
  checkFinite,
  checkSize,
  encodeListsHeader,
  ListSection,
  type ListsHeader,
  readExactly,
} from './format.ts';
import type { ListStore } from './lists.ts';
import type { IvfModel } from './model.ts';
import { type CodeRefiner, type FullRefiner, ReadingRefiner, type Refiner, type VectorReader } from './refine.ts';
import { needsExtras } from './scan.ts';

/** Writes lists, and the rows that refine them unless somebody else keeps those. */
export function writeLists(
  sink: SectionSink,
  model: IvfModel,
  store: ListStore,
  refiner: Refiner | undefined,
  counts: Pick<ListsHeader, 'items' | 'vectors' | 'addedError' | 'addedCount'>,
): void {
  const section = (name: string, bytes: Uint8Array) => {
    sink.begin(name, bytes.byteLength);
    sink.write(bytes);
  };
  const refine = refiner === undefined ? 'none' : refiner instanceof ReadingRefiner ? 'elsewhere' : 'here';
  section(ListSection.header, encodeListsHeader({ model: model.fingerprint, ...counts, refine }));
  section(ListSection.sizes, bytesOf(store.sizes));
  const codes = store.sizes.reduce((sum, size) => sum + size, 0);
  sink.begin(ListSection.ids, 4 * codes);
  for (let list = 0; list < store.count; list++) sink.write(bytesOf(store.ids(list)));
  sink.begin(
    ListSection.codes,
    store.sizes.reduce((sum, size) => sum + store.codeBytes(size), 0),
  );
  for (let list = 0; list < store.count; list++) sink.write(store.codes(list));
  if (needsExtras(model.parts.quantizer, model.metric === 'l2')) {
    sink.begin(ListSection.extras, 4 * codes);
    for (let list = 0; list < store.count; list++) sink.write(bytesOf(store.extras(list)));
  }
  if (refine !== 'here') return;
  sink.begin(ListSection.refine, counts.items * rowBytes(model));
  refiner!.write(counts.items, (bytes) => sink.write(bytes));
}

function rowBytes(model: IvfModel): number {
  return model.parts.refine?.codeSize ?? 4 * model.dim;
}

/** Saved lists, read piece by piece. Sizes are checked at once, contents where they are read. */
export class StoredLists implements VectorReader {
  /** Where lists begin among all ids, and among the bytes of all codes. */
  readonly #ids: Float64Array;
  readonly #codes: Float64Array;

  /**
   * Lays the lists out in `store`.
   *
   * @param elsewhere whether the caller has the vectors that refine.
   * @throws CorruptFileError @throws IncompatibleError
   */
  constructor(
    private readonly source: SectionSource,
    readonly header: ListsHeader,
    private readonly model: IvfModel,
    private readonly store: ListStore,
    elsewhere: boolean,
  ) {
    const { lists, metric, parts } = model;
    this.#checkHeader(elsewhere);
    const sizes = new Uint32Array(readExactly(source, ListSection.sizes, 4 * lists).buffer);
    this.#ids = new Float64Array(lists + 1);
    this.#codes = new Float64Array(lists + 1);
    for (let list = 0; list < lists; list++) {
      this.#ids[list + 1] = this.#ids[list]! + sizes[list]!;
      this.#codes[list + 1] = this.#codes[list]! + store.codeBytes(sizes[list]!);
    }
    const total = this.#ids[lists]!;
    checkSize(source, ListSection.ids, 4 * total);
    checkSize(source, ListSection.codes, this.#codes[lists]!);
    const extras = needsExtras(parts.quantizer, metric === 'l2');
    checkSize(source, ListSection.extras, extras ? 4 * total : 0);
    checkSize(source, ListSection.refine, header.refine === 'here' ? header.items * rowBytes(model) : 0);
    if (total !== header.vectors * (model.spill ? 2 : 1)) {
      throw new CorruptFileError(ListSection.sizes, `its lists have ${total} codes for ${header.vectors} vectors`);
    }
    store.attach(sizes, (list, codes, ids, more) => this.#read(list, codes, ids, more));
  }

  /** Which items there are. Reads all lists. @throws CorruptFileError when one is in more or fewer lists than it should be. */
  present(spill: boolean): BitSet {
    const { store } = this;
    const { items } = this.header;
    const copies = new Uint8Array(items);
    for (let list = 0; list < store.count; list++) for (const id of store.ids(list)) copies[id]!++;
    const most = spill ? 2 : 1;
    const present = new BitSet(items);
    for (let id = 0; id < items; id++) {
      if (copies[id] === 0) continue;
      if (copies[id] !== most) {
        throw new CorruptFileError(ListSection.ids, `item ${id} is in ${copies[id]} lists instead of ${most}`);
      }
      present.add(id);
    }
    return present;
  }

  read(ids: Uint32Array, target: Float32Array<ArrayBuffer>): void {
    const { dim } = this.model;
    for (let i = 0; i < ids.length; ) {
      // Neighbours are read together.
      let end = i + 1;
      while (end < ids.length && ids[end] === ids[end - 1]! + 1) end++;
      const bytes = new Uint8Array(target.buffer, target.byteOffset + 4 * dim * i, 4 * dim * (end - i));
      this.source.readInto(ListSection.refine, bytes, 4 * dim * ids[i]!);
      i = end;
    }
    checkFinite(target, ListSection.refine);
  }

  restoreVectors(refiner: FullRefiner): void {
    const { items } = this.header;
    refiner.restore(items, (target) => {
      this.source.readInto(ListSection.refine, new Uint8Array(target.buffer, target.byteOffset, target.byteLength));
      checkFinite(target, ListSection.refine);
    });
  }

  restoreCodes(refiner: CodeRefiner): void {
    const { items } = this.header;
    refiner.restore(items, (target) => this.source.readInto(ListSection.refine, target));
  }

  #checkHeader(elsewhere: boolean): void {
    const { header, model } = this;
    if (header.model !== model.fingerprint) {
      throw new IncompatibleError(
        'The codes of this index were made with another model.',
        'Open it with the model that it was built with, or build it again.',
      );
    }
    const refined = model.parsed.refine !== undefined;
    if (refined !== (header.refine !== 'none') || (header.refine === 'elsewhere' && model.parsed.refine !== 'full')) {
      throw new CorruptFileError(ListSection.header, `it contradicts the specification ${model.spec}`);
    }
    if (header.refine === 'elsewhere' && !elsewhere) {
      throw new IncompatibleError(
        'This index was saved without its full-precision vectors.',
        'Pass a reader of them as the option `vectors`.',
      );
    }
  }

  #read(list: number, codes: Uint8Array, ids: Uint32Array, extras: Float32Array | undefined): void {
    const { source, header } = this;
    const first = 4 * this.#ids[list]!;
    source.readInto(ListSection.codes, codes, this.#codes[list]!);
    source.readInto(ListSection.ids, asBytes(ids), first);
    checkBelow(ids, header.items, ListSection.ids);
    if (extras === undefined) return;
    source.readInto(ListSection.extras, asBytes(extras), first);
    checkFinite(extras, ListSection.extras);
  }
}

function asBytes(array: Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
