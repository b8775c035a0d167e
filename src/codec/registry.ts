import { InvalidArgumentError } from '../base/errors.ts';
import { formatPart, itemsOf, parseExpression, readPart, type SpecPart, SpecText } from '../spec/index.ts';
import type { Codec, Transform } from './codec.ts';
import { ChainCodec } from './compose.ts';
import { HalfPrecision } from './half.ts';
import { type CodecPart, codecParts } from './parts.ts';
import { ResidualCodec } from './residual.ts';

/**
 * A codec from its specification: any number of transforms and one quantizer, separated by commas; quantizers joined by `+`
 * code each other's residuals. `apq` is `pq` with score-aware assignment. Without a quantizer, `f16` is meant.
 *
 * @param dim components of the vectors. @throws InvalidArgumentError, with the place, for an unknown word, an impossible number, or an
 * order in which a quantizer comes before something else.
 */
export function createCodec(spec: string, dim: number): Codec {
  const text = new SpecText(spec, 'Codec specification', 'opq,pq32x4');
  const items = itemsOf(parseExpression(text), 'list').map((item) => ({
    item,
    levels: itemsOf(item, 'sum').map((level) => readPart(text, level, codecParts)),
  }));
  const isTransform = ({ levels }: (typeof items)[number]) => codecParts.get(levels[0]!.name)!.role === 'transform';
  const codes = items.findIndex((one) => !isTransform(one));
  const after = items[codes + 1];
  if (codes >= 0 && after !== undefined) {
    throw text.error(
      after.item,
      `"${after.levels.map(formatPart).join('+')}" follows the quantizer ${items[codes]!.levels.map(formatPart).join('+')}.`,
      'Put transforms first and the quantizer last; join two-level quantizers with "+".',
    );
  }
  const transforms: Transform[] = [];
  let width = dim;
  for (const [i, { levels }] of items.entries()) {
    if (i === codes) break;
    const transform = createTransform(levels[0]!, width, items[i + 1]?.levels[0]);
    transforms.push(transform);
    width = transform.outDim;
  }
  const quantizer = codes < 0 ? new HalfPrecision(width) : createQuantizer(items[codes]!.levels, width);
  return transforms.length === 0 ? quantizer : new ChainCodec(transforms, quantizer);
}

/** @param next the part after it, which `opq` and `dual` must know. @throws InvalidArgumentError for a part that is none. */
export function createTransform(part: SpecPart, dim: number, next?: SpecPart): Transform {
  const known = codecParts.get(part.name);
  if (known?.role !== 'transform') throw noSuch(part, known, 'transform');
  return known.create({ ...part, dim, next });
}

/** A quantizer, or several that code each other's residuals. @throws InvalidArgumentError for parts that are none. */
export function createQuantizer(levels: readonly SpecPart[], dim: number): Codec {
  const made = levels.map((part) => {
    const known = codecParts.get(part.name);
    if (known?.role !== 'quantizer') throw noSuch(part, known, 'quantizer');
    return known.create({ ...part, dim, next: undefined });
  });
  return made.reduceRight((second, first) => new ResidualCodec(first, second));
}

function noSuch(part: SpecPart, known: CodecPart | undefined, role: CodecPart['role']): InvalidArgumentError {
  return new InvalidArgumentError(
    `"${formatPart(part)}" is ${known === undefined ? 'not known' : `a ${known.role}, not a ${role}`}.`,
    'Put transforms first and the quantizer last, and register parts of your own before they are named.',
  );
}
