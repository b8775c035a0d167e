import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ExitCode, UserError } from '../../src/base/errors.ts';
import { Vectors } from '../../src/base/vectors.ts';
import { type OpenEncoder, openEncoder } from '../../src/encode/index.ts';
import { type CollectionFiles, openTestCollection, type TestCollection } from '../../src/eval/index.ts';
import { SourceCode } from './code.ts';
import { root } from './places.ts';

/** Material that a claim needs is not on this machine. */
export class NeedsData extends UserError {
  readonly code = 'needs-data';
  readonly exitCode = ExitCode.notFound;
}

/** Time for the checks ran out; what was measured is kept. */
export class OutOfTime extends UserError {
  readonly code = 'out-of-time';
  readonly exitCode = ExitCode.interrupted;
}

/** Settings of a {@link Lab}. */
export interface LabOptions {
  /** `quick`: a smoke test on small samples, without a verdict. Default `full`. */
  readonly level?: 'quick' | 'full';
  /** What makes vectors of texts, by its specification (see `openEncoder`). Default: `SAGITTA_LAB_ENCODER`, else `minilm`. */
  readonly encoder?: string;
  /** Folder of the test collections. Default: `SAGITTA_DATA`, else `../shared/data` beside the checkout. */
  readonly data?: string;
  /** Where results and vectors are kept between runs. Default: `SAGITTA_CACHE`, else `~/.cache/sagitta`. */
  readonly cache?: string;
  /** Ignore what is kept. Default false. */
  readonly fresh?: boolean;
  /** Milliseconds for everything; measurements under way are finished. Default: no limit. */
  readonly budget?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

/** Gives claims their data, keeps what is slow to make, and watches the clock. */
export class Lab {
  readonly level: 'quick' | 'full';
  readonly encoder: string;
  readonly signal: AbortSignal;
  readonly #data: string;
  readonly #cache: string;
  readonly #fresh: boolean;
  readonly #deadline: number;
  readonly #onProgress: (line: string) => void;
  readonly #made = new Set<string>();
  /** Of this checkout. */
  readonly code: SourceCode;
  readonly #shared = new Map<string, Promise<unknown>>();

  constructor(
    private readonly options: LabOptions = {},
    code?: SourceCode,
  ) {
    this.level = options.level ?? 'full';
    this.encoder = options.encoder ?? process.env['SAGITTA_LAB_ENCODER'] ?? 'minilm';
    this.signal = options.signal ?? new AbortController().signal;
    this.#data = resolve(options.data ?? process.env['SAGITTA_DATA'] ?? join(root, '../shared/data'));
    this.#cache = options.cache ?? process.env['SAGITTA_CACHE'] ?? join(homedir(), '.cache/sagitta');
    this.#fresh = options.fresh ?? false;
    this.code = code ?? new SourceCode();
    this.#deadline = performance.now() + (options.budget ?? Number.POSITIVE_INFINITY);
    this.#onProgress = options.onProgress ?? (() => undefined);
  }

  /** The value for this level. */
  pick<T>(quick: T, full: T): T {
    return this.level === 'quick' ? quick : full;
  }

  say(line: string): void {
    this.#onProgress(line);
  }

  /** @throws OutOfTime, AbortError. To be called between pieces of work. */
  checkTime(): void {
    this.signal.throwIfAborted();
    if (performance.now() < this.#deadline) return;
    throw new OutOfTime('The time for the checks is over.', 'Run the same command again: it goes on from here.');
  }

  /** A test collection of the data folder. @throws NeedsData when it is not there. */
  async collection(name: string, files: CollectionFiles = {}): Promise<TestCollection> {
    return openTestCollection(this.folder(name), files);
  }

  /** A folder of the data folder. @throws NeedsData when it is not there. */
  folder(name: string): string {
    const folder = join(this.#data, name);
    if (existsSync(folder)) return folder;
    throw new NeedsData(`There is no ${name} in ${this.#data}.`, `Set SAGITTA_DATA to a folder that holds ${name}/.`);
  }

  /** Path of a file of an npm package. @throws NeedsData when it is not installed. */
  packageFile(name: string, file: string): string {
    for (const from of [root, join(root, 'bench')]) {
      try {
        return createRequire(join(from, 'noop.js')).resolve(`${name}/${file}`);
      } catch {
        // Looked for in the next place.
      }
    }
    throw new NeedsData(`The package ${name} is not installed.`, `Run: npm install --no-save ${name}`);
  }

  /** This lab, or one that is the same but for its encoder. */
  using(encoder = this.encoder): Lab {
    if (encoder === this.encoder) return this;
    return new Lab({ ...this.options, encoder, budget: this.#deadline - performance.now() }, this.code);
  }

  /** Opens the encoder for a while. */
  async withEncoder<T>(work: (encoder: OpenEncoder) => Promise<T>): Promise<T> {
    const encoder = await openEncoder(this.encoder);
    try {
      return await work(encoder);
    } finally {
      await encoder.dispose?.();
    }
  }

  /** What several claims of one run share, kept in memory only. */
  once<T>(key: string, make: () => Promise<T>): Promise<T> {
    let value = this.#shared.get(key) as Promise<T> | undefined;
    if (value === undefined) {
      value = make();
      this.#shared.set(key, value);
      value.catch(() => this.#shared.delete(key));
    }
    return value;
  }

  /** Vectors that are slow to make, kept on disk. @param key everything that they depend on, but the encoder. */
  async vectors(key: readonly string[], make: () => Promise<Vectors>): Promise<Vectors> {
    const bytes = await this.kept('vectors', [this.encoder, ...key], async () => {
      const { data, dim } = await make();
      return Buffer.concat(
        [Uint32Array.of(dim), data].map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)),
      );
    });
    const data = new Float32Array(bytes.buffer, bytes.byteOffset + 4, (bytes.length - 4) >> 2).slice();
    return new Vectors(data, bytes.readUInt32LE(0));
  }

  /** Bytes that are slow to make, kept on disk. @param kind names a folder. @param key everything that they depend on. */
  async kept(kind: string, key: readonly string[], make: () => Promise<Buffer>): Promise<Buffer> {
    const path = this.#path(kind, key, '.bin');
    if (this.#isKept(path)) return readFile(path);
    const bytes = await make();
    await this.#keep(path, bytes);
    return bytes;
  }

  /** A value that is slow to make, kept on disk as JSON. */
  async remember<T>(key: readonly string[], make: () => Promise<T>): Promise<T> {
    const path = this.#path('results', [this.encoder, ...key], '.json');
    if (this.#isKept(path)) {
      try {
        return JSON.parse(await readFile(path, 'utf8')) as T;
      } catch {
        // A file that was cut off is made again.
      }
    }
    const value = await make();
    await this.#keep(path, JSON.stringify(value));
    return value;
  }

  #path(kind: string, key: readonly string[], extension: string): string {
    return join(
      this.#cache,
      kind,
      createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 32) + extension,
    );
  }

  /** With `fresh`, what this lab has made itself still counts. */
  #isKept(path: string): boolean {
    return existsSync(path) && (!this.#fresh || this.#made.has(path));
  }

  async #keep(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(join(path, '..'), { recursive: true });
    const partial = `${path}.${process.pid}.partial`;
    await writeFile(partial, content);
    await rename(partial, path);
    this.#made.add(path);
  }
}
