import { InvalidArgumentError } from '../base/errors.ts';
import { Vectors } from '../base/vectors.ts';
import { codeCount } from './check.ts';
import type { Codec, Learned, Scorer, TrainOptions } from './codec.ts';
import { Pace } from './pace.ts';

/**
 * `first+second`, for example `pq16x8+pq16x8`: the second codec codes what the first leaves over (Jégou et al. 2011, "Searching in
 * one billion vectors"). A code is the first's bytes and then the second's; decoded vectors and scores are sums.
 */
export class ResidualCodec implements Codec {
  readonly spec: string;
  readonly dim: number;
  readonly codeSize: number;

  /** @param second may be a residual codec in turn. */
  constructor(
    readonly first: Codec,
    readonly second: Codec,
  ) {
    if (first.dim !== second.dim) {
      throw new InvalidArgumentError(
        `${first.spec} has ${first.dim} components, ${second.spec} has ${second.dim}.`,
        'Make both for the same vectors.',
      );
    }
    this.spec = `${first.spec}+${second.spec}`;
    this.dim = first.dim;
    this.codeSize = first.codeSize + second.codeSize;
  }

  get trained(): boolean {
    return this.first.trained && this.second.trained;
  }

  async train(sample: Vectors, options: TrainOptions = {}): Promise<void> {
    const pace = new Pace(options);
    const { seed = 1234 } = options;
    const part = (at: number): TrainOptions => ({
      ...options,
      seed: seed + (at === 0 ? 0 : 7919),
      onProgress: (done) => options.onProgress?.((at + done) / 2),
    });
    await this.first.train(sample, part(0));
    await pace.step(0.5);
    await this.second.train(leftOver(sample, this.first.decode(this.first.encode(sample))), part(1));
  }

  learned(): Learned {
    return new Map([
      ...[...this.first.learned()].map(([name, array]) => [`0.${name}`, array] as const),
      ...[...this.second.learned()].map(([name, array]) => [`1.${name}`, array] as const),
    ]);
  }

  restore(learned: Learned): void {
    this.first.restore(withPrefix(learned, '0.'));
    this.second.restore(withPrefix(learned, '1.'));
  }

  encode(vectors: Vectors): Uint8Array {
    const first = this.first.encode(vectors);
    const second = this.second.encode(leftOver(vectors, this.first.decode(first)));
    const codes = new Uint8Array(vectors.count * this.codeSize);
    for (let v = 0; v < vectors.count; v++) {
      const [a, b] = [this.first.codeSize, this.second.codeSize];
      codes.set(first.subarray(v * a, (v + 1) * a), v * this.codeSize);
      codes.set(second.subarray(v * b, (v + 1) * b), v * this.codeSize + a);
    }
    return codes;
  }

  decode(codes: Uint8Array): Vectors {
    const [first, second] = this.#parts(codes, codeCount(codes, this.codeSize));
    const sum = this.first.decode(first);
    const rest = this.second.decode(second);
    for (let i = 0; i < sum.data.length; i++) sum.data[i]! += rest.data[i]!;
    return sum;
  }

  scorer(query: Float32Array): Scorer {
    const scorers = [this.first.scorer(query), this.second.scorer(query)] as const;
    return {
      score: (codes, count, out) => {
        const [first, second] = this.#parts(codes, count);
        scorers[0].score(first, count, out);
        const rest = new Float32Array(count);
        scorers[1].score(second, count, rest);
        for (let v = 0; v < count; v++) out[v]! += rest[v]!;
      },
    };
  }

  #parts(codes: Uint8Array, count: number): [Uint8Array, Uint8Array] {
    const [a, b] = [this.first.codeSize, this.second.codeSize];
    const [first, second] = [new Uint8Array(count * a), new Uint8Array(count * b)];
    for (let v = 0; v < count; v++) {
      const start = v * this.codeSize;
      first.set(codes.subarray(start, start + a), v * a);
      second.set(codes.subarray(start + a, start + a + b), v * b);
    }
    return [first, second];
  }
}

function leftOver(vectors: Vectors, decoded: Vectors): Vectors {
  return new Vectors(
    vectors.data.map((value, i) => value - decoded.data[i]!),
    vectors.dim,
  );
}

/** The entries whose names begin with `prefix`, without it. */
export function withPrefix(learned: Learned, prefix: string): Learned {
  return new Map(
    [...learned].filter(([name]) => name.startsWith(prefix)).map(([name, array]) => [name.slice(prefix.length), array]),
  );
}
