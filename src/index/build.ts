import type { SectionSource } from '../base/sections.ts';
import type { Vectors } from '../base/vectors.ts';
import { IvfIndex, type IvfOpenOptions, type IvfOptions } from './ivf/ivf.ts';
import type { IndexSpec } from './spec.ts';
import type { VectorIndex } from './vector-index.ts';

export interface BuildOptions extends IvfOptions {
  /** One for each vector, no two alike. Default: 0, 1, 2, ... */
  readonly ids?: Uint32Array;
  /** Learn from these instead of from the vectors themselves. */
  readonly sample?: Vectors;
}

/**
 * Learns an index from vectors and fills it with them: `buildIndex('ivf1024,apq50x4,refine:full', vectors, { metric: 'cosine' })`.
 * See {@link IndexSpec} for specifications.
 *
 * @throws InvalidArgumentError as `IvfIndex.train` and `add` do.
 */
export async function buildIndex(
  spec: string | IndexSpec,
  vectors: Vectors,
  options: BuildOptions = {},
): Promise<VectorIndex> {
  const { ids, sample = vectors, ...rest } = options;
  const index = await IvfIndex.train(sample, spec, rest);
  const { threads, signal } = options;
  index.add(threads === undefined ? vectors : await index.code(vectors, threads, { signal }), ids);
  return index;
}

/** Opens what `VectorIndex.save` gave. @throws CorruptFileError @throws IncompatibleError */
export function openIndex(source: SectionSource, options: IvfOpenOptions = {}): VectorIndex {
  return IvfIndex.open(source, options);
}
