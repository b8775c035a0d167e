import type { Corpus, Field, FieldParams } from '../corpus/index.ts';
import { bm25 } from './bm25.ts';
import { dense } from './dense.ts';
import { impacts } from './impacts.ts';
import type { Retriever } from './types.ts';

/** The retriever of a field, by its kind. @param params of vectors. */
export function byField(
  corpus: Corpus,
  { name, kind }: Pick<Field, 'name' | 'kind'>,
  params: Pick<FieldParams, 'refine' | 'nprobe'> = {},
): Retriever {
  if (kind === 'terms') return bm25(corpus, name);
  return kind === 'impacts' ? impacts(corpus, name) : dense(corpus, { field: name, ...params });
}
