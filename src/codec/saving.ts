import { CorruptFileError, IncompatibleError, InvalidArgumentError } from '../base/errors.ts';
import { readSection, type SectionData, type SectionSource } from '../base/sections.ts';
import { checkTrained } from './check.ts';
import type { Codec } from './codec.ts';
import { createCodec } from './registry.ts';

/** The sections of a saved codec. */
export const CodecSection = {
  /** Magic and version (uint32 each, little-endian), then JSON: specification, dimension, names and lengths of arrays. */
  header: 'codec.header',
  /** The arrays, one after the other: float32, little-endian. */
  learned: 'codec.learned',
} as const;

const MAGIC = 0x434f_4453;
const VERSION = 1;

interface Header {
  readonly spec: string;
  readonly dim: number;
  readonly arrays: readonly (readonly [name: string, length: number])[];
}

/**
 * A trained codec as sections, to be stored beside the codes.
 *
 * @param prefix put before the sections' names, where a file holds several codecs.
 * @throws InvalidArgumentError for a codec that is not trained.
 */
export function saveCodec(codec: Codec, prefix = ''): SectionData {
  checkTrained(codec.trained, codec.spec);
  const arrays = [...codec.learned()];
  const header: Header = {
    spec: codec.spec,
    dim: codec.dim,
    arrays: arrays.map(([name, array]) => [name, array.length]),
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(8 + json.length);
  new Uint32Array(head.buffer, 0, 2).set([MAGIC, VERSION]);
  head.set(json, 8);
  const all = new Float32Array(arrays.reduce((sum, [, array]) => sum + array.length, 0));
  let at = 0;
  for (const [, array] of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return new Map([
    [prefix + CodecSection.header, head],
    [prefix + CodecSection.learned, new Uint8Array(all.buffer)],
  ]);
}

/**
 * The codec that was saved: the same codes and scores on every machine.
 *
 * @throws CorruptFileError when the sections are damaged; IncompatibleError when they are of another format version.
 */
export function openCodec(source: SectionSource, prefix = ''): Codec {
  const name = prefix + CodecSection.header;
  for (const section of [name, prefix + CodecSection.learned]) {
    if (!source.has(section)) throw new CorruptFileError(section, 'it is missing');
  }
  const head = readSection(source, name);
  if (head.length < 8) throw new CorruptFileError(name, `it has ${head.length} bytes, too few for a header`);
  const [magic, version] = new Uint32Array(head.buffer, 0, 2);
  if (magic !== MAGIC) throw new CorruptFileError(name, 'it is not that of a codec');
  if (version !== VERSION) {
    throw new IncompatibleError(
      `The codec was saved in format ${version}; this version of Sagitta reads format ${VERSION}.`,
      'Build the index again, or use the version that made it.',
    );
  }
  const { spec, dim, arrays } = parseHeader(head.subarray(8), name);
  const bytes = readSection(source, prefix + CodecSection.learned);
  const expected = 4 * arrays.reduce((sum, [, length]) => sum + length, 0);
  if (bytes.length !== expected) {
    throw new CorruptFileError(prefix + CodecSection.learned, `it has ${bytes.length} bytes instead of ${expected}`);
  }
  const learned = new Map<string, Float32Array>();
  let at = 0;
  for (const [array, length] of arrays) {
    const numbers = new Float32Array(bytes.buffer, at, length);
    if (!numbers.every(Number.isFinite)) {
      throw new CorruptFileError(prefix + CodecSection.learned, `"${array}" holds numbers that are not finite`);
    }
    learned.set(array, numbers);
    at += 4 * length;
  }
  try {
    const codec = createCodec(spec, dim);
    codec.restore(learned);
    return codec;
  } catch (cause) {
    if (cause instanceof InvalidArgumentError || cause instanceof IncompatibleError) {
      throw new CorruptFileError(name, `it describes an impossible codec (${cause.message})`, undefined, { cause });
    }
    throw cause;
  }
}

function parseHeader(json: Uint8Array, name: string): Header {
  let header: Partial<Header> | null = null;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json)) as Partial<Header> | null;
  } catch {
    // Reported below, like every other header that makes no sense.
  }
  const isSize = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 30;
  const { spec, dim, arrays } = header ?? {};
  if (
    typeof spec !== 'string' ||
    typeof dim !== 'number' ||
    !isSize(dim) ||
    dim < 1 ||
    !Array.isArray(arrays) ||
    !arrays.every((entry) => Array.isArray(entry) && typeof entry[0] === 'string' && isSize(entry[1]))
  ) {
    throw new CorruptFileError(name, 'its description does not parse');
  }
  return { spec, dim, arrays };
}
