import { CorruptFileError, IncompatibleError, InvalidArgumentError } from '../base/errors.ts';
import { readSection, type SectionSource } from '../base/sections.ts';
import type { Metric } from './spec.ts';

/**
 * The sections of a saved index of lists; the codec and, where there is one, the refining codec stand beside them under the
 * prefixes `ivf.` and `refine.`. Numbers are little-endian.
 */
export const IvfSection = {
  /** Magic and version (uint32 each), then the JSON of {@link IvfHeader}. */
  header: 'ivf.header',
  /** float32: `dim` (after transforms) for each list. */
  centroids: 'ivf.centroids',
  /** float32 for each list. */
  spreads: 'ivf.spreads',
  /** uint32 for each list: how many codes it has. */
  sizes: 'ivf.sizes',
  /** uint32 for each code, list after list. */
  ids: 'ivf.ids',
  /** Codes, list after list, in the layout of `ListStore`. */
  codes: 'ivf.codes',
  /** float32 for each code, where lists have an extra. */
  extras: 'ivf.extras',
  /** A row for each item number: float32 vectors, or codes. */
  refine: 'ivf.refine',
} as const;

export interface IvfHeader {
  readonly spec: string;
  readonly metric: Metric;
  readonly dim: number;
  /** Item numbers: one more than the greatest. */
  readonly items: number;
  readonly lists: number;
  readonly reach: number;
  /** See `IvfParts.margin`. */
  readonly margin: number;
  /** Sums behind `drift`: of the training sample, and of what was added. */
  readonly trainedError: number;
  readonly addedError: number;
  readonly addedCount: number;
}

const MAGIC = 0x4656_4953;
const VERSION = 1;

export function encodeHeader(header: IvfHeader): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length);
  new Uint32Array(bytes.buffer, 0, 2).set([MAGIC, VERSION]);
  bytes.set(json, 8);
  return bytes;
}

/** @throws CorruptFileError @throws IncompatibleError */
export function decodeHeader(source: SectionSource): IvfHeader {
  const name = IvfSection.header;
  const bytes = readSection(source, name);
  if (bytes.length < 8) throw new CorruptFileError(name, `it has ${bytes.length} bytes, too few for a header`);
  const [magic, version] = new Uint32Array(bytes.buffer, 0, 2);
  if (magic !== MAGIC) throw new CorruptFileError(name, 'it is not that of a vector index');
  if (version !== VERSION) {
    throw new IncompatibleError(
      `The vector index was saved in format ${version}; this version of Sagitta reads format ${VERSION}.`,
      'Build the index again, or use the version that made it.',
    );
  }
  let header: { readonly [key in keyof IvfHeader]?: unknown } = {};
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8))) as typeof header;
  } catch {
    // Reported below, like every other header that makes no sense.
  }
  const { spec, metric, dim, items, lists, reach, margin, trainedError, addedError, addedCount } = header ?? {};
  const isSize = (value: unknown, least: number): value is number =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= 2 ** 32;
  const isError = (value: unknown): value is number =>
    typeof value === 'number' && value >= 0 && Number.isFinite(value);
  if (
    typeof spec !== 'string' ||
    (metric !== 'ip' && metric !== 'cosine' && metric !== 'l2') ||
    !isSize(dim, 1) ||
    !isSize(items, 0) ||
    !isSize(lists, 1) ||
    !isError(reach) ||
    !isError(margin) ||
    !isError(trainedError) ||
    !isError(addedError) ||
    !isSize(addedCount, 0)
  ) {
    throw new CorruptFileError(name, 'its description does not parse');
  }
  return { spec, metric, dim, items, lists, reach, margin, trainedError, addedError, addedCount };
}

/** A section of exactly `count` finite float32. @throws CorruptFileError */
export function readFloats(source: SectionSource, name: string, count: number): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(readExactly(source, name, 4 * count).buffer);
  if (!numbers.every(Number.isFinite)) throw new CorruptFileError(name, 'it holds numbers that are not finite');
  return numbers;
}

/** A section of exactly `count` uint32, each below `bound`. @throws CorruptFileError */
export function readNumbers(
  source: SectionSource,
  name: string,
  count: number,
  bound: number,
): Uint32Array<ArrayBuffer> {
  const numbers = new Uint32Array(readExactly(source, name, 4 * count).buffer);
  for (const number of numbers) {
    if (number >= bound)
      throw new CorruptFileError(name, `it holds ${number}, where ${bound - 1} is the greatest possible`);
  }
  return numbers;
}

/** @throws CorruptFileError when the section has another size. */
export function readExactly(source: SectionSource, name: string, bytes: number): Uint8Array<ArrayBuffer> {
  if (source.size(name) !== bytes) {
    throw new CorruptFileError(name, `it has ${source.size(name)} bytes instead of ${bytes}`);
  }
  return readSection(source, name) as Uint8Array<ArrayBuffer>;
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
