import { CorruptFileError, IncompatibleError, InvalidArgumentError } from '../../base/errors.ts';
import { readSection, type SectionSource } from '../../base/sections.ts';
import type { Metric } from '../../math/index.ts';

/** What was learned; the codecs stand beside it under the prefixes `model.` and `model.refine.`. Numbers are little-endian. */
export const ModelSection = {
  /** Magic and version (uint32 each), then the JSON of {@link ModelHeader}. */
  header: 'model.header',
  /** float32: `dim` (after transforms) for each list. */
  centroids: 'model.centroids',
  /** float32 for each list. */
  spreads: 'model.spreads',
} as const;

/** The lists of one index. */
export const ListSection = {
  /** Magic and version (uint32 each), then the JSON of {@link ListsHeader}. */
  header: 'lists.header',
  /** uint32 for each list: how many codes it has. */
  sizes: 'lists.sizes',
  /** uint32 for each code, list after list. */
  ids: 'lists.ids',
  /** Codes, list after list, in the layout of `ListStore`. */
  codes: 'lists.codes',
  /** float32 for each code, where lists have an extra. */
  extras: 'lists.extras',
  /** A row for each item number: float32 vectors, or codes. */
  refine: 'lists.refine',
} as const;

export interface ModelHeader {
  readonly spec: string;
  readonly metric: Metric;
  readonly dim: number;
  readonly lists: number;
  readonly reach: number;
  /** See `IvfParts.margin`. */
  readonly margin: number;
  /** See `IvfParts.error`. */
  readonly error: number;
}

export interface ListsHeader {
  /** `IvfModel.fingerprint` of the model that the codes were made with. */
  readonly model: number;
  /** Item numbers: one more than the greatest. */
  readonly items: number;
  readonly vectors: number;
  /** Sums behind `drift`. */
  readonly addedError: number;
  readonly addedCount: number;
  /** Whether what candidates are refined with is here, or kept by somebody else. */
  readonly refine: 'none' | 'here' | 'elsewhere';
}

const VERSION = 2;
const MODEL_MAGIC = 0x4d56_4953;
const LISTS_MAGIC = 0x4c56_4953;

export function encodeModelHeader(header: ModelHeader): Uint8Array {
  return encode(MODEL_MAGIC, header);
}

export function encodeListsHeader(header: ListsHeader): Uint8Array {
  return encode(LISTS_MAGIC, header);
}

/** @throws CorruptFileError @throws IncompatibleError */
export function decodeModelHeader(source: SectionSource): ModelHeader {
  const header = decode(source, ModelSection.header, MODEL_MAGIC);
  const { spec, metric, dim, lists, reach, margin, error } = header;
  if (
    typeof spec !== 'string' ||
    (metric !== 'ip' && metric !== 'cosine' && metric !== 'l2') ||
    !isCount(dim, 1) ||
    !isCount(lists, 1) ||
    !isAmount(reach) ||
    !isAmount(margin) ||
    !isAmount(error)
  ) {
    throw new CorruptFileError(ModelSection.header, 'its description does not parse');
  }
  return { spec, metric, dim, lists, reach, margin, error };
}

/** @throws CorruptFileError @throws IncompatibleError */
export function decodeListsHeader(source: SectionSource): ListsHeader {
  const header = decode(source, ListSection.header, LISTS_MAGIC);
  const { model, items, vectors, addedError, addedCount, refine } = header;
  if (
    !isCount(model, 0) ||
    !isCount(items, 0) ||
    !isCount(vectors, 0) ||
    !isAmount(addedError) ||
    !isCount(addedCount, 0) ||
    (refine !== 'none' && refine !== 'here' && refine !== 'elsewhere')
  ) {
    throw new CorruptFileError(ListSection.header, 'its description does not parse');
  }
  return { model, items, vectors, addedError, addedCount, refine };
}

function isCount(value: unknown, least: number): value is number {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= 2 ** 32;
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value);
}

function encode(magic: number, header: ModelHeader | ListsHeader): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length);
  new Uint32Array(bytes.buffer, 0, 2).set([magic, VERSION]);
  bytes.set(json, 8);
  return bytes;
}

function decode(source: SectionSource, name: string, expected: number): Readonly<Record<string, unknown>> {
  const bytes = readSection(source, name);
  if (bytes.length < 8) throw new CorruptFileError(name, `it has ${bytes.length} bytes, too few for a header`);
  const [magic, version] = new Uint32Array(bytes.buffer, 0, 2);
  if (magic !== expected) throw new CorruptFileError(name, 'it is not that of a vector index');
  if (version !== VERSION) {
    throw new IncompatibleError(
      `The vector index was saved in format ${version}; this version of Sagitta reads format ${VERSION}.`,
      'Build the index again, or use the version that made it.',
    );
  }
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8)));
    if (typeof header === 'object' && header !== null) return header as Record<string, unknown>;
  } catch {
    // Reported below, like every other header that makes no sense.
  }
  throw new CorruptFileError(name, 'its description does not parse');
}

/** A section of exactly `count` finite float32. @throws CorruptFileError */
export function readFloats(source: SectionSource, name: string, count: number): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(readExactly(source, name, 4 * count).buffer);
  checkFinite(numbers, name);
  return numbers;
}

/** @throws CorruptFileError */
export function checkFinite(numbers: Float32Array, name: string): void {
  // Infinity and NaN are what remains of themselves when multiplied by 0.
  for (let i = 0; i < numbers.length; i++) {
    if (numbers[i]! * 0 !== 0) throw new CorruptFileError(name, 'it holds numbers that are not finite');
  }
}

/** @throws CorruptFileError for a number that is not below the bound. */
export function checkBelow(numbers: Uint32Array, bound: number, name: string): void {
  for (let i = 0; i < numbers.length; i++) {
    if (numbers[i]! < bound) continue;
    throw new CorruptFileError(name, `it holds ${numbers[i]}, where ${bound - 1} is the greatest possible`);
  }
}

/** A section of exactly `bytes` bytes. @throws CorruptFileError when it has another size. */
export function readExactly(source: SectionSource, name: string, bytes: number): Uint8Array<ArrayBuffer> {
  checkSize(source, name, bytes);
  return readSection(source, name) as Uint8Array<ArrayBuffer>;
}

/** @throws CorruptFileError when the section has another size. */
export function checkSize(source: SectionSource, name: string, bytes: number): void {
  if (source.size(name) === bytes) return;
  throw new CorruptFileError(name, `it has ${source.size(name)} bytes instead of ${bytes}`);
}

/** @throws CorruptFileError in place of a user's mistake: the caller did not write what was saved. */
export function asCorrupt<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause;
    throw new CorruptFileError(name, `it describes an impossible index (${cause.message})`, undefined, { cause });
  }
}

/** A copy of the array's bytes. */
export function bytesOf(array: Float32Array | Uint32Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength).slice();
}
