import { invariant } from '../base/errors.ts';
import type { Vectors } from '../base/vectors.ts';
import type { Codec, Learned, ProjectedQuery, Scorer, TrainOptions, Transform } from './codec.ts';
import { withPrefix } from './residual.ts';

/**
 * `opq,pq32x4`: transforms in the order in which vectors pass through them, then a quantizer. Each part is trained on what those
 * before it make of the sample. Decoded vectors have gone back through all of them.
 *
 * An index that keeps lists of residuals uses the parts on their own: {@link ChainCodec.apply}, {@link ChainCodec.project} and
 * {@link ChainCodec.quantizer}.
 */
export class ChainCodec implements Codec {
  readonly spec: string;
  readonly dim: number;
  readonly codeSize: number;

  constructor(
    readonly transforms: readonly Transform[],
    readonly quantizer: Codec,
  ) {
    const parts = [...transforms, quantizer];
    transforms.forEach((transform, i) => {
      invariant(transform.outDim === parts[i + 1]!.dim, `${transform.spec} does not fit ${parts[i + 1]!.spec}`);
    });
    this.spec = parts.map((part) => part.spec).join(',');
    this.dim = parts[0]!.dim;
    this.codeSize = quantizer.codeSize;
  }

  get trained(): boolean {
    return this.quantizer.trained && this.transforms.every((transform) => transform.trained);
  }

  async train(sample: Vectors, options: TrainOptions = {}): Promise<void> {
    const parts = this.transforms.length + 1;
    let rows = sample;
    for (let i = 0; i < parts; i++) {
      const part = this.transforms[i] ?? this.quantizer;
      await part.train(rows, { ...options, onProgress: (done) => options.onProgress?.((i + done) / parts) });
      rows = this.transforms[i]?.apply(rows) ?? rows;
    }
  }

  learned(): Learned {
    return new Map(
      [...this.transforms, this.quantizer].flatMap((part, i) =>
        [...part.learned()].map(([name, array]) => [`${i}.${name}`, array] as const),
      ),
    );
  }

  restore(learned: Learned): void {
    for (const [i, part] of [...this.transforms, this.quantizer].entries()) part.restore(withPrefix(learned, `${i}.`));
  }

  /** The vectors as the quantizer sees them. */
  apply(vectors: Vectors): Vectors {
    return this.transforms.reduce((rows, transform) => transform.apply(rows), vectors);
  }

  /** The query for the quantizer's codes, and what the transforms add to every score. */
  project(query: Float32Array): ProjectedQuery {
    return this.transforms.reduce<ProjectedQuery>(
      (seen, transform) => {
        const next = transform.project(seen.query);
        return { query: next.query, offset: seen.offset + next.offset };
      },
      { query, offset: 0 },
    );
  }

  encode(vectors: Vectors): Uint8Array {
    return this.quantizer.encode(this.apply(vectors));
  }

  decode(codes: Uint8Array): Vectors {
    return this.transforms.reduceRight((rows, transform) => transform.invert(rows), this.quantizer.decode(codes));
  }

  scorer(query: Float32Array): Scorer {
    const { query: projected, offset } = this.project(query);
    const inner = this.quantizer.scorer(projected);
    if (offset === 0) return inner;
    return {
      score: (codes, count, out) => {
        inner.score(codes, count, out);
        for (let v = 0; v < count; v++) out[v]! += offset;
      },
    };
  }
}
