import { Random } from '../base/random.ts';
import { Vectors } from '../base/vectors.ts';

/** Vectors around `clusters` centres in a space of falling variance, turned at random: what embeddings look like. */
export function clustered(count: number, dim: number, seed: number, clusters = 40): Vectors {
  const random = new Random(seed);
  const spread = Float32Array.from({ length: dim }, (_, c) => 1 / Math.sqrt(1 + c));
  const mixing = Float32Array.from({ length: dim * dim }, () => random.normal());
  const centres = Array.from({ length: clusters }, () => spread.map((s) => 1.5 * s * random.normal()));
  const vectors = Vectors.zeros(count, dim);
  for (let i = 0; i < count; i++) {
    const centre = centres[random.below(clusters)]!;
    const point = spread.map((s, c) => centre[c]! + s * random.normal());
    const row = vectors.row(i);
    for (let r = 0; r < dim; r++) {
      let sum = 0.3;
      for (let c = 0; c < dim; c++) sum += mixing[r * dim + c]! * point[c]!;
      row[r] = sum / Math.sqrt(dim);
    }
  }
  return vectors;
}

/** Squared error over squared length, in all. */
export function relativeError(vectors: Vectors, decoded: Vectors): number {
  let [error, total] = [0, 0];
  for (let i = 0; i < vectors.data.length; i++) {
    error += (vectors.data[i]! - decoded.data[i]!) ** 2;
    total += vectors.data[i]! ** 2;
  }
  return error / total;
}
