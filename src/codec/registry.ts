import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { BinaryCodec } from './binary.ts';
import { Centring } from './center.ts';
import type { Codec, Transform } from './codec.ts';
import { ChainCodec } from './compose.ts';
import { DualMap } from './dual.ts';
import { HalfPrecision } from './half.ts';
import { Normalisation } from './norm.ts';
import { OptimizedRotation } from './opq.ts';
import { PrincipalComponents } from './pca.ts';
import { anisotropyOf, ProductQuantizer } from './pq.ts';
import { RaBitQ } from './rabitq.ts';
import { RecurrentBinary } from './recurrent.ts';
import { ResidualCodec } from './residual.ts';
import { HadamardRotation } from './rot.ts';
import { ScalarQuantizer } from './scalar.ts';

/** Every word of a codec specification, with `<n>` for numbers; error messages and other parsers go by it. */
export const transformWords: readonly string[] = ['norm', 'center', 'pca<d>', 'rot', 'opq', 'dual'];
export const quantizerWords: readonly string[] = [
  'pq<M>x4',
  'pq<M>x8',
  'apq<M>x4',
  'apq<M>x8',
  'sq8',
  'sq4',
  'f16',
  'bin<bits>',
  'rabitq<bits>',
  'rbin<m>x<levels>',
];

/**
 * A codec from its specification: any number of transforms and one quantizer, separated by commas; quantizers joined by `+`
 * code each other's residuals. `apq` is `pq` with score-aware assignment. Without a quantizer, `f16` is meant.
 *
 * @param dim components of the vectors. @throws InvalidArgumentError for an unknown word, an impossible number, or an order in
 * which a quantizer comes before something else.
 */
export function createCodec(spec: string, dim: number): Codec {
  const words = spec
    .toLowerCase()
    .split(',')
    .map((word) => word.trim());
  const transforms: Transform[] = [];
  let width = dim;
  for (const [i, word] of words.entries()) {
    const transform = createTransform(word, width, words[i + 1]);
    if (transform !== undefined) {
      transforms.push(transform);
      width = transform.outDim;
      continue;
    }
    const quantizer = createQuantizer(word, width, spec);
    if (i < words.length - 1) {
      throw new InvalidArgumentError(
        `In "${spec}", "${words[i + 1]}" follows the quantizer ${word}.`,
        'Put transforms first and the quantizer last; join two-level quantizers with "+".',
      );
    }
    return transforms.length === 0 ? quantizer : new ChainCodec(transforms, quantizer);
  }
  return new ChainCodec(transforms, new HalfPrecision(width));
}

/** The transform of that name; undefined when the word names none. @param next the word after it, which `opq` must know. */
export function createTransform(word: string, dim: number, next?: string): Transform | undefined {
  const match = /^(norm|center|rot|opq|dual)$|^pca([0-9]+)$/.exec(word);
  if (match === null) return undefined;
  if (match[2] !== undefined) return new PrincipalComponents(dim, Number(match[2]));
  switch (match[1]) {
    case 'norm':
      return new Normalisation(dim);
    case 'center':
      return new Centring(dim);
    case 'rot':
      return new HadamardRotation(dim);
    default: {
      const quantizer = /^a?pq([0-9]+)x([48])(?:\+|$)/.exec(next ?? '');
      if (quantizer === null) {
        throw new InvalidArgumentError(
          `${word} must stand right before a product quantizer, but ${next === undefined ? 'nothing' : `"${next}"`} follows.`,
          `Write for example "${word},pq32x4", or use rot.`,
        );
      }
      const [m, bits] = [Number(quantizer[1]), quantizer[2] === '4' ? 4 : 8] as const;
      return word === 'opq' ? new OptimizedRotation(dim, m, bits) : new DualMap(dim, m, bits);
    }
  }
}

/** The quantizer, or the quantizers joined by `+`. @param spec the whole, for messages. */
export function createQuantizer(word: string, dim: number, spec = word): Codec {
  const parts = word.split('+').map((part) => createSingle(part.trim(), dim, spec));
  return parts.reduceRight((second, first) => new ResidualCodec(first, second));
}

function createSingle(word: string, dim: number, spec: string): Codec {
  const pq = /^(a?)pq([0-9]+)x([48])$/.exec(word);
  if (pq !== null) {
    const anisotropy = pq[1] === 'a' ? anisotropyOf(dim) : 1;
    return new ProductQuantizer(dim, Number(pq[2]), pq[3] === '4' ? 4 : 8, { anisotropy, aware: pq[1] === 'a' });
  }
  if (word === 'sq8' || word === 'sq4') return new ScalarQuantizer(dim, word === 'sq8' ? 8 : 4);
  if (word === 'f16') return new HalfPrecision(dim);
  const recurrent = /^rbin([0-9]+)x([0-9]+)$/.exec(word);
  if (recurrent !== null) return new RecurrentBinary(dim, Number(recurrent[1]), Number(recurrent[2]));
  const bits = /^(bin|rabitq)([0-9]+)$/.exec(word);
  if (bits !== null)
    return bits[1] === 'bin' ? new BinaryCodec(dim, Number(bits[2])) : new RaBitQ(dim, Number(bits[2]));
  const words = [...transformWords, ...quantizerWords];
  const likely = nearest(
    word.replace(/[0-9]+/g, '<n>'),
    words.map((known) => known.replace(/<[^>]+>/g, '<n>')),
  );
  const guess = words.find((known) => known.replace(/<[^>]+>/g, '<n>') === likely);
  throw new InvalidArgumentError(
    `"${word}" in "${spec}" is not a codec.`,
    `${guess === undefined ? '' : `Did you mean ${guess}? `}The words are: ${words.join(', ')}.`,
  );
}
