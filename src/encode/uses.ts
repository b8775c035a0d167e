import { Vectors } from '../base/vectors.ts';
import { denseShareOf } from './dense-share.ts';
import type { EncodeOptions, Encoder } from './encoder.ts';
import { scaleToUnit } from './unit.ts';

/**
 * A thing by what it is used for (Moon et al. 2024, Tool2Vec, arXiv 2409.02141, section 4): the vector of a document is the mean of the vectors of its lines, each
 * encoded as a query, so that what people ask is compared with what others asked, not with a description. For fields of metadata whose members are uses, questions or
 * examples. A document without a line gets the zero vector: it has no vote. Queries are those of the other encoder.
 *
 * @param base disposed of with it.
 */
export function usesEncoder(id: string, base: Encoder): Encoder {
  return {
    id,
    dim: base.dim,
    ...(base.languages === undefined ? {} : { languages: base.languages }),
    denseShare: denseShareOf(base),
    async encode(inputs, options: EncodeOptions = {}) {
      if (options.role === 'query') return base.encode(inputs, options);
      const lines = inputs.map((text) => text.split('\n').filter((line) => line.trim() !== ''));
      const { onProgress, ...rest } = options;
      const rows = await base.encode(lines.flat(), { ...rest, role: 'query' });
      const means = Vectors.zeros(inputs.length, base.dim);
      let row = 0;
      for (const [i, own] of lines.entries()) {
        const mean = means.row(i);
        for (const _ of own) {
          const vector = rows.row(row++);
          for (let c = 0; c < mean.length; c++) mean[c]! += vector[c]!;
        }
        if (own.length > 0) scaleToUnit(mean);
      }
      onProgress?.(inputs.length, inputs.length);
      return means;
    },
    ...(base.dispose === undefined ? {} : { dispose: () => base.dispose!() }),
  };
}
