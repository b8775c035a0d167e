import { InvalidArgumentError } from '../../base/errors.ts';
import { VectorSets, Vectors } from '../../base/vectors.ts';
import { LinearMap } from '../../math/index.ts';
import type { EncodeOptions, Encoder, TokenEncoder } from '../encoder.ts';
import { scaleToUnit } from '../unit.ts';
import { pooledTokens } from './pooling.ts';
import type { TokenProjection } from './projection.ts';

/** Options of {@link lateEncoder}. */
export interface LateOptions {
  /**
   * Tokens of a document for each vector that is kept: at 2 like tokens share one, and there are half as many (`pooledTokens`). A number of 1 or
   * more; queries keep all of theirs. Default 1.
   */
  readonly pool?: number;
}

/**
 * Token vectors for late interaction: those of another encoder through a projection, of unit length again. As an encoder of whole texts it gives
 * the mean of them, which is rougher than what the other encoder gives.
 *
 * @param base disposed of with it.
 * @throws InvalidArgumentError for an encoder whose token vectors are not what the projection maps, and for pooling below 1.
 */
export function lateEncoder(
  id: string,
  base: Pick<Encoder, 'window' | 'dispose'> & TokenEncoder,
  projection: TokenProjection,
  { pool = 1 }: LateOptions = {},
): Encoder & TokenEncoder {
  const { dim, width } = projection;
  if (base.dim !== width) {
    throw new InvalidArgumentError(
      `${base.id} gives token vectors of ${base.dim} components; the projection maps those of ${width}.`,
      `Take it with ${projection.base}, for which it was made.`,
    );
  }
  if (!(pool >= 1)) throw new InvalidArgumentError(`"pool" of ${id} is ${pool}.`, 'Give a number of 1 or more.');
  const map = new LinearMap(projection.matrix, width);
  const encodeTokens = async (inputs: readonly string[], options: EncodeOptions = {}): Promise<VectorSets> => {
    const { vectors, offsets } = await base.encodeTokens(inputs, options);
    const projected = map.apply(vectors);
    for (let row = 0; row < projected.count; row++) scaleToUnit(projected.row(row));
    const sets = new VectorSets(projected, offsets);
    return options.role === 'query' || pool === 1 ? sets : pooledTokens(sets, pool);
  };
  return {
    id,
    dim,
    ...(base.languages === undefined ? {} : { languages: base.languages }),
    ...(base.window === undefined ? {} : { window: base.window }),
    encodeTokens,
    async encode(inputs, options) {
      const sets = await encodeTokens(inputs, options);
      const means = Vectors.zeros(inputs.length, dim);
      for (let i = 0; i < inputs.length; i++) {
        const mean = means.row(i);
        for (let at = sets.offsets[i]! * dim; at < sets.offsets[i + 1]! * dim; at++)
          mean[at % dim]! += sets.vectors.data[at]!;
        scaleToUnit(mean);
      }
      return means;
    },
    dispose: async () => base.dispose?.(),
  };
}
