import { InvalidArgumentError } from '../base/errors.ts';
import { Vectors } from '../base/vectors.ts';

/** Formats that vectors are exchanged in. */
export type VectorFormat = 'npy' | 'fvecs' | 'bvecs' | 'ivecs';

/**
 * Vectors from the bytes of a file: NumPy's `.npy` (two dimensions, or one for a single vector; 2-, 4- and 8-byte floats and
 * integers up to 4 bytes, of either byte order, in C or Fortran order), or TEXMEX's `.fvecs`, `.bvecs` and `.ivecs` (every
 * vector preceded by its dimension as int32). Aligned float32 of `.npy` are not copied: the vectors are a view of the bytes.
 *
 * @param format what the name ends in; see {@link formatOfName}. `.npy` is recognised by its first bytes in any case.
 * @throws InvalidArgumentError for bytes that are not of the format, truncated ones included, and for an array of another kind.
 */
export function parseVectors(bytes: Uint8Array, format: VectorFormat): Vectors {
  if (format === 'npy' || startsWithMagic(bytes)) return parseNpy(bytes);
  return parseVecs(bytes, format);
}

/** The format that a file name says, undefined for none of them. */
export function formatOfName(name: string): VectorFormat | undefined {
  const extension = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase();
  return FORMATS.find((format) => format === extension);
}

