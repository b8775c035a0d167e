import { BitSet } from '../../base/bits.ts';
import { type Address, type Arena, PQ4_BLOCK, pq4BlockBytes } from '../../kernels/index.ts';

/** How the codes of a list lie in memory: 4-bit codes in blocks of 32 for in-register tables, or one row after the other. */
export type CodeLayout =
  | { readonly kind: 'blocks'; readonly parts: number; readonly codeSize: number }
  | { readonly kind: 'rows'; readonly codeSize: number };

/** Where a list lies: codes, ids (uint32), and, if there are any, one float32 for each code. */
export interface ListAddresses {
  readonly codes: Address;
  readonly ids: Address;
  /** 0 when lists have none. */
  readonly extras: Address;
}

/** Which lists there are, a number for each: how many codes it has and has room for, and where it begins. */
export interface ListTables {
  readonly sizes: Uint32Array;
  readonly capacities: Uint32Array;
  readonly starts: Float64Array;
}

/** Reads one list of a saved index into the views given, which are as long as the list. */
export type ListLoader = (list: number, codes: Uint8Array, ids: Uint32Array, extras: Float32Array | undefined) => void;

/**
 * Inverted lists in an arena. A list is one stretch of memory with some room to grow; when it is full, it moves to a larger
 * one, and what it leaves is used by the next list that needs as much. Rooms come in few sizes (1, 2, 3, 4, 6, 8, 12, ...
 * blocks of 32), so that such leavings fit. Removing moves the last code of the list into the gap.
 *
 * Lists may be laid out before they are read: {@link attach} reserves their room (pages of the memory that nothing was written
 * to cost nothing), and {@link load} fills a list when it is first needed.
 *
 * The arena's scratch space must not be in use while a list grows or lists are attached.
 */
export class ListStore {
  /** Codes in each list. */
  readonly sizes: Uint32Array;
  /** For a store of another thread, over the same memory: it sees what becomes of the lists, and must not change them. */
  readonly tables: ListTables;
  readonly #capacities: Uint32Array;
  readonly #starts: Float64Array;
  readonly #free = new Map<number, Address[]>();
  #bytes = 0;
  #loader: ListLoader | undefined;
  /** Lists that are yet to be read, while there is a loader. */
  #missing = new BitSet(0);

  constructor(
    private readonly arena: Arena,
    readonly count: number,
    readonly layout: CodeLayout,
    private readonly withExtras: boolean,
    tables?: ListTables,
  ) {
    this.tables = tables ?? makeTables(count, arena.shared);
    this.sizes = this.tables.sizes;
    this.#capacities = this.tables.capacities;
    this.#starts = this.tables.starts;
  }

  /** Bytes of all lists, their room to grow and what they left behind included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Where the list lies; {@link load} it before its contents are used. */
  addresses(list: number): ListAddresses {
    const codes = this.#starts[list]!;
    const capacity = this.#capacities[list]!;
    const ids = codes + this.codeBytes(capacity);
    return { codes, ids, extras: this.withExtras ? ids + 4 * capacity : 0 };
  }

  /** Lays out empty lists for so many codes each, which `loader` reads when they are first needed. */
  attach(sizes: Uint32Array, loader: ListLoader): void {
    this.sizes.set(sizes);
    this.#loader = loader;
    this.#missing = new BitSet(this.count);
    this.#missing.addRange(0, this.count);
    for (let list = 0; list < this.count; list++) {
      const capacity = Math.ceil(sizes[list]! / PQ4_BLOCK) * PQ4_BLOCK;
      this.#capacities[list] = capacity;
      if (capacity === 0) continue;
      this.#starts[list] = this.arena.allocate(this.#listBytes(capacity), 64);
      this.#bytes += this.#listBytes(capacity);
    }
  }

  /** Reads the list if it was not read yet. @throws CorruptFileError */
  load(list: number): void {
    if (this.#loader === undefined || !this.#missing.has(list)) return;
    const size = this.sizes[list]!;
    if (size > 0) {
      const { codes, ids, extras } = this.addresses(list);
      const { arena } = this;
      this.#loader(
        list,
        arena.u8(codes, this.codeBytes(size)),
        arena.u32(ids, size),
        extras === 0 ? undefined : arena.f32(extras, size),
      );
    }
    this.#missing.delete(list);
  }

  /** Whether the list's codes are in memory. */
  isLoaded(list: number): boolean {
    return this.#loader === undefined || !this.#missing.has(list);
  }

  /** A copy of one code. */
  code(list: number, position: number): Uint8Array {
    this.load(list);
    const { arena, layout } = this;
    const { codes } = this.addresses(list);
    if (layout.kind === 'rows') return arena.u8(codes + position * layout.codeSize, layout.codeSize).slice();
    const mark = arena.mark();
    const row = arena.allocate(layout.codeSize);
    arena.kernels.unpackPq4(codes, position, 1, layout.parts, row);
    const code = arena.u8(row, layout.codeSize).slice();
    arena.release(mark);
    return code;
  }

