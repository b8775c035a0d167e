import { VectorSets, Vectors } from '../../base/vectors.ts';
import { scaleToUnit } from '../unit.ts';

/**
 * Token pooling (Clavié, Chaffin and Adams 2024, "Reducing the Footprint of Multi-Vector Retrieval with Minimal Performance Impact via Token Pooling"):
 * the vectors of a document are clustered by Ward's criterion until `ceil(count / factor)` are left, each the mean of its members at unit length, in the
 * order of their first members. Time: `count^2 dim` for a document.
 */
export function pooledTokens({ vectors, offsets }: VectorSets, factor: number): VectorSets {
  const rows: Float32Array[] = [];
  const ends = new Uint32Array(offsets.length);
  for (let i = 0; i + 1 < offsets.length; i++) {
    rows.push(...pooled(vectors.slice(offsets[i]!, offsets[i + 1]!), factor));
    ends[i + 1] = rows.length;
  }
  return new VectorSets(Vectors.fromRows(rows, vectors.dim), ends);
}

function pooled(vectors: Vectors, factor: number): Float32Array[] {
  const { count, dim } = vectors;
  const left = Math.ceil(count / factor);
  const sums = Array.from({ length: count }, (_, i) => vectors.row(i).slice());
  const sizes = new Uint32Array(count).fill(1);
  /** What joining two clusters adds to the squared error, or infinity where one is gone. */
  const costs = new Float32Array(count * count).fill(Number.POSITIVE_INFINITY);
  const cost = (a: number, b: number): number => {
    const [x, y] = [sums[a]!, sums[b]!];
    const [m, n] = [sizes[a]!, sizes[b]!];
    let squared = 0;
    for (let c = 0; c < dim; c++) squared += (x[c]! / m - y[c]! / n) ** 2;
    return (squared * m * n) / (m + n);
  };
  /** The cheapest partner of each cluster among those behind it. */
  const partner = new Int32Array(count).fill(-1);
  const choose = (a: number): void => {
    partner[a] = -1;
    let best = Number.POSITIVE_INFINITY;
    for (let b = a + 1; b < count; b++) {
      if (costs[a * count + b]! < best) {
        best = costs[a * count + b]!;
        partner[a] = b;
      }
    }
  };
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) costs[a * count + b] = cost(a, b);
    choose(a);
  }
  for (let alive = count; alive > left; alive--) {
    let first = -1;
    for (let a = 0; a < count; a++) {
      if (partner[a]! < 0) continue;
      if (first < 0 || costs[a * count + partner[a]!]! < costs[first * count + partner[first]!]!) first = a;
    }
    const second = partner[first]!;
    for (let c = 0; c < dim; c++) sums[first]![c]! += sums[second]![c]!;
    sizes[first]! += sizes[second]!;
    sizes[second] = 0;
    for (let other = 0; other < count; other++) {
      costs[Math.min(second, other) * count + Math.max(second, other)] = Number.POSITIVE_INFINITY;
    }
    for (let other = 0; other < count; other++) {
      if (other === first || sizes[other] === 0) continue;
      costs[Math.min(first, other) * count + Math.max(first, other)] = cost(first, other);
    }
    partner[second] = -1;
    for (let a = 0; a < count; a++) {
      if (sizes[a] === 0) continue;
      // Only what lay with one of the two may have another partner now.
      if (a === first || partner[a] === first || partner[a] === second) choose(a);
      else if (a < first && costs[a * count + first]! < costs[a * count + partner[a]!]!) partner[a] = first;
    }
  }
  return sums.flatMap((sum, i) => {
    if (sizes[i] === 0) return [];
    scaleToUnit(sum);
    return [sum];
  });
}
