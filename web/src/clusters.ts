/** A part of the map that holds together, with the words that tell it from the others. */
export interface Cluster {
  /** Its middle, and its upper edge but for a few points. */
  readonly x: number;
  readonly y: number;
  readonly label: string;
  readonly size: number;
}

const MOST_CLUSTERS = 14;
const ROUNDS = 25;
/** Share of the clusters that may have a word which still tells one from the others. */
const COMMON = 0.5;

/**
 * Clusters of a map that is settled, by k-means over its positions, each named by the two words that are most its own: those whose share of the
 * cluster's points stands out most from their share of all points (a class-based tf-idf).
 * @param positions x and y of each point. @param texts what each point says.
 */
export function clustersOf(positions: Float32Array, texts: readonly string[]): Cluster[] {
  const count = texts.length;
  if (count < 12) return [];
  const k = Math.max(2, Math.min(MOST_CLUSTERS, Math.round(Math.sqrt(count / 2))));
  const { owner, centres } = kMeans(positions, count, k);
  const words = texts.map(wordsOf);
  const everywhere = counts(words, () => true);
  const clusters: Cluster[] = [];
  const taken = new Set<string>();
  const bySize = Array.from({ length: k }, (_, c) => ({
    c,
    size: owner.reduce((sum, o) => sum + (o === c ? 1 : 0), 0),
  }))
    .filter(({ size }) => size >= Math.max(3, count / 100))
    .sort((a, b) => b.size - a.size);
  const inCluster = bySize.map(({ c }) => counts(words, (i) => owner[i] === c));
  bySize.forEach(({ c, size }, place) => {
    const own = inCluster[place]!;
    const best = [...own]
      .filter(([word, number]) => {
        const spread = inCluster.filter((one) => (one.get(word) ?? 0) >= number / 2).length;
        return number >= 2 && number >= size / 20 && spread <= Math.max(1, COMMON * bySize.length) && !taken.has(word);
      })
      .map(([word, number]) => {
        const share = number / size;
        const elsewhere = (everywhere.get(word)! - number + 0.5) / (count - size + 1);
        return { word, weight: share * Math.log(share / elsewhere + 1) };
      })
      .sort((a, b) => b.weight - a.weight || (a.word < b.word ? -1 : 1));
    const chosen: string[] = [];
    for (const { word } of best) {
      if (chosen.length === 2) break;
      if (chosen.some((one) => one.startsWith(word) || word.startsWith(one))) continue;
      chosen.push(word);
    }
    for (const word of chosen) taken.add(word);
    if (chosen.length > 0)
      clusters.push({ x: centres[2 * c]!, y: centres[2 * c + 1]!, label: chosen.join(', '), size });
  });
  return clusters;
}

const segmenter =
  typeof Intl.Segmenter === 'function' ? new Intl.Segmenter(undefined, { granularity: 'word' }) : undefined;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

/** Words of at least four letters, two in scripts without spaces, each once. */
function wordsOf(text: string): ReadonlySet<string> {
  const lower = text.toLowerCase();
  if (segmenter !== undefined && UNSPACED.test(lower)) {
    return new Set(
      [...segmenter.segment(lower)]
        .filter(({ isWordLike, segment }) => isWordLike === true && segment.length > 1)
        .map(({ segment }) => segment),
    );
  }
  return new Set(lower.match(/[\p{L}\p{M}]{4,}/gu) ?? []);
}

function counts(words: readonly ReadonlySet<string>[], isWanted: (i: number) => boolean): Map<string, number> {
  const found = new Map<string, number>();
  words.forEach((own, i) => {
    if (!isWanted(i)) return;
    for (const word of own) found.set(word, (found.get(word) ?? 0) + 1);
  });
  return found;
}

/** Lloyd's algorithm from centres that are far apart: each next one is the point farthest from all before. */
function kMeans(positions: Float32Array, count: number, k: number): { owner: Int32Array; centres: Float64Array } {
  const centres = new Float64Array(2 * k);
  const nearestSquare = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let next = 0;
  for (let c = 0; c < k; c++) {
    centres.set([positions[2 * next]!, positions[2 * next + 1]!], 2 * c);
    let farthest = -1;
    for (let i = 0; i < count; i++) {
      nearestSquare[i] = Math.min(nearestSquare[i]!, square(positions, i, centres, c));
      if (nearestSquare[i]! > farthest) [farthest, next] = [nearestSquare[i]!, i];
    }
  }
  const owner = new Int32Array(count);
  for (let round = 0; round < ROUNDS; round++) {
    const sums = new Float64Array(3 * k);
    for (let i = 0; i < count; i++) {
      let best = 0;
      for (let c = 1; c < k; c++) if (square(positions, i, centres, c) < square(positions, i, centres, best)) best = c;
      owner[i] = best;
      sums[3 * best]! += positions[2 * i]!;
      sums[3 * best + 1]! += positions[2 * i + 1]!;
      sums[3 * best + 2]!++;
    }
    for (let c = 0; c < k; c++) {
      const size = sums[3 * c + 2]!;
      if (size > 0) centres.set([sums[3 * c]! / size, sums[3 * c + 1]! / size], 2 * c);
    }
  }
  return { owner, centres };
}

function square(positions: Float32Array, i: number, centres: Float64Array, c: number): number {
  return (positions[2 * i]! - centres[2 * c]!) ** 2 + (positions[2 * i + 1]! - centres[2 * c + 1]!) ** 2;
}

/**
 * Where vectors that are no points of the map stand on it: at the middle of the three points that are nearest to each by its vector, weighted by
 * nearness.
 * @param vectors `dim` components each, as those of the points.
 */
export function placesOf(
  vectors: Float32Array,
  points: Float32Array,
  positions: Float32Array,
  dim: number,
): { readonly x: number; readonly y: number }[] {
  const count = points.length / dim;
  return Array.from({ length: vectors.length / dim }, (_, v) => {
    const nearest: { i: number; distance: number }[] = [];
    for (let i = 0; i < count; i++) {
      let distance = 0;
      for (let d = 0; d < dim; d++) distance += (vectors[v * dim + d]! - points[i * dim + d]!) ** 2;
      if (nearest.length < 3 || distance < nearest.at(-1)!.distance) {
        nearest.push({ i, distance });
        nearest.sort((a, b) => a.distance - b.distance);
        nearest.length = Math.min(3, nearest.length);
      }
    }
    let [x, y, total] = [0, 0, 0];
    for (const { i, distance } of nearest) {
      const weight = 1 / (1e-9 + distance);
      x += weight * positions[2 * i]!;
      y += weight * positions[2 * i + 1]!;
      total += weight;
    }
    return { x: x / total, y: y / total };
  });
}
