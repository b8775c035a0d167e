import { VectorSets, Vectors } from '../../base/vectors.ts';
import { kMeans, nearestCentroids } from '../../codec/index.ts';
import { type Corpus, fieldOf } from '../../corpus/index.ts';
import { LinearMap } from '../../math/index.ts';
import { encode, represented } from '../represent.ts';
import { checkFraction, checkWhole } from './checks.ts';
import type { Feedback } from './types.ts';

/** Options of {@link tokenFeedback}. */
export interface TokenFeedbackOptions {
  /** A field of token vectors. Default `tokens`. */
  readonly field?: string;
  /** Passages that vectors are taken from, the first of the ranking: a whole number, at least 1 (`fb_docs`). */
  readonly passages?: number;
  /** Vectors that are added at most: a whole number, at least 1 (`fb_terms`). */
  readonly terms?: number;
  /** Weight of the query's own vectors, 0 to 1; the added ones have the rest. */
  readonly original?: number;
  /** Clusters that the vectors of those passages fall into, of which the rarest are added; at least as many as `terms`. Default 24, or `terms` if more. */
  readonly clusters?: number;
}

/** See {@link TokenFeedbackOptions}. */
export const TOKEN_DEFAULTS = { passages: 3, terms: 10, original: 0.9, clusters: 24 } as const;
/** The field that token vectors are looked for in. */
export const TOKENS = 'tokens';
/** Passages of the corpus by which it is told how rare a vector is. */
const SAMPLE = 256;
/** What vectors that are kept in a byte a component may differ by, as inner product. */
const ROUNDING = 0.01;
/** Of k-means. */
const SEED = 42;

/**
 * Feedback on token vectors (Wang et al. 2021, ColBERT-PRF): the token vectors of the first passages are clustered; the centroids that fewest passages of the
 * corpus come near to are added to the query's vectors, each by its weight `ln((N + 1) / (n + 1))`. As with words, the weights sum to what they did:
 * `original` of it is the query's own, where the paper's `beta` adds to it; `beta` is `(1 - original) / original` of the query's vectors over the sum of
 * the weights.
 *
 * The paper has the document frequency of the word piece that most of a centroid's nearest tokens are. Here vectors are kept without their
 * tokens: n of N passages of a sample of the corpus come as near to a centroid as its own members do on average.
 *
 * @throws InvalidArgumentError for options out of their range, and where it runs for a field that does not hold token vectors.
 */
export function tokenFeedback(options: TokenFeedbackOptions = {}): Feedback {
  const { field: name = TOKENS, passages: most, terms, original, clusters } = { ...TOKEN_DEFAULTS, ...options };
  checkWhole('passages', most);
  checkWhole('terms', terms);
  checkWhole('clusters', clusters);
  checkFraction('original', original);
  return {
    id: 'colbert',
    async refine(query, { hits }, corpus, { signal }) {
      const field = fieldOf(corpus, name, ['vectors'], 'Feedback by colbert');
      const asked = (await encode(field, query, signal)).query;
      if (!(asked instanceof Vectors) || original === 1) return query;
      const first = Uint32Array.from(hits.slice(0, most), ({ passage }) => passage).sort();
      const found = setsOf(await corpus.get(name, first), asked.dim).vectors;
      if (found.count === 0) return query;
      const k = Math.min(found.count, Math.max(clusters, terms));
      const { centroids } = await kMeans(found, { k, seed: SEED, ...(signal === undefined ? {} : { signal }) });
      const near = await nearness(found, centroids);
      const rarity = await rarities(await sampleOf(corpus, name, asked.dim), centroids, near);
      const rarest = Array.from(rarity.keys())
        .filter((i) => rarity[i]! > 0)
        .sort((a, b) => rarity[b]! - rarity[a]! || a - b)
        .slice(0, terms);
      const total = rarest.reduce((sum, i) => sum + rarity[i]!, 0);
      if (total === 0) return query;
      const rest = (1 - original) * asked.count;
      const rows = [
        ...(original === 0 ? [] : Array.from({ length: asked.count }, (_, i) => scaled(asked.row(i), original))),
        ...rarest.map((i) => scaled(centroids.row(i), (rest * rarity[i]!) / total)),
      ];
      return represented(query, name, Vectors.fromRows(rows, asked.dim));
    },
  };
}

function scaled(row: Float32Array, factor: number): Float32Array {
  return row.map((value) => factor * value);
}

/** The vectors of passages that have some, one passage after the other. */
function setsOf(held: readonly unknown[], dim: number): VectorSets {
  const sets = held.filter((one): one is Vectors => one instanceof Vectors && one.count > 0);
  const offsets = new Uint32Array(sets.length + 1);
  for (const [i, { count }] of sets.entries()) offsets[i + 1] = offsets[i]! + count;
  return new VectorSets(sets.length === 0 ? Vectors.zeros(0, dim) : Vectors.concat(sets), offsets);
}

/** The mean inner product of each centroid with the vectors that are nearest to it, but for rounding; infinity where there are none. */
async function nearness(vectors: Vectors, centroids: Vectors): Promise<Float64Array> {
  const { assignment } = await nearestCentroids(vectors, centroids, 'l2');
  const [sums, counts] = [new Float64Array(centroids.count), new Uint32Array(centroids.count)];
  for (let row = 0; row < vectors.count; row++) {
    const id = assignment[row]!;
    const [vector, centroid] = [vectors.row(row), centroids.row(id)];
    sums[id]! += vector.reduce((sum, value, c) => sum + value * centroid[c]!, 0);
    counts[id]!++;
  }
  return sums.map((sum, i) => (counts[i] === 0 ? Number.POSITIVE_INFINITY : sum / counts[i]! - ROUNDING));
}

/** `ln((N + 1) / (n + 1))` of each centroid, where n of N sets have a vector that is as near to it as `near` says; 0 of one that none is nearest to. */
async function rarities({ vectors, offsets }: VectorSets, centroids: Vectors, near: Float64Array): Promise<number[]> {
  const count = offsets.length - 1;
  const products = new LinearMap(centroids.data, centroids.dim).apply(vectors);
  const having = new Uint32Array(centroids.count);
  for (let set = 0; set < count; set++) {
    for (let i = 0; i < centroids.count; i++) {
      for (let row = offsets[set]!; row < offsets[set + 1]!; row++) {
        if (products.data[row * centroids.count + i]! < near[i]!) continue;
        having[i]!++;
        break;
      }
    }
  }
  return Array.from(having, (n, i) => (near[i] === Number.POSITIVE_INFINITY ? 0 : Math.log((count + 1) / (n + 1))));
}

const samples = new WeakMap<Corpus, Map<string, Promise<VectorSets>>>();

/** What passages evenly spread over the corpus have, kept as long as the corpus is: some 6 MB at 64 components. */
function sampleOf(corpus: Corpus, field: string, dim: number): Promise<VectorSets> {
  const byField = samples.get(corpus) ?? new Map<string, Promise<VectorSets>>();
  samples.set(corpus, byField);
  let sample = byField.get(field);
  if (sample === undefined) {
    const { passageSpace } = corpus;
    const count = Math.min(SAMPLE, passageSpace);
    const ordinals = Uint32Array.from({ length: count }, (_, i) => Math.floor((i * passageSpace) / count));
    sample = corpus.get(field, ordinals).then((held) => setsOf(held, dim));
    byField.set(field, sample);
    sample.catch(() => byField.delete(field));
  }
  return sample;
}
