import { Random } from '../../base/random.ts';
import type { Vectors } from '../../base/vectors.ts';
import type { TrainOptions } from '../../codec/index.ts';
import type { Metric } from '../../math/index.ts';
import { stratified } from '../ivf/items.ts';
import { IvfIndex } from '../ivf/ivf.ts';
import { IvfModel } from '../ivf/model.ts';
import type { VectorReader } from '../ivf/refine.ts';
import { parseSpec } from '../spec.ts';

/** Vectors that a candidate learns from, and for each list. */
const SAMPLE = { least: 32_768, perList: 64 } as const;

/** Builds candidates on the same vectors. Lists are learned once for all that share them. */
export class Builder {
  readonly #models: IvfModel[] = [];

  constructor(
    private readonly vectors: Vectors,
    private readonly metric: Metric,
    private readonly options: TrainOptions & { readonly vectors?: VectorReader },
  ) {}

  async build(spec: string): Promise<IvfIndex> {
    const { seed = 1234, signal, threads, vectors: reader } = this.options;
    const parsed = parseSpec(spec);
    const wanted = Math.max(SAMPLE.least, SAMPLE.perList * (parsed.lists?.numbers[0] ?? 0));
    const sample = stratified(this.vectors, wanted, new Random(seed));
    const model = await IvfModel.train(sample, parsed, {
      metric: this.metric,
      seed,
      like: this.#models,
      ...(signal === undefined ? {} : { signal }),
      ...(threads === undefined ? {} : { threads }),
    });
    this.#models.push(model);
    const index = new IvfIndex(model, reader === undefined ? {} : { vectors: reader });
    index.add(threads === undefined ? this.vectors : await index.code(this.vectors, threads, { signal }));
    return index;
  }
}
