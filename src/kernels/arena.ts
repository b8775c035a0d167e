import { InvalidArgumentError, InvariantError, invariant, UnsupportedError } from '../base/errors.ts';
import type { Address } from './address.ts';
import type { AnisotropicKernels } from './anisotropic.ts';
import type { FloatKernels } from './float.ts';
import type { HadamardKernels } from './hadamard.ts';
import type { HammingKernels } from './hamming.ts';
import type { Int8Kernels } from './int8.ts';
import type { KMeansKernels } from './kmeans.ts';
import type { LateKernels } from './late.ts';
import { baseline, relaxed } from './modules.ts';
import type { PostingsKernels } from './postings.ts';
import type { PqKernels } from './pq.ts';
import type { ScalarKernels } from './scalar.ts';
import { withSharedMemory } from './shared-memory.ts';
import type { TopKKernels } from './topk.ts';

/** Which of the two WebAssembly builds runs: `relaxed` needs relaxed SIMD (Node 22+, current browsers). */
export type KernelBuild = 'baseline' | 'relaxed';

/** Every kernel of every family, as exported by the WebAssembly module. */
export type Kernels = AnisotropicKernels &
  FloatKernels &
  HadamardKernels &
  HammingKernels &
  Int8Kernels &
  KMeansKernels &
  LateKernels &
  PostingsKernels &
  PqKernels &
  ScalarKernels &
  TopKKernels;

const PAGE = 65_536;
const MAX_PAGES = 65_536;
/** Bytes at the start of the memory that are never allocated: address 0 stands for nothing. */
const RESERVED = 4_096;
/** Readable bytes behind every allocation, so that kernels may take their last step whole. */
const SLACK = 64;

export interface ArenaOptions {
  /**
   * Whether other threads may work on the memory, see {@link Arena.lend}. Arrays over such a memory are not taken by every API
   * (`TextDecoder`, for one): copy them with `slice()` first. Default false.
   */
  readonly shared?: boolean;
}

/** A stretch of a shared arena for another thread, to be posted to it and taken by {@link Arena.attach}. */
export interface ArenaLoan {
  readonly build: KernelBuild;
  readonly memory: WebAssembly.Memory;
  readonly from: Address;
  readonly to: Address;
}

/** A lent stretch is too small for what was asked of it. Whoever lent it can do the work instead. */
export class LoanExhaustedError extends InvariantError {
  override readonly code = 'loan-exhausted';
}

/**
 * One WebAssembly memory (at most 4 GiB), the kernels bound to it, and a bump allocator over it. An index owns an arena
 * for its codes; a search takes scratch space above them and gives it back with {@link Arena.release}.
 *
 * Typed-array views become detached when the memory grows, or, if it is shared, keep their length: take a fresh view after every
 * `allocate`.
 */
export class Arena {
  readonly kernels: Kernels;
  readonly build: KernelBuild;
  readonly #memory: WebAssembly.Memory;
  #top: Address = RESERVED;
  /** Where a lent stretch ends; undefined for an arena that may grow. */
  #end: Address | undefined;