/** The bytes of a `.npy` file, format 1.0, little-endian float32. */
export function encodeNpy(vectors: Vectors): Uint8Array {
  const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${vectors.count}, ${vectors.dim}), }`;
  // The data begin at a multiple of 64, after a newline.
  const length = Math.ceil((10 + head.length + 1) / 64) * 64;
  const bytes = new Uint8Array(length + 4 * vectors.data.length);
  const text = `${head.padEnd(length - 11)}\n`;
  bytes.set(MAGIC);
  bytes.set([1, 0, text.length & 255, text.length >> 8], MAGIC.length);
  for (let i = 0; i < text.length; i++) bytes[10 + i] = text.charCodeAt(i);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < vectors.data.length; i++) view.setFloat32(length + 4 * i, vectors.data[i]!, true);
  return bytes;
}

/** The bytes of a `.fvecs` file. */
export function encodeFvecs(vectors: Vectors): Uint8Array {
  const { count, dim, data } = vectors;
  const bytes = new Uint8Array(count * (4 + 4 * dim));
  const view = new DataView(bytes.buffer);
  for (let v = 0, at = 0; v < count; v++) {
    view.setInt32(at, dim, true);
    at += 4;
    for (let c = 0; c < dim; c++, at += 4) view.setFloat32(at, data[v * dim + c]!, true);
  }
  return bytes;
}

const FORMATS: readonly VectorFormat[] = ['npy', 'fvecs', 'bvecs', 'ivecs'];
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const AGAIN = 'Check that the file was copied whole, and write it again.';

type Reader = (view: DataView, at: number, little: boolean) => number;

/** Readers by NumPy's type code without the byte order. */
const READERS: ReadonlyMap<string, { readonly size: number; readonly read: Reader }> = new Map([
  ['f2', { size: 2, read: (view, at, little) => halfToNumber(view.getUint16(at, little)) }],
  ['f4', { size: 4, read: (view, at, little) => view.getFloat32(at, little) }],
  ['f8', { size: 8, read: (view, at, little) => view.getFloat64(at, little) }],
  ['i1', { size: 1, read: (view, at) => view.getInt8(at) }],
  ['u1', { size: 1, read: (view, at) => view.getUint8(at) }],
  ['i2', { size: 2, read: (view, at, little) => view.getInt16(at, little) }],
  ['u2', { size: 2, read: (view, at, little) => view.getUint16(at, little) }],
  ['i4', { size: 4, read: (view, at, little) => view.getInt32(at, little) }],
  ['u4', { size: 4, read: (view, at, little) => view.getUint32(at, little) }],
]);

function startsWithMagic(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

function parseNpy(bytes: Uint8Array): Vectors {
  if (!startsWithMagic(bytes) || bytes.length < 10) {
    throw new InvalidArgumentError(
      'These bytes are no .npy file.',
      'Write one with numpy.save(), or name the format that it has.',
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6]! >= 2;
  const start = wide ? 12 : 10;
  const length = wide && bytes.length >= 12 ? view.getUint32(8, true) : view.getUint16(8, true);
  if (bytes[6]! < 1 || bytes[6]! > 3 || start + length > bytes.length) {
    throw new InvalidArgumentError('The header of the .npy file does not fit into it.', AGAIN);
  }
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, start + length));
  const descr = /'descr'\s*:\s*'([<>|=])([a-z][0-9]+)'/.exec(header);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header);
  const shape = /'shape'\s*:\s*\(([0-9,\s]*)\)/.exec(header);
  const reader = READERS.get(descr?.[2] ?? '');
  if (descr === null || order === null || shape === null || reader === undefined) {
    throw new InvalidArgumentError(
      `The array in the .npy file is not one of plain numbers: ${header.trim().slice(0, 120)}.`,
      `Convert it with array.astype('float32').`,
    );
  }
  const sizes = shape[1]!
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '')
    .map(Number);
  const [count, dim] = sizes.length === 1 ? [1, sizes[0]!] : (sizes as [number, number]);
  if (sizes.length < 1 || sizes.length > 2 || !(dim >= 1) || !Number.isSafeInteger(count * dim)) {
    throw new InvalidArgumentError(
      `The array in the .npy file has the shape (${sizes.join(', ')}).`,
      'Save a matrix with one vector a row.',
    );
  }
  const expected = start + length + count * dim * reader.size;
  if (bytes.length !== expected) {
    throw new InvalidArgumentError(`The .npy file has ${bytes.length} bytes, its header says ${expected}.`, AGAIN);
  }
  const little = descr[1] !== '>';
  const offset = bytes.byteOffset + start + length;
  if (descr[2] === 'f4' && little && order[1] === 'False' && offset % 4 === 0 && LITTLE_ENDIAN) {
    // As they lie: no copy of what may be gigabytes.
    return new Vectors(new Float32Array(bytes.buffer, offset, count * dim), dim);
  }
  const data = new Float32Array(count * dim);
  for (let i = 0, at = start + length; i < data.length; i++, at += reader.size) {
    // Fortran order counts along the columns.
    const place = order[1] === 'True' ? (i % count) * dim + Math.floor(i / count) : i;
    data[place] = reader.read(view, at, little);
  }
  return new Vectors(data, dim);
}

function parseVecs(bytes: Uint8Array, format: VectorFormat): Vectors {
  const { size, read } = READERS.get(format === 'fvecs' ? 'f4' : format === 'bvecs' ? 'u1' : 'i4')!;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) {
    throw new InvalidArgumentError(`A .${format} file of ${bytes.length} bytes holds no vectors.`, AGAIN);
  }
  const dim = view.getInt32(0, true);
  const stride = 4 + dim * size;
  if (dim < 1 || bytes.length % stride !== 0) {
    throw new InvalidArgumentError(
      `The .${format} file of ${bytes.length} bytes begins with a vector of ${dim} components, which does not fit.`,
      AGAIN,
    );
  }
  const vectors = Vectors.zeros(bytes.length / stride, dim);
  for (let v = 0, at = 0, i = 0; v < vectors.count; v++) {
    const own = view.getInt32(at, true);
    if (own !== dim) {
      throw new InvalidArgumentError(
        `Vector ${v} of the .${format} file has ${own} components, the first ${dim}.`,
        AGAIN,
      );
    }
    at += 4;
    for (let c = 0; c < dim; c++, at += size) vectors.data[i++] = read(view, at, true);
  }
  return vectors;
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
