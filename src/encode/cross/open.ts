import { createHash } from 'node:crypto';
import { IncompatibleError } from '../../base/errors.ts';
import { Parameters } from '../../tensor/index.ts';
import { type BertDescription, readDescription } from '../bert/description.ts';
import { partsOf, sourceOf } from '../bert/folder.ts';
import type { BertSource } from '../bert/loaded.ts';
import { withUpdates } from '../bert/low-rank.ts';
import { miniLmDescription } from '../bert/minilm.ts';
import { type CrossEncoder, type CrossOptions, crossEncoder } from './cross.ts';
import { type CrossWeights, writeCross } from './weights.ts';

/** The model whose body a cross-encoder has. @throws IncompatibleError for what is no BERT; NotFoundError, MissingPackageError where it is not there. */
export async function baseOf(base: string): Promise<BertDescription> {
  if (base === 'minilm') return miniLmDescription();
  const folder = /^bert:(.+)$/.exec(base)?.[1];
  if (folder !== undefined) return readDescription(folder);
  throw new IncompatibleError(`${base} cannot be the body of a cross-encoder.`, 'Name minilm, or bert:FOLDER.');
}

/** Opens what was learned. @param id names it. @throws as {@link baseOf}. */
export async function openCross(id: string, weights: CrossWeights, options: CrossOptions = {}): Promise<CrossEncoder> {
  return serveCross(id, await baseOf(weights.base), weights, options, true);
}

/** A cross-encoder of learned weights over a body. @param isKept whether the model is kept, prepared, for other processes: not while it is trained. */
export function serveCross(
  id: string,
  description: BertDescription,
  weights: CrossWeights,
  options: CrossOptions = {},
  isKept = false,
): CrossEncoder {
  const { cacheKey, ...rest } = sourceOf(id, description, async () =>
    createHash('sha256').update(writeCross(weights)).digest('hex'),
  );
  const source: BertSource = {
    ...rest,
    ...(isKept && cacheKey !== undefined ? { cacheKey } : {}),
    parts: async () => {
      const { shape, pooling, normalize, parameters: body } = await partsOf(description);
      const learned = new Parameters();
      for (const [name, { data, shape: extents }] of weights.arrays) learned.set(name, data, extents);
      const parameters = withUpdates(body, learned, shape, weights.lora);
      for (const name of learned.names.filter((one) => !/_[ab]$/.test(one))) {
        parameters.set(name, learned.get(name).data, learned.get(name).shape);
      }
      return { shape, pooling, normalize, parameters, judgesPairs: true };
    },
  };
  return crossEncoder(source, { ...weights.limits, ...options });
}
