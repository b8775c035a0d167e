import { InvalidArgumentError } from '../base/errors.ts';
import type { PartSyntax, SpecPart } from '../spec/index.ts';
import { BinaryCodec } from './binary.ts';
import { Centring } from './center.ts';
import type { Codec, Transform } from './codec.ts';
import { DualMap } from './dual.ts';
import { HalfPrecision } from './half.ts';
import { Normalisation } from './norm.ts';
import { OptimizedRotation } from './opq.ts';
import { PrincipalComponents } from './pca.ts';
import { anisotropyOf, ProductQuantizer } from './pq.ts';
import { RaBitQ } from './rabitq.ts';
import { RecurrentBinary } from './recurrent.ts';
import { HadamardRotation } from './rot.ts';
import { ScalarQuantizer } from './scalar.ts';

/** What a part is made from. */
export interface PartInput extends SpecPart {
  /** Components of the vectors that go in. */
  readonly dim: number;
  /** The part behind a transform. */
  readonly next: SpecPart | undefined;
}

/** A transform or code that specifications name. Its `spec` must be its canonical form, which makes it again. */
export type CodecPart = PartSyntax &
  (
    | { readonly role: 'transform'; create(input: PartInput): Transform }
    | { readonly role: 'quantizer'; create(input: PartInput): Codec }
  );

const NUMBER = '([1-9][0-9]{0,8})';
const ONE = new RegExp(`^${NUMBER}$`);
const PQ = { numbers: new RegExp(`^${NUMBER}x([48])$`), meaning: 'the number of parts, an x, and 4 or 8 bits' };

const BUILT_IN: readonly CodecPart[] = [
  { name: 'norm', role: 'transform', example: 'norm', create: ({ dim }) => new Normalisation(dim) },
  { name: 'center', role: 'transform', example: 'center', create: ({ dim }) => new Centring(dim) },
  {
    name: 'pca',
    role: 'transform',
    example: 'pca128',
    numbers: ONE,
    meaning: 'the components that are kept',
    create: ({ dim, numbers }) => new PrincipalComponents(dim, numbers[0]!),
  },
  { name: 'rot', role: 'transform', example: 'rot', create: ({ dim }) => new HadamardRotation(dim) },
  {
    name: 'opq',
    role: 'transform',
    example: 'opq',
    create: (input) => new OptimizedRotation(input.dim, ...beforeProduct(input)),
  },
  {
    name: 'dual',
    role: 'transform',
    example: 'dual',
    create: (input) => new DualMap(input.dim, ...beforeProduct(input)),
  },
  {
    name: 'pq',
    role: 'quantizer',
    example: 'pq32x4',
    ...PQ,
    create: ({ dim, numbers }) => new ProductQuantizer(dim, numbers[0]!, numbers[1] === 4 ? 4 : 8),
  },
  {
    name: 'apq',
    role: 'quantizer',
    example: 'apq32x4',
    ...PQ,
    create: ({ dim, numbers }) =>
      new ProductQuantizer(dim, numbers[0]!, numbers[1] === 4 ? 4 : 8, { anisotropy: anisotropyOf(dim), aware: true }),
  },
  { name: 'sq8', role: 'quantizer', example: 'sq8', create: ({ dim }) => new ScalarQuantizer(dim, 8) },
  { name: 'sq4', role: 'quantizer', example: 'sq4', create: ({ dim }) => new ScalarQuantizer(dim, 4) },
  { name: 'f16', role: 'quantizer', example: 'f16', create: ({ dim }) => new HalfPrecision(dim) },
  {
    name: 'bin',
    role: 'quantizer',
    example: 'bin256',
    numbers: ONE,
    meaning: 'the number of bits',
    create: ({ dim, numbers }) => new BinaryCodec(dim, numbers[0]!),
  },
  {
    name: 'rbin',
    role: 'quantizer',
    example: 'rbin256x2',
    numbers: new RegExp(`^${NUMBER}x([1-4])$`),
    meaning: 'the number of signs, an x, and 1 to 4 levels',
    create: ({ dim, numbers }) => new RecurrentBinary(dim, numbers[0]!, numbers[1]!),
  },
  {
    name: 'rabitq',
    role: 'quantizer',
    example: 'rabitq2',
    numbers: /^([1-4])$/,
    meaning: 'the bits of a component, 1 to 4',
    create: ({ dim, numbers }) => new RaBitQ(dim, numbers[0]!),
  },
];

/** The product quantizer that a rotation is learned for. */
function beforeProduct({ name, next }: PartInput): [m: number, bits: 4 | 8] {
  if (next === undefined || !/^a?pq$/.test(next.name)) {
    throw new InvalidArgumentError(
      `${name} must stand right before a product quantizer, but ${next === undefined ? 'nothing' : `"${next.name}"`} follows.`,
      `Write for example "${name},pq32x4", or use rot.`,
    );
  }
  return [next.numbers[0]!, next.numbers[1] === 4 ? 4 : 8];
}

const parts = new Map(BUILT_IN.map((part) => [part.name, part]));

/** Every transform and code there is, by name. */
export const codecParts: ReadonlyMap<string, CodecPart> = parts;

/**
 * Makes a transform or a code of one's own known by its name, in specifications of codecs and indexes, in this process: register it before an
 * index that names it is opened. Other threads do not know it, so that `threads` must be left out where it codes or searches.
 *
 * @throws InvalidArgumentError for a name that is taken or that others could not be told from.
 */
export function registerCodecPart(part: CodecPart): void {
  if (!/^[a-z]+[0-9]*$/.test(part.name) || ['flat', 'ivf', 'fde', 'refine', 'full'].includes(part.name)) {
    throw new InvalidArgumentError(
      `A part cannot be named "${part.name}".`,
      'Choose lower-case letters, perhaps with digits behind them, and none of flat, ivf, fde, refine and full.',
    );
  }
  if (parts.has(part.name)) {
    throw new InvalidArgumentError(`There is a part "${part.name}" already.`, 'Choose another name.');
  }
  parts.set(part.name, part);
}