  /** Reads what was not read yet. @throws CorruptFileError */
  loadAll(): void {
    if (this.#loader === undefined) return;
    for (let list = 0; list < this.count; list++) this.load(list);
    this.#loader = undefined;
  }

  /** A view of the list's ids, until the arena grows. */
  ids(list: number): Uint32Array {
    this.load(list);
    return this.arena.u32(this.addresses(list).ids, this.sizes[list]!);
  }

  /** A view of one extra number for each code. */
  extras(list: number): Float32Array {
    this.load(list);
    return this.arena.f32(this.addresses(list).extras, this.sizes[list]!);
  }

  /** A view of the codes as they lie. */
  codes(list: number): Uint8Array {
    this.load(list);
    return this.arena.u8(this.#starts[list]!, this.codeBytes(this.sizes[list]!));
  }

  /** Makes room for `more` further codes, where there is not enough: for just as many the first time, with some to spare later. */
  reserve(list: number, more: number): void {
    const needed = this.sizes[list]! + more;
    const capacity = this.#capacities[list]!;
    if (needed <= capacity) return;
    this.#move(list, capacity === 0 ? Math.ceil(needed / PQ4_BLOCK) * PQ4_BLOCK : roomFor(needed));
  }

  /** Appends one code. @param extra ignored by lists without. */
  append(list: number, id: number, code: Uint8Array, extra = 0): void {
    const position = this.sizes[list]!;
    if (position === this.#capacities[list]!) this.#move(list, roomFor(position + 1));
    this.sizes[list] = position + 1;
    const { arena, layout } = this;
    const { codes, ids, extras } = this.addresses(list);
    if (layout.kind === 'rows') {
      arena.u8(codes + position * layout.codeSize, layout.codeSize).set(code);
    } else {
      const mark = arena.mark();
      arena.kernels.packPq4(arena.put(code), 1, layout.parts, codes, position);
      arena.release(mark);
    }
    arena.u32(ids, position + 1)[position] = id;
    if (extras !== 0) arena.f32(extras, position + 1)[position] = extra;
  }

  /** Takes a code out; returns the id that took its place, or -1 if it was the last. */
  remove(list: number, position: number): number {
    const last = this.sizes[list]! - 1;
    this.sizes[list] = last;
    if (position === last) return -1;
    const { arena, layout } = this;
    const { codes, ids, extras } = this.addresses(list);
    if (layout.kind === 'rows') {
      const { codeSize } = layout;
      arena.u8(codes, (last + 1) * codeSize).copyWithin(position * codeSize, last * codeSize);
    } else {
      const mark = arena.mark();
      const row = arena.allocate(layout.codeSize);
      arena.kernels.unpackPq4(codes, last, 1, layout.parts, row);
      arena.kernels.packPq4(row, 1, layout.parts, codes, position);
      arena.release(mark);
    }
    const numbers = arena.u32(ids, last + 1);
    numbers[position] = numbers[last]!;
    if (extras !== 0) {
      const values = arena.f32(extras, last + 1);
      values[position] = values[last]!;
    }
    return numbers[position]!;
  }

  /** Bytes of `count` codes as they lie. */
  codeBytes(count: number): number {
    return this.layout.kind === 'rows' ? count * this.layout.codeSize : pq4BlockBytes(count, this.layout.parts);
  }

  #listBytes(capacity: number): number {
    return this.codeBytes(capacity) + (this.withExtras ? 8 : 4) * capacity;
  }

  #move(list: number, capacity: number): void {
    const size = this.sizes[list]!;
    const before = this.addresses(list);
    const oldCapacity = this.#capacities[list]!;
    const reused = this.#free.get(capacity)?.pop();
    const start = reused ?? this.arena.allocate(this.#listBytes(capacity), 64);
    if (reused === undefined) this.#bytes += this.#listBytes(capacity);
    this.#starts[list] = start;
    this.#capacities[list] = capacity;
    const after = this.addresses(list);
    const { arena } = this;
    const copy = (from: Address, to: Address, bytes: number) => arena.u8(to, bytes).set(arena.u8(from, bytes));
    // Codes behind the last are read by kernels, if never used: they may hold anything.
    copy(before.codes, after.codes, this.codeBytes(size));
    copy(before.ids, after.ids, 4 * size);
    if (this.withExtras) copy(before.extras, after.extras, 4 * size);
    if (oldCapacity > 0) this.#free.set(oldCapacity, [...(this.#free.get(oldCapacity) ?? []), before.codes]);
  }
}

function makeTables(count: number, shared: boolean): ListTables {
  const buffer = (bytes: number) => (shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
  return {
    sizes: new Uint32Array(buffer(4 * count)),
    capacities: new Uint32Array(buffer(4 * count)),
    starts: new Float64Array(buffer(8 * count)),
  };
}

/** The least room of the series for so many codes: 32 times 1, 2, 3, 4, 6, 8, 12, 16, 24, ... */
function roomFor(count: number): number {
  const blocks = Math.ceil(count / PQ4_BLOCK);
  const power = 2 ** Math.ceil(Math.log2(blocks));
  return PQ4_BLOCK * (blocks <= (power / 4) * 3 && power >= 4 ? (power / 4) * 3 : power);
}
