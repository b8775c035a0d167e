import { Vectors } from '../../base/vectors.ts';
import type { Encoder } from '../encoder.ts';
import { scaleToUnit } from '../unit.ts';
import { rowAdder } from './rows.ts';
import { STATIC_LENGTH, type StaticTable, tokenizerOf } from './table.ts';

/**
 * Serves a token table: the vector of a text is the sum of its tokens', scaled to unit length; of a text in which no token is known, it is
 * zero. No matrix products, no runtime: some hundred thousand short texts a second on one core, in browsers too.
 */
export function staticEncoder(id: string, table: StaticTable): Encoder {
  const { dim, rows, languages } = table;
  const add = rowAdder(rows, dim);
  const tokenizer = tokenizerOf(table);
  return {
    id,
    dim,
    ...(languages === undefined ? {} : { languages }),
    window: { tokens: STATIC_LENGTH, count: async (text) => tokenizer.encode(text).length },
    async encode(inputs, { signal, onProgress } = {}) {
      const vectors = Vectors.zeros(inputs.length, dim);
      inputs.forEach((text, i) => {
        if (i % 1024 === 0) signal?.throwIfAborted();
        const row = vectors.row(i);
        for (const token of tokenizer.encode(text, STATIC_LENGTH)) {
          // What is unknown has no vote.
          if (token !== 0) add(token, row);
        }
        scaleToUnit(row);
      });
      if (inputs.length > 0) onProgress?.(inputs.length, inputs.length);
      return vectors;
    },
  };
}