  /**
   * @param build default: the fastest build that this runtime supports.
   * @throws UnsupportedError for a shared arena where the runtime has no shared memory.
   */
  constructor(build: KernelBuild = bestBuild(), options: ArenaOptions = {}, loan?: ArenaLoan) {
    const shared = options.shared ?? loan !== undefined;
    if (shared) checkSharedMemory();
    this.build = build;
    this.#memory = loan?.memory ?? new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared });
    if (loan !== undefined) {
      this.#top = loan.from;
      this.#end = loan.to;
    }
    const instance = new WebAssembly.Instance(compiled(build, shared), {
      env: { memory: this.#memory, abort: () => undefined },
    });
    this.kernels = instance.exports as unknown as Kernels;
  }

  /** An arena over what another thread lent. It sees all of the memory, and allocates in its own stretch only. */
  static attach(loan: ArenaLoan): Arena {
    return new Arena(loan.build, {}, loan);
  }

  /**
   * Sets `bytes` aside for another thread, which {@link Arena.attach} makes an arena of. Pages that are never written to cost no
   * memory. What else is in this arena must not change while other threads read it.
   */
  lend(bytes: number): ArenaLoan {
    invariant(this.shared, 'only a shared arena can be lent');
    const from = this.allocate(bytes, 64);
    return { build: this.build, memory: this.#memory, from, to: from + bytes };
  }

  /** Whether other threads may see the memory. */
  get shared(): boolean {
    return typeof SharedArrayBuffer !== 'undefined' && this.#memory.buffer instanceof SharedArrayBuffer;
  }

  /** Bytes in use. */
  get used(): number {
    return this.#top;
  }

  /**
   * Reserves `bytes` (contents undefined), aligned to `alignment`, a power of two. Memory grows as needed. At least 64
   * more bytes can be read after it, whatever they hold.
   */
  allocate(bytes: number, alignment = 16): Address {
    const address = Math.ceil(this.#top / alignment) * alignment;
    const top = address + bytes;
    if (this.#end !== undefined) {
      if (top > this.#end) throw new LoanExhaustedError(`${top - this.#end} bytes are missing in a lent arena`);
      this.#top = top;
      return address;
    }
    const missing = Math.ceil((top + SLACK) / PAGE) - this.#memory.buffer.byteLength / PAGE;
    if (missing > 0) this.#grow(missing, top);
    this.#top = top;
    return address;
  }

  #grow(missing: number, top: number): void {
    const possible = MAX_PAGES - this.#memory.buffer.byteLength / PAGE;
    if (missing > possible) {
      throw new InvalidArgumentError(
        `An index of ${top} bytes does not fit into one 4 GiB arena.`,
        'Split it into several segments, or use a smaller code.',
      );
    }
    try {
      this.#memory.grow(Math.min(possible, Math.max(missing, 16)));
    } catch (cause) {
      throw new InvalidArgumentError(
        `An index of ${top} bytes does not fit into the memory that is left.`,
        'Close what else is open, or split the index into smaller collections.',
        { cause },
      );
    }
  }

  /** Copies an array into fresh space and returns its address. */
  put(array: ArrayBufferView): Address {
    const address = this.allocate(array.byteLength);
    this.u8(address, array.byteLength).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return address;
  }

  /** The current top, to be given to {@link Arena.release}. */
  mark(): Address {
    return this.#top;
  }

  /** Frees everything allocated since `mark`. */
  release(mark: Address): void {
    this.#top = mark;
  }

  u8(address: Address, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, address, length);
  }

  i8(address: Address, length: number): Int8Array {
    return new Int8Array(this.#memory.buffer, address, length);
  }

  i16(address: Address, length: number): Int16Array {
    return new Int16Array(this.#memory.buffer, address, length);
  }

  u16(address: Address, length: number): Uint16Array {
    return new Uint16Array(this.#memory.buffer, address, length);
  }

  u32(address: Address, length: number): Uint32Array {
    return new Uint32Array(this.#memory.buffer, address, length);
  }

  i32(address: Address, length: number): Int32Array {
    return new Int32Array(this.#memory.buffer, address, length);
  }

  f32(address: Address, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length);
  }
}

const modules = new Map<string, WebAssembly.Module>();

function compiled(build: KernelBuild, shared: boolean): WebAssembly.Module {
  const key = `${build} ${shared}`;
  let module = modules.get(key);
  if (module === undefined) {
    const bytes = bytesOf(build);
    module = new WebAssembly.Module(shared ? withSharedMemory(bytes) : bytes);
    modules.set(key, module);
  }
  return module;
}

/** @throws UnsupportedError where memory cannot be shared between threads. */
export function checkSharedMemory(): void {
  if (typeof SharedArrayBuffer === 'undefined') {
    throw new UnsupportedError(
      'This runtime has no memory that threads can share.',
      'In a browser, serve the page with `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`.',
    );
  }
}

function bytesOf(build: KernelBuild): Uint8Array<ArrayBuffer> {
  const binary = atob(build === 'relaxed' ? relaxed : baseline);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

let supported: readonly KernelBuild[] | undefined;

/** The builds that this runtime can run, slowest first. */
export function supportedBuilds(): readonly KernelBuild[] {
  supported ??= (['baseline', 'relaxed'] as const).filter((build) => WebAssembly.validate(bytesOf(build)));
  return supported;
}

function bestBuild(): KernelBuild {
  return supportedBuilds().at(-1) ?? 'baseline';
}
