import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';
import { OptimizedRotation } from './opq.ts';
import { anisotropyOf, ProductQuantizer } from './pq.ts';
import { RaBitQ } from './rabitq.ts';
import { HadamardRotation } from './rot.ts';
import { clustered, relativeError } from './testing.ts';

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c]! * b[c]!;
  return sum;
}

function unit(vectors: Vectors): Vectors {
  const out = new Vectors(vectors.data.slice(), vectors.dim);
  for (let i = 0; i < out.count; i++) {
    const scale = 1 / Math.sqrt(dot(out.row(i), out.row(i)));
    out.row(i).forEach((value, c, row) => {
      row[c] = value * scale;
    });
  }
  return out;
}

const best = (scores: ArrayLike<number>, k: number): number[] =>
  [...Array(scores.length).keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, k);

describe('the estimate of RaBitQ', () => {
  it.each([1, 2, 4])(
    'is unbiased over rotations, and within its bound as often as it should (%i bits)',
    async (bits) => {
      const dim = 48;
      const vectors = clustered(20, dim, 3);
      const query = clustered(1, dim, 99).row(0);
      const rounds = 250;
      const [errors, squares, out, bounds] = [
        new Float64Array(20),
        new Float64Array(20),
        new Float32Array(20),
        new Float32Array(20),
      ];
      let within = 0;
      for (let seed = 0; seed < rounds; seed++) {
        const codec = new RaBitQ(dim, bits);
        await codec.train(vectors, { seed });
        const codes = codec.encode(vectors);
        const scorer = codec.scorer(query);
        scorer.score(codes, 20, out);
        scorer.bound(codes, 20, bounds);
        for (let v = 0; v < 20; v++) {
          const error = out[v]! - dot(query, vectors.row(v));
          errors[v]! += error / rounds;
          squares[v]! += error ** 2 / rounds;
          if (Math.abs(error) <= bounds[v]!) within++;
        }
      }
      // The mean of 250 errors lies within four standard errors of 0, for each of 20 vectors.
      for (let v = 0; v < 20; v++) expect(Math.abs(errors[v]!)).toBeLessThan(4 * Math.sqrt(squares[v]! / rounds));
      expect(within / (20 * rounds)).toBeGreaterThan(0.92);
      // A bound that always holds would say nothing.
      expect(within / (20 * rounds)).toBeLessThan(0.99);
    },
  );

  it('scores zero vectors as zero', () => {
    const codec = new RaBitQ(9, 3);
    const codes = codec.encode(Vectors.zeros(1, 9));
    const out = new Float32Array(1);
    codec.scorer(new Float32Array(9).fill(1)).score(codes, 1, out);
    expect(out[0]).toBeCloseTo(0, 12);
    expect([...codec.decode(codes).data].every((value) => value === 0)).toBe(true);
  });
});

describe('score-aware assignment', () => {
  it('raises the recall of inner products, at the price of distance', async () => {
    const dim = 40;
    const all = unit(clustered(4400, dim, 11, 100));
    const base = all.slice(0, 4000);
    const queries = all.slice(4000, 4400);
    const recall = async (aware: boolean): Promise<[recall: number, error: number]> => {
      const pq = new ProductQuantizer(dim, 13, 4, aware ? { anisotropy: 4 } : {});
      await pq.train(base);
      const codes = pq.encode(base);
      const out = new Float32Array(base.count);
      let found = 0;
      for (let q = 0; q < 100; q++) {
        const exact = Array.from({ length: base.count }, (_, v) => dot(queries.row(q), base.row(v)));
        pq.scorer(queries.row(q)).score(codes, base.count, out);
        const got = new Set(best(out, 10));
        found += best(exact, 10).filter((id) => got.has(id)).length;
      }
      return [found / 1000, relativeError(base, pq.decode(codes))];
    };
    const [plain, aware] = [await recall(false), await recall(true)];
    expect(aware[0]).toBeGreaterThan(plain[0] + 0.02);
    expect(aware[1]).toBeGreaterThan(plain[1]);
  });

  it('weighs errors as the paper does', () => {
    expect(anisotropyOf(100, 0.2)).toBeCloseTo((99 * 0.04) / 0.96, 12);
    expect(anisotropyOf(3, 0.2)).toBe(1);
    expect(() => anisotropyOf(3, 1)).toThrow(/threshold/);
  });

  it('takes the direction from the whole vectors where residuals are coded', async () => {
    const residuals = clustered(600, 16, 5);
    const wholes = unit(clustered(600, 16, 6));
    const pq = new ProductQuantizer(16, 6, 4, { anisotropy: 8 });
    await pq.train(residuals);
    const along = (codes: Uint8Array): number => {
      const decoded = pq.decode(codes);
      let sum = 0;
      for (let i = 0; i < 600; i++)
        sum += (dot(residuals.row(i), wholes.row(i)) - dot(decoded.row(i), wholes.row(i))) ** 2;
      return sum;
    };
    const plain = new ProductQuantizer(16, 6, 4);
    plain.restore(pq.learned());
    expect(along(pq.encode(residuals, wholes))).toBeLessThan(0.5 * along(plain.encode(residuals)));
  });
});

describe('rotations', () => {
  it.each([1, 3, 4, 5, 64, 100])('keep lengths and angles, and turn back (%i components)', (dim) => {
    const vectors = clustered(5, dim, 2);
    const rotation = new HadamardRotation(dim);
    const turned = rotation.apply(vectors);
    for (let a = 0; a < 5; a++) {
      for (let b = 0; b <= a; b++)
        expect(dot(turned.row(a), turned.row(b))).toBeCloseTo(dot(vectors.row(a), vectors.row(b)), 3);
    }
    const back = rotation.invert(turned);
    expect(Math.max(...back.data.map((value, i) => Math.abs(value - vectors.data[i]!)))).toBeLessThan(1e-5);
  });

  it('spread a single component over all of them', () => {
    for (const dim of [100, 128]) {
      for (const at of [0, 50, dim - 1]) {
        const axis = Vectors.zeros(1, dim);
        axis.data[at] = 1;
        const { data } = new HadamardRotation(dim).apply(axis);
        expect(Math.max(...data.map(Math.abs))).toBeLessThan(0.55);
        expect(data.filter((value) => Math.abs(value) > 1e-6).length).toBeGreaterThan(0.7 * dim);
      }
    }
  });

  it('learn, round by round, to quantize better than principal components dealt evenly', async () => {
    // Far from normal: components are independent and uniform, under a rotation that hides them.
    const random = new Random(8);
    const source = Vectors.zeros(3000, 16);
    for (let i = 0; i < source.data.length; i++)
      source.data[i] = (random.below(2) - 0.5) * (1 + 0.02 * random.normal());
    const mixed = new HadamardRotation(16).apply(source);
    const error = async (rounds: number): Promise<number> => {
      const rotation = new OptimizedRotation(16, 4, 4, { rounds });
      await rotation.train(mixed);
      const turned = rotation.apply(mixed);
      const pq = new ProductQuantizer(16, 4, 4);
      await pq.train(turned);
      return relativeError(turned, pq.decode(pq.encode(turned)));
    };
    expect(await error(12)).toBeLessThan(0.95 * (await error(0)));
  });
});
