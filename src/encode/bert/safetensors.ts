import fs from 'node:fs';
import { CorruptFileError, IncompatibleError, InvalidArgumentError, NotFoundError } from '../../base/errors.ts';
import { halvesToFloats } from '../../base/half.ts';
import {
  formatShape,
  headerLength,
  LENGTH_BYTES,
  makeHeader,
  parseHeader,
  type SafetensorsHeader,
  type TensorEntry,
} from './safetensors-header.ts';

const AGAIN = 'Fetch the folder of the model again.';
/** Numbers of two bytes are converted in stretches of this many. */
const STRETCH = 1 << 19;
/** Node takes at most 2 GiB - 1 in one call. */
const MOST_AT_ONCE = 1 << 30;
const BYTES = { F32: 4, F16: 2, BF16: 2 };
type FloatType = keyof typeof BYTES;
type FloatEntry = TensorEntry & { readonly dtype: FloatType };

/**
 * Opens a file in the safetensors format (https://github.com/huggingface/safetensors). Only its header is read; tensors are read when asked for.
 * Whatever does not fit the format is found here, all but what the numbers are.
 * @throws NotFoundError when there is no such file. @throws CorruptFileError when it is truncated or not of this format.
 */
export function openSafetensors(path: string): Safetensors {
  let file: number;
  try {
    file = fs.openSync(path, 'r');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new NotFoundError(`There is no file ${path}.`, AGAIN, { cause });
    throw new CorruptFileError(path, `it cannot be read (${code})`, AGAIN, { cause });
  }
  try {
    const broken = (problem: string) => new CorruptFileError(path, problem, AGAIN);
    const { size } = fs.fstatSync(file);
    const first = new Uint8Array(LENGTH_BYTES);
    if (size >= LENGTH_BYTES) readFully(file, path, first, 0);
    const text = Buffer.alloc(headerLength(first, size, broken));
    readFully(file, path, text, LENGTH_BYTES);
    const data = LENGTH_BYTES + text.length;
    return new Safetensors(path, file, data, parseHeader(text.toString('utf8'), size - data, broken));
  } catch (error) {
    fs.closeSync(file);
    throw error;
  }
}

/** An open safetensors file, made by {@link openSafetensors}. */
export class Safetensors {
  /** Types and shapes by name. */
  readonly tensors: ReadonlyMap<string, Pick<TensorEntry, 'dtype' | 'shape'>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #entries: ReadonlyMap<string, TensorEntry>;
  readonly #data: number;
  /** -1 once closed. */
  #file: number;

  constructor(
    readonly path: string,
    file: number,
    data: number,
    header: SafetensorsHeader,
  ) {
    this.tensors = header.tensors;
    this.metadata = header.metadata;
    this.#entries = header.tensors;
    this.#file = file;
    this.#data = data;
  }

  /**
   * The numbers of a tensor, row by row. @param shape what it must have.
   * @throws CorruptFileError when it is absent or of another shape. @throws IncompatibleError unless it is F32, F16 or BF16.
   */
  read(name: string, shape?: readonly number[]): Float32Array<ArrayBuffer> {
    const entry = this.#entry(name, shape);
    const out = new Float32Array((entry.end - entry.start) / BYTES[entry.dtype]);
    this.#fill(out, 0, out.length, entry, 0);
    return out;
  }

