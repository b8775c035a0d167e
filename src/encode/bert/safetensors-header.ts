import { InvalidArgumentError } from '../../base/errors.ts';

/** A tensor of a safetensors file: its type as the format names it (`F32`), and where its bytes lie after the header. */
export interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bits of each type that the format knows. */
const BITS = new Map([
  ...['F4'].map((dtype) => [dtype, 4] as const),
  ...['F6_E2M3', 'F6_E3M2'].map((dtype) => [dtype, 6] as const),
  ...['BOOL', 'U8', 'I8', 'F8_E5M2', 'F8_E4M3', 'F8_E8M0'].map((dtype) => [dtype, 8] as const),
  ...['I16', 'U16', 'F16', 'BF16'].map((dtype) => [dtype, 16] as const),
  ...['I32', 'U32', 'F32'].map((dtype) => [dtype, 32] as const),
  ...['I64', 'U64', 'F64', 'C64'].map((dtype) => [dtype, 64] as const),
]);
const METADATA = '__metadata__';
/** The file begins with the header's length in 8 bytes, little-endian. */
export const LENGTH_BYTES = 8;
/** Headers are bounded, whatever the file says: one of 10,000 tensors takes about 1 MiB. */
const MOST_HEADER_BYTES = 1 << 24;

/**
 * Length of the header in bytes. @param first the file's first 8 bytes. @param size of the file.
 * @throws what `broken` makes of the problem.
 */
export function headerLength(first: Uint8Array, size: number, broken: (problem: string) => Error): number {
  if (size < LENGTH_BYTES) throw broken(`it is cut short: ${size} bytes`);
  const length = Number(new DataView(first.buffer, first.byteOffset, LENGTH_BYTES).getBigUint64(0, true));
  if (length > MOST_HEADER_BYTES) throw broken(`its header would have ${length} bytes, so it is no safetensors file`);
  if (LENGTH_BYTES + length > size) throw broken(`it is cut short: ${size} bytes, and a header of ${length}`);
  return length;
}

/**
 * Reads a header and checks that the tensors cover the data exactly, each with as many bytes as its type and shape take.
 * @param dataBytes length of what follows the header. @throws what `broken` makes of the problem.
 */
export function parseHeader(text: string, dataBytes: number, broken: (problem: string) => Error): SafetensorsHeader {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw broken('its header is not JSON');
  }
  if (!isRecord(json)) throw broken('its header is not a JSON object');
  const { [METADATA]: metadata = {}, ...entries } = json;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    throw broken('its metadata are not texts');
  }
  const tensors = new Map(Object.entries(entries).map(([name, entry]) => [name, parseEntry(name, entry, broken)]));
  let covered = 0;
  let last = 'the header';
  for (const [name, { start, end }] of [...tensors].sort(([, a], [, b]) => a.start - b.start || a.end - b.end)) {
    if (end > dataBytes) throw broken(`it is cut short: ${name} ends at byte ${end} of ${dataBytes} of data`);
    if (start < covered) throw broken(`${name} overlaps ${last}`);
    if (start > covered) throw broken(`no tensor has the ${start - covered} bytes between ${last} and ${name}`);
    covered = end;
    last = name;
  }
  if (covered < dataBytes) throw broken(`no tensor has the last ${dataBytes - covered} bytes`);
  return { tensors, metadata: metadata as Record<string, string> };
}

function parseEntry(name: string, entry: unknown, broken: (problem: string) => Error): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw broken(`its header says no type, shape and place of ${name}`);
  }
  const [start, end] = offsets as [number, number];
  const elements = shape.reduce((size, extent) => size * extent, 1);
  // A type that came later than this code has a size that cannot be checked.
  const bits = BITS.get(dtype);
  const bytes = bits === undefined ? end - start : (elements * bits) / 8;
  if (end < start || bytes !== end - start) {
    throw broken(`${name}, ${dtype} ${formatShape(shape)}, has the bytes ${start} to ${end}`);
  }
  return { dtype, shape, start, end };
}

/** The 8 bytes and the header of a file that holds these float32 tensors one after the other; a multiple of 8 bytes. */
export function makeHeader(
  tensors: ReadonlyMap<string, { readonly data: { readonly length: number }; readonly shape: readonly number[] }>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries: [string, unknown][] = [];
  let at = 0;
  for (const [name, { data, shape }] of tensors) {
    if (name === METADATA || shape.reduce((size, extent) => size * extent, 1) !== data.length) {
      throw new InvalidArgumentError(
        `The tensor ${name} of ${data.length} numbers cannot be written with the shape ${formatShape(shape)}.`,
        `Give it the shape of its data, and any name but ${METADATA}.`,
      );
    }
    entries.push([name, { dtype: 'F32', shape, data_offsets: [at, at + 4 * data.length] }]);
    at += 4 * data.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries([...entries, [METADATA, metadata]])));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
