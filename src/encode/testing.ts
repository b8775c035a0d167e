import { InvalidArgumentError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { VectorSets, Vectors } from '../base/vectors.ts';
import type { Content, EncodeOptions, Encoder, TermEncoder, TokenEncoder } from './encoder.ts';
import { formatSettings } from './spec.ts';

/** Settings of {@link testEncoder}. */
export interface TestEncoderOptions {
  /** Components of a vector, at least 1. Default 64; unrelated words then have cosines of about +-0.125. */
  readonly dim?: number;
  /** Changes every vector. Default 0. */
  readonly seed?: number;
  /** Languages to declare (ISO 639-1); absent means any. Does not change the vectors. */
  readonly languages?: readonly string[];
  /** Words of a text that it reads, and then can count ({@link Encoder.window}). Default: all, uncounted. */
  readonly window?: number;
}

/**
 * The hashing encoder: no model, no files, microseconds per text, the same vectors everywhere. A word is hashed to a
 * vector of random signs, a text is the sum over its words with logarithmic counts, scaled to unit length: a random
 * projection of the bag of words (Achlioptas 2003), so that texts are as similar as their words overlap. It knows no
 * synonyms; use it in tests and to try out a pipeline. A text without words gets the vector of the empty word.
 *
 * Words are runs of letters and digits in lower case; Han, kana, hangul and Thai characters count one by one.
 * `encodeTokens` gives one vector per word, in order of appearance (one for a text without words); `weigh` a word from 0 to 2 by a hash of its term.
 *
 * @throws InvalidArgumentError for an impossible `dim`.
 */
export function testEncoder(options: TestEncoderOptions = {}): Encoder & TokenEncoder & TermEncoder {
  const { dim = 64, seed = 0, languages, window } = options;
  const read = (text: string) => wordsOf(text).slice(0, window);
  if (!Number.isInteger(dim) || dim < 1 || dim > 65536) {
    throw new InvalidArgumentError(
      `The hashing encoder cannot make vectors of ${dim} components.`,
      'Give a whole number from 1 to 65536, as in `hash:256`.',
    );
  }
  return {
    id: formatSettings(`hash:${dim}`, { seed: seed === 0 ? undefined : seed, window }),
    dim,
    ...(languages === undefined ? {} : { languages }),
    ...(window === undefined
      ? {}
      : { window: { tokens: window, count: async (text) => text.match(WORD)?.length ?? 0 } }),

    async encode(inputs: readonly Content[], encodeOptions: EncodeOptions = {}) {
      const vectors = Vectors.zeros(inputs.length, dim);
      for (let i = 0; i < inputs.length; i++) {
        encodeOptions.signal?.throwIfAborted();
        const counts = new Map<string, number>();
        for (const word of read(inputs[i]!)) counts.set(word, (counts.get(word) ?? 0) + 1);
        const row = vectors.row(i);
        for (const [word, count] of counts) addSigns(row, word, seed, 1 + Math.log(count));
        // Signs may cancel exactly, which would leave nothing to scale.
        if (row.every((value) => value === 0)) addSigns(row, '', seed, 1);
        scaleToUnit(row);
      }
      if (inputs.length > 0) encodeOptions.onProgress?.(inputs.length, inputs.length);
      return vectors;
    },

    async encodeTokens(inputs: readonly Content[], encodeOptions: EncodeOptions = {}) {
      encodeOptions.signal?.throwIfAborted();
      const words = inputs.map(read);
      const offsets = new Uint32Array(inputs.length + 1);
      words.forEach((list, i) => {
        offsets[i + 1] = offsets[i]! + list.length;
      });
      const vectors = Vectors.zeros(offsets[inputs.length]!, dim);
      words.flat().forEach((word, i) => {
        addSigns(vectors.row(i), word, seed, 1 / Math.sqrt(dim));
      });
      if (inputs.length > 0) encodeOptions.onProgress?.(inputs.length, inputs.length);
      return new VectorSets(vectors, offsets);
    },

    async weigh(texts, encodeOptions = {}) {
      encodeOptions.signal?.throwIfAborted();
      if (texts.length > 0) encodeOptions.onProgress?.(texts.length, texts.length);
      return texts.map(({ words }) => Float32Array.from(words, ({ term }) => ((hash(term) ^ seed) & 0xff) / 120));
    },
  };
}

const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}])[\p{L}\p{M}\p{N}])+/gu;

function wordsOf(text: string): string[] {
  return text.normalize('NFKC').toLowerCase().match(WORD) ?? [''];
}

function addSigns(row: Float32Array, word: string, seed: number, weight: number): void {
  const random = new Random(hash(word) ^ Math.imul(seed, 0x9e3779b1));
  for (let d = 0, bits = 0; d < row.length; d++, bits >>>= 1) {
    if ((d & 31) === 0) bits = random.uint32();
    row[d]! += bits & 1 ? weight : -weight;
  }
}

/** FNV-1a over UTF-16 code units. */
function hash(word: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) state = Math.imul(state ^ word.charCodeAt(i), 0x01000193);
  return state;
}

function scaleToUnit(row: Float32Array): void {
  let sum = 0;
  for (const value of row) sum += value * value;
  const scale = 1 / Math.sqrt(sum);
  for (let d = 0; d < row.length; d++) row[d]! *= scale;
}