  /**
   * Rows of a matrix, in the given order, without reading the others. @returns `rows.length x columns`.
   * @throws InvalidArgumentError for a row that the matrix does not have, and as {@link read} does.
   */
  readRows(name: string, rows: ArrayLike<number>): Float32Array<ArrayBuffer> {
    const entry = this.#entry(name);
    const [count, columns] = entry.shape;
    if (count === undefined || columns === undefined || entry.shape.length !== 2) {
      throw this.#broken(`${name} should be a matrix and is ${formatShape(entry.shape)}`);
    }
    const out = new Float32Array(rows.length * columns);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (!(Number.isInteger(row) && row >= 0 && row < count)) {
        throw new InvalidArgumentError(`${this.path}: ${name} has no row ${row}.`, `Rows are 0 to ${count - 1}.`);
      }
      this.#fill(out, i * columns, columns, entry, row * columns);
    }
    return out;
  }

  /** The bytes of a tensor as they are stored, little-endian, in a buffer of their own; throws as {@link read} does. */
  raw(name: string, shape?: readonly number[]): { dtype: FloatType; bytes: Uint8Array<ArrayBuffer> } {
    const { dtype, start, end } = this.#entry(name, shape);
    const bytes = new Uint8Array(end - start);
    readFully(this.#file, this.path, bytes, this.#data + start);
    return { dtype, bytes };
  }

  /** Closes the file; nothing can be read any more. */
  close(): void {
    if (this.#file >= 0) fs.closeSync(this.#file);
    this.#file = -1;
  }

  #entry(name: string, shape?: readonly number[]): FloatEntry {
    if (this.#file < 0) throw new InvalidArgumentError(`${this.path} was closed.`, 'Open it again.');
    const entry = this.#entries.get(name);
    const wanted = shape === undefined ? '' : ` ${formatShape(shape)}`;
    if (entry === undefined) throw this.#broken(`it has no tensor ${name}${wanted}`);
    if (shape !== undefined && formatShape(shape) !== formatShape(entry.shape)) {
      throw this.#broken(`${name} should be${wanted} and is ${formatShape(entry.shape)}`);
    }
    if (!isFloat(entry)) {
      throw new IncompatibleError(
        `${this.path}: ${name} is of the type ${entry.dtype}, which is not supported.`,
        `Save the model with weights of the types ${Object.keys(BYTES).join(', ')}.`,
      );
    }
    return entry;
  }

  /** Reads `count` numbers from number `from` of a tensor on, to `out` from `at` on. */
  #fill(out: Float32Array<ArrayBuffer>, at: number, count: number, entry: FloatEntry, from: number): void {
    const position = this.#data + entry.start + BYTES[entry.dtype] * from;
    if (entry.dtype === 'F32') {
      readFully(this.#file, this.path, new Uint8Array(out.buffer, 4 * at, 4 * count), position);
      return;
    }
    const stretch = new Uint16Array(Math.min(count, STRETCH));
    const bits = new Uint32Array(out.buffer);
    for (let done = 0; done < count; done += stretch.length) {
      const some = stretch.subarray(0, Math.min(stretch.length, count - done));
      const bytes = new Uint8Array(some.buffer, 0, some.byteLength);
      readFully(this.#file, this.path, bytes, position + 2 * done);
      if (entry.dtype === 'F16') halvesToFloats(some, out, at + done);
      else for (let i = 0; i < some.length; i++) bits[at + done + i] = some[i]! << 16;
    }
  }

  #broken(problem: string): CorruptFileError {
    return new CorruptFileError(this.path, problem, AGAIN);
  }
}

function isFloat(entry: TensorEntry): entry is FloatEntry {
  return Object.hasOwn(BYTES, entry.dtype);
}

/**
 * The bytes of a safetensors file that holds float32 tensors and metadata. Hugging Face's transformers opens only what says `format: pt`.
 * @throws InvalidArgumentError when a shape does not fit its data.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, { readonly data: Float32Array; readonly shape: readonly number[] }>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const parts = [makeHeader(tensors, metadata)];
  for (const { data } of tensors.values()) parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

function readFully(file: number, path: string, target: Uint8Array, position: number): void {
  for (let done = 0; done < target.byteLength; ) {
    let read: number;
    try {
      read = fs.readSync(file, target, done, Math.min(target.byteLength - done, MOST_AT_ONCE), position + done);
    } catch (cause) {
      throw new CorruptFileError(path, `it cannot be read (${(cause as NodeJS.ErrnoException).code})`, AGAIN, {
        cause,
      });
    }
    if (read === 0) throw new CorruptFileError(path, 'it became shorter while it was read', AGAIN);
    done += read;
  }
}
